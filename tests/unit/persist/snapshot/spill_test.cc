// The way of chunks through memory and a scratch file.

#include "persist/snapshot/spill.h"

#include "base/random.h"
#include "sim/sim_disk.h"
#include "support/node_ports.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using Item = ChunkLane::Item;
using test::SimDisk;

Item item_of(std::string bytes) {
  Item item;
  item.chunk.encoded.bytes = std::move(bytes);
  return item;
}

// A spill that has no thread.
struct Stepped {
  explicit Stepped(size_t lanes, uint64_t bytes_max = 1 << 20, size_t ready_bytes = 1)
      : spill(lanes,
              {.ports = &ports,
               .bytes_max = bytes_max,
               .ready_bytes = ready_bytes,
               .slot_bytes = 300,
               .began = [this] { ++began; },
               .has_thread = false},
              {.arrived = [this] { ++arrived; },
               .is_lost = [this](std::string why) { lost += why; }}) {}

  void step_all() {
    while (spill.step()) {
    }
  }
  // All that can be had from a lane.
  std::string take_all(size_t lane) {
    std::string all;
    for (step_all(); spill.has(lane); step_all())
      all += spill.take(lane)->chunk.encoded.bytes + " ";
    return all;
  }

  SimDisk disk;
  engine::NodePorts ports = test::ports_with(disk);
  size_t began = 0;
  size_t arrived = 0;
  std::string lost;
  Spill spill;
};

std::string numbers(size_t from, size_t to) {
  std::string all;
  for (; from < to; ++from)
    all += std::to_string(from) + " ";
  return all;
}

void put_numbers(Spill& spill, size_t lane, size_t from, size_t to) {
  for (; from < to; ++from)
    spill.put(lane, item_of(std::to_string(from)));
}

}  // namespace

TEST_CASE("what goes through a spill comes out in order, for each lane") {
  Stepped node(2);
  put_numbers(node.spill, 0, 0, 1000);
  node.step_all();
  put_numbers(node.spill, 1, 5000, 5500);
  node.step_all();
  CHECK(node.began == 1);
  CHECK(node.spill.file_bytes() > 1000 * sizeof(Item) / 8);
  CHECK(node.spill.file_bytes() % 300 == 0);
  CHECK(node.spill.memory_bytes() < 4000);
  put_numbers(node.spill, 0, 1000, 1001);
  CHECK(node.take_all(1) == numbers(5000, 5500));
  CHECK_FALSE(node.spill.is_used(1));
  CHECK(node.spill.is_used(0));
  CHECK(node.take_all(0) == numbers(0, 1001));
  CHECK_FALSE(node.spill.is_used(0));
  node.step_all();
  CHECK(node.spill.file_bytes() == 0);
  CHECK(node.spill.memory_bytes() == 0);
  CHECK(node.arrived == 1501);
  node.spill.end();
  CHECK(node.disk.scratch_files() == 0);
}

TEST_CASE("what the reader takes at once never touches the disk") {
  Stepped node(1, 1 << 20, 10'000);
  for (size_t i = 0; i < 1000; i += 10) {
    put_numbers(node.spill, 0, i, i + 10);
    CHECK(node.take_all(0) == numbers(i, i + 10));
  }
  CHECK(node.disk.calls() == 0);
  CHECK(node.began == 0);
}

TEST_CASE("items larger than a slot come back whole") {
  Stepped node(1);
  std::string expected;
  for (size_t i = 0; i < 20; ++i) {
    const std::string bytes(i * 100, static_cast<char>('a' + i));
    node.spill.put(0, item_of(bytes));
    expected += bytes + " ";
  }
  CHECK(node.take_all(0) == expected);
}

TEST_CASE("a full scratch file leaves the rest in memory, and says so") {
  Stepped node(1, 1000);
  put_numbers(node.spill, 0, 0, 500);
  node.step_all();
  CHECK(node.spill.file_bytes() == 900);
  CHECK(node.spill.memory_bytes() > 400 * sizeof(Item));
  CHECK(node.spill.trouble() == "its scratch file is full (snapshot-spill-size 1000)");
  CHECK(node.take_all(0) == numbers(0, 500));
}

TEST_CASE("whatever call of the disk fails, chunks come out in order or are lost aloud") {
  using Fault = SimDisk::Fault;
  for (const Fault fault :
       {Fault::kNoSpace, Fault::kInputOutput, Fault::kShortWrite, Fault::kShortRead}) {
    const bool is_short = fault == Fault::kShortWrite || fault == Fault::kShortRead;
    for (uint64_t call = 1;; ++call) {
      CAPTURE(call);
      Stepped node(1);
      node.disk.inject({.call = call, .fault = fault, .count = is_short ? uint64_t{3} : 1});
      put_numbers(node.spill, 0, 0, 60);
      const std::string all = node.take_all(0);
      const bool was_reached = node.disk.calls() >= call;
      if (node.lost.empty()) {
        REQUIRE(all == numbers(0, 60));
      } else {
        REQUIRE_FALSE(is_short);
        REQUIRE(numbers(0, 60).starts_with(all));
        REQUIRE(node.lost.starts_with("The scratch file of the snapshot cannot be read: read "));
      }
      if (was_reached && !is_short && node.lost.empty())
        CHECK(node.spill.trouble().starts_with("its scratch file failed: "));
      node.spill.end();
      REQUIRE(node.disk.scratch_files() == 0);
      if (!was_reached) break;
    }
  }
}

TEST_CASE("a spill that ended frees what it has, also what is put in after") {
  Stepped node(2);
  put_numbers(node.spill, 0, 0, 100);
  node.step_all();
  put_numbers(node.spill, 1, 0, 100);
  node.spill.end();
  CHECK(node.spill.memory_bytes() == 0);
  CHECK(node.spill.file_bytes() == 0);
  CHECK(node.disk.scratch_files() == 0);
  node.spill.put(0, item_of("x"));
  CHECK_FALSE(node.spill.has(0));
  CHECK_FALSE(node.spill.step());
  node.spill.end();
}

TEST_CASE("lanes have threads of their own at both ends, and keep their order") {
  const test::Watchdog watchdog("a spill with threads", std::chrono::seconds(120));
  constexpr size_t kLanes = 3;
  constexpr size_t kItems = 20'000;
  SimDisk disk;
  engine::NodePorts ports = test::ports_with(disk);
  std::atomic<uint32_t> arrived = 0;
  Spill spill(kLanes,
              {.ports = &ports, .bytes_max = 10'000, .ready_bytes = 3000, .slot_bytes = 500},
              {.arrived =
                   [&] {
                     ++arrived;
                     arrived.notify_all();
                   },
               .is_lost = [](const std::string&) { std::abort(); }});
  std::vector<std::thread> shards;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    shards.emplace_back([&, lane] {
      Random random(lane);
      for (size_t i = 0; i < kItems; ++i) {
        spill.put(lane, item_of(std::to_string(i)));
        if (random.one_in(50)) std::this_thread::yield();
      }
    });
  }
  size_t next[kLanes] = {};
  for (size_t left = kLanes * kItems; left != 0;) {
    const uint32_t seen = arrived;
    const size_t before = left;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      while (spill.has(lane)) {
        REQUIRE(spill.take(lane)->chunk.encoded.bytes == std::to_string(next[lane]++));
        --left;
      }
    }
    if (left == before) arrived.wait(seen);
  }
  for (std::thread& shard : shards)
    shard.join();
  CHECK_FALSE(spill.is_used(0));
}

TEST_CASE("a disk that stands still holds up nobody who puts something in") {
  const test::Watchdog watchdog("a spill whose disk stands still", std::chrono::seconds(60));
  SimDisk disk;
  engine::NodePorts ports = test::ports_with(disk);
  std::mutex lock;
  std::condition_variable changed;
  bool is_held = false;
  bool is_free = false;
  disk.set_hook([&](std::string_view what, const std::string&) {
    if (what != "write") return;
    std::unique_lock held(lock);
    is_held = true;
    changed.notify_all();
    changed.wait(held, [&] { return is_free; });
  });
  Spill spill(1, {.ports = &ports, .bytes_max = 1 << 20, .ready_bytes = 1, .slot_bytes = 300},
              {.arrived = [] {}, .is_lost = [](const std::string&) {}});
  put_numbers(spill, 0, 0, 100);
  {
    std::unique_lock held(lock);
    changed.wait(held, [&] { return is_held; });
  }
  put_numbers(spill, 0, 100, 5000);
  CHECK(spill.memory_bytes() > 4900 * sizeof(Item));
  CHECK(spill.trouble() == "the disk of its scratch file is too slow as well");
  {
    const std::lock_guard held(lock);
    is_free = true;
  }
  changed.notify_all();
  spill.end();
}

}  // namespace kvstash::persist
