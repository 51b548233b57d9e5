// Commands that take elements from the ends of lists: LPOP, RPOP, LMPOP and their blocking
// variants. Declared in list.h.
#include "base/numbers.h"
#include "commands/list/list.h"
#include "commands/list/list_end.h"
#include "commands/shared/block_timeout.h"
#include "commands/shared/container_options.h"
#include "commands/shared/counted_keys.h"
#include "commands/shared/digits.h"
#include "commands/shared/packed_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::List;
using store::ListEnd;
using store::PackedValue;
using store::ValueType;
namespace errors = engine::errors;

// Pops `count` elements, which must exist, and writes each into the reply.
void take(Call& call, Key& key, ListEnd end, size_t count) {
  key.open<List>()->pop(end, count, list_limits(call),
                        [&](PackedValue value) { reply_value(call.reply(), value); });
  tell_popped(key, end, count);
}

// LPOP and RPOP. With a count the reply is an array, and a null array if there is no key.
Status pop(Call& call, ListEnd end) {
  if (call.argc() > 3) return errors::wrong_arity(call.command().spec->name);
  const bool has_count = call.argc() == 3;
  int64_t count = 1;
  if (has_count) {
    const std::optional<int64_t> given = parse_int64(call.arg(2));
    if (!given || *given < 0) return errors::must_be_positive();
    count = *given;
  }
  Key key = call.write(1);
  if (Status status = key.expect(ValueType::kList); !status.ok()) return status;
  if (!key.exists()) {
    has_count ? call.reply().null_array() : call.reply().null();
    return {};
  }
  const size_t taken = std::min(static_cast<size_t>(count), key.view<List>()->size());
  if (has_count) call.reply().array(taken);
  if (taken != 0) take(call, key, end, taken);
  return {};
}

// ---- The first of several keys that exists.

using Names = std::span<const std::string_view>;

// Returns the first key that exists, or null if none does. Error: that key is not a list.
Result<std::optional<Key>> first_list(Call& call, Names names) {
  for (const std::string_view name : names) {
    Key key = call.write(name);
    if (!key.exists()) continue;
    if (Status status = key.expect(ValueType::kList); !status.ok()) return status.error();
    return std::optional<Key>(key);
  }
  return std::optional<Key>();
}

void wait(Call& call, Names names, BlockTimeout timeout) {
  if (!call.may_block()) return call.reply().null_array();
  call.block({.keys = {names.begin(), names.end()},
              .type = ValueType::kList,
              .timeout_ms = timeout,
              .timeout_reply = engine::TimeoutReply::kNullArray});
}

// BLPOP and BRPOP: reply a key and one element.
Status pop_or_wait(Call& call, ListEnd end) {
  const Result<BlockTimeout> timeout =
      parse_block_seconds(call.arg(call.argc() - 1), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const Names names = call.args().subspan(1, call.argc() - 2);
  Result<std::optional<Key>> found = first_list(call, names);
  if (!found.ok()) return found.error();
  if (!*found) {
    wait(call, names, *timeout);
    return {};
  }
  Key& key = **found;
  call.reply().array(2);
  call.reply().bulk(key.name());
  take(call, key, end, 1);
  call.record({end == ListEnd::kHead ? "LPOP" : "RPOP", key.name()});
  return {};
}

constexpr uint32_t kPopsFrom = engine::kKeyRW | engine::kKeyAccess | engine::kKeyDelete;

struct MultiPop {
  Names names;
  ListEnd end{};
  size_t count = 1;
};

// Returns how many keys `args` has: numkeys key [key ...] LEFT | RIGHT [COUNT count].
Result<size_t> count_names(Names args) {
  return count_keys(args, 1, errors::syntax());
}

// Parses numkeys key [key ...] LEFT | RIGHT [COUNT count].
Result<MultiPop> parse_multi_pop(Names args) {
  const Result<size_t> count = count_names(args);
  if (!count.ok()) return count.error();
  MultiPop pop{.names = args.subspan(1, *count)};
  ArgReader rest(args.subspan(1 + pop.names.size()));
  const Result<ListEnd> end = parse_list_end(rest.next());
  if (!end.ok()) return end.error();
  pop.end = *end;
  if (rest.done()) return pop;
  if (!rest.take_with("COUNT")) return errors::syntax();
  const std::optional<int64_t> elements = parse_int64(rest.next());
  if (!elements || *elements <= 0) return Error::literal("ERR count should be greater than 0");
  if (!rest.done()) return errors::syntax();
  pop.count = static_cast<size_t>(*elements);
  return pop;
}

// False: there is no element to pop, and nothing was replied.
Result<bool> pop_first(Call& call, const MultiPop& pop) {
  Result<std::optional<Key>> found = first_list(call, pop.names);
  if (!found.ok()) return found.error();
  if (!*found) return false;
  Key& key = **found;
  const size_t taken = std::min(pop.count, key.view<List>()->size());
  call.reply().array(2);
  call.reply().bulk(key.name());
  call.reply().array(taken);
  take(call, key, pop.end, taken);
  call.record({pop.end == ListEnd::kHead ? "LPOP" : "RPOP", key.name(),
               Digits(static_cast<int64_t>(taken)).view()});
  return true;
}

}  // namespace

Status lpop(Call& call) {
  return pop(call, ListEnd::kHead);
}

Status rpop(Call& call) {
  return pop(call, ListEnd::kTail);
}

Status lmpop(Call& call) {
  const Result<MultiPop> pop = parse_multi_pop(call.args_from(1));
  if (!pop.ok()) return pop.error();
  const Result<bool> popped = pop_first(call, *pop);
  if (!popped.ok()) return popped.error();
  if (!*popped) call.reply().null_array();
  return {};
}

Status blpop(Call& call) {
  return pop_or_wait(call, ListEnd::kHead);
}

Status brpop(Call& call) {
  return pop_or_wait(call, ListEnd::kTail);
}

Status blmpop(Call& call) {
  const Result<MultiPop> pop = parse_multi_pop(call.args_from(2));
  if (!pop.ok()) return pop.error();
  const Result<BlockTimeout> timeout = parse_block_seconds(call.arg(1), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const Result<bool> popped = pop_first(call, *pop);
  if (!popped.ok()) return popped.error();
  if (!*popped) wait(call, pop->names, *timeout);
  return {};
}

engine::KeysFound lmpop_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys) {
  return append_counted(count_names(argv.subspan(1)), 2, kPopsFrom, keys);
}

engine::KeysFound blmpop_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys) {
  return append_counted(count_names(argv.subspan(2)), 3, kPopsFrom, keys);
}

}  // namespace kvstash::commands
