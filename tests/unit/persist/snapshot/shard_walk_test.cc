// Snapshots beside all commands that write, with shards, the reaper and the reader of the snapshot
// on threads of their own: a snapshot holds what was there when each shard began it.

#include "persist/snapshot/shard_walk.h"

#include "persist/snapshot/shard_snapshots.h"
#include "sim/sim_disk.h"
#include "support/busy_node.h"
#include "support/model_seed.h"
#include "support/node_ports.h"
#include "support/pulled_snapshot.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using engine::Shard;
using store::Keyspace;
using store::Mark;
using test::KeyspaceImage;
using Images = std::map<uint32_t, KeyspaceImage>;

constexpr SmallBounds kTinyBounds{.elements_max = 4, .bytes_max = 500, .string_bytes_max = 4500};

// A snapshot that a thread of its own pulls.
struct Cut {
  Images real;
  std::shared_ptr<Snapshot> snapshot;
  std::unique_ptr<test::PulledSnapshot> pulled;
  std::thread puller;
};

class Node : public test::BusyNode {
 public:
  Node(uint64_t seed, size_t shards, bool evicts) : BusyNode(seed, shards, evicts) {
    for (size_t id = 0; id < shards; ++id) {
      snapshots_.push_back(ask<std::unique_ptr<ShardSnapshots>>(id, [](Shard& shard) {
        return std::make_unique<ShardSnapshots>(
            shard.data().id(), shard.data().memory(), [&shard](const ShardSnapshots::Visit& visit) {
              shard.data().each_keyspace([&](engine::DbIndex db, Keyspace& space) {
                visit(static_cast<uint32_t>(db), space);
              });
            });
      }));
    }
  }
  ~Node() {
    for (size_t id = 0; id < shards(); ++id) {
      ask<bool>(id, [this, id](Shard&) {
        snapshots_[id].reset();
        return true;
      });
    }
  }

  // Each shard begins by itself here, as if the others did not change meanwhile.
  void begin(Cut& cut, Mark mark) {
    cut.snapshot = std::make_shared<Snapshot>(
        parking_, Snapshot::Options{.shards = shards(),
                                    .mark = mark,
                                    .small = random().one_in(4) ? SmallBounds{} : kTinyBounds,
                                    .chunk_bytes = 1 + random().below(3000),
                                    .queue_bytes_max = 1 + random().below(20'000),
                                    .spill_above_bytes = random().below(20'000),
                                    .spill = {.ports = &ports_,
                                              .bytes_max = uint64_t{1} << 30,
                                              .ready_bytes = 1 + random().below(20'000),
                                              .slot_bytes = 1 + random().below(5000)}});
    for (size_t id = 0; id < shards(); ++id) {
      ask<bool>(id, [&](Shard& shard) {
        shard.data().each_keyspace([&](engine::DbIndex db, const Keyspace& space) {
          if (space.size() == 0) return;
          cut.real[static_cast<uint32_t>(db)].merge(test::without_encoding(test::image_of(space)));
        });
        snapshots_[id]->begin(cut.snapshot);
        return true;
      });
    }
    cut.pulled = std::make_unique<test::PulledSnapshot>(cut.snapshot);
    cut.puller = std::thread([pulled = cut.pulled.get()] { pulled->pull_all(); });
  }

  // Steps all shards. Returns whether all are done.
  bool walk() {
    bool are_done = true;
    for (size_t id = 0; id < shards(); ++id) {
      const Budget budget(1 + random().below(random().one_in(3) ? 200 : 10),
                          1 + random().below(9000));
      are_done =
          ask<bool>(id,
                    [&](Shard&) { return snapshots_[id]->step(budget) == StepResult::kDone; }) &&
          are_done;
    }
    return are_done;
  }

 private:
  template <typename T, typename Work>
  T ask(size_t id, const Work& work) {
    return threads().ask<T>(id, work);
  }

  ThreadParking parking_;
  test::SimDisk disk_;
  engine::NodePorts ports_ = test::ports_with(disk_);
  std::vector<std::unique_ptr<ShardSnapshots>> snapshots_;
};

void end(Cut& cut, bool was_given_up) {
  cut.puller.join();
  // It may have ended before it was given up.
  if (was_given_up && !cut.pulled->is_whole()) return;
  REQUIRE(cut.pulled->is_whole());
  const Images images = cut.pulled->images();
  REQUIRE(images.size() == cut.real.size());
  for (const auto& [db, real] : cut.real)
    REQUIRE(test::difference(images.at(db), real) == "");
}

void check_snapshots(uint64_t seed, size_t shards, int rounds, bool evicts = false) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog("snapshots beside commands", std::chrono::seconds(240));
  Node node(seed, shards, evicts);
  node.work(300);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Cut first;
    Cut second;
    node.begin(first, Mark::kFirst);
    node.work(node.random().below(60));
    node.walk();
    node.begin(second, Mark::kSecond);
    const bool gives_up = node.random().one_in(3);
    for (uint64_t left = node.random().below(15); left != 0; --left) {
      node.walk();
      node.work(node.random().below(40));
    }
    if (gives_up) first.snapshot->give_up("The test wants no more.");
    while (!node.walk())
      node.work(node.random().below(5));
    end(first, gives_up);
    end(second, false);
    node.work(node.random().below(60));
  }
}

}  // namespace

TEST_CASE("a snapshot beside commands holds what was there when it began") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    check_snapshots(*seed, 1, 50);
    check_snapshots(*seed, 3, 50);
    return;
  }
  for (const uint64_t seed : {1, 2, 3}) {
    check_snapshots(seed, 1, 6);
    check_snapshots(seed + 10, 2, 6);
  }
}

#ifndef KVSTASH_NO_JEMALLOC  // Without it, memory in use is not known well enough to evict by it.
TEST_CASE("a snapshot holds keys that are evicted meanwhile") {
  check_snapshots(5, 1, 4, true);
  check_snapshots(6, 2, 4, true);
}
#endif

}  // namespace kvstash::persist
