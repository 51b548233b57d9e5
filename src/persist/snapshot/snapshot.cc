#include "persist/snapshot/snapshot.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {

Snapshot::Snapshot(engine::Parking& parking, Options options)
    : parking_(&parking), options_(std::move(options)), small_left_(options_.shards) {
  ensure(options_.shards != 0);
  for (size_t i = 0; i < options_.shards; ++i)
    lanes_.push_back(std::make_unique<Lane>());
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

void Snapshot::push(size_t shard, ChunkLane::Item item) {
  ChunkLane& lane = lanes_[shard]->chunks;
  lane.push(std::move(item));
  tell_puller();
  if (lane.bytes() > lane_bytes_max() + options_.preimage_bytes_max / lanes_.size())
    give_up("The reader of the snapshot is too slow for the changes of the data.");
}

bool Snapshot::is_full(size_t shard) {
  Lane& lane = *lanes_[shard];
  if (lane.chunks.bytes() < lane_bytes_max()) return false;
  // The pulling thread looks at the flag after it has made room.
  lane.is_waiting.store(true, std::memory_order_seq_cst);
  if (lane.chunks.bytes() >= lane_bytes_max()) return true;
  lane.is_waiting.store(false, std::memory_order_seq_cst);
  return false;
}

void Snapshot::publish(size_t shard, const Progress& progress) {
  Lane& lane = *lanes_[shard];
  lane.keys_done.store(progress.keys_done, std::memory_order_relaxed);
  lane.overlay_bytes.store(progress.overlay_bytes, std::memory_order_relaxed);
  lane.preimages.store(progress.preimages, std::memory_order_relaxed);
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
  if (is_given_up()) return reason();
  std::optional<Chunk> chunk;
  if (small_left_ != 0) chunk = take_small(is_empty);
  if (small_left_ == 0 && !chunk) chunk = take_big(is_empty);
  return chunk;
}

// Takes from the lanes in turn.
std::optional<Chunk> Snapshot::take_small(bool& is_empty) {
  for (size_t looked = 0; looked < lanes_.size(); ++looked, ++turn_) {
    if (turn_ >= lanes_.size()) turn_ = 0;
    Lane& lane = *lanes_[turn_];
    if (lane.is_small_done) continue;
    std::optional<ChunkLane::Item> item = take(lane, turn_);
    if (!item) continue;
    if (item->kind == ChunkLane::Item::Kind::kChunk) {
      ++turn_;
      return std::move(item->chunk);
    }
    ensure(item->kind == ChunkLane::Item::Kind::kSmallDone);
    lane.is_small_done = true;
    if (--small_left_ != 0) continue;
    turn_ = 0;
    return std::nullopt;
  }
  is_empty = true;
  return std::nullopt;
}

// Takes from the lanes one after the other.
std::optional<Chunk> Snapshot::take_big(bool& is_empty) {
  is_empty = false;
  while (turn_ < lanes_.size()) {
    std::optional<ChunkLane::Item> item = take(*lanes_[turn_], turn_);
    if (!item) {
      is_empty = true;
      return std::nullopt;
    }
    if (item->kind == ChunkLane::Item::Kind::kChunk) return std::move(item->chunk);
    ensure(item->kind == ChunkLane::Item::Kind::kDone);
    ++turn_;
  }
  return std::nullopt;
}

std::optional<ChunkLane::Item> Snapshot::take(Lane& lane, size_t shard) {
  std::optional<ChunkLane::Item> item = lane.chunks.pop();
  // A shard is woken for half a lane, not for each chunk.
  if (item && lane.is_waiting.load(std::memory_order_seq_cst) &&
      lane.chunks.bytes() < lane_bytes_max() / 2 &&
      lane.is_waiting.exchange(false, std::memory_order_seq_cst))
    options_.wake(shard);
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
  for (size_t shard = 0; shard < lanes_.size(); ++shard)
    options_.wake(shard);
}

Error Snapshot::reason() const {
  const std::scoped_lock lock(reason_mutex_);
  return Error::text(reason_);
}

Snapshot::Progress Snapshot::progress() const {
  Progress all{.keys_total = keys_total_};
  for (const auto& lane : lanes_) {
    all.keys_done += lane->keys_done.load(std::memory_order_relaxed);
    all.queued_bytes += lane->chunks.bytes();
    all.overlay_bytes += lane->overlay_bytes.load(std::memory_order_relaxed);
    all.preimages += lane->preimages.load(std::memory_order_relaxed);
  }
  return all;
}

}  // namespace kvstash::persist
