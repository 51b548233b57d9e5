// Snapshots of whole shards: whatever changes while they are under way, they hold what was there at
// the cut.

#include "persist/snapshot/shard_snapshots.h"

#include "base/alloc.h"
#include "sim/sim_disk.h"
#include "support/model_seed.h"
#include "support/node_ports.h"
#include "support/pulled_snapshot.h"
#include "support/random_keyspaces.h"
#include "support/timed_snapshot.h"
#include "unit/net/temp_dir.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
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

  // Nearly everything goes through the spill, with a thread of its own or stepped by pull().
  Cut begin(Mark mark, const SmallBounds& bounds, bool has_thread) {
    Cut cut;
    for (const auto& data : data_) {
      uint32_t db = 0;
      for (const Keyspace* space : data->spaces())
        cut.real[db++].merge(test::without_encoding(test::image_of(*space)));
    }
    std::erase_if(cut.real, [](const auto& database) { return database.second.empty(); });
    const bool is_tiny = !random_.one_in(4);
    cut.snapshot = std::make_shared<Snapshot>(
        parking_,
        Snapshot::Options{.shards = data_.size(),
                          .mark = mark,
                          .small = bounds,
                          .chunk_bytes = 1 + random_.below(3000),
                          .queue_bytes_max = 1 + random_.below(is_tiny ? 500 : 100'000),
                          .preimage_bytes_max = size_t{1} << 30,
                          .spill_above_bytes = random_.below(is_tiny ? 500 : 20'000),
                          .spill = {.ports = &ports_,
                                    .bytes_max = uint64_t{1} << 30,
                                    .ready_bytes = 1 + random_.below(is_tiny ? 500 : 20'000),
                                    .slot_bytes = 1 + random_.below(5000),
                                    .began = [this] { ++spilled_; },
                                    .has_thread = has_thread}});
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
  size_t spilled() const { return spilled_; }  // The snapshots that have.
  const test::SimDisk& disk() const { return disk_; }
  bool is_idle() const {
    return std::ranges::all_of(shards_, [](const auto& shard) { return shard->is_idle(); });
  }

 private:
  Random random_;
  ThreadParking parking_;
  test::SimDisk disk_;
  engine::NodePorts ports_ = test::ports_with(disk_);
  std::atomic<size_t> spilled_ = 0;
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
  const uint64_t chunks_max = uint64_t{1} << node.random().below(9);
  for (uint64_t chunks = node.random().below(chunks_max); chunks != 0 && !cut.is_over; --chunks) {
    cut.is_over = !cut.pulled->pull();
    if (node.random().one_in(4)) cut.snapshot->step_spill();
  }
  for (uint64_t steps = node.random().below(20); steps != 0; --steps)
    cut.snapshot->step_spill();
  if (!cut.is_over || cut.pulled->is_whole()) return;
  CHECK(cut.pulled->error() == "The test wants no more.");
}

// Makes snapshots, up to two at a time, beside random changes, and compares them. Returns how many
// have spilled.
size_t check_snapshots(uint64_t seed, size_t shards, size_t snapshots, const SmallBounds& bounds) {
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
      cuts.push_back(node.begin(*mark, bounds, false));
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
  CHECK(node.disk().scratch_files() == 0);
  if (!may_give_up) CHECK(whole == snapshots);
  return node.spilled();
}

// As above, with a thread for each shard and each reader.
void check_threads(uint64_t seed, size_t shards, int rounds) {
  CAPTURE(seed);
  Node node(seed, shards);
  node.change(3000);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Cut first = node.begin(Mark::kFirst, kTinyBounds, true);
    Cut second = node.begin(Mark::kSecond, kTinyBounds, true);
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
  CHECK(node.disk().scratch_files() == 0);
}

// A keyspace whose every value is overwritten while the readers of its snapshots take nothing.
class Flood {
 public:
  static constexpr size_t kKeys = 32'000;
  static constexpr size_t kValueBytes = 2500;  // 80 MB in all.

  Flood(Disk& disk, std::string directory)
      : ports_(test::ports_with(disk)), directory_(std::move(directory)) {
    for (size_t i = 0; i < kKeys; ++i)
      put(i, 'a');
  }

  std::shared_ptr<Snapshot> begin(Mark mark) {
    const auto snapshot = std::make_shared<Snapshot>(
        parking_, Snapshot::Options{
                      .mark = mark,
                      .spill = {.ports = &ports_, .directory = directory_, .bytes_max = 1u << 30}});
    shard_.begin(snapshot);
    snapshots_.push_back(snapshot);
    return snapshot;
  }

  // Overwrites everything. `paces`: as fast as the spills can keep up with.
  void overwrite(bool paces) {
    const size_t before = allocator_stats().allocated;
    for (size_t i = 0; i < kKeys; ++i) {
      put(i, 'b');
      if (i % 100 != 0) continue;
      while (shard_.step(Budget(200, 100'000)) == StepResult::kWorks && !is_given_up()) {
      }
      const size_t now = allocator_stats().allocated;
      grown_max_ = std::max(grown_max_, now - std::min(now, before));
      queued_max_ = std::max(queued_max_, queued());
      while (paces && !is_given_up() && queued() > snapshots_.size() * (size_t{28} << 20))
        std::this_thread::yield();
    }
  }

  // Ends the snapshots, which are pulled meanwhile if they are to be whole.
  void finish() {
    while (shard_.step(Budget(1000, 1'000'000)) != StepResult::kDone)
      std::this_thread::yield();
  }

  bool is_given_up() const {
    return std::ranges::all_of(snapshots_, [](const auto& each) { return each->is_given_up(); });
  }
  size_t queued() const {
    size_t bytes = 0;
    for (const auto& snapshot : snapshots_)
      bytes += snapshot->progress().queued_bytes;
    return bytes;
  }
  size_t grown_max() const { return grown_max_; }  // Of all that was allocated.
  size_t queued_max() const { return queued_max_; }

 private:
  void put(size_t number, char filler) {
    const std::string name = "key:" + std::to_string(number);
    const store::KeyRef key{name, keyed_hash(name, kSeed)};
    space_.put_string(key, space_.find(key), std::string(kValueBytes, filler), std::nullopt);
  }

  static constexpr HashSeed kSeed{31, 32, 33};

  engine::NodePorts ports_;
  std::string directory_;
  ThreadParking parking_;
  store::ShardMemory memory_;
  Keyspace space_{kSeed, memory_, 0};
  ShardSnapshots shard_{0, memory_,
                        [this](const ShardSnapshots::Visit& visit) { visit(0, space_); }};
  std::vector<std::shared_ptr<Snapshot>> snapshots_;
  size_t grown_max_ = 0;
  size_t queued_max_ = 0;
};

// Pulls a snapshot to its end, and counts the values of the cut. Nothing else may be in it.
void check_flood(const std::shared_ptr<Snapshot>& snapshot) {
  PulledSnapshot pulled(snapshot);
  pulled.pull_all();
  REQUIRE(pulled.error() == "");
  const Images images = pulled.images();
  REQUIRE(images.at(0).size() == Flood::kKeys);
  const std::vector<std::string> value{std::string(Flood::kValueBytes, 'a')};
  for (const auto& [key, image] : images.at(0))
    REQUIRE(image.parts == value);
}

}  // namespace

TEST_CASE("snapshots are whole with threads of their own for shards, readers and the reaper") {
  check_threads(31, 1, 6);
  check_threads(32, 3, 6);
}

TEST_CASE("a snapshot holds what was there at the cut, whatever changes meanwhile") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    for (uint64_t i = 0; i < 100; ++i)
      static_cast<void>(
          check_snapshots(*seed + i, 1 + i % 4, 30, i % 4 == 0 ? SmallBounds{} : kTinyBounds));
    return;
  }
  size_t spilled = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    spilled += check_snapshots(seed, 1, 6, kTinyBounds);
    spilled += check_snapshots(seed + 10, 2, 6, kTinyBounds);
    spilled += check_snapshots(seed + 20, 2, 3, SmallBounds{});
    spilled += check_snapshots(seed + 30, 4, 3, kTinyBounds);
  }
  CHECK(spilled >= 50);  // Of 108.
}

TEST_CASE("a reader that takes nothing costs bounded memory, and gets exactly the cut in the end") {
  SystemDisk disk;
  const net::test::TempDir dir;
  Flood flood(disk, dir.path());
  const auto snapshot = flood.begin(Mark::kFirst);
  flood.overwrite(true);
  REQUIRE_FALSE(snapshot->is_given_up());
  CHECK(snapshot->progress().spilled_bytes > 30'000'000);
  CHECK(flood.queued_max() <= size_t{50} << 20);
#ifndef KVSTASH_NO_JEMALLOC
  CHECK(flood.grown_max() <= size_t{64} << 20);
#endif
  std::thread reader([&snapshot] { check_flood(snapshot); });
  flood.finish();
  reader.join();
}

TEST_CASE("two snapshots spill at the same time, each with a scratch file of its own") {
  SystemDisk disk;
  const net::test::TempDir dir;
  Flood flood(disk, dir.path());
  const auto first = flood.begin(Mark::kFirst);
  const auto second = flood.begin(Mark::kSecond);
  flood.overwrite(true);
  REQUIRE_FALSE(first->is_given_up());
  REQUIRE_FALSE(second->is_given_up());
  CHECK(first->progress().spilled_bytes > 20'000'000);
  CHECK(second->progress().spilled_bytes > 20'000'000);
  CHECK(flood.queued_max() <= size_t{100} << 20);
  std::thread readers[] = {std::thread([&first] { check_flood(first); }),
                           std::thread([&second] { check_flood(second); })};
  flood.finish();
  for (std::thread& reader : readers)
    reader.join();
}

TEST_CASE("when the disk of the spill stands still, a snapshot is given up within its memory") {
  test::SimDisk disk;
  std::mutex stall;
  disk.set_hook([&stall](std::string_view what, const std::string&) {
    if (what != "write") return;
    const std::lock_guard wait(stall);
  });
  Flood flood(disk, ".");
  const auto snapshot = flood.begin(Mark::kFirst);
  {
    const std::lock_guard stalls(stall);
    flood.overwrite(false);
    CHECK(snapshot->is_given_up());
    CHECK(flood.queued_max() <= size_t{50} << 20);
#ifndef KVSTASH_NO_JEMALLOC
    CHECK(flood.grown_max() <= size_t{64} << 20);
#endif
  }
  PulledSnapshot pulled(snapshot);
  pulled.pull_all();
  CHECK(pulled.error() ==
        "The reader of the snapshot is too slow for the changes of the data, and the disk of its "
        "scratch file is too slow as well.");
  flood.finish();
  CHECK(disk.scratch_files() == 0);
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
