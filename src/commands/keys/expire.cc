// EXPIRE, TTL and their variants. Declared in keys.h.
#include "commands/keys/expire_rule.h"
#include "commands/keys/keys.h"
#include "engine/execution/call.h"

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;

enum class TimeOrigin : uint8_t { kNow, kEpoch };

// Gives a key a deadline that has passed: deletes the key at once, and records a deletion.
void expire_at_once(Call& call, Key& key) {
  key.erase();
  key.changed(engine::notify::kGeneric, "del");
  call.record({call.options().lazyfree_lazy_expire ? "UNLINK" : "DEL", key.name()});
}

void expire_later(Call& call, Key& key, int64_t deadline_ms) {
  key.set_deadline(deadline_ms);
  key.changed(engine::notify::kGeneric, "expire");
  if (!call.wants_effects()) return;
  char text[kInt64CharsMax];
  call.record({"PEXPIREAT", key.name(), {text, format_int64(text, deadline_ms)}});
}

Status set_time_to_live(Call& call, TimeOrigin origin, TimeUnit unit) {
  const Result<ExpireCondition> condition = parse_expire_condition(ArgReader(call.args_from(3)));
  if (!condition.ok()) return condition.error();
  const std::optional<int64_t> value = parse_int64(call.arg(2));
  if (!value) return engine::errors::not_an_integer();
  const std::optional<int64_t> deadline_ms =
      deadline_after(origin == TimeOrigin::kNow ? call.now_ms() : 0, *value, unit);
  if (!deadline_ms) return engine::errors::invalid_expire(call.command().spec->name);

  Key key = call.write(1);
  if (!key.exists() || !is_met(*condition, key.deadline(), *deadline_ms)) {
    call.reply().integer(0);
    return {};
  }
  if (call.is_past(*deadline_ms)) {
    expire_at_once(call, key);
  } else {
    expire_later(call, key, *deadline_ms);
  }
  call.reply().integer(1);
  return {};
}

// Replies the key's deadline, either as time left or as time since 1970; -1 if the key has none, -2
// if there is no key.
Status tell_deadline(Call& call, TimeOrigin origin, TimeUnit unit) {
  const Key key = call.peek(1);
  const Key::Deadline deadline_ms = key.deadline();
  if (!deadline_ms) {
    call.reply().integer(key.exists() ? -1 : -2);
    return {};
  }
  const int64_t from_ms = origin == TimeOrigin::kNow ? call.now_ms() : 0;
  const int64_t ms = *deadline_ms > from_ms ? *deadline_ms - from_ms : 0;
  call.reply().integer(in_unit(ms, unit));
  return {};
}

}  // namespace

Status expire(Call& call) {
  return set_time_to_live(call, TimeOrigin::kNow, TimeUnit::kSeconds);
}

Status pexpire(Call& call) {
  return set_time_to_live(call, TimeOrigin::kNow, TimeUnit::kMilliseconds);
}

Status expireat(Call& call) {
  return set_time_to_live(call, TimeOrigin::kEpoch, TimeUnit::kSeconds);
}

Status pexpireat(Call& call) {
  return set_time_to_live(call, TimeOrigin::kEpoch, TimeUnit::kMilliseconds);
}

Status expiretime(Call& call) {
  return tell_deadline(call, TimeOrigin::kEpoch, TimeUnit::kSeconds);
}

Status pexpiretime(Call& call) {
  return tell_deadline(call, TimeOrigin::kEpoch, TimeUnit::kMilliseconds);
}

Status ttl(Call& call) {
  return tell_deadline(call, TimeOrigin::kNow, TimeUnit::kSeconds);
}

Status pttl(Call& call) {
  return tell_deadline(call, TimeOrigin::kNow, TimeUnit::kMilliseconds);
}

Status persist(Call& call) {
  Key key = call.write(1);
  const bool had_deadline = key.deadline().has_value();
  if (had_deadline) {
    key.set_deadline(std::nullopt);
    key.changed(engine::notify::kGeneric, "persist");
  }
  call.reply().integer(had_deadline ? 1 : 0);
  return {};
}

}  // namespace kvstash::commands
