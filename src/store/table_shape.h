// TableShape: how full the buckets of a hash table are, for people who examine its distribution.
// Plain data; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace kvstash::store {

struct TableShape {
  static constexpr size_t kCounts = 50;

  size_t buckets = 0;
  size_t elements = 0;
  size_t longest = 0;  // The most elements of one bucket and its chain.
  // Number of buckets by their number of elements; the last counts larger buckets, too.
  std::array<size_t, kCounts> buckets_of{};

  void add_bucket(size_t size) {
    ++buckets;
    elements += size;
    longest = std::max(longest, size);
    ++buckets_of[std::min(size, kCounts - 1)];
  }
  bool operator==(const TableShape&) const = default;
};

// Measures an array of buckets with their chains. The first `moved` buckets count as empty and are
// not read, because their memory may be gone. O(n).
template <typename Array>
TableShape shape_of(const Array& array, size_t moved) {
  TableShape shape;
  for (size_t at = 0; at < array.count; ++at) {
    size_t size = 0;
    const auto* bucket = at < moved ? nullptr : &array.buckets[at];
    for (; bucket != nullptr; bucket = bucket->next())
      size += bucket->size();
    shape.add_bucket(size);
  }
  return shape;
}

// The shapes of the array in use, and of the array that a resize moves to.
struct TableShapes {
  TableShape current;
  std::optional<TableShape> target;
};

// Measures a table. `next` has buckets only during a resize.
template <typename Array>
TableShapes shapes_of(const Array& current, size_t moved, const Array& next) {
  TableShapes shapes{.current = shape_of(current, moved), .target = {}};
  if (next.count != 0) shapes.target = shape_of(next, 0);
  return shapes;
}

}  // namespace kvstash::store
