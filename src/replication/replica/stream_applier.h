// StreamApplier: puts the stream of a primary into the shards of a running node, in an order that
// no client can tell from the primary's.
//
//   bytes ──> units ──┬── of one shard: a batch in the shard's queue ──> the shard runs it in a
//   turn
//                     └── of several: run while all shards are held, behind everything before it
//
// Records of one shard run in their order, and of a unit nobody sees a part. Units of different
// shards that stand between two that need several may run in any order, as on the primary, where
// nobody could tell either.
//
// A change of the node's role needs an end that is a place in the stream: so batches stand in
// queues that the hold of all shards, under which the role changes, can run to their end (end()).
//
// Errors that records end with are logged, and the stream goes on, as in Redis
// (propagation-error-behavior ignore).
#pragma once

#include "base/result.h"
#include "engine/execution/hold.h"
#include "engine/execution/key.h"
#include "engine/shard_set.h"
#include "replication/stream/unit_reader.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace kvstash::replication {

// A place in the stream, and the database that it has selected there.
struct StreamPosition {
  uint64_t offset = 0;
  engine::DbIndex db{};
};

class StreamApplier {
 public:
  // `set` outlives the object. `gives_up`: once it is true, waits for shards end.
  StreamApplier(engine::ShardSet& set, const std::atomic<bool>& gives_up);
  ~StreamApplier();
  StreamApplier(const StreamApplier&) = delete;
  StreamApplier& operator=(const StreamApplier&) = delete;

  // ---- The thread of the link.
  // The stream goes on there. Everything before is applied.
  void begin(StreamPosition from);
  // Takes bytes of the stream, and hands all whole units to the shards. Waits while shards have too
  // much to do. An Error is a sentence: the stream is damaged, and nothing can be taken any more.
  Status take(std::string_view bytes);
  // Whether the primary has asked for an acknowledgement since the last call.
  bool take_ack_wish();
  // Waits until everything that was handed over is applied.
  void wait_until_applied();
  // The connection is lost: the stream comes again from handed() on.
  void drop_rest();

  // ---- Any thread.
  // The end of the last unit that was handed over, which is where the stream can go on.
  uint64_t handed() const;
  // The end of a unit, below which every shard has applied everything.
  uint64_t applied() const;

  // ---- Under a hold of all shards.
  // Applies everything that was handed over, and nothing any more. Returns where that ended.
  StreamPosition end(const engine::Hold& all);

 private:
  struct Batch;
  struct Shared;

  void take_unit(const StreamUnit& unit);
  bool take_own(std::span<const std::string_view> record);
  void add(std::unique_ptr<Batch>& to, const StreamUnit& unit, uint64_t begin);
  void gather_held();
  void hand_over();
  void hand_held();
  void wait_for_room();
  void wait_while(const std::function<bool()>& condition);

  engine::ShardSet* set_;
  const std::atomic<bool>* gives_up_;
  std::shared_ptr<Shared> shared_;
  UnitReader reader_;
  uint64_t read_ = 0;  // The end of the last unit that was read.
  engine::DbIndex db_{};
  bool wishes_ack_ = false;
  // Records of the unit that is being taken, apart from those for the replica itself.
  struct Placed {
    const engine::Command* command;
    engine::DbIndex db;
    std::span<const std::string_view> argv;
  };
  std::vector<Placed> placed_;
  // What the present bytes have brought and was not handed over yet: first what needs a hold of all
  // shards, in its order, then by shard what follows.
  std::vector<std::unique_ptr<Batch>> held_;
  StreamPosition held_end_;
  std::vector<std::unique_ptr<Batch>> batches_;
};

}  // namespace kvstash::replication
