#include "commands/list/list.h"

#include "base/numbers.h"
#include "base/text.h"
#include "commands/list/list_end.h"
#include "commands/shared/container_options.h"
#include "commands/shared/index_range.h"
#include "commands/shared/packed_reply.h"
#include "engine/execution/call.h"

#include <limits>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::List;
using store::ListCursor;
using store::ListEnd;
using store::PackedNeedle;
using store::PackedValue;
using store::ValueType;
namespace errors = engine::errors;
namespace notify = engine::notify;

enum class IfAbsent : uint8_t { kMake, kRefuse };

Status push(Call& call, ListEnd end, IfAbsent if_absent) {
  Key key = call.write(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  if (!key.exists() && if_absent == IfAbsent::kRefuse) {
    call.reply().integer(0);
    return {};
  }
  size_t length = 0;
  {
    auto list = key.open<List>();
    list->push(end, call.args_from(2), list_limits(call));
    length = list->size();
  }
  tell_pushed(key, end, call.argc() - 2);
  call.reply().integer(static_cast<int64_t>(length));
  return {};
}

Result<int64_t> parse_index(std::string_view text) {
  const std::optional<int64_t> index = parse_int64(text);
  if (!index) return errors::not_an_integer();
  return *index;
}

// The index of the first element that equals `text`.
std::optional<size_t> find_first(const List& list, std::string_view text) {
  const PackedNeedle needle(text);
  ListCursor cursor(list, ListEnd::kHead);
  PackedValue value{int64_t{0}};
  for (size_t index = 0; cursor.take(value); ++index) {
    if (needle.matches(value)) return index;
  }
  return std::nullopt;
}

}  // namespace

Status lpush(Call& call) {
  return push(call, ListEnd::kHead, IfAbsent::kMake);
}

Status rpush(Call& call) {
  return push(call, ListEnd::kTail, IfAbsent::kMake);
}

Status lpushx(Call& call) {
  return push(call, ListEnd::kHead, IfAbsent::kRefuse);
}

Status rpushx(Call& call) {
  return push(call, ListEnd::kTail, IfAbsent::kRefuse);
}

Status llen(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  call.reply().integer(key.exists() ? static_cast<int64_t>(key.view<List>()->size()) : 0);
  return {};
}

// LINDEX. As in Redis, an absent key is answered before the index is parsed.
Status lindex(Call& call) {
  const Key key = call.read(1);
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  const Result<int64_t> index = parse_index(call.arg(2));
  if (!index.ok()) return index.error();
  const auto list = key.view<List>();
  const std::optional<size_t> at = index_at(*index, list->size());
  PackedValue value{int64_t{0}};
  if (at && ListCursor(*list, ListEnd::kHead, *at).take(value)) {
    reply_value(call.reply(), value);
  } else {
    call.reply().null();
  }
  return {};
}

Status lrange(Call& call) {
  const Result<int64_t> start = parse_index(call.arg(2));
  if (!start.ok()) return start.error();
  const Result<int64_t> stop = parse_index(call.arg(3));
  if (!stop.ok()) return stop.error();
  const Key key = call.read(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().array(0);
    return {};
  }
  const auto list = key.view<List>();
  const IndexRange range = index_range(*start, *stop, list->size());
  call.reply().array(range.count);
  ListCursor cursor(*list, ListEnd::kHead, range.first);
  PackedValue value{int64_t{0}};
  for (size_t i = 0; i < range.count && cursor.take(value); ++i)
    reply_value(call.reply(), value);
  return {};
}

// LSET. As in Redis, an absent key is answered before the index is parsed.
Status lset(Call& call) {
  Key key = call.write(1);
  if (!key.exists()) return errors::no_such_key();
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  const Result<int64_t> index = parse_index(call.arg(2));
  if (!index.ok()) return index.error();
  const std::optional<size_t> at = index_at(*index, key.view<List>()->size());
  if (!at) return Error::literal("ERR index out of range");
  key.open<List>()->set(*at, call.arg(3), list_limits(call));
  key.changed(notify::kList, "lset");
  call.reply().ok();
  return {};
}

Status linsert(Call& call) {
  const bool is_after = equals_ignore_case(call.arg(2), "AFTER");
  if (!is_after && !equals_ignore_case(call.arg(2), "BEFORE")) return errors::syntax();
  Key key = call.write(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().integer(0);
    return {};
  }
  const std::optional<size_t> pivot = find_first(*key.view<List>(), call.arg(3));
  if (!pivot) {
    call.reply().integer(-1);
    return {};
  }
  key.open<List>()->insert(*pivot + (is_after ? 1 : 0), call.arg(4), list_limits(call));
  key.changed(notify::kList, "linsert");
  call.reply().integer(static_cast<int64_t>(key.view<List>()->size()));
  return {};
}

Status lrem(Call& call) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const Result<int64_t> count = parse_index(call.arg(2));
  if (!count.ok()) return count.error();
  if (*count < -kMax) {
    return Error::literal(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  Key key = call.write(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  size_t removed = 0;
  if (key.exists()) {
    const ListEnd from = *count < 0 ? ListEnd::kTail : ListEnd::kHead;
    const int64_t most = *count == 0 ? kMax : *count < 0 ? -*count : *count;
    removed =
        key.open<List>()->remove(from, call.arg(3), static_cast<size_t>(most), list_limits(call));
  }
  if (removed != 0) {
    key.changed(notify::kList, "lrem", removed);
    if (!key.exists()) key.also(notify::kGeneric, "del");
  }
  call.reply().integer(static_cast<int64_t>(removed));
  return {};
}

// An LTRIM that removes nothing sends its event all the same, but counts as no change.
Status ltrim(Call& call) {
  const Result<int64_t> start = parse_index(call.arg(2));
  if (!start.ok()) return start.error();
  const Result<int64_t> stop = parse_index(call.arg(3));
  if (!stop.ok()) return stop.error();
  Key key = call.write(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  if (key.exists()) {
    size_t cut = 0;
    {
      auto list = key.open<List>();
      const size_t length = list->size();
      const IndexRange kept = index_range(*start, *stop, length);
      cut = length - kept.count;
      list->erase(kept.first + kept.count, length, list_limits(call));
      list->erase(0, kept.first, list_limits(call));
    }
    key.changed(notify::kList, "ltrim", cut);
    if (!key.exists()) key.also(notify::kGeneric, "del");
  }
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
