// HEXPIRE, HTTL and their variants: the deadlines of fields. Declared in hash.h.
#include "commands/hash/hash.h"
#include "commands/hash/hash_fields.h"
#include "commands/shared/container_options.h"
#include "engine/execution/call.h"

#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::Hash;
namespace notify = engine::notify;

enum class TimeOrigin : uint8_t { kNow, kEpoch };

// The result for one field, as the reply shows it.
enum class FieldOutcome : int8_t {
  kAbsent = -2,
  kNoDeadline = -1,
  kConditionNotMet = 0,
  kDone = 1,
  kDeleted = 2,
};

void reply(Call& call, FieldOutcome outcome) {
  call.reply().integer(static_cast<int64_t>(outcome));
}

void reply_all_absent(Call& call, size_t count) {
  for (size_t i = 0; i < count; ++i)
    reply(call, FieldOutcome::kAbsent);
}

// Takes a condition if the next word is one. There can be only one.
ExpireCondition take_condition(ArgReader& args) {
  if (args.take("NX")) return {.if_none = true};
  if (args.take("XX")) return {.if_some = true};
  if (args.take("GT")) return {.if_later = true};
  if (args.take("LT")) return {.if_earlier = true};
  return {};
}

struct NewDeadline {
  int64_t at_ms;
  ExpireCondition condition;
  FieldNames fields;
};

Result<NewDeadline> parse_new_deadline(Call& call, TimeOrigin origin, TimeUnit unit) {
  const int64_t base_ms = origin == TimeOrigin::kNow ? call.now_ms() : 0;
  const Result<int64_t> at_ms =
      field_deadline(call.arg(2), {.unit = unit, .base_ms = base_ms}, call.command().spec->name);
  if (!at_ms.ok()) return at_ms.error();
  ArgReader args(call.args_from(3));
  NewDeadline wanted{.at_ms = *at_ms, .condition = take_condition(args), .fields = {}};
  const Result<FieldNames> fields =
      parse_fields(args, "ERR Parameter `numFields` should be greater than 0");
  if (!fields.ok()) return fields.error();
  wanted.fields = *fields;
  return wanted;
}

// Gives one field its deadline. If the deadline has passed, the field is deleted at once.
FieldOutcome give_deadline(Call& call, Hash& hash, std::string_view field,
                           const NewDeadline& wanted) {
  if (!hash.contains(field, call.horizon_ms())) return FieldOutcome::kAbsent;
  if (!is_met(wanted.condition, hash.deadline_ms(field), wanted.at_ms))
    return FieldOutcome::kConditionNotMet;
  if (call.is_past(wanted.at_ms)) {
    hash.erase(field);
    return FieldOutcome::kDeleted;
  }
  hash.set_deadline(field, wanted.at_ms, hash_options(call));
  return FieldOutcome::kDone;
}

// Reports the fields that changed. All of them got the same deadline, so either all were deleted or
// all have it now.
void note_changes(Call& call, Key& key, int64_t deadline_ms, FieldNames changed) {
  const bool is_deletion = call.is_past(deadline_ms);
  if (is_deletion) {
    note_fields_deleted(key, changed.size());
  } else {
    key.changed(notify::kHash, "hexpire", changed.size());
  }
  if (is_deletion) return record_deletion(call, key, changed);
  record_deadline(call, key, deadline_ms, changed);
}

Status give_deadlines(Call& call, TimeOrigin origin, TimeUnit unit) {
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  const Result<NewDeadline> wanted = parse_new_deadline(call, origin, unit);
  if (!wanted.ok()) return wanted.error();
  const FieldNames fields = wanted->fields;
  call.reply().array(fields.size());
  for (const std::string_view field : fields)
    key.expire_field(field);
  if (!key.exists()) {
    reply_all_absent(call, fields.size());
    return {};
  }
  std::vector<std::string_view> changed;
  {
    auto hash = key.open<Hash>();
    for (const std::string_view field : fields) {
      const FieldOutcome outcome = give_deadline(call, *hash, field, *wanted);
      if (outcome > FieldOutcome::kConditionNotMet) changed.push_back(field);
      reply(call, outcome);
    }
  }
  if (!changed.empty()) note_changes(call, key, wanted->at_ms, changed);
  return {};
}

// Converts `ms`. Seconds are rounded up, so that a field that exists never has 0 seconds left.
int64_t rounded_up(int64_t ms, TimeUnit unit) {
  return unit == TimeUnit::kMilliseconds ? ms : ms / 1000 + (ms % 1000 != 0 ? 1 : 0);
}

// Replies the deadlines of fields, either as time left or as time since 1970.
Status tell_deadlines(Call& call, TimeOrigin origin, TimeUnit unit) {
  const Key key = call.peek(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  const Result<FieldNames> fields = parse_fields(ArgReader(call.args_from(2)));
  if (!fields.ok()) return fields.error();
  call.reply().array(fields->size());
  if (!key.exists()) {
    reply_all_absent(call, fields->size());
    return {};
  }
  const int64_t from_ms = origin == TimeOrigin::kNow ? call.now_ms() : 0;
  const auto hash = key.view<Hash>();
  for (const std::string_view field : *fields) {
    const std::optional<int64_t> deadline_ms = hash->deadline_ms(field);
    if (deadline_ms && !call.is_past(*deadline_ms)) {
      call.reply().integer(rounded_up(*deadline_ms - from_ms, unit));
    } else {
      const bool is_there = hash->contains(field, call.horizon_ms());
      reply(call, is_there ? FieldOutcome::kNoDeadline : FieldOutcome::kAbsent);
    }
  }
  return {};
}

FieldOutcome drop_deadline(Call& call, Hash& hash, std::string_view field) {
  if (!hash.contains(field, call.horizon_ms())) return FieldOutcome::kAbsent;
  return hash.clear_deadline(field) ? FieldOutcome::kDone : FieldOutcome::kNoDeadline;
}

}  // namespace

Status hexpire(Call& call) {
  return give_deadlines(call, TimeOrigin::kNow, TimeUnit::kSeconds);
}

Status hpexpire(Call& call) {
  return give_deadlines(call, TimeOrigin::kNow, TimeUnit::kMilliseconds);
}

Status hexpireat(Call& call) {
  return give_deadlines(call, TimeOrigin::kEpoch, TimeUnit::kSeconds);
}

Status hpexpireat(Call& call) {
  return give_deadlines(call, TimeOrigin::kEpoch, TimeUnit::kMilliseconds);
}

Status httl(Call& call) {
  return tell_deadlines(call, TimeOrigin::kNow, TimeUnit::kSeconds);
}

Status hpttl(Call& call) {
  return tell_deadlines(call, TimeOrigin::kNow, TimeUnit::kMilliseconds);
}

Status hexpiretime(Call& call) {
  return tell_deadlines(call, TimeOrigin::kEpoch, TimeUnit::kSeconds);
}

Status hpexpiretime(Call& call) {
  return tell_deadlines(call, TimeOrigin::kEpoch, TimeUnit::kMilliseconds);
}

Status hpersist(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  const Result<FieldNames> fields = parse_fields(ArgReader(call.args_from(2)));
  if (!fields.ok()) return fields.error();
  call.reply().array(fields->size());
  for (const std::string_view field : *fields)
    key.expire_field(field);
  if (!key.exists()) {
    reply_all_absent(call, fields->size());
    return {};
  }
  uint64_t changed = 0;
  {
    auto hash = key.open<Hash>();
    for (const std::string_view field : *fields) {
      const FieldOutcome outcome = drop_deadline(call, *hash, field);
      changed += outcome == FieldOutcome::kDone ? 1 : 0;
      reply(call, outcome);
    }
  }
  if (changed != 0) key.changed(notify::kHash, "hpersist", changed);
  return {};
}

}  // namespace kvstash::commands
