#include "persist/snapshot/shard_snapshots.h"

#include "base/ensure.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kvstash::persist {

using store::Entry;
using store::KeyRef;
using store::Keyspace;
using store::Mark;

ShardSnapshots::ShardSnapshots(size_t shard, store::ShardMemory& memory, EachSpace each_space)
    : shard_(shard),
      memory_(&memory),
      each_space_(std::move(each_space)),
      holdings_(memory.garbage) {}

ShardSnapshots::~ShardSnapshots() {
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->give_up_snapshot("The server is shutting down.");
  constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();
  while (step(Budget(kUnbounded, kUnbounded)) != StepResult::kDone) {
  }
}

std::optional<Mark> ShardSnapshots::free_mark(std::span<const ShardSnapshots* const> shards) {
  for (const Mark mark : {Mark::kFirst, Mark::kSecond}) {
    const bool is_free = std::ranges::all_of(shards, [mark](const ShardSnapshots* shard) {
      return shard->walks_[static_cast<size_t>(mark)] == nullptr;
    });
    if (is_free) return mark;
  }
  return std::nullopt;
}

void ShardSnapshots::begin(std::shared_ptr<Snapshot> snapshot) {
  std::unique_ptr<ShardWalk>& walk = walks_[static_cast<size_t>(snapshot->options().mark)];
  ensure(walk == nullptr);
  if (is_idle()) observe(this);
  walk = std::make_unique<ShardWalk>(std::move(snapshot), shard_, holdings_);
  each_space_([&](uint32_t db, Keyspace& space) { walk->add(db, space); });
}

void ShardSnapshots::observe(store::KeyspaceObserver* observer) {
  memory_->observer = observer;
  each_space_([observer](uint32_t, Keyspace& space) { space.set_observer(observer); });
}

StepResult ShardSnapshots::step(Budget budget) {
  if (is_idle()) return StepResult::kDone;
  const bool are_two = walks_[0] != nullptr && walks_[1] != nullptr;
  const Budget part = are_two ? budget.half() : budget;
  bool works = false;
  for (std::unique_ptr<ShardWalk>& walk : walks_) {
    if (walk == nullptr) continue;
    const StepResult result = walk->step(part);
    works = works || result == StepResult::kWorks;
    if (result == StepResult::kDone) walk.reset();
  }
  if (!is_idle()) return works ? StepResult::kWorks : StepResult::kWaits;
  observe(nullptr);
  return StepResult::kDone;
}

// ---- KeyspaceObserver.

void ShardSnapshots::before_change(Keyspace& space, const KeyRef& key, Entry& entry) {
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->before_change(space, key, entry);
}

void ShardSnapshots::born(Keyspace& space, const KeyRef& key, Entry& entry) {
  holdings_.note_place(space, entry);
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->born(space, key, entry);
}

void ShardSnapshots::before_drop(std::unique_ptr<Keyspace>& space) {
  size_t needed = 0;
  for (const auto& walk : walks_)
    if (walk != nullptr && walk->before_drop(*space)) ++needed;
  holdings_.keep(space, needed);
}

}  // namespace kvstash::persist
