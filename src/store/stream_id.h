// StreamId: the id by which a stream's entries are ordered: a time in milliseconds and a sequence
// number within it.
//
// A plain value. Written as "ms-seq", both in decimal.
#pragma once

#include "base/numbers.h"

#include <compare>
#include <cstdint>
#include <optional>

namespace kvstash::store {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  static constexpr StreamId min() { return {0, 0}; }
  static constexpr StreamId max() { return {UINT64_MAX, UINT64_MAX}; }

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;

  constexpr bool is_zero() const { return ms == 0 && seq == 0; }
  // The ids directly after and before this one; none past the ends.
  constexpr std::optional<StreamId> next() const {
    if (seq != UINT64_MAX) return StreamId{ms, seq + 1};
    if (ms != UINT64_MAX) return StreamId{ms + 1, 0};
    return std::nullopt;
  }
  constexpr std::optional<StreamId> previous() const {
    if (seq != 0) return StreamId{ms, seq - 1};
    if (ms != 0) return StreamId{ms - 1, UINT64_MAX};
    return std::nullopt;
  }
};

inline constexpr size_t kStreamIdCharsMax = 2 * kInt64CharsMax + 1;

// Writes "ms-seq" to `out`, which has kStreamIdCharsMax characters. Returns how many were written.
inline size_t format_stream_id(char* out, StreamId id) {
  size_t size = format_uint64(out, id.ms);
  out[size++] = '-';
  return size + format_uint64(out + size, id.seq);
}

}  // namespace kvstash::store
