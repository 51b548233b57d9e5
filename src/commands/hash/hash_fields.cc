#include "commands/hash/hash_fields.h"

#include "base/numbers.h"
#include "commands/shared/digits.h"

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
namespace errors = engine::errors;
namespace notify = engine::notify;

struct UnitWord {
  std::string_view word;
  TimeUnit unit;
  bool is_absolute;
};

constexpr UnitWord kUnitWords[] = {
    {"EX", TimeUnit::kSeconds, false},
    {"PX", TimeUnit::kMilliseconds, false},
    {"EXAT", TimeUnit::kSeconds, true},
    {"PXAT", TimeUnit::kMilliseconds, true},
};

}  // namespace

Result<FieldNames> parse_fields(ArgReader args, std::string_view bad_count) {
  if (!args.take("FIELDS")) {
    return Error::literal("ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  const std::optional<int64_t> count = args.done() ? std::nullopt : parse_int64(args.next());
  if (!count || *count < 1) return Error::literal(bad_count);
  if (static_cast<uint64_t>(*count) != args.left()) {
    return Error::literal("ERR The `numfields` parameter must match the number of arguments");
  }
  return args.rest();
}

Result<int64_t> field_deadline(std::string_view text, FieldTime time, std::string_view command) {
  const std::optional<int64_t> value = parse_int64(text);
  if (!value) return errors::not_an_integer();
  if (*value < 0) return Error::literal("ERR invalid expire time, must be >= 0");
  const std::optional<int64_t> deadline_ms = deadline_after(time.base_ms, *value, time.unit);
  if (!deadline_ms || *deadline_ms > kFieldDeadlineMaxMs) return errors::invalid_expire(command);
  return *deadline_ms;
}

Result<std::optional<int64_t>> take_field_expiry(ArgReader& args, int64_t now_ms,
                                                 std::string_view command) {
  for (const UnitWord& candidate : kUnitWords) {
    if (!args.take_with(candidate.word)) continue;
    const Result<int64_t> deadline_ms = field_deadline(
        args.next(), {.unit = candidate.unit, .base_ms = candidate.is_absolute ? 0 : now_ms},
        command);
    if (!deadline_ms.ok()) return deadline_ms.error();
    return std::optional(*deadline_ms);
  }
  return std::optional<int64_t>();
}

void note_fields_deleted(engine::Key& key, uint64_t count) {
  key.changed(notify::kHash, "hdel", count);
  if (!key.exists()) key.also(notify::kGeneric, "del");
}

void record_fields(engine::Call& call, std::initializer_list<std::string_view> head,
                   FieldNames fields) {
  if (!call.wants_effects()) return;
  call.record(head);
  call.records().add("FIELDS");
  call.records().add(Digits(static_cast<int64_t>(fields.size())).view());
  call.records().add(fields);
}

void record_deletion(engine::Call& call, const engine::Key& key, FieldNames fields) {
  call.record({"HDEL", key.name()}, fields);
}

void record_deadline(engine::Call& call, const engine::Key& key, int64_t deadline_ms,
                     FieldNames fields) {
  if (call.wants_effects())
    record_fields(call, {"HPEXPIREAT", key.name(), Digits(deadline_ms).view()}, fields);
}

}  // namespace kvstash::commands
