// Hold: the door to data. Code that has a hold may touch the data of the shards that it covers, on
// the thread that made it, for as long as that thread holds them; data is never touched without
// one.
//
// A hold carries four things: the data of its shards; the moment at which everything under it
// happens, which stands still while a command, a transaction or a script runs, on whatever shards
// and however long; the mode; and the worker, the executing thread's own side. A hold is a value of
// a few words: it is copied freely and owns nothing.
//
// A shard makes holds (Shard::hold_here, Shard::hold_of): of itself on its own thread at any time,
// and of several shards while a HoldGroup has them parked. Touching a key whose shard is not
// covered is a bug of ours, and ends the process.
#pragma once

#include "base/ensure.h"
#include "engine/data/shard_data.h"
#include "engine/execution/worker.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class ShardSet;
struct EngineOptions;

// Whether a hold is for commands of clients, or for records of a log that are run again. A record
// tells what happened elsewhere at another time: while it is run, no deadline is judged to have
// passed, nothing expires and nothing is evicted.
enum class HoldMode : uint8_t { kLive, kReplay };

// A moment of the wall clock, since 1970.
struct Moment {
  int64_t ms = 0;
  int64_t us = 0;  // The same moment in microseconds.
};

class Hold {
 public:
  // A hold of one shard, whose data is `single`.
  Hold(ShardSet& set, const Worker& worker, Moment moment, ShardData& single)
      : set_(&set), worker_(&worker), single_(&single), moment_(moment) {}
  // A hold of several shards. `members`, by shard, outlives the hold; null: all shards of the set.
  Hold(ShardSet& set, const Worker& worker, Moment moment, const std::vector<bool>* members);

  // A hold of the same shards at another moment.
  Hold at(Moment moment) const {
    Hold later = *this;
    later.moment_ = moment;
    return later;
  }
  // A hold of the same shards, for running records of a log.
  Hold replaying() const {
    Hold replay = *this;
    replay.mode_ = HoldMode::kReplay;
    return replay;
  }

  // ---- What it covers.
  bool covers(size_t shard) const {
    return single_ != nullptr ? single_->id() == shard : includes(shard);
  }
  bool covers_all() const;
  // The data of a shard that is covered.
  ShardData& shard(size_t id) const {
    ensure(covers(id));
    return single_ != nullptr ? *single_ : data_of(id);
  }
  // The data of the shard of a key, which is covered.
  ShardData& shard_of(std::string_view key) const;
  // Calls visit(ShardData&) for each covered shard, in the order of their ids.
  template <typename Visit>
  void each(Visit&& visit) const {
    if (single_ != nullptr) {
      visit(*single_);
      return;
    }
    for (size_t id = 0; id < shard_count(); ++id) {
      if (includes(id)) visit(data_of(id));
    }
  }
  // Whether test(const ShardData&) is true of a covered shard.
  template <typename Test>
  bool any(Test&& test) const {
    if (single_ != nullptr) return test(static_cast<const ShardData&>(*single_));
    for (size_t id = 0; id < shard_count(); ++id) {
      if (includes(id) && test(static_cast<const ShardData&>(data_of(id)))) return true;
    }
    return false;
  }

  // ---- When. now_ms() is for times that are told to clients or kept in values.
  int64_t now_ms() const { return moment_.ms; }
  int64_t now_us() const { return moment_.us; }
  HoldMode mode() const { return mode_; }
  // The time by which deadlines are judged: a deadline up to this time has passed. While records
  // are replayed it is before all deadlines.
  int64_t horizon_ms() const {
    return mode_ == HoldMode::kReplay ? std::numeric_limits<int64_t>::min() : moment_.ms;
  }
  bool is_past(int64_t deadline_ms) const { return deadline_ms <= horizon_ms(); }

  // ---- The executing thread's side.
  const Worker& worker() const { return *worker_; }
  EffectSink* journal() const { return worker_->journal; }  // Null: there is no journal.
  ShardStats& stats() const { return *worker_->stats; }
  Random& random() const { return *worker_->random; }
  Pushes& pushes() const { return *worker_->pushes; }

  // The set, for what the shards share: options, limits of memory, messages.
  ShardSet& set() const { return *set_; }
  const EngineOptions& options() const;

 private:
  bool includes(size_t shard) const { return members_ == nullptr || (*members_)[shard]; }
  size_t shard_count() const;
  ShardData& data_of(size_t shard) const;

  ShardSet* set_;
  const Worker* worker_;
  ShardData* single_;  // The only covered shard; null: see members_.
  const std::vector<bool>* members_ = nullptr;
  Moment moment_;
  HoldMode mode_ = HoldMode::kLive;
};

}  // namespace kvstash::engine
