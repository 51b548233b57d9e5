// Commands that move an element from an end of one list to an end of another or the same list:
// LMOVE, RPOPLPUSH and their blocking variants. Declared in list.h.
#include "commands/list/list.h"
#include "commands/list/list_end.h"
#include "commands/shared/block_timeout.h"
#include "commands/shared/container_options.h"
#include "engine/execution/call.h"

#include <span>
#include <string>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::List;
using store::ListEnd;
using store::PackedValue;
using store::ValueType;

struct Ends {
  ListEnd from;
  ListEnd to;
};

Result<Ends> parse_ends(Call& call) {
  const Result<ListEnd> from = parse_list_end(call.arg(3));
  if (!from.ok()) return from.error();
  const Result<ListEnd> to = parse_list_end(call.arg(4));
  if (!to.ok()) return to.error();
  return Ends{*from, *to};
}

constexpr Ends kTailToHead{ListEnd::kTail, ListEnd::kHead};

// Moves an element within one list, which never becomes empty.
void rotate(Call& call, Key& key, Ends ends) {
  {
    auto list = key.open<List>();
    std::string element;
    char scratch[kInt64CharsMax];
    list->pop(ends.from, 1, list_limits(call),
              [&](PackedValue value) { element = value.string(scratch); });
    const std::string_view pushed = element;
    list->push(ends.to, std::span(&pushed, 1), list_limits(call));
    call.reply().bulk(element);
  }
  tell_pushed(key, ends.to, 1);
  tell_popped(key, ends.from, 0);  // A move counts as one change.
}

void move_between(Call& call, Key& from, Key& to, Ends ends) {
  {
    auto source = from.open<List>();
    auto target = to.open<List>();
    source->pop(ends.from, 1, list_limits(call), [&](PackedValue value) {
      char scratch[kInt64CharsMax];
      const std::string_view element = value.string(scratch);
      target->push(ends.to, std::span(&element, 1), list_limits(call));
      call.reply().bulk(element);
    });
  }
  tell_pushed(to, ends.to, 1);
  tell_popped(from, ends.from, 0);
}

// False: the source does not exist, and nothing was replied.
Result<bool> move_element(Call& call, Ends ends) {
  Key from = call.write(1);
  if (Status status = from.expect(ValueType::kList); !status.ok()) return status.error();
  if (!from.exists()) return false;
  if (call.arg(1) == call.arg(2)) {
    rotate(call, from, ends);
    return true;
  }
  Key to = call.write(2);
  if (Status status = to.expect(ValueType::kList); !status.ok()) return status.error();
  move_between(call, from, to, ends);
  return true;
}

Status move_now(Call& call, Ends ends) {
  const Result<bool> moved = move_element(call, ends);
  if (!moved.ok()) return moved.error();
  if (!*moved) call.reply().null();
  return {};
}

// True if an element was moved; the caller must then record the move.
Result<bool> move_or_wait(Call& call, Ends ends, std::string_view seconds) {
  const Result<BlockTimeout> timeout = parse_block_seconds(seconds, call.now_ms());
  if (!timeout.ok()) return timeout.error();
  Result<bool> moved = move_element(call, ends);
  if (!moved.ok() || *moved) return moved;
  if (call.may_block()) {
    call.block({.keys = {call.arg(1)},
                .type = ValueType::kList,
                .timeout_ms = *timeout,
                .timeout_reply = engine::TimeoutReply::kNullArray});
  } else {
    call.reply().null();
  }
  return false;
}

}  // namespace

Status lmove(Call& call) {
  const Result<Ends> ends = parse_ends(call);
  if (!ends.ok()) return ends.error();
  return move_now(call, *ends);
}

Status rpoplpush(Call& call) {
  return move_now(call, kTailToHead);
}

Status blmove(Call& call) {
  const Result<Ends> ends = parse_ends(call);
  if (!ends.ok()) return ends.error();
  const Result<bool> moved = move_or_wait(call, *ends, call.arg(5));
  if (!moved.ok()) return moved.error();
  if (*moved) call.record({"LMOVE", call.arg(1), call.arg(2), call.arg(3), call.arg(4)});
  return {};
}

Status brpoplpush(Call& call) {
  const Result<bool> moved = move_or_wait(call, kTailToHead, call.arg(3));
  if (!moved.ok()) return moved.error();
  if (*moved) call.record({"RPOPLPUSH", call.arg(1), call.arg(2)});
  return {};
}

}  // namespace kvstash::commands
