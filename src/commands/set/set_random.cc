// SPOP and SRANDMEMBER. Declared in set.h.
#include "base/limits.h"
#include "commands/set/set.h"
#include "commands/shared/container_options.h"
#include "commands/shared/packed_reply.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::PackedValue;
using store::Set;
namespace errors = engine::errors;
namespace notify = engine::notify;

// Records members that were popped at random, as SREM with a bounded number of members each.
class RemovalRecords {
 public:
  explicit RemovalRecords(Call& call, const Key& key) : call_(&call), key_(key.name()) {}

  void add(PackedValue member) {
    if (!call_->wants_effects()) return;
    if (count_++ % kMembersMax == 0) call_->record({"SREM", key_});
    char scratch[kInt64CharsMax];
    call_->records().add(member.string(scratch));
  }

 private:
  static constexpr size_t kMembersMax = 1024;

  Call* call_;
  std::string_view key_;
  size_t count_ = 0;
};

void tell_popped(Key& key, uint64_t count) {
  key.changed(notify::kSet, "spop", count);
  if (!key.exists()) key.also(notify::kGeneric, "del");
}

Status pop_one(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  RemovalRecords records(call, key);
  key.open<Set>()->pop(call.hold().random(), [&](PackedValue member) {
    reply_value(call.reply(), member);
    records.add(member);
  });
  tell_popped(key, 1);
  return {};
}

// Pops every member, which needs no random choice and only one record.
void pop_all(Call& call, Key& key) {
  size_t count = 0;
  {
    const auto set = key.view<Set>();
    count = set->size();
    call.reply().set(count);
    set->for_each([&call](PackedValue member) { reply_value(call.reply(), member); });
  }
  key.erase();
  tell_popped(key, count);
  call.record({call.options().lazyfree_lazy_server_del ? "UNLINK" : "DEL", key.name()});
}

void pop_some(Call& call, Key& key, size_t count) {
  RemovalRecords records(call, key);
  call.reply().set(count);
  key.open<Set>()->pop(call.hold().random(), count, set_options(call), [&](PackedValue member) {
    reply_value(call.reply(), member);
    records.add(member);
  });
  tell_popped(key, count);
}

Status pop_many(Call& call) {
  const std::optional<int64_t> parsed = parse_int64(call.arg(2));
  if (!parsed || *parsed < 0) return errors::must_be_positive();
  const auto count = static_cast<size_t>(*parsed);
  Key key = call.write(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  if (!key.exists() || count == 0) {
    call.reply().set(0);
  } else if (count >= key.view<Set>()->size()) {
    pop_all(call, key);
  } else {
    pop_some(call, key, count);
  }
  return {};
}

Status choose_one(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  if (key.exists()) {
    reply_value(call.reply(), key.view<Set>()->random(call.hold().random()));
  } else {
    call.reply().null();
  }
  return {};
}

Status choose_many(Call& call) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::optional<int64_t> wanted = parse_int64(call.arg(2));
  if (!wanted) return errors::not_an_integer();
  if (*wanted < -kMax) {
    return Error::literal(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  const bool may_repeat = *wanted < 0;
  const auto count = static_cast<size_t>(may_repeat ? -*wanted : *wanted);
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  if (!key.exists() || count == 0) {
    call.reply().array(0);
    return {};
  }
  if (may_repeat && count > kRandomRepeatsMax) return errors::out_of_range();
  const auto set = key.view<Set>();
  const auto reply_it = [&call](PackedValue member) { reply_value(call.reply(), member); };
  call.reply().array(may_repeat ? count : std::min(count, set->size()));
  if (may_repeat) {
    set->sample_with_repeats(call.hold().random(), count, reply_it);
  } else {
    set->sample(call.hold().random(), count, reply_it);
  }
  return {};
}

}  // namespace

Status spop(Call& call) {
  if (call.argc() > 3) return errors::syntax();
  return call.argc() == 3 ? pop_many(call) : pop_one(call);
}

Status srandmember(Call& call) {
  if (call.argc() > 3) return errors::syntax();
  return call.argc() == 3 ? choose_many(call) : choose_one(call);
}

}  // namespace kvstash::commands
