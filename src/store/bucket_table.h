// BucketTable: finds the elements of a large container by name; grows and shrinks in small steps.
//
// The layout is that of the keyspace's HashTable: buckets of one cache line with nine one-byte
// fingerprints and nine 48-bit pointers, in the order of the hashes, with chained overflow.
//
//   ┌──────────────┬──────┬───────────┬───────────┬─ ─ ─┬──────────────────────┐
//   │ fp[9]        │ meta │ element 0 │ element 1 │     │ element 8 or next    │
//   └──────────────┴──────┴───────────┴───────────┴─ ─ ─┴──────────────────────┘
//     9 bytes        1      6           6                 6
//
// The bucket of a hash is the high half of hash * count. Buckets thus keep the order of the hashes:
// a resize moves them from first to last, at most one for each insert and two for each erase, and a
// scan position is a place in the order of the hashes, which no resize disturbs. Arrays past 64 KiB
// come from the kernel in pages and are given back in parts, so no operation maps, clears or frees
// O(n).
//
// The table doubles when more than 88 % of its slots are taken (with steps as fine as HashTable's,
// an insert of a million elements took a third longer). It shrinks when less than 20 % are taken,
// so that sampling never needs many draws.
//
// Does not own the elements. One thread at a time: lives on a shard.
#pragma once

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/hash_table.h"
#include "store/hash_walk.h"
#include "store/table_shape.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvstash::store {

// `kName` is the member function that names an element.
template <typename Element, std::string_view (Element::*kName)() const>
class BucketTable {
 public:
  // Makes a table that holds `expected` elements without a resize.
  explicit BucketTable(const HashSeed& seed, size_t expected = 0)
      : seed_(seed), current_(make_array(count_for(expected))) {}
  BucketTable(const BucketTable&) = delete;
  BucketTable& operator=(const BucketTable&) = delete;
  ~BucketTable() {
    while (free_some(1024, [](Element*) {})) {
    }
  }

  const HashSeed& seed() const { return seed_; }
  uint64_t hash(std::string_view name) const { return keyed_hash(name, seed_); }

  // Returns the element of `name`, or null. In all operations `hash` is hash(name).
  Element* find(std::string_view name, uint64_t hash) const;

  // Adds an element whose name is absent.
  void insert(Element* element, uint64_t hash) {
    ensure_slow([&] { return find(name_of(element), hash) == nullptr; });
    make_room();
    insert_into(bucket_of(hash), element, fingerprint_of(hash));
    ++size_;
  }

  // Takes the element out; it must be in the table. The element itself is not read, only its
  // address.
  void erase(const Element* element, uint64_t hash) {
    fill_hole(bucket_of(hash), find_place(element, hash));
    --size_;
    give_back_room();
  }

  // Puts `fresh`, which has the same name, in the place of `old`: the element moved in memory.
  // `old` is not read.
  void replace(const Element* old, Element* fresh, uint64_t hash) {
    const Place place = find_place(old, hash);
    place.bucket->set_pointer(place.slot, fresh);
  }

  // Calls visit(Element*) for every element, in the order of the hashes. `visit` must not change
  // the table.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    all_of([&visit](Element* element) {
      visit(element);
      return true;
    });
  }
  // Returns whether test(Element*) is true for every element; stops at the first for which it is
  // not.
  template <typename Test>
  bool all_of(Test&& test) const;

  // Visits every element of the bucket at `position` and returns the position to continue from, or
  // zero after the last bucket. An element that is present from the start to the end of a scan is
  // visited at least once, whatever changes between the calls. `visit` must not change the table.
  template <typename Visit>
  ScanPosition scan(ScanPosition position, Visit&& visit) const;

  // Visits the elements from hash `begin` on, each exactly once over a whole walk, and returns the
  // hash at which the next visit begins, or nothing after the last: see hash_walk.h.
  // `visit(Element*)` must not change the table.
  template <typename Visit>
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, Visit&& visit) const {
    const auto hash_of = [this](const Element* element) { return hash(name_of(element)); };
    return walk_buckets<Element>(current_, moved_, next_, begin, budget, hash_of, visit);
  }

  // Returns an element chosen at random, each equally likely, or null if the table is empty.
  Element* sample(Random& random) const;

  // Dismantles the table: calls destroy(Element*) for about `budget` elements and frees their
  // buckets. Returns true while elements are left. After the first call the table may only be freed
  // further or destroyed.
  template <typename Destroy>
  bool free_some(size_t budget, Destroy&& destroy);

  size_t size() const { return size_; }
  size_t bucket_count() const { return current_.count + next_.count; }
  bool is_resizing() const { return next_.count != 0; }
  // The bytes of bucket arrays and chained buckets, as the allocator rounds them.
  size_t bytes() const { return bytes_of(current_) + bytes_of(next_) + chained_ * sizeof(Bucket); }
  TableShapes shapes() const { return shapes_of(current_, moved_, next_); }  // O(n).

  // O(n), for tests: every element is found where it stands, and the counts agree.
  bool is_sound() const;

 private:
  static constexpr unsigned kSlots = 9;
  static constexpr size_t kMappedBytesMin = size_t{64} << 10;
  static constexpr size_t kReleaseStepBytes = size_t{2} << 20;
  // The number of elements that a bucket and its chain usually hold at most. Longer chains occur (3
  // in 1000 at the highest fill); their elements are sampled a little less often than others.
  static constexpr size_t kChainSizeUsual = 18;

  struct alignas(64) Bucket {
    uint8_t fingerprints[kSlots];
    uint8_t meta;  // Low 4 bits: elements here. High bit: the last pointer is a chained bucket.
    uint16_t pointers[kSlots][3];

    unsigned size() const { return meta & 15; }
    bool has_next() const { return (meta & 128) != 0; }
    unsigned capacity() const { return has_next() ? kSlots - 1 : kSlots; }
    Element* element(unsigned slot) const { return static_cast<Element*>(pointer(slot)); }
    Bucket* next() const {
      return has_next() ? static_cast<Bucket*>(pointer(kSlots - 1)) : nullptr;
    }
    void* pointer(unsigned slot) const {
      const uint16_t* part = pointers[slot];
      return reinterpret_cast<void*>(uintptr_t{part[0]} | uintptr_t{part[1]} << 16 |
                                     uintptr_t{part[2]} << 32);
    }
    void set_pointer(unsigned slot, const void* to) {
      const auto bits = reinterpret_cast<uintptr_t>(to);
      ensure(bits >> 48 == 0);
      pointers[slot][0] = static_cast<uint16_t>(bits);
      pointers[slot][1] = static_cast<uint16_t>(bits >> 16);
      pointers[slot][2] = static_cast<uint16_t>(bits >> 32);
    }
    unsigned matches(uint8_t fingerprint) const;  // Returns one bit for each slot.
    void prefetch_elements() const {
      for (unsigned slot = 0; slot < size(); ++slot)
        __builtin_prefetch(pointer(slot));
    }
  };
  static_assert(sizeof(Bucket) == 64);

  struct Array {
    Bucket* buckets = nullptr;
    size_t count = 0;
    size_t index(uint64_t hash) const {
      return static_cast<size_t>((static_cast<unsigned __int128>(hash) * count) >> 64);
    }
  };

  // Where an element stands: its bucket and slot.
  struct Place {
    Bucket* bucket;
    unsigned slot;
  };

  static std::string_view name_of(const Element* element) { return (element->*kName)(); }
  static uint8_t fingerprint_of(uint64_t hash) { return static_cast<uint8_t>(hash); }

  static size_t count_for(size_t elements) {
    size_t count = 1;
    while (count * kSlots * 88 <= elements * 100)
      count *= 2;
    return count;
  }

  static bool is_mapped(const Array& array) {
    return array.count * sizeof(Bucket) >= kMappedBytesMin;
  }
  static size_t bytes_of(const Array& array) {
    const size_t bytes = array.count * sizeof(Bucket);
    return is_mapped(array) || bytes == 0 ? bytes : allocation_bytes(bytes);
  }
  static Array make_array(size_t count);
  static void free_array(const Array& array);

  Bucket& bucket_of(uint64_t hash) const {
    const size_t at = current_.index(hash);
    if (at >= moved_) [[likely]]
      return current_.buckets[at];
    return next_.buckets[next_.index(hash)];
  }
  // The number of buckets of next_, from its start, in which elements may be.
  size_t filled_of_next() const {
    if (moved_ == 0) return 0;
    const unsigned __int128 end = static_cast<unsigned __int128>(moved_) << 64;
    const auto last_hash = static_cast<uint64_t>((end + current_.count - 1) / current_.count - 1);
    return next_.index(last_hash) + 1;
  }
  template <typename Visit>
  static void visit_chain(const Bucket& head, Visit& visit);

  Place find_place(const Element* element, uint64_t hash) const;
  void insert_into(Bucket& head, Element* element, uint8_t fingerprint);
  void fill_hole(Bucket& head, Place place);
  void make_room();
  void give_back_room();
  void start_resize(size_t count);
  void move_bucket();
  void prefetch_for_move() const;
  void free_chain(Bucket& head);
  void end_bucket();  // Notes that the first bucket not yet moved is now empty.

  HashSeed seed_;
  Array current_;
  Array next_;  // The array that a resize moves to; count is 0 when there is no resize.
  size_t size_ = 0;
  uint32_t moved_ = 0;  // The number of buckets, from the start of current_, that have been moved.
  uint32_t chained_ = 0;
};

// ---- Looking up and changing.

template <typename Element, std::string_view (Element::*kName)() const>
unsigned BucketTable<Element, kName>::Bucket::matches(uint8_t fingerprint) const {
  const unsigned used = (1u << size()) - 1;
#if defined(__SSE2__)
  const __m128i line = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
  const __m128i want = _mm_set1_epi8(static_cast<char>(fingerprint));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(line, want))) & used;
#else
  unsigned found = 0;
  for (unsigned slot = 0; slot < kSlots; ++slot)
    found |= unsigned{fingerprints[slot] == fingerprint} << slot;
  return found & used;
#endif
}

template <typename Element, std::string_view (Element::*kName)() const>
auto BucketTable<Element, kName>::make_array(size_t count) -> Array {
  ensure(count <= UINT32_MAX);
  Array array{nullptr, count};
  const size_t bytes = count * sizeof(Bucket);
  void* memory = is_mapped(array) ? map_pages(bytes) : std::memset(allocate(bytes), 0, bytes);
  array.buckets = static_cast<Bucket*>(memory);
  return array;
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::free_array(const Array& array) {
  const size_t bytes = array.count * sizeof(Bucket);
  if (is_mapped(array)) {
    unmap_pages(array.buckets, bytes);
  } else {
    deallocate(array.buckets, bytes);
  }
}

template <typename Element, std::string_view (Element::*kName)() const>
Element* BucketTable<Element, kName>::find(std::string_view name, uint64_t hash) const {
  const uint8_t fingerprint = fingerprint_of(hash);
  for (const Bucket* bucket = &bucket_of(hash); bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      Element* element = bucket->element(static_cast<unsigned>(std::countr_zero(found)));
      if (name_of(element) == name) return element;
    }
  }
  return nullptr;
}

template <typename Element, std::string_view (Element::*kName)() const>
auto BucketTable<Element, kName>::find_place(const Element* element, uint64_t hash) const -> Place {
  const uint8_t fingerprint = fingerprint_of(hash);
  for (Bucket* bucket = &bucket_of(hash); bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      const auto slot = static_cast<unsigned>(std::countr_zero(found));
      if (bucket->pointer(slot) == element) return {bucket, slot};
    }
  }
  panic(__FILE__, __LINE__, "element is not in its table");
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::insert_into(Bucket& head, Element* element, uint8_t fingerprint) {
  Bucket* bucket = &head;
  while (bucket->has_next() && bucket->size() == bucket->capacity())
    bucket = bucket->next();
  // The bucket is full and not chained: its last element moves to a new chained bucket.
  if (bucket->size() == bucket->capacity()) {
    Bucket* chained = new (allocate(sizeof(Bucket))) Bucket{};
    chained->fingerprints[0] = bucket->fingerprints[kSlots - 1];
    chained->set_pointer(0, bucket->pointer(kSlots - 1));
    chained->meta = 1;
    bucket->set_pointer(kSlots - 1, chained);
    bucket->meta = 128 | (kSlots - 1);
    ++chained_;
    bucket = chained;
  }
  const unsigned slot = bucket->size();
  bucket->fingerprints[slot] = fingerprint;
  bucket->set_pointer(slot, element);
  ++bucket->meta;
}

// Fills the hole with the last element of the chain, so that chains stay dense and end early.
template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::fill_hole(Bucket& head, Place place) {
  Bucket* before_last = nullptr;
  Bucket* last = &head;
  while (Bucket* after = last->next()) {
    before_last = last;
    last = after;
  }
  const unsigned from = last->size() - 1;
  place.bucket->fingerprints[place.slot] = last->fingerprints[from];
  place.bucket->set_pointer(place.slot, last->pointer(from));
  --last->meta;
  if (last->size() == 0 && before_last != nullptr) {
    before_last->meta &= 127;
    deallocate(last, sizeof(Bucket));
    --chained_;
  }
}

// ---- Visiting.

template <typename Element, std::string_view (Element::*kName)() const>
template <typename Visit>
void BucketTable<Element, kName>::visit_chain(const Bucket& head, Visit& visit) {
  for (const Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot)
      visit(bucket->element(slot));
  }
}

template <typename Element, std::string_view (Element::*kName)() const>
template <typename Test>
bool BucketTable<Element, kName>::all_of(Test&& test) const {
  const auto range_passes = [&test](const Array& array, size_t begin, size_t end) {
    for (size_t at = begin; at < end; ++at) {
      if (at + 1 < end) array.buckets[at + 1].prefetch_elements();
      for (const Bucket* bucket = &array.buckets[at]; bucket != nullptr; bucket = bucket->next()) {
        for (unsigned slot = 0; slot < bucket->size(); ++slot) {
          if (!test(bucket->element(slot))) return false;
        }
      }
    }
    return true;
  };
  return range_passes(next_, 0, filled_of_next()) && range_passes(current_, moved_, current_.count);
}

template <typename Element, std::string_view (Element::*kName)() const>
template <typename Visit>
ScanPosition BucketTable<Element, kName>::scan(ScanPosition position, Visit&& visit) const {
  constexpr unsigned kShift = 16;  // A position is the high 48 bits of a hash.
  const uint64_t hash = static_cast<uint64_t>(position) << kShift;
  // The first position past the hashes of bucket `at`. It is rounded up: hashes between the
  // bucket's end and the position belong to the next bucket, which is always visited whole.
  const auto end_of = [](const Array& array, size_t at) {
    const auto end = (static_cast<unsigned __int128>(at + 1) << 64) / array.count;
    return static_cast<uint64_t>((end + ((1u << kShift) - 1)) >> kShift);
  };
  const size_t at = current_.index(hash);
  const Bucket* bucket = &current_.buckets[at];
  uint64_t end = end_of(current_, at);
  if (at < moved_) {
    const size_t next_at = next_.index(hash);
    bucket = &next_.buckets[next_at];
    // The new bucket may also cover hashes that have not been moved; their elements are still in
    // the old array.
    end = std::min(end_of(next_, next_at), end_of(current_, moved_ - 1));
  }
  visit_chain(*bucket, visit);
  return static_cast<ScanPosition>(end >> (64 - kShift) != 0 ? 0 : end);
}

// Draws a bucket and a place in it until the place holds an element. Each place is equally likely,
// so each element is. A table is at least 20 % full or shrinks, so about ten draws are needed at
// most on average.
template <typename Element, std::string_view (Element::*kName)() const>
Element* BucketTable<Element, kName>::sample(Random& random) const {
  if (size_ == 0) return nullptr;
  const size_t of_next = filled_of_next();
  const size_t buckets = of_next + current_.count - moved_;
  const size_t places = chained_ == 0 ? kSlots : kChainSizeUsual;
  for (;;) {
    const size_t at = random.below(buckets);
    const Bucket* bucket =
        at < of_next ? &next_.buckets[at] : &current_.buckets[at - of_next + moved_];
    size_t total = bucket->size();
    for (const Bucket* chained = bucket->next(); chained != nullptr; chained = chained->next())
      total += chained->size();
    size_t pick = random.below(std::max(places, total));
    if (pick >= total) continue;
    for (; pick >= bucket->size(); bucket = bucket->next())
      pick -= bucket->size();
    return bucket->element(static_cast<unsigned>(pick));
  }
}

template <typename Element, std::string_view (Element::*kName)() const>
bool BucketTable<Element, kName>::is_sound() const {
  size_t elements = 0;
  bool all_found = true;
  for_each([&](const Element* element) {
    ++elements;
    all_found = all_found && find(name_of(element), hash(name_of(element))) == element;
  });
  size_t chained = 0;
  bool is_dense = true;
  const auto look_at = [&](const Bucket& head) {
    for (const Bucket* bucket = &head; bucket->has_next(); bucket = bucket->next()) {
      ++chained;
      is_dense = is_dense && bucket->size() == bucket->capacity() && bucket->next()->size() != 0;
    }
  };
  for (size_t at = 0; at < next_.count; ++at)
    look_at(next_.buckets[at]);
  for (size_t at = moved_; at < current_.count; ++at)
    look_at(current_.buckets[at]);
  return all_found && is_dense && elements == size_ && chained == chained_;
}

// ---- Resizing.

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::make_room() {
  if (is_resizing()) {
    move_bucket();
  } else if (size_ * 100 >= current_.count * kSlots * 88) {
    start_resize(current_.count * 2);
  }
}

// Moves two buckets for each erase, so that the table is small before it is empty.
template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::give_back_room() {
  if (is_resizing()) {
    move_bucket();
    if (is_resizing()) move_bucket();
  } else if (current_.count > 1 && size_ * 5 < current_.count * kSlots) {
    const size_t count = count_for(size_ + size_ / 2);
    if (count < current_.count) start_resize(count);
  }
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::start_resize(size_t count) {
  next_ = make_array(count);
  prefetch_for_move();
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::move_bucket() {
  Bucket& head = current_.buckets[moved_];
  const auto move = [this](Element* element) {
    const uint64_t to = hash(name_of(element));
    insert_into(next_.buckets[next_.index(to)], element, fingerprint_of(to));
  };
  visit_chain(head, move);
  free_chain(head);
  end_bucket();
  if (is_resizing()) prefetch_for_move();
}

// Prefetches the elements that the next operation will move.
template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::prefetch_for_move() const {
  current_.buckets[moved_].prefetch_elements();
  if (moved_ + 1 < current_.count) __builtin_prefetch(&current_.buckets[moved_ + 1]);
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::free_chain(Bucket& head) {
  for (Bucket* bucket = head.next(); bucket != nullptr;) {
    Bucket* after = bucket->next();
    deallocate(bucket, sizeof(Bucket));
    --chained_;
    bucket = after;
  }
  head.meta = 0;
}

template <typename Element, std::string_view (Element::*kName)() const>
void BucketTable<Element, kName>::end_bucket() {
  constexpr size_t kReleaseStep = kReleaseStepBytes / sizeof(Bucket);
  ++moved_;
  if (moved_ == current_.count) {
    free_array(current_);
    current_ = next_;
    next_ = {};
    moved_ = 0;
  } else if (is_mapped(current_) && moved_ % kReleaseStep == 0) {
    release_pages(&current_.buckets[moved_ - kReleaseStep], kReleaseStepBytes);
  }
}

// Goes through the arrays as a resize does, but destroys the elements instead of moving them.
template <typename Element, std::string_view (Element::*kName)() const>
template <typename Destroy>
bool BucketTable<Element, kName>::free_some(size_t budget, Destroy&& destroy) {
  size_ = 0;
  for (size_t done = 0; done < budget && current_.count != 0; ++done) {
    Bucket& head = current_.buckets[moved_];
    head.prefetch_elements();
    const auto destroy_one = [&done, &destroy](Element* element) {
      destroy(element);
      ++done;
    };
    visit_chain(head, destroy_one);
    free_chain(head);
    end_bucket();
  }
  return current_.count != 0;
}

}  // namespace kvstash::store
