// Snapshot: what all shards held at one moment, the cut, as a sequence of chunks of RDB bytes.
//
//   shard 0: ShardWalk ──> ChunkLane ──┐
//   shard 1: ShardWalk ──> ChunkLane ──┼──> Snapshot::next() ──> a file, a replica, ...
//   shard n: ShardWalk ──> ChunkLane ──┘
//
// Each shard walks its data in slices and puts chunks into its lane (shard_snapshots.h). The thread
// that pulls takes them out in an order that makes an RDB: first the small entries of all shards,
// then the big values. It stays with a lane until the value that it has begun there ends.
//
// A big value may come to another shard while it is written (RENAME). Then the lane is lent to that
// shard, which writes the rest. So no walk is over before all walks are: each says when it is
// ready.
//
// A lane is bounded: a walk stops while its lane is full. Entries that change before the walk has
// reached them are put into the lane nevertheless. When many wait there, because the reader is
// slow, what comes later goes around the lane through a spill (spill.h), which brings it to a
// scratch file and back, until all of it was read. If memory fills all the same, the snapshot is
// given up. Whoever pulls may give it up as well, at any time. Then next() returns the reason, and
// the shards forget the snapshot in slices.
//
// The shards' threads and the pulling thread share the object; each function says who may call it.
#pragma once

#include "base/parking.h"
#include "base/result.h"
#include "persist/rdb/value_writer.h"
#include "persist/snapshot/big_value.h"
#include "persist/snapshot/chunk_lane.h"
#include "persist/snapshot/spill.h"
#include "store/entry.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::persist {

class Snapshot {
 public:
  struct Options {
    size_t shards = 1;
    // The mark by which the shards tell this snapshot from another that is under way.
    store::Mark mark = store::Mark::kFirst;
    rdb::WriteOptions write{};
    // Writes a higher version than write.version if hashes have fields with deadlines at the cut.
    // Else the snapshot is given up when it comes to the first of them.
    bool may_raise_version = true;
    SmallBounds small{};
    size_t chunk_bytes = size_t{64} << 10;  // A chunk is put into the lane when it has so many.
    // Bounds of memory, over all shards. A walk stops while its shard's part of `queue_bytes_max`
    // is taken; what changes meanwhile may take `preimage_bytes_max` more. It spills past the
    // shard's part of `spill_above_bytes`.
    size_t queue_bytes_max = size_t{8} << 20;
    size_t preimage_bytes_max = size_t{40} << 20;
    size_t spill_above_bytes = size_t{16} << 20;
    Spill::Options spill{};  // Without a disk nothing spills.
    // Called when a shard that waits should do a step soon. Any thread.
    std::function<void(size_t shard)> wake = [](size_t) {};
  };

  // How many keys a database had at the cut, for RESIZEDB.
  struct Database {
    uint32_t db;
    size_t keys;
    size_t keys_with_deadline;
    size_t keys_with_field_deadlines;
  };

  struct Progress {
    size_t keys_total = 0;
    size_t keys_done = 0;        // Keys that are in chunks, or need no more reading.
    size_t queued_bytes = 0;     // Memory of all lanes, and of the spill.
    uint64_t spilled_bytes = 0;  // In the scratch file.
    size_t overlay_bytes = 0;    // Copies of parts of big values that were changed since the cut.
    size_t preimages = 0;     // Entries and parts of big values that were copied before a change.
    int64_t turn_max_ns = 0;  // Processor time of the longest turn of a shard meanwhile.
  };

  // `parking` must live as long as the snapshot.
  Snapshot(Parking& parking, Options options);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // ---- The thread that pulls.

  // Waits for the next chunk. Returns nothing at the end, and an error if the snapshot was given
  // up. Chunks follow each other as they must in an RDB; between two chunks the database may
  // change.
  Result<std::optional<Chunk>> next();
  // As next(), without waiting: sets `is_empty` if there is no chunk yet.
  Result<std::optional<Chunk>> try_next(bool& is_empty);
  // Nothing more will be pulled: gives the snapshot up, and frees what waits.
  // May have to wait for the disk. Whoever stops pulling before next() has returned the end or an
  // error must call this, or else a shard may have to wait instead.
  void let_go(std::string reason);

  // ---- Any thread.

  // Ends the snapshot without a result. The first reason counts; it is a sentence for the log.
  void give_up(std::string reason);
  bool is_given_up() const { return is_given_up_.load(std::memory_order_acquire); }
  Progress progress() const;

  const Options& options() const { return options_; }
  // The next two are constant once all shards have begun: the version of the RDB, and the databases
  // that had keys at the cut, by number.
  unsigned rdb_version() const { return options_.write.version; }
  const std::vector<Database>& databases() const { return databases_; }

  // ---- ShardWalk, on its shard's thread.

  // Adds what a shard has of a database at the cut. The thread that holds all shards.
  void count_keys(const Database& more);
  // Puts an item into the lane of a shard, which the caller's shard is or has borrowed.
  void push(size_t lane, ChunkLane::Item item);
  // Whether the lane has no room for the walk. If so, `shard` is woken once it has.
  bool is_full(size_t lane, size_t shard);

  // A lane that is lent is filled by another shard, until that shard gives it back, which wakes the
  // lane's own. To lend, both shards must be held.
  void lend(size_t lane) { lanes_[lane]->is_lent.store(true, std::memory_order_release); }
  void give_back(size_t lane);
  bool is_lent(size_t lane) const { return lanes_[lane]->is_lent.load(std::memory_order_acquire); }

  // A shard has nothing more to do, as far as it knows.
  void add_ready();
  // Another shard has given it something to do. Both must be held.
  void take_ready() { ready_.fetch_sub(1, std::memory_order_acq_rel); }
  bool are_all_ready() const { return ready_.load(std::memory_order_acquire) == lanes_.size(); }

  void publish(size_t shard, const Progress& progress);
  // A turn of the shard has taken so much processor time.
  void note_turn(size_t shard, int64_t ns);

  // For a test whose spill has no thread. Returns whether there may be more to do.
  bool step_spill() { return spill_->step(); }

 private:
  static constexpr size_t kNobody = SIZE_MAX;

  struct alignas(64) Lane {
    explicit Lane(size_t lane_number) : number(lane_number) {}

    const size_t number;
    ChunkLane chunks;
    std::atomic<size_t> waiter = kNobody;  // The shard that waits until the lane has room.
    std::atomic<bool> is_lent = false;
    std::atomic<size_t> keys_done = 0;
    std::atomic<size_t> overlay_bytes = 0;
    std::atomic<size_t> preimages = 0;
    std::atomic<int64_t> turn_max_ns = 0;
    // The pulling thread's:
    bool is_small_done = false;
    bool is_done = false;
  };

  size_t lane_bytes_max() const { return options_.queue_bytes_max / lanes_.size() + 1; }
  bool spills(const Lane& lane) const;
  bool has_room(const Lane& lane) const;
  void check_memory();
  void tell_puller();
  std::optional<ChunkLane::Item> pop(Lane& lane);
  std::optional<ChunkLane::Item> take(Lane& lane);
  void free_waiting();
  std::optional<Chunk> take_small(bool& is_empty);
  std::optional<Chunk> take_big(bool& is_empty);
  Lane& next_lane();
  void wake_all();
  Error reason() const;

  Parking* parking_;
  Options options_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Database> databases_;
  size_t keys_total_ = 0;

  // The pulling thread's: the lane it looked into last, whether it is inside a value there, and how
  // many lanes have more small entries, or more of anything.
  size_t turn_;
  bool is_inside_ = false;
  size_t small_left_;
  size_t left_;

  // What was put into full lanes and still waits there.
  std::atomic<size_t> extra_bytes_ = 0;
  std::atomic<uint32_t> arrivals_ = 0;  // Changes with each item that is put into a lane.
  std::atomic<bool> puller_sleeps_ = false;
  std::atomic<bool> is_given_up_ = false;
  std::atomic<size_t> ready_ = 0;    // Number of shards that are.
  mutable std::mutex reason_mutex_;  // Taken only when the snapshot is given up.
  std::string reason_;
  std::unique_ptr<Spill> spill_;  // Null: there is none. Last: its thread uses all of the above.
};

}  // namespace kvstash::persist
