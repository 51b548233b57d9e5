#include "persist/snapshot/spill.h"

#include "base/ensure.h"
#include "persist/snapshot/spilled_item.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace kvstash::persist {
namespace {

// Each lane gathers a slot before it is written. With many lanes slots are smaller.
constexpr size_t kGatheredBytes = size_t{4} << 20;
constexpr size_t kSlotBytesMin = size_t{32} << 10;

// An empty text has a little room inside itself.
size_t heap_bytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() : 0;
}

}  // namespace

size_t Spill::Lane::buffer_bytes() const {
  return heap_bytes(tail) + heap_bytes(head) + slots.size() * sizeof(SpillFile::Slot);
}

void Spill::Lane::free_buffers() {
  std::string().swap(tail);  // An assignment would keep the memory.
  std::string().swap(head);
  head_at = 0;
}

Spill::Spill(size_t lanes, Options options, Listener listener)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      out_bytes_max_(options_.ready_bytes / lanes + 1),
      file_(*options_.ports->disk, options_.directory, options_.bytes_max,
            std::min(options_.slot_bytes, std::max(kSlotBytesMin, kGatheredBytes / lanes))) {
  for (size_t i = 0; i < lanes; ++i)
    lanes_.push_back(std::make_unique<Lane>());
}

// ---- The two ends.

void Spill::put(size_t lane, ChunkLane::Item item) {
  Lane& to = *lanes_[lane];
  to.waiting.fetch_add(1);
  to.in.push(std::move(item));
  if (!runs_.load(std::memory_order_acquire)) start();
  shell_.wake();
}

// The thread is started by a shard, which takes some fifty microseconds, once in a snapshot.
void Spill::start() {
  if (!options_.has_thread) return;
  const std::lock_guard guard(start_mutex_);
  if (runs_ || has_ended_) return;
  shell_.start("kv-spill", *options_.ports, [this]() -> std::optional<int64_t> {
    if (step()) return options_.ports->clock->monotonic_ns();
    return std::nullopt;
  });
  runs_.store(true, std::memory_order_release);
}

std::optional<ChunkLane::Item> Spill::take(size_t lane) {
  Lane& from = *lanes_[lane];
  std::optional<ChunkLane::Item> item = from.out.pop();
  if (!item) return item;
  const bool has_more = from.waiting.fetch_sub(1) != 1;
  if (has_more && from.out.bytes() < out_bytes_max_ / 2) shell_.wake();
  return item;
}

void Spill::end() {
  {
    const std::lock_guard guard(start_mutex_);
    has_ended_ = true;
  }
  shell_.stop();
  for (const auto& lane : lanes_) {
    while (lane->in.pop() || lane->out.pop()) {
    }
    lane->free_buffers();
    lane->slots.clear();
  }
  file_.close();
  is_lost_ = true;  // Nothing can be read back any more.
  publish();
}

size_t Spill::memory_bytes() const {
  size_t bytes = buffer_bytes_.load(std::memory_order_relaxed);
  for (const auto& lane : lanes_)
    bytes += lane->in.bytes() + lane->out.bytes();
  return bytes;
}

std::string Spill::trouble() const {
  if (is_broken_) {
    const std::lock_guard guard(reason_mutex_);
    return "its scratch file failed: " + reason_;
  }
  if (is_full_)
    return "its scratch file is full (snapshot-spill-size " + std::to_string(options_.bytes_max) +
           ")";
  return "the disk of its scratch file is too slow as well";
}

// ---- The thread.

bool Spill::step() {
  bool has_worked = false;
  for (const auto& lane : lanes_) {
    if (is_lost_) break;
    if (lane->waiting.load() == 0) {  // Another flood may never come.
      lane->free_buffers();
      continue;
    }
    if (fill(*lane)) has_worked = true;
    if (store(*lane)) has_worked = true;
  }
  publish();
  return has_worked;
}

// Keeps something ready for the reader.
bool Spill::fill(Lane& lane) {
  bool has_worked = false;
  while (!is_lost_ && lane.out.bytes() < out_bytes_max_) {
    std::string_view left = std::string_view(lane.head).substr(lane.head_at);
    std::optional<ChunkLane::Item> item = unspill_item(left);
    lane.head_at = lane.head.size() - left.size();
    if (!item && refill(lane)) continue;
    if (!item && !is_lost_) item = lane.in.pop();
    if (!item) break;
    arrive(lane, std::move(*item));
    has_worked = true;
  }
  return has_worked;
}

// Gets the bytes behind those in `head`. Returns false if there are none, or they are lost.
bool Spill::refill(Lane& lane) {
  lane.head.erase(0, std::exchange(lane.head_at, 0));
  if (!lane.slots.empty()) {
    const Status got = file_.take(lane.slots.front(), lane.head);
    lane.slots.pop_front();
    if (got.ok()) return true;
    is_lost_ = true;
    listener_.is_lost("The scratch file of the snapshot cannot be read: " +
                      std::string(got.error().message()));
    return false;
  }
  if (lane.tail.empty()) {
    ensure(lane.head.empty());
    return false;
  }
  lane.head += lane.tail;
  lane.tail.clear();
  return true;
}

void Spill::arrive(Lane& lane, ChunkLane::Item item) {
  lane.out.push(std::move(item));
  listener_.arrived();
}

// Brings a slot of what was put in to the file, if the reader has enough.
bool Spill::store(Lane& lane) {
  if (is_lost_ || is_broken_ || lane.out.bytes() < out_bytes_max_) return false;
  is_full_ = file_.is_full();
  if (is_full_) return false;
  while (lane.tail.size() < file_.slot_bytes()) {
    std::optional<ChunkLane::Item> item = lane.in.pop();
    if (!item) return false;
    spill_item(*item, lane.tail);
  }
  return write_slot(lane);
}

bool Spill::write_slot(Lane& lane) {
  if (!std::exchange(has_begun_, true)) options_.began();
  const Result<SpillFile::Slot> slot =
      file_.put(std::string_view(lane.tail).substr(0, file_.slot_bytes()));
  if (!slot.ok()) {
    const std::lock_guard guard(reason_mutex_);
    reason_ = slot.error().message();
    is_broken_ = true;
    return false;
  }
  lane.slots.push_back(*slot);
  lane.tail.erase(0, file_.slot_bytes());
  return true;
}

void Spill::publish() {
  size_t bytes = 0;
  for (const auto& lane : lanes_)
    bytes += lane->buffer_bytes();
  buffer_bytes_.store(bytes, std::memory_order_relaxed);
  file_bytes_.store(file_.bytes(), std::memory_order_relaxed);
}

}  // namespace kvstash::persist
