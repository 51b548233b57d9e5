#include "store/field_deadlines.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace kvstash::store {

FieldDeadlines::~FieldDeadlines() {
  while (free_some(1024)) {
  }
}

void FieldDeadlines::place(size_t index, const Slot& slot) {
  at(index) = slot;
  slot.field->set_deadline_slot(static_cast<uint32_t>(index));
}

// Puts `slot` at `index` or above it, and moves slots with later deadlines down.
void FieldDeadlines::sift_up(size_t index, const Slot& slot) {
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (at(parent).deadline_ms <= slot.deadline_ms) break;
    place(index, at(parent));
    index = parent;
  }
  place(index, slot);
}

// Puts `slot` at `index` or below it, and moves slots with earlier deadlines up.
void FieldDeadlines::sift_down(size_t index, const Slot& slot) {
  for (size_t child = 2 * index + 1; child < size_; child = 2 * index + 1) {
    if (child + 1 < size_ && at(child + 1).deadline_ms < at(child).deadline_ms) ++child;
    if (at(child).deadline_ms >= slot.deadline_ms) break;
    place(index, at(child));
    index = child;
  }
  place(index, slot);
}

void FieldDeadlines::add(Field* field, int64_t deadline_ms) {
  ensure(size_ < std::numeric_limits<uint32_t>::max());
  grow();
  ++size_;
  sift_up(size_ - 1, {deadline_ms, field});
}

void FieldDeadlines::remove(uint32_t slot) {
  ensure(slot < size_);
  const Slot last = at(size_ - 1);
  --size_;
  if (slot != size_) {
    const bool goes_up = slot > 0 && last.deadline_ms < at((slot - 1) / 2).deadline_ms;
    goes_up ? sift_up(slot, last) : sift_down(slot, last);
  }
  shrink();
}

void FieldDeadlines::change(uint32_t slot, int64_t deadline_ms) {
  ensure(slot < size_);
  const Slot old = at(slot);
  const Slot changed{deadline_ms, old.field};
  deadline_ms < old.deadline_ms ? sift_up(slot, changed) : sift_down(slot, changed);
}

void FieldDeadlines::relocate(uint32_t slot, Field* fresh) {
  ensure(slot < size_);
  place(slot, {at(slot).deadline_ms, fresh});
}

// Below a field that is not due no field is due, so the walk meets at most two such fields for each
// due one.
size_t FieldDeadlines::count_due(int64_t now_ms) const {
  size_t due = 0;
  std::vector<size_t> open{0};
  while (!open.empty()) {
    const size_t index = open.back();
    open.pop_back();
    if (index >= size_ || at(index).deadline_ms > now_ms) continue;
    ++due;
    open.push_back(2 * index + 2);
    open.push_back(2 * index + 1);
  }
  return due;
}

bool FieldDeadlines::is_sound() const {
  for (size_t i = 1; i < size_; ++i) {
    if (at(i).deadline_ms < at((i - 1) / 2).deadline_ms) return false;
  }
  return true;
}

// ---- Room.

// Makes room for one more slot.
void FieldDeadlines::grow() {
  if (chunks_.empty()) chunks_.push_back(nullptr);
  const size_t slots = first_chunk_slots_ + (chunks_.size() - 1) * kChunkSlots;
  if (size_ < slots) return;
  if (first_chunk_slots_ < kChunkSlots) {
    resize_first_chunk(std::max(kFirstChunkSlotsMin, first_chunk_slots_ * 2));
  } else {
    chunks_.push_back(static_cast<Slot*>(allocate(kChunkSlots * sizeof(Slot))));
  }
}

void FieldDeadlines::resize_first_chunk(size_t slots) {
  auto* fresh = static_cast<Slot*>(allocate(slots * sizeof(Slot)));
  if (size_ != 0) std::memcpy(fresh, chunks_[0], size_ * sizeof(Slot));
  if (chunks_[0] != nullptr) deallocate(chunks_[0], first_chunk_slots_ * sizeof(Slot));
  chunks_[0] = fresh;
  first_chunk_slots_ = slots;
}

// Frees the last chunk once half a chunk more is free, so that a size that goes up and down around
// a chunk's edge does not allocate each time.
void FieldDeadlines::shrink() {
  if (chunks_.size() > 1) {
    if (size_ + kChunkSlots / 2 > (chunks_.size() - 1) * kChunkSlots) return;
    deallocate(chunks_.back(), kChunkSlots * sizeof(Slot));
    chunks_.pop_back();
  } else if (first_chunk_slots_ > kFirstChunkSlotsMin && size_ * 4 <= first_chunk_slots_) {
    resize_first_chunk(first_chunk_slots_ / 2);
  }
}

bool FieldDeadlines::free_some(size_t chunks) {
  size_ = 0;
  for (; chunks != 0 && !chunks_.empty(); --chunks) {
    const size_t slots = slots_of(chunks_.size() - 1);
    if (chunks_.back() != nullptr) deallocate(chunks_.back(), slots * sizeof(Slot));
    chunks_.pop_back();
  }
  return !chunks_.empty();
}

size_t FieldDeadlines::bytes() const {
  if (chunks_.empty()) return 0;
  return allocation_bytes(first_chunk_slots_ * sizeof(Slot)) +
         (chunks_.size() - 1) * allocation_bytes(kChunkSlots * sizeof(Slot)) +
         allocation_bytes(chunks_.capacity() * sizeof(Slot*));
}

}  // namespace kvstash::store
