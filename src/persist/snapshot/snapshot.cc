#include "persist/snapshot/snapshot.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {

Snapshot::Snapshot(Parking& parking, Options options)
    : parking_(&parking),
      options_(std::move(options)),
      turn_(options_.shards - 1),
      small_left_(options_.shards),
      left_(options_.shards) {
  ensure(options_.shards != 0);
  for (size_t i = 0; i < options_.shards; ++i)
    lanes_.push_back(std::make_unique<Lane>(i));
  if (options_.spill.ports == nullptr || options_.spill.bytes_max == 0) return;
  spill_ = std::make_unique<Spill>(
      options_.shards, options_.spill,
      Spill::Listener{.arrived = [this] { tell_puller(); },
                      .is_lost = [this](std::string why) { give_up(std::move(why)); }});
}

// ---- The shards.

void Snapshot::count_keys(const Database& more) {
  keys_total_ += more.keys;
  if (more.keys_with_field_deadlines != 0 && options_.may_raise_version)
    options_.write.version = std::max(options_.write.version, rdb::kVersionOfFieldDeadlines);
  const auto at = std::ranges::lower_bound(databases_, more.db, {}, &Database::db);
  if (at == databases_.end() || at->db != more.db) {
    databases_.insert(at, more);
    return;
  }
  at->keys += more.keys;
  at->keys_with_deadline += more.keys_with_deadline;
  at->keys_with_field_deadlines += more.keys_with_field_deadlines;
}

void Snapshot::push(size_t lane, ChunkLane::Item item) {
  if (is_given_up()) return;
  Lane& to = *lanes_[lane];
  const bool was_full = !has_room(to);
  if (spills(to)) {
    spill_->put(lane, std::move(item));
  } else {
    item.is_extra = was_full;
    if (was_full) extra_bytes_.fetch_add(item.chunk.bytes(), std::memory_order_relaxed);
    to.chunks.push(std::move(item));
    tell_puller();
  }
  if (was_full) check_memory();
}

// Whether what is put into the lane now goes through the spill. What has gone there before must
// have been taken, else the lane would overtake it.
bool Snapshot::spills(const Lane& lane) const {
  if (spill_ == nullptr) return false;
  return spill_->is_used(lane.number) ||
         lane.chunks.bytes() >= lane_bytes_max() + options_.spill_above_bytes / lanes_.size();
}

// Whether the walk may put something into the lane.
bool Snapshot::has_room(const Lane& lane) const {
  return lane.chunks.bytes() < lane_bytes_max() &&
         (spill_ == nullptr || !spill_->is_used(lane.number));
}

// A walk puts nothing into a full lane, so it is changes that have taken this memory.
void Snapshot::check_memory() {
  const size_t spilling = spill_ == nullptr ? 0 : spill_->memory_bytes();
  if (extra_bytes_.load(std::memory_order_relaxed) + spilling <= options_.preimage_bytes_max)
    return;
  std::string reason = "The reader of the snapshot is too slow for the changes of the data";
  if (spill_ != nullptr) reason += ", and " + spill_->trouble();
  give_up(reason + ".");
}

bool Snapshot::is_full(size_t lane, size_t shard) {
  Lane& of = *lanes_[lane];
  if (has_room(of)) return false;
  // The pulling thread looks for the waiter after it has made room.
  of.waiter.store(shard, std::memory_order_seq_cst);
  if (!has_room(of)) return true;
  of.waiter.store(kNobody, std::memory_order_seq_cst);
  return false;
}

void Snapshot::give_back(size_t lane) {
  lanes_[lane]->is_lent.store(false, std::memory_order_release);
  options_.wake(lane);
}

void Snapshot::add_ready() {
  if (ready_.fetch_add(1, std::memory_order_acq_rel) + 1 == lanes_.size()) wake_all();
}

void Snapshot::wake_all() {
  for (size_t shard = 0; shard < lanes_.size(); ++shard)
    options_.wake(shard);
}

void Snapshot::publish(size_t shard, const Progress& progress) {
  Lane& lane = *lanes_[shard];
  lane.keys_done.store(progress.keys_done, std::memory_order_relaxed);
  lane.overlay_bytes.store(progress.overlay_bytes, std::memory_order_relaxed);
  lane.preimages.store(progress.preimages, std::memory_order_relaxed);
}

void Snapshot::note_turn(size_t shard, int64_t ns) {
  std::atomic<int64_t>& longest = lanes_[shard]->turn_max_ns;
  if (ns > longest.load(std::memory_order_relaxed)) longest.store(ns, std::memory_order_relaxed);
}

// ---- The thread that pulls.

void Snapshot::tell_puller() {
  arrivals_.fetch_add(1, std::memory_order_seq_cst);
  if (puller_sleeps_.load(std::memory_order_seq_cst)) parking_->wake(arrivals_);
}

Result<std::optional<Chunk>> Snapshot::next() {
  for (;;) {
    const uint32_t seen = arrivals_.load(std::memory_order_seq_cst);
    bool is_empty = false;
    Result<std::optional<Chunk>> taken = try_next(is_empty);
    if (!is_empty) return taken;
    puller_sleeps_.store(true, std::memory_order_seq_cst);
    parking_->wait(arrivals_, seen);
    puller_sleeps_.store(false, std::memory_order_seq_cst);
  }
}

Result<std::optional<Chunk>> Snapshot::try_next(bool& is_empty) {
  is_empty = false;
  std::optional<Chunk> chunk;
  if (!is_given_up() && small_left_ != 0) chunk = take_small(is_empty);
  if (!is_given_up() && small_left_ == 0 && !chunk) chunk = take_big(is_empty);
  if (is_given_up()) {
    is_empty = false;
    free_waiting();
    return reason();
  }
  if (left_ == 0 && !chunk) free_waiting();
  return chunk;
}

void Snapshot::let_go(std::string reason) {
  give_up(std::move(reason));
  free_waiting();
}

// What the pulling thread does not free, and the thread of the spill, would fall to the shard that
// forgets the snapshot last.
void Snapshot::free_waiting() {
  if (spill_ != nullptr) spill_->end();
  for (const auto& lane : lanes_) {
    while (lane->chunks.pop()) {
    }
  }
}

// Takes from the lanes in turn.
std::optional<Chunk> Snapshot::take_small(bool& is_empty) {
  for (size_t looked = 0; looked < lanes_.size(); ++looked) {
    Lane& lane = next_lane();
    if (lane.is_small_done) continue;
    std::optional<ChunkLane::Item> item = take(lane);
    if (!item) continue;
    if (item->kind == ChunkLane::Item::Kind::kChunk) return std::move(item->chunk);
    ensure(item->kind == ChunkLane::Item::Kind::kSmallDone);
    lane.is_small_done = true;
    if (--small_left_ == 0) return std::nullopt;
  }
  is_empty = true;
  return std::nullopt;
}

// Takes from the lanes in turn, but goes to another only between two values.
std::optional<Chunk> Snapshot::take_big(bool& is_empty) {
  is_empty = false;
  for (size_t looked = 0; looked <= lanes_.size() && left_ != 0; ++looked) {
    Lane& lane = is_inside_ ? *lanes_[turn_] : next_lane();
    if (lane.is_done) continue;
    std::optional<ChunkLane::Item> item = take(lane);
    if (!item) continue;
    is_inside_ = item->goes_on;
    if (item->kind == ChunkLane::Item::Kind::kChunk) return std::move(item->chunk);
    if (item->kind != ChunkLane::Item::Kind::kDone) continue;  // The end of a value.
    lane.is_done = true;
    --left_;
  }
  is_empty = left_ != 0;
  return std::nullopt;
}

Snapshot::Lane& Snapshot::next_lane() {
  turn_ = (turn_ + 1) % lanes_.size();
  return *lanes_[turn_];
}

std::optional<ChunkLane::Item> Snapshot::pop(Lane& lane) {
  std::optional<ChunkLane::Item> item = lane.chunks.pop();
  // What is in the lane now is older than what comes out of the spill. But it may have been put in
  // after the first look, and be followed by something that has come through the spill meanwhile.
  if (!item && spill_ != nullptr && spill_->has(lane.number)) {
    item = lane.chunks.pop();
    if (!item) return spill_->take(lane.number);
  }
  if (item && item->is_extra)
    extra_bytes_.fetch_sub(item->chunk.bytes(), std::memory_order_relaxed);
  return item;
}

std::optional<ChunkLane::Item> Snapshot::take(Lane& lane) {
  std::optional<ChunkLane::Item> item = pop(lane);
  // A shard is woken for half a lane, not for each chunk.
  if (!item || lane.chunks.bytes() >= lane_bytes_max() / 2) return item;
  if (spill_ != nullptr && spill_->is_used(lane.number)) return item;
  if (lane.waiter.load(std::memory_order_seq_cst) == kNobody) return item;
  const size_t waiter = lane.waiter.exchange(kNobody, std::memory_order_seq_cst);
  if (waiter != kNobody) options_.wake(waiter);
  return item;
}

// ---- Any thread.

void Snapshot::give_up(std::string reason) {
  {
    const std::scoped_lock lock(reason_mutex_);
    if (is_given_up()) return;
    reason_ = std::move(reason);
    is_given_up_.store(true, std::memory_order_release);
  }
  tell_puller();
  wake_all();
}

Error Snapshot::reason() const {
  const std::scoped_lock lock(reason_mutex_);
  return Error::text(reason_);
}

Snapshot::Progress Snapshot::progress() const {
  Progress all{.keys_total = keys_total_};
  if (spill_ != nullptr) {
    all.queued_bytes = spill_->memory_bytes();
    all.spilled_bytes = spill_->file_bytes();
  }
  for (const auto& lane : lanes_) {
    all.keys_done += lane->keys_done.load(std::memory_order_relaxed);
    all.queued_bytes += lane->chunks.bytes();
    all.overlay_bytes += lane->overlay_bytes.load(std::memory_order_relaxed);
    all.preimages += lane->preimages.load(std::memory_order_relaxed);
    all.turn_max_ns = std::max(all.turn_max_ns, lane->turn_max_ns.load(std::memory_order_relaxed));
  }
  return all;
}

}  // namespace kvstash::persist
