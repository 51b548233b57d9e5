// Hash fields: what the commands on deadlines of fields have in common: how they list fields,
// what deadlines they take, and how a change of several fields is recorded.
//
// Parsing is pure; the rest runs where the call's shards are held. Times are milliseconds since
// 1970.
#pragma once

#include "base/result.h"
#include "commands/keys/expire_rule.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::commands {

// The latest deadline that Redis gives a field.
inline constexpr int64_t kFieldDeadlineMaxMs = ((int64_t{1} << 48) - 2) / 4;

using FieldNames = std::span<const std::string_view>;

inline constexpr std::string_view kBadFieldCount =
    "ERR Number of fields must be a positive integer";

// "FIELDS number field [field ...]", and nothing else. `bad_count`: a literal.
Result<FieldNames> parse_fields(engine::ArgReader args,
                                std::string_view bad_count = kBadFieldCount);

// `text` units from `base_ms` on. Errors: not an integer; negative; later than a field may have,
// which names `command`.
struct FieldTime {
  TimeUnit unit;
  int64_t base_ms;
};
Result<int64_t> field_deadline(std::string_view text, FieldTime time, std::string_view command);

// EX, PX, EXAT, PXAT with their numbers.
Result<std::optional<int64_t>> take_field_expiry(engine::ArgReader& args, int64_t now_ms,
                                                 std::string_view command);

// Tells that fields of `key` went away; with the last one the key has.
void note_fields_deleted(engine::Key& key, uint64_t count);

// Records for the journal; each costs nothing without one.
// `head`, then "FIELDS", the number of fields, and the fields.
void record_fields(engine::Call& call, std::initializer_list<std::string_view> head,
                   FieldNames fields);
// HDEL of these fields.
void record_deletion(engine::Call& call, const engine::Key& key, FieldNames fields);
// HPEXPIREAT of these fields.
void record_deadline(engine::Call& call, const engine::Key& key, int64_t deadline_ms,
                     FieldNames fields);

}  // namespace kvstash::commands
