#include "store/member_index.h"

#include "base/alloc.h"

#include <algorithm>
#include <bit>
#include <new>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvstash::store {
namespace {

constexpr size_t kMappedBytesMin = size_t{64} << 10;
constexpr size_t kReleaseStepBytes = size_t{2} << 20;

// Bucket counts are 1, 2, 3, 4, 6, 8, 12, ... The index grows when more than 88 % of its slots are
// taken, and shrinks below 10 %.
size_t count_above(size_t count) {
  const size_t power = std::bit_floor(count);
  return count == power ? (power == 1 ? 2 : power + power / 2) : power * 2;
}

size_t count_for(size_t elements, unsigned slots) {
  size_t count = 1;
  while (count * slots * 88 <= elements * 100)
    count = count_above(count);
  return count;
}

}  // namespace

MemberIndex::MemberIndex(const HashSeed& seed, size_t expected)
    : seed_(seed), current_(make_array(count_for(expected, kSlots))) {}

MemberIndex::~MemberIndex() {
  while (free_some(1024)) {
  }
}

void* MemberIndex::Bucket::pointer(unsigned slot) const {
  const uint16_t* part = pointers[slot];
  return reinterpret_cast<void*>(uintptr_t{part[0]} | uintptr_t{part[1]} << 16 |
                                 uintptr_t{part[2]} << 32);
}

void MemberIndex::Bucket::set_pointer(unsigned slot, const void* to) {
  const auto bits = reinterpret_cast<uintptr_t>(to);
  ensure(bits >> 48 == 0);
  pointers[slot][0] = static_cast<uint16_t>(bits);
  pointers[slot][1] = static_cast<uint16_t>(bits >> 16);
  pointers[slot][2] = static_cast<uint16_t>(bits >> 32);
}

unsigned MemberIndex::Bucket::matches(uint8_t fingerprint) const {
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

size_t MemberIndex::bytes_of(const Array& array) {
  const size_t bytes = array.count * sizeof(Bucket);
  return bytes >= kMappedBytesMin || bytes == 0 ? bytes : allocation_bytes(bytes);
}

MemberIndex::Array MemberIndex::make_array(size_t count) {
  ensure(count <= UINT32_MAX);
  const size_t bytes = count * sizeof(Bucket);
  if (bytes >= kMappedBytesMin) return {static_cast<Bucket*>(map_pages(bytes)), count};
  void* memory = allocate(bytes);
  std::memset(memory, 0, bytes);
  return {static_cast<Bucket*>(memory), count};
}

void MemberIndex::free_array(const Array& array) {
  const size_t bytes = array.count * sizeof(Bucket);
  if (bytes < kMappedBytesMin) {
    deallocate(array.buckets, bytes);
  } else {
    unmap_pages(array.buckets, bytes);
  }
}

ScoredMember* MemberIndex::find(std::string_view member, uint64_t hash) const {
  const uint8_t fingerprint = fingerprint_of(hash);
  for (const Bucket* bucket = &bucket_of(hash); bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      ScoredMember* element = bucket->element(static_cast<unsigned>(std::countr_zero(found)));
      if (element->member() == member) return element;
    }
  }
  return nullptr;
}

void MemberIndex::insert(ScoredMember* element, uint64_t hash) {
  grow_if_due();
  insert_into(bucket_of(hash), element, fingerprint_of(hash));
  ++size_;
}

void MemberIndex::insert_into(Bucket& head, ScoredMember* element, uint8_t fingerprint) {
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

void MemberIndex::erase(const ScoredMember* element, uint64_t hash) {
  Bucket& head = bucket_of(hash);
  const uint8_t fingerprint = fingerprint_of(hash);
  for (Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned found = bucket->matches(fingerprint); found != 0; found &= found - 1) {
      const auto slot = static_cast<unsigned>(std::countr_zero(found));
      if (bucket->pointer(slot) != element) continue;
      fill_hole(head, *bucket, slot);
      --size_;
      shrink_if_due();
      return;
    }
  }
  panic(__FILE__, __LINE__, "element is not in its index");
}

// Fills the hole with the last element of the chain, so that chains stay dense and end early.
void MemberIndex::fill_hole(Bucket& head, Bucket& bucket, unsigned slot) {
  Bucket* before_last = nullptr;
  Bucket* last = &head;
  while (Bucket* after = last->next()) {
    before_last = last;
    last = after;
  }
  const unsigned from = last->size() - 1;
  bucket.fingerprints[slot] = last->fingerprints[from];
  bucket.set_pointer(slot, last->pointer(from));
  --last->meta;
  if (last->size() == 0 && before_last != nullptr) {
    before_last->meta &= 127;
    deallocate(last, sizeof(Bucket));
    --chained_;
  }
}

ScanPosition MemberIndex::scan(ScanPosition position,
                               const std::function<void(const ScoredMember&)>& visit) const {
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
  for (; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot)
      visit(*bucket->element(slot));
  }
  return static_cast<ScanPosition>(end >> (64 - kShift) != 0 ? 0 : end);
}

std::optional<uint64_t> MemberIndex::walk(
    uint64_t begin, WalkBudget budget,
    const std::function<void(const ScoredMember&)>& visit) const {
  const auto hash_of = [this](const ScoredMember* element) { return hash(element->member()); };
  return walk_buckets<ScoredMember>(current_, moved_, next_, begin, budget, hash_of,
                                    [&](const ScoredMember* element) { visit(*element); });
}

size_t MemberIndex::bytes() const {
  return bytes_of(current_) + bytes_of(next_) + chained_ * sizeof(Bucket) -
         released_ * sizeof(Bucket);
}

// ---- Resizing.

void MemberIndex::grow_if_due() {
  if (is_resizing()) return move_bucket();
  if (size_ * 100 >= current_.count * kSlots * 88) next_ = make_array(count_above(current_.count));
}

// An array that shrinks has more buckets than elements, so one bucket for each erasure is not
// enough.
void MemberIndex::shrink_if_due() {
  for (unsigned i = 0; i < kMovePerErase && is_resizing(); ++i)
    move_bucket();
  if (is_resizing() || current_.count == 1 || size_ * 10 >= current_.count * kSlots) return;
  const size_t count = count_for(size_ * 2, kSlots);
  if (count < current_.count) next_ = make_array(count);
}

void MemberIndex::move_bucket() {
  Bucket& head = current_.buckets[moved_];
  for (const Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot)
      __builtin_prefetch(bucket->pointer(slot));
  }
  for (const Bucket* bucket = &head; bucket != nullptr; bucket = bucket->next()) {
    for (unsigned slot = 0; slot < bucket->size(); ++slot) {
      ScoredMember* element = bucket->element(slot);
      const uint64_t to = hash(element->member());
      insert_into(next_.buckets[next_.index(to)], element, bucket->fingerprints[slot]);
    }
  }
  free_chain(head);
  end_bucket();
}

void MemberIndex::free_chain(Bucket& head) {
  for (Bucket* bucket = head.next(); bucket != nullptr;) {
    Bucket* after = bucket->next();
    deallocate(bucket, sizeof(Bucket));
    --chained_;
    bucket = after;
  }
  head.meta = 0;
}

void MemberIndex::end_bucket() {
  ++moved_;
  if (moved_ == current_.count) {
    free_array(current_);
    current_ = next_;
    next_ = {};
    moved_ = 0;
    released_ = 0;
    return;
  }
  const bool is_mapped = current_.count * sizeof(Bucket) >= kMappedBytesMin;
  if (!is_mapped || size_t{moved_ - released_} * sizeof(Bucket) < kReleaseStepBytes) return;
  release_pages(&current_.buckets[released_], kReleaseStepBytes);
  released_ += static_cast<uint32_t>(kReleaseStepBytes / sizeof(Bucket));
}

// Goes through the arrays as a resize does, but moves no elements.
bool MemberIndex::free_some(size_t buckets) {
  size_ = 0;
  for (; buckets != 0 && current_.count != 0; --buckets) {
    free_chain(current_.buckets[moved_]);
    end_bucket();
  }
  return current_.count != 0;
}

}  // namespace kvstash::store
