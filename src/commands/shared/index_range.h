// Index ranges as clients give them: both ends included, negative ones counted from the end (-1 is
// the last element), anything beyond the ends cut off. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvstash::commands {

// Elements `first` .. `first + count - 1`, all of them there. Count 0: no element; first is 0.
struct IndexRange {
  size_t first = 0;
  size_t count = 0;

  bool operator==(const IndexRange&) const = default;
};

constexpr IndexRange index_range(int64_t start, int64_t stop, size_t length) {
  const auto size = static_cast<int64_t>(length);
  if (start < 0) start += size;
  if (start < 0) start = 0;
  if (stop < 0) stop += size;
  if (stop >= size) stop = size - 1;
  if (start > stop) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start) + 1};
}

// The element at `index`, or nothing if there is none.
constexpr std::optional<size_t> index_at(int64_t index, size_t length) {
  const auto size = static_cast<int64_t>(length);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<size_t>(index);
}

}  // namespace kvstash::commands
