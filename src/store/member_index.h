// MemberIndex: finds the elements of a large sorted set by member.
//
// The layout is that of the keyspace's HashTable: buckets of one cache line with nine one-byte
// fingerprints and nine 48-bit pointers, in the order of the hashes, with chained overflow.
//
//   ┌──────────────┬──────┬───────────┬───────────┬─ ─ ─┬──────────────────────┐
//   │ fp[9]        │ meta │ element 0 │ element 1 │     │ element 8 or next    │
//   └──────────────┴──────┴───────────┴───────────┴─ ─ ─┴──────────────────────┘
//     9 bytes        1      6           6                 6
//
// Because buckets keep the order of the hashes, a resize moves them from first to last, one for
// each insert and four for each erasure, and a scan position is a place in the order of the hashes,
// which no resize disturbs. Arrays past 64 KiB come from the kernel in pages and are given back in
// parts.
//
// Does not own the elements. One thread at a time: lives on a shard.
#pragma once

#include "base/hash.h"
#include "store/hash_table.h"
#include "store/hash_walk.h"
#include "store/scored_member.h"
#include "store/table_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace kvstash::store {

class MemberIndex {
 public:
  // Makes an index that holds `expected` elements without a resize.
  MemberIndex(const HashSeed& seed, size_t expected);
  MemberIndex(const MemberIndex&) = delete;
  MemberIndex& operator=(const MemberIndex&) = delete;
  ~MemberIndex();

  const HashSeed& seed() const { return seed_; }
  uint64_t hash(std::string_view member) const { return keyed_hash(member, seed_); }

  // Returns the element of `member`, or null. In all operations `hash` is hash(member).
  ScoredMember* find(std::string_view member, uint64_t hash) const;

  // Adds an element whose member is absent.
  void insert(ScoredMember* element, uint64_t hash);

  // Takes the element out; it must be in the index. The element itself is not read, only its
  // address.
  void erase(const ScoredMember* element, uint64_t hash);

  // Visits every element of the bucket at `position` and returns the position to continue from, or
  // zero after the last bucket. An element that is present from the start to the end of a scan is
  // visited at least once, whatever changes between the calls. `visit` must not change the index.
  ScanPosition scan(ScanPosition position,
                    const std::function<void(const ScoredMember&)>& visit) const;

  // Visits the elements from hash `begin` on, each exactly once over a whole walk, and returns the
  // hash at which the next visit begins, or nothing after the last: see hash_walk.h. `visit` must
  // not change the index.
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget,
                               const std::function<void(const ScoredMember&)>& visit) const;

  // Dismantles the index: forgets the elements and frees up to `buckets` buckets. Returns true
  // while there are more. After the first call the index may only be freed further or destroyed.
  bool free_some(size_t buckets);

  size_t size() const { return size_; }
  size_t bucket_count() const { return current_.count + next_.count; }
  size_t bytes() const;  // Bucket arrays and chained buckets, as the allocator rounds them.
  bool is_resizing() const { return next_.count != 0; }
  TableShapes shapes() const { return shapes_of(current_, moved_, next_); }  // O(n).

 private:
  static constexpr unsigned kSlots = 9;
  static constexpr unsigned kMovePerErase = 4;

  struct alignas(64) Bucket {
    uint8_t fingerprints[kSlots];
    uint8_t meta;  // Low 4 bits: elements here. High bit: the last pointer is a chained bucket.
    uint16_t pointers[kSlots][3];

    unsigned size() const { return meta & 15; }
    bool has_next() const { return (meta & 128) != 0; }
    unsigned capacity() const { return has_next() ? kSlots - 1 : kSlots; }
    void* pointer(unsigned slot) const;
    void set_pointer(unsigned slot, const void* to);
    ScoredMember* element(unsigned slot) const { return static_cast<ScoredMember*>(pointer(slot)); }
    Bucket* next() const {
      return has_next() ? static_cast<Bucket*>(pointer(kSlots - 1)) : nullptr;
    }
    unsigned matches(uint8_t fingerprint) const;  // Returns one bit for each slot.
  };
  static_assert(sizeof(Bucket) == 64);

  struct Array {
    Bucket* buckets = nullptr;
    size_t count = 0;
    size_t index(uint64_t hash) const {
      return static_cast<size_t>((static_cast<unsigned __int128>(hash) * count) >> 64);
    }
  };

  static uint8_t fingerprint_of(uint64_t hash) { return static_cast<uint8_t>(hash); }
  static Array make_array(size_t count);
  static void free_array(const Array& array);
  static size_t bytes_of(const Array& array);

  Bucket& bucket_of(uint64_t hash) const {
    const size_t at = current_.index(hash);
    if (at >= moved_) [[likely]]
      return current_.buckets[at];
    return next_.buckets[next_.index(hash)];
  }
  void insert_into(Bucket& head, ScoredMember* element, uint8_t fingerprint);
  void fill_hole(Bucket& head, Bucket& bucket, unsigned slot);
  void grow_if_due();
  void shrink_if_due();
  void move_bucket();
  void free_chain(Bucket& head);
  void end_bucket();  // Notes that the first bucket not yet moved is now empty.

  HashSeed seed_;
  Array current_;
  Array next_;             // The array that a resize moves to; count 0: no resize.
  uint32_t moved_ = 0;     // Buckets that have been moved, from the start of current_.
  uint32_t released_ = 0;  // Buckets of current_ whose pages were given back.
  size_t size_ = 0;
  size_t chained_ = 0;
};

}  // namespace kvstash::store
