// TimingWheel: the entries of a keyspace that have a deadline, ordered just enough to find the ones
// that are due. A keyspace has one wheel for the deadlines of keys, and one for hashes by the
// earliest deadline of a field.
//
// A hierarchical timing wheel (Varghese & Lauck, 1987), intrusive: the links are in the entries.
// Level 0 has slots of one millisecond; a slot of level l+1 is as wide as 64 slots of level l (256
// for level 0). Every level has *twice* the slots that one slot of the level above covers, so the
// next slot of the level above can be emptied downwards at any moment while the present one runs: a
// slot with a million entries is cascaded in small steps ahead of its time, never in one turn.
//
//   level 0   512 slots of   1 ms        level 4   128 slots of 18.6 h
//   level 1   128 slots of 256 ms        level 5   128 slots of 49.7 days
//   level 2   128 slots of  16 s         level 6   128 slots of  8.7 years
//   level 3   128 slots of  17 min       farther   kept in level 6, cascaded again when reached
//
// Does not own entries. One thread at a time: lives on a shard. Memory: 10 KiB.
#pragma once

#include "base/random.h"
#include "store/entry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvstash::store {

class TimingWheel {
 public:
  // The hand starts at `now_ms`. `of` tells which of an entry's deadlines the wheel uses.
  explicit TimingWheel(int64_t now_ms, DeadlineOf of = DeadlineOf::kKey) : of_(of), hand_(now_ms) {
    mark_cascaded();
  }

  // Adds an entry whose link's deadline_ms is set. A deadline in the past is due at once.
  void add(Entry* entry);

  // Takes an entry out.
  void remove(Entry* entry);

  // The entry moved in memory, with its links: its neighbours get the new address.
  void relocate(Entry* fresh);

  // Moves the hand towards `now_ms`, in at most `budget` steps of bounded work, and returns the
  // next due entry, or null if none was found within the budget. The entry stays in the wheel until
  // the caller removes it. `budget` is reduced by the steps taken.
  Entry* next_due(int64_t now_ms, size_t& budget);

  // The time in milliseconds at which next_due has something to do next. It is at most `now_ms` if
  // next_due stopped at its budget, and nullopt if the wheel is empty.
  std::optional<int64_t> next_event_ms() const;

  // For eviction: the entry with about the earliest deadline, and an entry from a slot chosen at
  // random; null if the wheel is empty. Both look at no more than kSampleDepth entries.
  Entry* sample_earliest() const;
  Entry* sample(Random& random) const;

  size_t size() const { return size_; }

 private:
  static constexpr unsigned kLevels = 7;
  static constexpr unsigned kSampleDepth = 16;
  static constexpr unsigned kSlots0 = 512;
  static constexpr unsigned kSlots = 128;

  // Base-2 logarithm of the width of a slot in milliseconds.
  static constexpr unsigned shift(unsigned level) { return level == 0 ? 0 : 2 + 6 * level; }
  static constexpr unsigned first_slot(unsigned level) {
    return level == 0 ? 0 : kSlots0 + (level - 1) * kSlots;
  }
  static constexpr unsigned slots(unsigned level) { return level == 0 ? kSlots0 : kSlots; }
  static constexpr unsigned kSlotsTotal = kSlots0 + (kLevels - 1) * kSlots;

  unsigned slot_of(unsigned level, int64_t at_ms) const {
    return first_slot(level) + static_cast<unsigned>(at_ms >> shift(level)) % slots(level);
  }
  unsigned place_for(int64_t deadline_ms) const;
  DeadlineLink& link_of(Entry* entry) const { return entry->link(of_); }
  void push(unsigned slot, Entry* entry);
  void unlink(Entry* entry);
  void mark_cascaded();
  bool cascade_step();
  std::optional<int64_t> first_from(unsigned level, int64_t from) const;

  DeadlineOf of_;
  int64_t hand_;  // Entries due before this have been handed out or are in the hand's slot.
  size_t size_ = 0;
  // For each level above 0: the last slot, counted from 1970, that has been emptied downwards.
  std::array<int64_t, kLevels> cascaded_{};
  std::array<uint64_t, kSlotsTotal / 64> occupied_{};
  std::array<Entry*, kSlotsTotal> heads_{};
};

}  // namespace kvstash::store
