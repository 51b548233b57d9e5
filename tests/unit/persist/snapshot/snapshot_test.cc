// The way of chunks from the shards to the reader.

#include "persist/snapshot/snapshot.h"

#include "base/random.h"
#include "sim/sim_disk.h"
#include "support/node_ports.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using Kind = ChunkLane::Item::Kind;

ChunkLane::Item chunk_of(std::string bytes) {
  ChunkLane::Item item;
  item.chunk.encoded.bytes = std::move(bytes);
  return item;
}

// A chunk that ends inside a value.
ChunkLane::Item part_of(std::string bytes) {
  ChunkLane::Item item = chunk_of(std::move(bytes));
  item.goes_on = true;
  return item;
}

ChunkLane::Item end_of(Kind kind) {
  return {.kind = kind};
}

// Takes all chunks that can be had now, and describes them.
std::string take_all(Snapshot& snapshot) {
  std::string all;
  for (;;) {
    bool is_empty = false;
    const auto taken = snapshot.try_next(is_empty);
    if (is_empty) return all;
    if (!taken.ok()) return all + "error: " + std::string(taken.error().message());
    if (!*taken) return all + "end";
    all += (*taken)->encoded.bytes + " ";
  }
}

}  // namespace

TEST_CASE("small entries come from all shards in turn, and large values are never mixed") {
  ThreadParking parking;
  Snapshot snapshot(parking, {.shards = 2});
  CHECK(take_all(snapshot) == "");
  snapshot.push(0, chunk_of("a1"));
  snapshot.push(0, chunk_of("a2"));
  snapshot.push(1, chunk_of("b1"));
  CHECK(take_all(snapshot) == "a1 b1 a2 ");
  snapshot.push(1, end_of(Kind::kSmallDone));
  snapshot.push(1, chunk_of("B1"));
  CHECK(take_all(snapshot) == "");  // The other shard has more small entries.
  snapshot.push(0, chunk_of("a3"));
  snapshot.push(0, end_of(Kind::kSmallDone));
  CHECK(take_all(snapshot) == "a3 B1 ");
  snapshot.push(0, part_of("A1-"));
  CHECK(take_all(snapshot) == "A1- ");
  snapshot.push(1, chunk_of("B2"));
  CHECK(take_all(snapshot) == "");  // The value in the other lane is not over.
  snapshot.push(0, part_of("-A1"));
  snapshot.push(0, end_of(Kind::kValueEnd));
  CHECK(take_all(snapshot) == "-A1 B2 ");
  snapshot.push(0, end_of(Kind::kDone));
  CHECK(take_all(snapshot) == "");
  snapshot.push(1, end_of(Kind::kDone));
  CHECK(take_all(snapshot) == "end");
  CHECK(take_all(snapshot) == "end");
}

TEST_CASE("a lane that was lent wakes its own shard when it is given back") {
  ThreadParking parking;
  std::vector<size_t> woken;
  Snapshot snapshot(parking, {.shards = 2, .wake = [&](size_t shard) { woken.push_back(shard); }});
  CHECK_FALSE(snapshot.is_lent(1));
  snapshot.lend(1);
  CHECK(snapshot.is_lent(1));
  snapshot.give_back(1);
  CHECK_FALSE(snapshot.is_lent(1));
  CHECK(woken == std::vector<size_t>{1});
}

TEST_CASE("shards are ready when all are, and hear of it") {
  ThreadParking parking;
  size_t woken = 0;
  Snapshot snapshot(parking, {.shards = 2, .wake = [&](size_t) { ++woken; }});
  snapshot.add_ready();
  snapshot.take_ready();
  snapshot.add_ready();
  CHECK_FALSE(snapshot.are_all_ready());
  CHECK(woken == 0);
  snapshot.add_ready();
  CHECK(snapshot.are_all_ready());
  CHECK(woken == 2);
}

TEST_CASE("a shard whose lane was full is woken once half of it is free") {
  ThreadParking parking;
  std::vector<size_t> woken;
  Snapshot snapshot(parking, {.shards = 2, .queue_bytes_max = 40'000, .wake = [&](size_t shard) {
                                woken.push_back(shard);
                              }});
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(snapshot.is_full(1, 1));
    snapshot.push(1, chunk_of(std::string(5000, 'x')));
  }
  CHECK(snapshot.is_full(1, 1));
  CHECK_FALSE(snapshot.is_full(0, 0));
  CHECK(snapshot.progress().queued_bytes > 20'000);
  bool is_empty = false;
  CHECK(snapshot.try_next(is_empty).ok());
  CHECK(woken.empty());
  CHECK(snapshot.try_next(is_empty).ok());
  CHECK(snapshot.try_next(is_empty).ok());
  CHECK(woken == std::vector<size_t>{1});
  CHECK(snapshot.try_next(is_empty).ok());
  CHECK(woken.size() == 1);
}

TEST_CASE("a snapshot whose reader is too slow for the changes is given up, and says so") {
  ThreadParking parking;
  size_t woken = 0;
  Snapshot snapshot(parking, {.shards = 2,
                              .queue_bytes_max = 2000,
                              .preimage_bytes_max = 10'000,
                              .wake = [&](size_t) { ++woken; }});
  for (int i = 0; i < 2; ++i) {
    snapshot.push(0, chunk_of(std::string(5000, 'x')));
    CHECK_FALSE(snapshot.is_given_up());
  }
  snapshot.push(0, chunk_of(std::string(5000, 'x')));
  CHECK(snapshot.is_given_up());
  CHECK(woken == 2);
  snapshot.give_up("Another reason.");
  CHECK(take_all(snapshot) ==
        "error: The reader of the snapshot is too slow for the changes of the data.");
}

TEST_CASE("what spills comes back in order, however lanes fill and empty") {
  ThreadParking parking;
  test::SimDisk disk;
  const engine::NodePorts ports = test::ports_with(disk);
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Snapshot snapshot(parking, {.shards = 2,
                                .queue_bytes_max = 1 + random.below(4000),
                                .spill_above_bytes = random.below(4000),
                                .spill = {.ports = &ports,
                                          .bytes_max = 1 << 20,
                                          .ready_bytes = 1 + random.below(1000),
                                          .slot_bytes = 1 + random.below(1000),
                                          .has_thread = false}});
    std::string expected[2];
    std::string taken[2];
    const auto take = [&] {
      bool is_empty = false;
      const auto chunk = snapshot.try_next(is_empty);
      REQUIRE(chunk.ok());
      if (is_empty) return false;
      if (*chunk) taken[(*chunk)->db] += (*chunk)->encoded.bytes;
      return chunk->has_value();
    };
    uint64_t spilled_max = 0;
    for (size_t i = 0; i < 2000; ++i) {
      const bool fills = i / 300 % 2 == 0;
      if (random.one_in(fills ? 2 : 5)) {
        const auto lane = static_cast<uint32_t>(random.below(2));
        const std::string bytes(1 + random.below(50), static_cast<char>('a' + random.below(26)));
        ChunkLane::Item item = chunk_of(bytes);
        item.chunk.db = lane;
        snapshot.push(lane, std::move(item));
        expected[lane] += bytes;
      }
      if (random.one_in(3)) snapshot.step_spill();
      if (random.one_in(fills ? 8 : 2)) take();
      spilled_max = std::max(spilled_max, snapshot.progress().spilled_bytes);
    }
    CHECK(spilled_max != 0);
    for (const size_t lane : {0, 1}) {
      snapshot.push(lane, end_of(Kind::kSmallDone));
      snapshot.push(lane, end_of(Kind::kDone));
    }
    for (bool goes_on = true; goes_on;) {
      goes_on = take();
      if (snapshot.step_spill()) goes_on = true;
    }
    CHECK(taken[0] == expected[0]);
    CHECK(taken[1] == expected[1]);
    CHECK(snapshot.progress().queued_bytes == 0);
    CHECK(disk.scratch_files() == 0);
  }
}

TEST_CASE("a lane that spills is full until all of it was taken, and then its shard is woken") {
  ThreadParking parking;
  test::SimDisk disk;
  const engine::NodePorts ports = test::ports_with(disk);
  size_t woken = 0;
  Snapshot snapshot(parking, {.queue_bytes_max = 10'000,
                              .spill_above_bytes = 10'000,
                              .spill = {.ports = &ports,
                                        .bytes_max = 1 << 20,
                                        .ready_bytes = 1,
                                        .slot_bytes = 1000,
                                        .has_thread = false},
                              .wake = [&](size_t) { ++woken; }});
  for (int i = 0; i < 10; ++i)
    snapshot.push(0, chunk_of(std::string(5000, 'x')));
  while (snapshot.step_spill()) {
  }
  CHECK(snapshot.progress().spilled_bytes > 20'000);
  CHECK(snapshot.is_full(0, 0));
  for (int i = 0; i < 10; ++i) {
    CHECK(woken == 0);
    bool is_empty = false;
    REQUIRE(snapshot.try_next(is_empty).ok());
    CHECK_FALSE(is_empty);
    while (snapshot.step_spill()) {
    }
  }
  CHECK(woken == 1);
  CHECK_FALSE(snapshot.is_full(0, 0));
}

TEST_CASE("a snapshot that spills is given up when memory fills all the same, with the reason") {
  ThreadParking parking;
  const auto fill = [&](uint64_t bytes_max, test::SimDisk& disk, bool steps) {
    const engine::NodePorts ports = test::ports_with(disk);
    Snapshot snapshot(parking, {.queue_bytes_max = 1000,
                                .preimage_bytes_max = 20'000,
                                .spill_above_bytes = 5000,
                                .spill = {.ports = &ports,
                                          .bytes_max = bytes_max,
                                          .ready_bytes = 1,
                                          .slot_bytes = 1000,
                                          .has_thread = false}});
    for (int i = 0; i < 1000 && !snapshot.is_given_up(); ++i) {
      snapshot.push(0, chunk_of(std::string(500, 'x')));
      CHECK(snapshot.progress().queued_bytes < 25'000);
      while (steps && snapshot.step_spill()) {
      }
    }
    REQUIRE(snapshot.is_given_up());
    const std::string reason = take_all(snapshot);
    CHECK(snapshot.progress().queued_bytes == 0);
    CHECK(disk.scratch_files() == 0);
    return reason;
  };
  const std::string too_slow =
      "error: The reader of the snapshot is too slow for the changes of the data, and ";
  test::SimDisk disk;
  CHECK(fill(50'000, disk, true) ==
        too_slow + "its scratch file is full (snapshot-spill-size 50000).");
  CHECK(fill(1 << 20, disk, false) ==
        too_slow + "the disk of its scratch file is too slow as well.");
  disk.set_space(50'000);
  CHECK(fill(1 << 20, disk, true) ==
        too_slow + "its scratch file failed: write scratch: No space left on device.");
}

TEST_CASE("an entry that is larger than all bounds together is no reason to give up") {
  ThreadParking parking;
  Snapshot snapshot(parking, {.queue_bytes_max = 1000, .preimage_bytes_max = 10'000});
  snapshot.push(0, chunk_of(std::string(1'000'000, 'x')));
  CHECK(snapshot.is_full(0, 0));
  snapshot.push(0, chunk_of(std::string(5000, 'x')));
  CHECK_FALSE(snapshot.is_given_up());
  snapshot.push(0, chunk_of(std::string(5000, 'x')));
  CHECK(snapshot.is_given_up());
}

TEST_CASE("fields with deadlines raise the version of the RDB unless it is pinned") {
  ThreadParking parking;
  const Snapshot::Database database{
      .db = 3, .keys = 2, .keys_with_deadline = 1, .keys_with_field_deadlines = 1};
  Snapshot snapshot(parking, {});
  CHECK(snapshot.rdb_version() == rdb::kVersionUsual);
  snapshot.count_keys(database);
  snapshot.count_keys(
      {.db = 1, .keys = 1, .keys_with_deadline = 0, .keys_with_field_deadlines = 0});
  snapshot.count_keys(database);
  CHECK(snapshot.rdb_version() == rdb::kVersionOfFieldDeadlines);
  REQUIRE(snapshot.databases().size() == 2);
  CHECK(snapshot.databases()[0].db == 1);
  CHECK(snapshot.databases()[1].keys == 4);
  CHECK(snapshot.progress().keys_total == 5);
  Snapshot pinned(parking, {.may_raise_version = false});
  pinned.count_keys(database);
  CHECK(pinned.rdb_version() == rdb::kVersionUsual);
}

TEST_CASE("a reader waits for chunks, and for a snapshot that is given up") {
  ThreadParking parking;
  for (const bool gives_up : {false, true}) {
    CAPTURE(gives_up);
    Snapshot snapshot(parking, {});
    std::string all;
    std::thread reader([&] {
      for (;;) {
        auto taken = snapshot.next();
        if (!taken.ok()) all += taken.error().message();
        if (!taken.ok() || !*taken) return;
        all += (*taken)->encoded.bytes;
      }
    });
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
      expected += std::to_string(i);
      snapshot.push(0, chunk_of(std::to_string(i)));
    }
    snapshot.push(0, end_of(Kind::kSmallDone));
    if (gives_up) {
      snapshot.give_up("Over.");
    } else {
      snapshot.push(0, end_of(Kind::kDone));
    }
    reader.join();
    if (!gives_up) CHECK(all == expected);
    if (gives_up) CHECK(all.ends_with("Over."));
  }
}

}  // namespace kvstash::persist
