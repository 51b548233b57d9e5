#include "store/timing_wheel.h"

#include <algorithm>

namespace kvstash::store {
namespace {

constexpr uintptr_t kIsHead = 1;

Entry** head_from(uintptr_t prev) {
  return reinterpret_cast<Entry**>(prev & ~kIsHead);
}

}  // namespace

// Finds the lowest level on which the deadline's slot lies in the same slot of the level above as
// the hand, or in the next one. There the slot is unambiguous, and was not cascaded yet.
unsigned TimingWheel::place_for(int64_t deadline_ms) const {
  const int64_t at = std::max(deadline_ms, hand_);
  for (unsigned level = 0; level + 1 < kLevels; ++level) {
    const unsigned above = shift(level + 1);
    if ((at >> above) - (hand_ >> above) <= 1) return slot_of(level, at);
  }
  const unsigned top = kLevels - 1;
  const int64_t farthest = (hand_ >> shift(top)) + kSlots - 1;
  return first_slot(top) + static_cast<unsigned>(std::min(at >> shift(top), farthest)) % kSlots;
}

void TimingWheel::push(unsigned slot, Entry* entry) {
  DeadlineLink& link = link_of(entry);
  Entry*& head = heads_[slot];
  link.next = head;
  link.prev = reinterpret_cast<uintptr_t>(&head) | kIsHead;
  if (head != nullptr) link_of(head).prev = reinterpret_cast<uintptr_t>(entry);
  head = entry;
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimingWheel::unlink(Entry* entry) {
  DeadlineLink& link = link_of(entry);
  if (link.next != nullptr) link_of(link.next).prev = link.prev;
  if ((link.prev & kIsHead) == 0) {
    link_of(reinterpret_cast<Entry*>(link.prev)).next = link.next;
    return;
  }
  Entry** head = head_from(link.prev);
  *head = link.next;
  if (*head == nullptr) {
    const auto slot = static_cast<size_t>(head - heads_.data());
    occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  }
}

void TimingWheel::add(Entry* entry) {
  push(place_for(link_of(entry).deadline_ms), entry);
  ++size_;
}

void TimingWheel::remove(Entry* entry) {
  unlink(entry);
  --size_;
}

void TimingWheel::relocate(Entry* fresh) {
  DeadlineLink& link = link_of(fresh);
  if (link.next != nullptr) link_of(link.next).prev = reinterpret_cast<uintptr_t>(fresh);
  if ((link.prev & kIsHead) != 0) {
    *head_from(link.prev) = fresh;
  } else {
    link_of(reinterpret_cast<Entry*>(link.prev)).next = fresh;
  }
}

// While the wheel is empty the hand may jump: everything up to it counts as cascaded.
void TimingWheel::mark_cascaded() {
  for (unsigned level = 1; level < kLevels; ++level)
    cascaded_[level] = (hand_ >> shift(level)) + 1;
}

// Returns the first occupied slot of `level` at or after `from` (in slots since 1970), within the
// level's reach. Reads at most nine words.
std::optional<int64_t> TimingWheel::first_from(unsigned level, int64_t from) const {
  const unsigned count = slots(level);
  const unsigned base = first_slot(level);
  const unsigned start = static_cast<unsigned>(from) % count;
  for (unsigned passed = 0; passed < count;) {
    const unsigned at = (start + passed) % count;
    const uint64_t word = occupied_[(base + at) / 64] >> (at % 64);
    if (word != 0) {
      const unsigned found = passed + static_cast<unsigned>(__builtin_ctzll(word));
      if (found >= count) return std::nullopt;
      return from + found;
    }
    passed += 64 - at % 64;
  }
  return std::nullopt;
}

// Moves one entry of the next slot to be cascaded to a lower level, or skips empty slots. Returns
// false if every level is one slot ahead of the hand, as it should be.
bool TimingWheel::cascade_step() {
  for (unsigned level = 1; level < kLevels; ++level) {
    const int64_t target = (hand_ >> shift(level)) + 1;
    if (cascaded_[level] >= target) continue;
    const int64_t next = cascaded_[level] + 1;
    const std::optional<int64_t> found = first_from(level, next);
    if (!found || *found > target) {
      cascaded_[level] = target;
      continue;
    }
    cascaded_[level] = *found - 1;
    Entry* entry = heads_[slot_of(level, *found << shift(level))];
    unlink(entry);
    push(place_for(link_of(entry).deadline_ms), entry);
    if (link_of(entry).next != nullptr) __builtin_prefetch(link_of(entry).next);
    return true;
  }
  return false;
}

Entry* TimingWheel::next_due(int64_t now_ms, size_t& budget) {
  while (budget != 0) {
    if (size_ == 0) {
      hand_ = std::max(hand_, now_ms);
      mark_cascaded();
      return nullptr;
    }
    if (Entry* due = heads_[slot_of(0, hand_)]; due != nullptr && hand_ <= now_ms) {
      --budget;
      return due;
    }
    if (cascade_step()) {
      --budget;
      continue;
    }
    if (hand_ >= now_ms) return nullptr;
    // There is no event before that time, so the ticks until then are skipped.
    hand_ = std::min(*next_event_ms(), now_ms);
    --budget;
  }
  return nullptr;
}

std::optional<int64_t> TimingWheel::next_event_ms() const {
  if (size_ == 0) return std::nullopt;
  std::optional<int64_t> earliest = first_from(0, hand_);
  for (unsigned level = 1; level < kLevels; ++level) {
    const std::optional<int64_t> found = first_from(level, cascaded_[level] + 1);
    if (!found) continue;
    // A slot is cascaded one slot ahead of its time.
    const int64_t starts = (*found - 1) << shift(level);
    earliest = std::min(earliest.value_or(starts), starts);
  }
  return earliest;
}

Entry* TimingWheel::sample_earliest() const {
  if (size_ == 0) return nullptr;
  for (unsigned level = 0; level < kLevels; ++level) {
    const std::optional<int64_t> found = first_from(level, hand_ >> shift(level));
    if (!found) continue;
    Entry* earliest = heads_[slot_of(level, *found << shift(level))];
    Entry* next = link_of(earliest).next;
    for (unsigned seen = 1; seen < kSampleDepth && next != nullptr; ++seen) {
      if (link_of(next).deadline_ms < link_of(earliest).deadline_ms) earliest = next;
      next = link_of(next).next;
    }
    return earliest;
  }
  panic(__FILE__, __LINE__, "a wheel with entries has an occupied slot");
}

Entry* TimingWheel::sample(Random& random) const {
  if (size_ == 0) return nullptr;
  const size_t words = occupied_.size();
  const size_t first = random.below(words);
  for (size_t i = 0; i < words; ++i) {
    const size_t at = (first + i) % words;
    uint64_t word = occupied_[at];
    if (word == 0) continue;
    for (auto skip = random.below(static_cast<uint64_t>(__builtin_popcountll(word))); skip != 0;
         --skip) {
      word &= word - 1;
    }
    Entry* entry = heads_[at * 64 + static_cast<size_t>(__builtin_ctzll(word))];
    for (auto depth = random.below(kSampleDepth); depth != 0 && link_of(entry).next != nullptr;
         --depth)
      entry = link_of(entry).next;
    return entry;
  }
  panic(__FILE__, __LINE__, "a wheel with entries has an occupied slot");
}

}  // namespace kvstash::store
