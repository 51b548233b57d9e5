// Arguments of the commands of streams: ids, ranges of ids, and how a stream is to be trimmed.
//
// Pure: returns values or Redis's errors.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"
#include "engine/options.h"
#include "store/stream.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::commands {

using StreamArgs = std::span<const std::string_view>;

// Parses "ms-seq", or "ms" alone, whose seq is `missing_seq`.
Result<store::StreamId> parse_stream_id(std::string_view text, uint64_t missing_seq = 0);

// Parses an id, or "-" and "+", which mean the smallest and the largest id.
Result<store::StreamId> parse_stream_id_or_end(std::string_view text, uint64_t missing_seq = 0);

// Parse the ends of a range. Each is as for parse_stream_id_or_end, or has "(" before an id that is
// excluded from the range.
Result<store::StreamId> parse_range_start(std::string_view text);
Result<store::StreamId> parse_range_end(std::string_view text);

// The arguments of XADD and XTRIM before the fields. Positions are indices in the command's
// arguments, whose name has index 0.
struct StreamEdit {
  bool no_mkstream = false;
  std::optional<store::StreamTrim> trim;
  size_t threshold_at = 0;  // Position of the trimming's number or id.
  size_t limit_at = 0;      // Position of LIMIT; 0: there is none.

  // XADD's id; none for "*". For "ms-*" has_seq is false.
  std::optional<store::StreamId> id;
  bool has_seq = true;
  size_t id_at = 0;
};
Result<StreamEdit> parse_xadd(StreamArgs args, const engine::EngineOptions& options);
Result<StreamEdit> parse_xtrim(StreamArgs args, const engine::EngineOptions& options);

// Parses a number of entries. A negative number counts as 0.
Result<uint64_t> parse_stream_count(std::string_view text);

}  // namespace kvstash::commands
