// TableShape: how full the buckets of a hash table are, for people who look at its distribution.
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
  // Buckets by how many elements they have; the last one counts those with more, too.
  std::array<size_t, kCounts> buckets_of{};

  void add_bucket(size_t size) {
    ++buckets;
    elements += size;
    longest = std::max(longest, size);
    ++buckets_of[std::min(size, kCounts - 1)];
  }
  bool operator==(const TableShape&) const = default;
};

// Of the array in use, and of the one that a resize moves to.
struct TableShapes {
  TableShape current;
  std::optional<TableShape> target;
};

}  // namespace kvstash::store
