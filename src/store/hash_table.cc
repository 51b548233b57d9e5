#include "store/hash_table.h"

#include "base/alloc.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvstash::store {
namespace {

constexpr size_t kMappedBytesMin = size_t{64} << 10;
constexpr size_t kReleaseStepBytes = HugePages::kPageBytes;
// Pages are requested this far ahead of the move; more of them would stand empty for longer.
constexpr size_t kPagesAheadBytes = 4 * HugePages::kPageBytes;
// A table that is this full, in percent of its slots, does not wait for pages.
constexpr size_t kTooFullPercent = 120;

// Bucket counts are 1, 2, 3, 4, 6, 8, 12, ... The table grows when more than 88 % of its slots are
// taken, and shrinks below 10 %.
size_t count_above(size_t count) {
  const size_t power = std::bit_floor(count);
  return count == power ? (power == 1 ? 2 : power + power / 2) : power * 2;
}

size_t count_for(size_t entries, unsigned slots) {
  size_t count = 1;
  while (count * slots * 3 < entries * 4)
    count = count_above(count);  // The table is at most 75 % full then.
  return count;
}

}  // namespace

void* HashTable::Bucket::pointer(unsigned slot) const {
  const uint16_t* part = pointers[slot];
  return reinterpret_cast<void*>(uintptr_t{part[0]} | uintptr_t{part[1]} << 16 |
                                 uintptr_t{part[2]} << 32);
}

void HashTable::Bucket::set_pointer(unsigned slot, const void* to) {
  const auto bits = reinterpret_cast<uintptr_t>(to);
  ensure(bits >> 48 == 0);
  pointers[slot][0] = static_cast<uint16_t>(bits);
  pointers[slot][1] = static_cast<uint16_t>(bits >> 16);
  pointers[slot][2] = static_cast<uint16_t>(bits >> 32);
}

unsigned HashTable::Bucket::matches(uint8_t fingerprint) const {
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

HashTable::~HashTable() {
  const auto free_chains = [](const Array& array, size_t from) {
    for (size_t i = from; i < array.count; ++i) {
      for (Bucket* chained = array.buckets[i].next(); chained != nullptr;) {
        Bucket* after = chained->next();
        deallocate(chained, sizeof(Bucket));
        chained = after;
      }
    }
  };
  free_chains(current_, moved_);
  free_chains(next_, 0);
  if (current_.buckets != &first_) free_array(current_);
  if (next_.count != 0) free_array(next_);
}

HashTable::Array HashTable::make_array(size_t count) const {
  const size_t bytes = count * sizeof(Bucket);
  if (huge_pages_ != nullptr && bytes >= HugePages::kPageBytes) {
    std::shared_ptr<HugePages::Region> region = huge_pages_->map(bytes);
    auto* buckets = static_cast<Bucket*>(region->data());
    return {buckets, count, std::move(region)};
  }
  if (bytes >= kMappedBytesMin) return {static_cast<Bucket*>(map_pages(bytes)), count};
  void* memory = allocate(bytes);
  std::memset(memory, 0, bytes);
  return {static_cast<Bucket*>(memory), count};
}

void HashTable::free_array(const Array& array) {
  if (array.region != nullptr) return;  // The region frees itself.
  const size_t bytes = array.count * sizeof(Bucket);
  if (bytes < kMappedBytesMin) {
    deallocate(array.buckets, bytes);
  } else {
    unmap_pages(array.buckets, bytes);
  }
}

Entry* HashTable::find(std::string_view key, uint64_t hash) const {
  const uint8_t fingerprint = fingerprint_of(hash);
  for (const Bucket* bucket = &bucket_of(hash); bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      Entry* entry = bucket->entry(static_cast<unsigned>(__builtin_ctz(found)));
      if (entry->key() == key) return entry;
    }
  }
  return nullptr;
}

void HashTable::prefetch_entry(uint64_t hash) const {
  const Bucket& bucket = bucket_of(hash);
  const unsigned found = bucket.matches(fingerprint_of(hash));
  if (found != 0) {
    const char* entry =
        static_cast<const char*>(bucket.pointer(static_cast<unsigned>(__builtin_ctz(found))));
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + 64);
  } else if (bucket.has_next()) {
    __builtin_prefetch(bucket.next());
  }
}

HashTable::Place HashTable::find_place(const Entry* entry, uint64_t hash) const {
  const uint8_t fingerprint = fingerprint_of(hash);
  for (Bucket* bucket = &bucket_of(hash); bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      const auto slot = static_cast<unsigned>(__builtin_ctz(found));
      if (bucket->pointer(slot) == entry) return {bucket, slot};
    }
  }
  panic(__FILE__, __LINE__, "entry is not in its table");
}

void HashTable::insert(Entry* entry, uint64_t hash) {
  resize_if_due();
  insert_into(bucket_of(hash), entry, fingerprint_of(hash));
  ++size_;
}

void HashTable::insert_into(Bucket& head, Entry* entry, uint8_t fingerprint) {
  Bucket* bucket = &head;
  while (bucket->has_next() && bucket->size() == bucket->capacity())
    bucket = bucket->next();
  // The bucket is full and not chained: its last entry moves to a new chained bucket.
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
  bucket->set_pointer(slot, entry);
  ++bucket->meta;
}

void HashTable::reserve(size_t entries) {
  const size_t count = count_for(entries, kSlots);
  if (size_ != 0 || is_resizing() || count <= current_.count) return;
  if (current_.buckets != &first_) free_array(current_);
  current_ = make_array(count);
  if (current_.region != nullptr) huge_pages_->want(current_.region, current_.region->bytes());
  is_reserved_ = true;
}

void HashTable::erase(const Entry* entry, uint64_t hash) {
  erase_at(bucket_of(hash), find_place(entry, hash));
  --size_;
  is_reserved_ = false;
  resize_if_due();
}

// Fills the hole with the last entry of the chain, so that chains stay dense and end early.
void HashTable::erase_at(Bucket& head, Place place) {
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

void HashTable::replace(const Entry* old, Entry* fresh, uint64_t hash) {
  const Place place = find_place(old, hash);
  place.bucket->set_pointer(place.slot, fresh);
}

ScanPosition HashTable::scan(ScanPosition position,
                             const std::function<void(Entry*)>& visit) const {
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
    // The new bucket may also cover hashes that have not been moved; their entries are still in the
    // old array.
    end = std::min(end_of(next_, next_at), end_of(current_, moved_ - 1));
  }
  for (; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot)
      visit(bucket->entry(slot));
  }
  return static_cast<ScanPosition>(end >> (64 - kShift) != 0 ? 0 : end);
}

Entry* HashTable::sample(Random& random) const {
  if (size_ == 0) return nullptr;
  // Buckets are drawn until one holds an entry. A table that is less than 10 % full shrinks, so few
  // draws meet an empty bucket, except while a resize leaves long stretches of them.
  uint64_t hash = random.next();
  for (;;) {
    const Bucket& head = bucket_of(hash);
    unsigned total = 0;
    for (const Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next())
      total += bucket->size();
    if (total != 0) {
      auto pick = static_cast<unsigned>(random.below(total));
      const Bucket* bucket = &head;
      while (pick >= bucket->size()) {
        pick -= bucket->size();
        bucket = bucket->next();
      }
      return bucket->entry(pick);
    }
    hash = random.next();
  }
}

void HashTable::resize_if_due() {
  const size_t slots = current_.count * kSlots;
  if (is_resizing()) {
    if (may_move() || size_ * 100 >= slots * kTooFullPercent) move_bucket();
    return;
  }
  if (size_ * 100 >= slots * 88) {
    start_resize(count_above(current_.count));
  } else if (current_.count > 1 && size_ * 10 < slots && !is_reserved_) {
    start_resize(count_for(size_ * 2, kSlots));
  }
}

void HashTable::start_resize(size_t count) {
  ensure(!is_resizing());
  if (count == current_.count) return;
  // A resize gives pages of the old array back, so it begins when all of them are present.
  if (const auto& region = current_.region;
      region != nullptr && region->ready() < region->bytes()) {
    huge_pages_->want(region, region->bytes());
    return;
  }
  next_ = make_array(count);
  moved_ = 0;
  movable_ = 0;
  released_ = 0;
}

bool HashTable::step(size_t buckets) {
  for (; buckets != 0 && is_resizing() && may_move(); --buckets)
    move_bucket();
  return is_resizing() && may_move();
}

// Whether the entries of the next old bucket would go to pages that are already there. If the first
// `ready` buckets of the new array have pages, the first ready * current / next buckets of the old
// array (rounded down) can be moved.
bool HashTable::may_move() {
  if (next_.region == nullptr || moved_ < movable_) [[likely]]
    return true;
  HugePages::Region& region = *next_.region;
  const size_t used = next_.count * moved_ / current_.count * sizeof(Bucket);
  huge_pages_->want(next_.region, used + kPagesAheadBytes);
  const size_t ready = std::min(region.ready(), used + HugePages::kPageBytes) / sizeof(Bucket);
  movable_ = ready * current_.count / next_.count;
  return moved_ < movable_;
}

void HashTable::move_bucket() {
  Bucket& head = current_.buckets[moved_];
  for (const Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot)
      __builtin_prefetch(bucket->pointer(slot));
  }
  for (Bucket* bucket = &head; bucket != nullptr;) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot) {
      Entry* entry = bucket->entry(slot);
      const uint64_t hash = keyed_hash(entry->key(), seed_);
      insert_into(next_.buckets[next_.index(hash)], entry, bucket->fingerprints[slot]);
    }
    Bucket* after = bucket->next();
    if (bucket != &head) {
      deallocate(bucket, sizeof(Bucket));
      --chained_;
    }
    bucket = after;
  }
  head.meta = 0;
  ++moved_;
  if (moved_ < current_.count) {
    release_moved();
    return;
  }
  if (current_.buckets != &first_) free_array(current_);
  current_ = std::exchange(next_, {});
  moved_ = 0;
  movable_ = 0;
  released_ = 0;
}

void HashTable::release_moved() {
  if (current_.count * sizeof(Bucket) < kMappedBytesMin) return;
  const size_t bytes = (moved_ - released_) * sizeof(Bucket);
  if (bytes < kReleaseStepBytes) return;
  if (current_.region != nullptr) {
    current_.region->release(released_ * sizeof(Bucket), kReleaseStepBytes);
  } else {
    release_pages(&current_.buckets[released_], kReleaseStepBytes);
  }
  released_ += kReleaseStepBytes / sizeof(Bucket);
}

void HashTable::finish_resize() {
  while (is_resizing())
    move_bucket();
}

size_t HashTable::bytes() const {
  const size_t first = current_.buckets == &first_ ? 0 : current_.count;
  return (first + next_.count + chained_) * sizeof(Bucket);
}

}  // namespace kvstash::store
