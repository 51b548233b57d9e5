// Index ranges as clients give them. Both ends are included, negative ones count from the end (-1
// is the last element), and anything beyond the ends is cut off. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvstash::commands {

// The elements `first` .. `first + count - 1`, which all exist. If there are none, both fields are
// 0.
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

// The index of the element that `index` means; nothing if there is no such element.
constexpr std::optional<size_t> index_at(int64_t index, size_t length) {
  const auto size = static_cast<int64_t>(length);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<size_t>(index);
}

}  // namespace kvstash::commands
