// HashTable: the set of a keyspace's entries, found by key.
//
// Buckets are one cache line: nine one-byte fingerprints, nine 48-bit entry pointers and a byte
// that counts. A bucket that overflows trades its last pointer for a chained bucket.
//
//   ┌──────────────┬──────┬──────────┬──────────┬─ ─ ─┬──────────────────────┐
//   │ fp[9]        │ meta │ entry 0  │ entry 1  │     │ entry 8 or next      │
//   └──────────────┴──────┴──────────┴──────────┴─ ─ ─┴──────────────────────┘
//     9 bytes        1      6          6                6
//
// The bucket of a hash is the high half of hash * bucket_count, which keeps the order of the
// hashes. Two things follow from that order:
//   * A resize moves old buckets from first to last, so one comparison tells whether a hash is in
//     the old or in the new array; a look-up never tries both. Bucket counts need not be powers of
//     two (we use 2^k and 1.5 * 2^k, which leaves fewer slots empty after a growth).
//   * A scan cursor is a position in the order of hashes, which no resize disturbs.
//
// Every insert and erase moves at most kMovePerOperation old buckets; the owner calls `step` in
// idle time as well. Bucket arrays past 64 KiB come from the kernel in pages, and the part already
// moved is given back as the move goes on, so no single operation maps, clears or frees O(n).
// Arrays of 2 MiB and more are behind huge pages if the table was given a source of them. A move
// waits for pages that are not there yet, and new entries go into the old array meanwhile.
//
// Does not own entries (Keyspace does). One thread at a time: lives on a shard.
#pragma once

#include "base/hash.h"
#include "base/huge_pages.h"
#include "base/random.h"
#include "store/entry.h"
#include "store/hash_walk.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace kvstash::store {

// The position of a scan: 48 bits of a hash. 0 is the start, and as an answer it is the end.
enum class ScanPosition : uint64_t {};

class HashTable {
 public:
  // `huge_pages` must outlive the table; if it is null, small pages are used.
  explicit HashTable(const HashSeed& seed, HugePages* huge_pages = nullptr)
      : seed_(seed), huge_pages_(huge_pages) {}
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;
  ~HashTable();

  // Returns the entry of `key`, or null. `hash` is keyed_hash(key) under the table's seed.
  Entry* find(std::string_view key, uint64_t hash) const;

  // Adds an entry whose key is absent.
  void insert(Entry* entry, uint64_t hash);

  // Makes room for `entries` in an empty table, so that it does not have to grow while they are
  // inserted. It keeps the room until an entry is erased. A table that is not empty stays as it is.
  void reserve(size_t entries);

  // Takes the entry out; it must be in the table.
  void erase(const Entry* entry, uint64_t hash);

  // Puts `fresh`, which has the same key, in the place of `old`: the entry moved in memory. `old`
  // is not read.
  void replace(const Entry* old, Entry* fresh, uint64_t hash);

  // Hints for a batch of look-ups: prefetch all buckets first, then all entries.
  void prefetch_bucket(uint64_t hash) const { __builtin_prefetch(&bucket_of(hash)); }
  void prefetch_entry(uint64_t hash) const;

  // Visits every entry of the bucket at `position` and returns the position to continue from, or
  // zero after the last bucket. An entry that is present from the start to the end of a scan is
  // visited at least once, whatever changes between the calls. `visit` must not change the table.
  ScanPosition scan(ScanPosition position, const std::function<void(Entry*)>& visit) const;

  // Visits the entries from hash `begin` on, each exactly once over a whole walk, and returns the
  // hash at which the next visit begins, or nothing after the last: see hash_walk.h.
  // `visit(Entry*)` must not change the table.
  template <typename Visit>
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, Visit&& visit) const {
    const auto hash_of = [this](const Entry* entry) { return keyed_hash(entry->key(), seed_); };
    return walk_buckets<Entry>(current_, moved_, next_, begin, budget, hash_of, visit);
  }

  // Returns an entry chosen at random (every bucket equally likely), or null if the table is empty.
  Entry* sample(Random& random) const;

  // Moves up to `buckets` old buckets. Returns true while there are more that can be moved now.
  bool step(size_t buckets);

  // Completes a resize at once, or starts one that fits the size. For DEBUG and tests.
  void finish_resize();

  size_t size() const { return size_; }
  size_t bucket_count() const { return current_.count + next_.count; }
  size_t slot_count() const { return bucket_count() * kSlots; }
  size_t bytes() const;  // Bucket arrays and chained buckets.
  bool is_resizing() const { return next_.count != 0; }
  const HashSeed& seed() const { return seed_; }

 private:
  static constexpr unsigned kSlots = 9;
  static constexpr size_t kMovePerOperation = 1;

  struct alignas(64) Bucket {
    uint8_t fingerprints[kSlots];
    uint8_t meta;  // Low 4 bits: entries here. High bit: the last pointer is a chained bucket.
    uint16_t pointers[kSlots][3];

    unsigned size() const { return meta & 15; }
    bool has_next() const { return (meta & 128) != 0; }
    unsigned capacity() const { return has_next() ? kSlots - 1 : kSlots; }
    void* pointer(unsigned slot) const;
    void set_pointer(unsigned slot, const void* to);
    Entry* entry(unsigned slot) const { return static_cast<Entry*>(pointer(slot)); }
    Bucket* next() const {
      return has_next() ? static_cast<Bucket*>(pointer(kSlots - 1)) : nullptr;
    }
    unsigned matches(uint8_t fingerprint) const;  // Returns one bit for each slot.
  };
  static_assert(sizeof(Bucket) == 64);

  struct Array {
    Bucket* buckets = nullptr;
    size_t count = 0;
    std::shared_ptr<HugePages::Region> region{};  // Null if the array is behind small pages.
    size_t index(uint64_t hash) const {
      return static_cast<size_t>((static_cast<unsigned __int128>(hash) * count) >> 64);
    }
  };

  // Where an entry stands: its bucket and slot.
  struct Place {
    Bucket* bucket;
    unsigned slot;
  };

  static uint8_t fingerprint_of(uint64_t hash) { return static_cast<uint8_t>(hash); }
  Array make_array(size_t count) const;
  static void free_array(const Array& array);

  Bucket& bucket_of(uint64_t hash) const {
    const size_t at = current_.index(hash);
    if (at >= moved_) [[likely]]
      return current_.buckets[at];
    return next_.buckets[next_.index(hash)];
  }
  Place find_place(const Entry* entry, uint64_t hash) const;
  void insert_into(Bucket& head, Entry* entry, uint8_t fingerprint);
  void erase_at(Bucket& head, Place place);
  void resize_if_due();
  void start_resize(size_t count);
  bool may_move();
  void move_bucket();
  void release_moved();

  HashSeed seed_;
  HugePages* huge_pages_;
  Array current_{&first_, 1};
  Array next_;           // The array that a resize moves to; count 0: no resize.
  size_t moved_ = 0;     // Buckets that have been moved, from the start of current_.
  size_t movable_ = 0;   // Buckets of current_ that the present pages of next_ can take.
  size_t released_ = 0;  // Buckets of current_ whose pages were given back to the kernel.
  size_t size_ = 0;
  size_t chained_ = 0;        // Number of chained buckets, for bytes().
  bool is_reserved_ = false;  // The room is kept, however few entries there are.
  Bucket first_{};            // The array of a table that never grew; it spares an allocation.
};

}  // namespace kvstash::store
