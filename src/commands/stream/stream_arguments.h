// What the commands of streams understand: ids, ranges of ids, and how a stream is to be trimmed.
//
// Pure: text in, values or Redis's errors out.
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

// "ms-seq", or "ms" alone, whose seq is `missing_seq`.
Result<store::StreamId> parse_stream_id(std::string_view text, uint64_t missing_seq = 0);

// The same, and "-" and "+" for the smallest and the largest id.
Result<store::StreamId> parse_stream_id_or_end(std::string_view text, uint64_t missing_seq = 0);

// The ends of a range: as parse_stream_id_or_end, or with "(" before an id that does not belong to
// the range any more.
Result<store::StreamId> parse_range_start(std::string_view text);
Result<store::StreamId> parse_range_end(std::string_view text);

// What XADD and XTRIM say before their fields. Positions count from the command's name.
struct StreamEdit {
  bool no_mkstream = false;
  std::optional<store::StreamTrim> trim;
  size_t threshold_at = 0;  // Where the trimming's number or id stands.
  size_t limit_at = 0;      // Where LIMIT stands; 0: nowhere.

  // XADD's id: none for "*"; without a number of its own for "ms-*".
  std::optional<store::StreamId> id;
  bool has_seq = true;
  size_t id_at = 0;
};
Result<StreamEdit> parse_xadd(StreamArgs args, const engine::EngineOptions& options);
Result<StreamEdit> parse_xtrim(StreamArgs args, const engine::EngineOptions& options);

// A number of entries: below 0 is 0.
Result<uint64_t> parse_stream_count(std::string_view text);

}  // namespace kvstash::commands
