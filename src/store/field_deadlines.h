// FieldDeadlines: the fields of one hash that have a deadline, the earliest first.
//
// A binary heap in an array that is cut into chunks, so that growing never moves more than one
// chunk; each field knows its slot. Times are milliseconds since 1970.
//
//   chunks  ─►  │ slots 0 .. 1023 │   │ slots 1024 .. 2047 │ ...      slot: deadline, field
//
// The first chunk starts with four slots and doubles. Every operation but count_due is O(log n).
// Does not own the fields. A hash gets a FieldDeadlines with its first deadline, so hashes without
// deadlines pay nothing. One thread at a time: lives on a shard.
#pragma once

#include "store/field.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvstash::store {

class FieldDeadlines {
 public:
  FieldDeadlines() = default;
  FieldDeadlines(const FieldDeadlines&) = delete;
  FieldDeadlines& operator=(const FieldDeadlines&) = delete;
  ~FieldDeadlines();

  // Adds a field that has room for a deadline (Field::has_deadline), and sets its slot.
  void add(Field* field, int64_t deadline_ms);
  // Takes out the field at `slot`.
  void remove(uint32_t slot);
  void change(uint32_t slot, int64_t deadline_ms);
  // Notes that the field at `slot` moved in memory to `fresh`, and sets the slot of `fresh`.
  void relocate(uint32_t slot, Field* fresh);

  int64_t deadline_ms(uint32_t slot) const { return at(slot).deadline_ms; }
  // The field with the earliest deadline, and that deadline. There must be at least one field.
  Field* first() const { return at(0).field; }
  int64_t first_deadline_ms() const { return at(0).deadline_ms; }
  // Returns how many fields are due at `now_ms`, in time proportional to the answer.
  size_t count_due(int64_t now_ms) const;

  // Dismantles the heap: frees up to `chunks` chunks and returns true while there are more. After
  // the first call it may only be freed further or destroyed.
  bool free_some(size_t chunks);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Whether the slot that the field knows holds this field. For tests.
  bool holds(const Field* field) const {
    return field->deadline_slot() < size_ && at(field->deadline_slot()).field == field;
  }
  bool is_sound() const;  // Checks the heap order. O(n), for tests.
  size_t bytes() const;   // Chunks and their directory, as the allocator rounds them.

 private:
  struct Slot {
    int64_t deadline_ms;
    Field* field;
  };
  static constexpr size_t kChunkSlots = 1024;
  static constexpr size_t kFirstChunkSlotsMin = 4;

  Slot& at(size_t index) const { return chunks_[index / kChunkSlots][index % kChunkSlots]; }
  size_t slots_of(size_t chunk) const { return chunk == 0 ? first_chunk_slots_ : kChunkSlots; }
  void place(size_t index, const Slot& slot);
  void sift_up(size_t index, const Slot& slot);
  void sift_down(size_t index, const Slot& slot);
  void grow();
  void resize_first_chunk(size_t slots);
  void shrink();

  std::vector<Slot*> chunks_;
  size_t first_chunk_slots_ = 0;
  size_t size_ = 0;
};

}  // namespace kvstash::store
