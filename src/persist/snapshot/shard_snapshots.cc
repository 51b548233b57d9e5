#include "persist/snapshot/shard_snapshots.h"

#include "base/cpu_time.h"
#include "base/ensure.h"

#include <algorithm>
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
      holdings_(*this, memory.garbage) {}

ShardSnapshots::~ShardSnapshots() {
  if (is_idle()) return;
  for (std::unique_ptr<ShardWalk>& walk : walks_) {
    if (walk != nullptr) walk->abandon();
    walk.reset();
  }
  observe(nullptr);
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
  turn_ended_ns_ = 0;
  observe(nullptr);
  return StepResult::kDone;
}

void ShardSnapshots::end_turn() {
  const int64_t now_ns = thread_cpu_ns();
  const int64_t began_ns = std::exchange(turn_ended_ns_, now_ns);
  if (began_ns == 0) return;
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->note_turn(now_ns - began_ns);
}

// ---- KeyspaceObserver.

void ShardSnapshots::before_change(Keyspace& space, const KeyRef& key, Entry& entry) {
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->before_change(space, key, entry);
}

void ShardSnapshots::born(Keyspace& space, const KeyRef& key, Entry& entry) {
  follow(space, entry);
  for (const auto& walk : walks_)
    if (walk != nullptr) walk->born(space, key, entry);
}

// A watched value may have come from another keyspace, or from another shard, which is then held by
// the same thread.
void ShardSnapshots::follow(Keyspace& space, const Entry& entry) {
  ValueWatch* watch = ValueWatch::find(entry);
  if (watch == nullptr) return;
  watch->set_space(&space);
  if (watch->home() == &holdings_) return;
  ShardSnapshots& from = watch->home()->owner();
  holdings_.take(*watch);
  for (const Mark mark : {Mark::kFirst, Mark::kSecond}) {
    const auto at = static_cast<size_t>(mark);
    if (watch->has(mark)) walks_[at]->take_view(*from.walks_[at], *watch);
  }
}

void ShardSnapshots::before_drop(std::unique_ptr<Keyspace>& space) {
  size_t needed = 0;
  for (const auto& walk : walks_)
    if (walk != nullptr && walk->before_drop(*space)) ++needed;
  holdings_.keep(space, needed);
}

}  // namespace kvstash::persist
