// ShardSnapshots: the snapshots that are under way on one shard, at most two, and the observer of
// the shard's keyspaces while there are any.
//
// Nothing is observed, and changes of data cost nothing, while no snapshot is under way. Belongs to
// a shard, and must be destroyed before its keyspaces.
#pragma once

#include "persist/snapshot/shard_walk.h"
#include "store/observer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace kvstash::persist {

class ShardSnapshots final : public store::KeyspaceObserver {
 public:
  using Visit = std::function<void(uint32_t db, store::Keyspace& space)>;
  // Calls its argument for each keyspace that the shard has now.
  using EachSpace = std::function<void(const Visit&)>;

  // `memory` is that of all keyspaces of the shard.
  ShardSnapshots(size_t shard, store::ShardMemory& memory, EachSpace each_space);
  ~ShardSnapshots() override;

  // A mark that no snapshot uses on any of the shards, if there is one. A snapshot that was given
  // up uses its mark until all shards have forgotten it.
  static std::optional<store::Mark> free_mark(std::span<const ShardSnapshots* const> shards);

  // Makes the cut of this shard. The thread that holds all shards, for each of them in the same
  // hold; the snapshot's mark must be free. From then on the shard must do steps until one returns
  // kDone, even if it has no keys.
  void begin(std::shared_ptr<Snapshot> snapshot);

  // Does some work for each snapshot. The shard's thread, outside of commands. How long a step
  // takes follows from the budget: an element takes less than a microsecond as a rule, and more if
  // it is long.
  StepResult step(Budget budget);
  // Notes, for the snapshots that are under way, the processor time since it was called last. The
  // shard's thread, once in a turn while it is not idle.
  void end_turn();
  bool is_idle() const { return walks_[0] == nullptr && walks_[1] == nullptr; }

  // ---- KeyspaceObserver.
  void before_change(store::Keyspace& space, const store::KeyRef& key,
                     store::Entry& entry) override;
  void born(store::Keyspace& space, const store::KeyRef& key, store::Entry& entry) override;
  void before_drop(std::unique_ptr<store::Keyspace>& space) override;

 private:
  void observe(store::KeyspaceObserver* observer);
  void follow(store::Keyspace& space, const store::Entry& entry);

  size_t shard_;
  store::ShardMemory* memory_;
  EachSpace each_space_;
  Holdings holdings_;
  std::array<std::unique_ptr<ShardWalk>, store::kMarks> walks_;  // By mark.
  // The processor time of the thread at the end of the last turn; 0: nothing was under way then.
  int64_t turn_ended_ns_ = 0;
};

}  // namespace kvstash::persist
