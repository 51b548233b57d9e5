// The walk over a hash table by exact hashes, which HashTable, BucketTable and MemberIndex share.
//
// A visit takes the elements whose hash is in begin <= hash < end, and no others; `end` is where
// the next visit begins. That place is a hash, not a bucket, so it stays right when the table
// grows, shrinks or is being resized. An element that is present from the start to the end of a
// walk is visited exactly once, and the holder of the place can tell of any hash whether it was
// passed. Elements of equal hashes are in one bucket and visited together.
//
// A visit looks at whole buckets, so its cost is bounded by its budget and one bucket's chain.
// Hashes of elements are computed only where a visit begins inside a bucket, after a resize.
#pragma once

#include "base/ensure.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvstash::store {

// A visit ends after this many buckets, or with the bucket in which it has seen this many elements.
struct WalkBudget {
  size_t buckets = 64;
  size_t elements = 64;
};

// Returns the smallest hash of bucket `at`, or 2^64 for the bucket past the last.
template <typename Array>
unsigned __int128 first_hash_of(const Array& array, size_t at) {
  return ((static_cast<unsigned __int128>(at) << 64) + (array.count - 1)) / array.count;
}

// Calls visit(Element*) for the elements from hash `begin` on. Returns the hash at which the next
// visit begins, or nothing after the last bucket. `next` has buckets only during a resize; the
// first `moved` buckets of `current` have been moved there. `hash_of(Element*)` is the element's
// hash.
template <typename Element, typename Array, typename HashOf, typename Visit>
std::optional<uint64_t> walk_buckets(const Array& current, size_t moved, const Array& next,
                                     uint64_t begin, WalkBudget budget, const HashOf& hash_of,
                                     Visit&& visit) {
  ensure(budget.buckets != 0);
  size_t seen = 0;
  for (;;) {
    size_t at = current.index(begin);
    const bool is_moved = at < moved;
    const Array& array = is_moved ? next : current;
    if (is_moved) at = next.index(begin);
    // The new bucket may also cover hashes that have not been moved; their elements are still in
    // the old array.
    unsigned __int128 end = first_hash_of(array, at + 1);
    if (is_moved) end = std::min(end, first_hash_of(current, moved));
    const bool is_whole = first_hash_of(array, at) == begin;
    for (const auto* bucket = &array.buckets[at]; bucket != nullptr; bucket = bucket->next()) {
      for (unsigned slot = 0; slot < bucket->size(); ++slot) {
        auto* element = static_cast<Element*>(bucket->pointer(slot));
        if (!is_whole && hash_of(element) < begin) continue;
        visit(element);
        ++seen;
      }
      // Chained buckets count in the budget, too.
      if (budget.buckets != 0) --budget.buckets;
    }
    if (end >> 64 != 0) return std::nullopt;
    begin = static_cast<uint64_t>(end);
    if (budget.buckets == 0 || seen >= budget.elements) return begin;
  }
}

}  // namespace kvstash::store
