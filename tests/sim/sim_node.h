// SimNode: a whole node in one thread: its shards, their sessions, and clients with memory for
// sockets, under a time of its own and from a seed. The same seed gives the same run, to the byte.
//
// The scheduler steps one shard at a time, in an order that follows from the seed. While any shard
// has something to do, time stands still (or passes by a little, if Options::lag_us_max says so);
// when no shard has, time jumps to the next event that is due. So all that clients receive has an
// exact time.
#pragma once

#include "base/random.h"
#include "engine/node_ports.h"
#include "engine/shard.h"
#include "engine/shard_set.h"
#include "persist/node/persistence.h"
#include "persist/options.h"
#include "replication/node/node_history.h"
#include "scripting/scripting.h"
#include "sim/sim_client.h"
#include "sim/sim_clock.h"
#include "sim/sim_entropy.h"
#include "sim/sim_shard.h"
#include "sim/sim_task.h"
#include "support/data_meter.h"
#include "support/script_rooms.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class SimNode {
 public:
  struct Options {
    size_t shards = 1;
    uint64_t seed = 1;
    engine::EngineOptions engine{};
    // Simulates a slow machine: at times up to so much time passes between two steps.
    uint64_t lag_us_max = 0;
    bool cuts_input = true;  // Bytes of clients arrive in pieces that are cut anywhere.
    // Outlives the node; null: the node keeps nothing on disk. load() has to be called first.
    Disk* disk = nullptr;
    persist::PersistOptions persist{};
  };

  explicit SimNode(Options options)
      : options_(without_threads(std::move(options))),
        random_(options_.seed),
        entropy_(random_.next()),
        table_(engine_and_script_commands()),
        set_(options_.shards, table_, options_.engine,
             {.clock = &clock_,
              .entropy = &entropy_,
              .parking = &parking_,
              .memory = &memory_,
              .threads = &threads_,
              .disk = options_.disk}),
        scripting_(options_.shards, "7.2.4", set_.ports()) {
    set_.set_scripting(scripting_);
    if (options_.disk != nullptr) {
      persistence_ = std::make_unique<persist::Persistence>(
          persist::Persistence::Setup{.set = &set_,
                                      .scripting = &scripting_,
                                      .redis_version = "7.2.4",
                                      .history = &history_},
          options_.persist);
    }
    for (size_t id = 0; id < set_.size(); ++id)
      shards_.push_back(std::make_unique<SimShard>(set_.at(id), clock_, parking_, random_.next(),
                                                   options_.cuts_input));
  }
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;
  // Closes every client; then no session may be left.
  ~SimNode() {
    for (const auto& client : clients_) {
      if (!client->leaves_) client->hang_up();
    }
    run_for(1000);
    persistence_.reset();
    for (size_t id = 0; id < set_.size(); ++id)
      ensure(set_.at(id).clients().all().empty());
  }

  // Loads what is on the disk. Returns how that ended.
  Status load() {
    bool is_done = false;
    Status done;
    persistence_->start([&](Status loaded) {
      done = std::move(loaded);
      is_done = true;
    });
    while (!is_done)
      run_for(1);
    return done;
  }
  persist::Persistence& persistence() { return *persistence_; }

  SimClock& clock() { return clock_; }
  engine::ShardSet& set() { return set_; }
  engine::Shard& at(size_t shard) { return set_.at(shard); }
  // Changed only while the node does not run.
  engine::EngineOptions& options() { return options_.engine; }
  uint64_t steps() const { return steps_; }
  // True: the shard is parked in the middle of a turn for a hold.
  bool is_parked(size_t shard) const { return shards_[shard]->is_parked(); }
  // Returns the key number `number`, from 0, that lives on `shard`.
  std::string key_on(size_t shard, size_t number = 0) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (set_.shard_of(key) == shard && number-- == 0) return key;
    }
  }
  // Milliseconds since the simulation began.
  double now_ms() const { return clock_.elapsed_ms(); }

  SimClient& connect(size_t home) {
    clients_.push_back(std::make_unique<SimClient>());
    SimClient& client = *clients_.back();
    client.home_ = home % set_.size();
    client.shard_ = shards_[client.home_].get();
    client.shard_->list(client);
    return client;
  }
  // Connects a client that speaks RESP3.
  SimClient& connect3(size_t home) {
    SimClient& client = connect(home);
    ask(client, "HELLO 3");
    return client;
  }

  // Called by what runs inside of a thread of the node: lets time pass for it, while others run.
  // Does nothing outside of the node's threads.
  void stall(int64_t ns) {
    if (!parking_.is_in_task()) return;
    const int64_t end_ns = clock_.now_ns() + ns;
    for (std::atomic<uint32_t> never{0}; clock_.now_ns() < end_ns;)
      parking_.wait_for(never, 0, end_ns - clock_.now_ns());
  }

  // ---- Time passes. Events that are due exactly at the end happen as well.
  void run_until(double ms) {
    run_until_ns(SimClock::kBeginNs + std::llround(ms * SimClock::kNsPerMs));
  }
  void run_for(double ms) { run_until(now_ms() + ms); }
  // Runs until no shard has anything to do at this moment.
  void settle() { run_until_ns(clock_.now_ns()); }

  // Sends a command and lets the node work, while no time passes except its lag. Returns the next
  // reply or push of the client as text.
  template <typename Command>
  std::string ask(SimClient& client, const Command& command) {
    client.say(command);
    settle();
    return client.take_text();
  }

  // Steps one shard, or another thread of the node. False: none has anything to do at this moment.
  bool step() {
    runnable_.clear();
    for (const auto& shard : shards_) {
      if (shard->is_runnable()) runnable_.push_back(shard.get());
    }
    runnable_tasks_.clear();
    for (const auto& task : threads_.tasks()) {
      if (!task->is_over() && !task->is_parked()) runnable_tasks_.push_back(task);
    }
    const size_t count = runnable_.size() + runnable_tasks_.size();
    if (count == 0) return false;
    const size_t chosen = random_.below(count);
    ++steps_;
    // The shards do not keep each other busy for ever.
    ensure(steps_ - steps_before_moment_ < kStepsOfMomentMax);
    if (chosen < runnable_.size()) {
      SimShard& shard = *runnable_[chosen];
      shard.step();
      ensure(shard.idle_turns() < kIdleTurnsMax);
      if (shard.idle_turns() != 0) move_clock(clock_.now_ns() + kIdleTurnNs);
    } else {
      runnable_tasks_[chosen - runnable_.size()]->resume();
    }
    if (options_.lag_us_max != 0 && random_.one_in(4))
      move_clock(clock_.now_ns() + 1000 * static_cast<int64_t>(random_.below(options_.lag_us_max)));
    return true;
  }

 private:
  static constexpr uint64_t kStepsOfMomentMax = 1'000'000;
  // A shard that wakes a little too early, as it may after the wall clock was set, checks again and
  // again until its time has come: then each check takes so much time.
  static constexpr int64_t kIdleTurnNs = 1000;
  static constexpr uint64_t kIdleTurnsMax = 200'000;

  static Options without_threads(Options options) {
    // They are fetched by a thread, whose timing would influence the run.
    options.engine.huge_pages = false;
    return options;
  }

  void run_until_ns(int64_t end_ns) {
    for (;;) {
      while (step()) {
      }
      int64_t next_ns = std::numeric_limits<int64_t>::max();
      for (const auto& shard : shards_) {
        ensure(!shard->is_parked());  // A parked shard would never be unparked.
        next_ns = std::min(next_ns, shard->next_event_ns());
      }
      for (const auto& task : threads_.tasks()) {
        if (!task->is_over()) next_ns = std::min(next_ns, task->wait_ends_ns());
      }
      if (next_ns > end_ns) break;
      move_clock(next_ns);
    }
    move_clock(std::max(end_ns, clock_.now_ns()));
  }

  void move_clock(int64_t ns) {
    clock_.move_to(ns);
    steps_before_moment_ = steps_;
  }

  Options options_;
  Random random_;
  SimClock clock_;
  SimEntropy entropy_;
  replication::NodeHistory history_{entropy_};
  SimParking parking_{clock_};
  DataMeter memory_;
  SimThreads threads_{parking_};
  engine::CommandTable table_;
  engine::ShardSet set_;
  scripting::Scripting scripting_;
  std::unique_ptr<persist::Persistence> persistence_;  // Null: nothing is kept on disk.
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::unique_ptr<SimShard>> shards_;
  std::vector<SimShard*> runnable_;
  std::vector<std::shared_ptr<SimTask>> runnable_tasks_;
  uint64_t steps_ = 0;
  uint64_t steps_before_moment_ = 0;
};

}  // namespace kvstash::test
