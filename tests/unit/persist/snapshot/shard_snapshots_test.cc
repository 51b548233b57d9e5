// Snapshots of whole shards: whatever changes while they are under way, they hold what was there at
// the cut.

#include "persist/snapshot/shard_snapshots.h"

#include "support/model_seed.h"
#include "support/pulled_snapshot.h"
#include "support/random_keyspaces.h"
#include "support/timed_snapshot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using store::Keyspace;
using store::Mark;
using test::KeyspaceImage;
using test::PulledSnapshot;
using test::RandomKeyspaces;
using Images = std::map<uint32_t, KeyspaceImage>;

// Most values are large by these bounds.
constexpr SmallBounds kTinyBounds{.elements_max = 9, .bytes_max = 900, .string_bytes_max = 5000};

// A snapshot, what it is to hold, and what came of it.
struct Cut {
  Images real;
  std::shared_ptr<Snapshot> snapshot;
  std::unique_ptr<PulledSnapshot> pulled;
  bool is_over = false;
};

// Some shards whose data changes at random, beside snapshots.
class Node {
 public:
  Node(uint64_t seed, size_t shards) : random_(seed) {
    for (size_t i = 0; i < shards; ++i) {
      data_.push_back(
          std::make_unique<RandomKeyspaces>(seed * 100 + i, "s" + std::to_string(i) + "-"));
      const RandomKeyspaces* data = data_.back().get();
      shards_.push_back(std::make_unique<ShardSnapshots>(
          i, data_.back()->memory(), [data](const ShardSnapshots::Visit& visit) {
            uint32_t db = 0;
            for (Keyspace* space : data->spaces())
              visit(db++, *space);
          }));
    }
  }

  Random& random() { return random_; }
  size_t shards() const { return shards_.size(); }

  // Changes a shard and steps its snapshots until they are done, and takes keys from other shards.
  // What is dropped is freed by a thread of its own. For a thread of each shard; a mutex is what a
  // hold is in a server.
  void run_shard(size_t shard, uint64_t seed) {
    Random random(seed);
    StepResult result = StepResult::kWorks;
    while (result != StepResult::kDone) {
      const size_t other = random.below(shards());
      if (other != shard) {
        const std::scoped_lock both(holds_[shard], holds_[other]);
        for (uint64_t keys = random.below(4); keys != 0; --keys)
          data_[shard]->take_from(*data_[other]);
      }
      const std::scoped_lock own(holds_[shard]);
      for (uint64_t steps = random.below(40); steps != 0; --steps)
        data_[shard]->step();
      result = shards_[shard]->step(Budget(1 + random.below(60), 1 + random.below(9000)));
      store::Garbage& garbage = data_[shard]->memory().garbage;
      if (!garbage.empty())
        std::thread([dropped = std::exchange(garbage, {})]() mutable { dropped.clear(); }).join();
    }
  }

  void change(size_t steps) {
    for (; steps != 0; --steps) {
      RandomKeyspaces& data = *data_[random_.below(data_.size())];
      RandomKeyspaces& other = *data_[random_.below(data_.size())];
      if (&data != &other && random_.one_in(20)) data.take_from(other);
      data.step();
    }
  }

  std::optional<Mark> free_mark() const {
    std::vector<const ShardSnapshots*> all;
    for (const auto& shard : shards_)
      all.push_back(shard.get());
    return ShardSnapshots::free_mark(all);
  }

  Cut begin(Mark mark, const SmallBounds& bounds) {
    Cut cut;
    for (const auto& data : data_) {
      uint32_t db = 0;
      for (const Keyspace* space : data->spaces())
        cut.real[db++].merge(test::without_encoding(test::image_of(*space)));
    }
    std::erase_if(cut.real, [](const auto& database) { return database.second.empty(); });
    cut.snapshot = std::make_shared<Snapshot>(
        parking_, Snapshot::Options{.shards = data_.size(),
                                    .mark = mark,
                                    .small = bounds,
                                    .queue_bytes_max = 1 + random_.below(100'000),
                                    .preimage_bytes_max = size_t{1} << 30});
    for (const auto& shard : shards_)
      shard->begin(cut.snapshot);
    cut.pulled = std::make_unique<PulledSnapshot>(cut.snapshot);
    return cut;
  }

  void walk() {
    for (const auto& shard : shards_) {
      if (random_.one_in(3)) continue;
      const size_t elements = 1 + random_.below(random_.one_in(4) ? 300 : 20);
      shard->step(Budget(elements, 1 + random_.below(20'000)));
    }
    for (const auto& data : data_)
      data->memory().garbage.clear();
  }
  bool is_idle() const {
    return std::ranges::all_of(shards_, [](const auto& shard) { return shard->is_idle(); });
  }

 private:
  Random random_;
  ThreadParking parking_;
  std::vector<std::unique_ptr<RandomKeyspaces>> data_;
  std::vector<std::unique_ptr<ShardSnapshots>> shards_;
  std::array<std::mutex, 4> holds_;
};

void check(const Cut& cut) {
  REQUIRE(cut.pulled->error() == "");
  REQUIRE(cut.pulled->is_whole());
  const Images images = cut.pulled->images();
  REQUIRE(images.size() == cut.real.size());
  for (const auto& [db, real] : cut.real) {
    CAPTURE(db);
    REQUIRE(test::difference(images.at(db), real) == "");
  }
  const Snapshot::Progress progress = cut.snapshot->progress();
  CHECK(progress.keys_done == progress.keys_total);
  CHECK(progress.queued_bytes == 0);
}

// Pulls a little of a snapshot, or gives it up.
void pull(Node& node, Cut& cut, bool may_give_up) {
  if (may_give_up && node.random().one_in(100)) cut.snapshot->give_up("The test wants no more.");
  for (uint64_t chunks = node.random().below(8); chunks != 0 && !cut.is_over; --chunks)
    cut.is_over = !cut.pulled->pull();
  if (!cut.is_over || cut.pulled->is_whole()) return;
  CHECK(cut.pulled->error() == "The test wants no more.");
}

// Makes snapshots, up to two at a time, beside random changes, and compares them.
void check_snapshots(uint64_t seed, size_t shards, size_t snapshots, const SmallBounds& bounds) {
  CAPTURE(seed);
  CAPTURE(shards);
  Node node(seed, shards);
  std::vector<Cut> cuts;
  size_t whole = 0;
  node.change(3000);
  const bool may_give_up = node.random().one_in(2);
  const size_t changes = node.random().below(60);  // Between two steps of the walk.
  for (size_t begun = 0; begun < snapshots || !cuts.empty() || !node.is_idle();) {
    CAPTURE(begun);
    const std::optional<Mark> mark = node.free_mark();
    if (begun < snapshots && mark && node.random().one_in(10)) {
      cuts.push_back(node.begin(*mark, bounds));
      ++begun;
    }
    node.change(node.random().below(1 + changes));
    node.walk();
    for (Cut& cut : cuts) {
      pull(node, cut, may_give_up);
      if (!cut.is_over || !cut.pulled->is_whole()) continue;
      check(cut);
      ++whole;
    }
    std::erase_if(cuts, [](const Cut& cut) { return cut.is_over; });
  }
  CHECK(node.free_mark() == Mark::kFirst);
  if (!may_give_up) CHECK(whole == snapshots);
}

// As above, with a thread for each shard and each reader.
void check_threads(uint64_t seed, size_t shards, int rounds) {
  CAPTURE(seed);
  Node node(seed, shards);
  node.change(3000);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Cut first = node.begin(Mark::kFirst, kTinyBounds);
    Cut second = node.begin(Mark::kSecond, kTinyBounds);
    const bool gives_up = round % 3 == 2;
    std::vector<std::thread> threads;
    for (size_t shard = 0; shard < shards; ++shard)
      threads.emplace_back([&node, shard, seed] { node.run_shard(shard, seed + shard); });
    threads.emplace_back([&first] { first.pulled->pull_all(); });
    threads.emplace_back([&second, gives_up] {
      if (gives_up) second.snapshot->give_up("The test wants no more.");
      second.pulled->pull_all();
    });
    for (std::thread& thread : threads)
      thread.join();
    check(first);
    if (!gives_up) check(second);
    CHECK(node.is_idle());
  }
}

}  // namespace

TEST_CASE("snapshots are whole with threads of their own for shards, readers and the reaper") {
  check_threads(31, 1, 6);
  check_threads(32, 3, 6);
}

TEST_CASE("a snapshot holds what was there at the cut, whatever changes meanwhile") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    for (uint64_t i = 0; i < 100; ++i)
      check_snapshots(*seed + i, 1 + i % 4, 30, i % 4 == 0 ? SmallBounds{} : kTinyBounds);
    return;
  }
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    check_snapshots(seed, 1, 6, kTinyBounds);
    check_snapshots(seed + 10, 2, 6, kTinyBounds);
    check_snapshots(seed + 20, 2, 3, SmallBounds{});
    check_snapshots(seed + 30, 4, 3, kTinyBounds);
  }
}

TEST_CASE("many small entries are written while they change") {
  constexpr HashSeed kSeed{31, 32, 33};
  const size_t keys = test::snapshot_elements();
  store::ShardMemory memory;
  Keyspace space(kSeed, memory, 0);
  const auto put = [&](size_t number, char filler) {
    const std::string name = "key:" + std::to_string(number);
    const store::KeyRef key{name, keyed_hash(name, kSeed)};
    space.put_string(key, space.find(key), std::string(100, filler), std::nullopt);
  };
  for (size_t i = 0; i < keys; ++i)
    put(i, 'a');
  Random random(1);
  const auto write = [&] { put(random.below(2 * keys), 'b'); };
  test::timed_snapshot("small entries", space, memory, 50, write);
}

}  // namespace kvstash::persist
