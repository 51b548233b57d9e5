// Hash fields: what the commands about deadlines of fields share: how they list fields, which
// deadlines they accept, and how a change of several fields is recorded.
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

// Parses "FIELDS number field [field ...]", which must be all of `args`. `bad_count` is a literal.
Result<FieldNames> parse_fields(engine::ArgReader args,
                                std::string_view bad_count = kBadFieldCount);

// Computes a deadline `text` units after `base_ms`. Errors: `text` is not an integer; it is
// negative; the deadline is later than a field may have. The last error names `command`.
struct FieldTime {
  TimeUnit unit;
  int64_t base_ms;
};
Result<int64_t> field_deadline(std::string_view text, FieldTime time, std::string_view command);

// Parses EX, PX, EXAT or PXAT and its number, if the next word is one of these.
Result<std::optional<int64_t>> take_field_expiry(engine::ArgReader& args, int64_t now_ms,
                                                 std::string_view command);

// Reports that fields of `key` were removed, and also the key if it is gone with its last field.
void note_fields_deleted(engine::Key& key, uint64_t count);

// These write records for the journal, and do nothing if there is none.
// Records `head`, then "FIELDS", the number of fields, and the fields.
void record_fields(engine::Call& call, std::initializer_list<std::string_view> head,
                   FieldNames fields);
// Records the deletion of these fields, as HDEL.
void record_deletion(engine::Call& call, const engine::Key& key, FieldNames fields);
// Records the deadline of these fields, as HPEXPIREAT.
void record_deadline(engine::Call& call, const engine::Key& key, int64_t deadline_ms,
                     FieldNames fields);

}  // namespace kvstash::commands
