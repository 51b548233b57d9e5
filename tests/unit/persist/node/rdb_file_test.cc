#include "persist/node/rdb_file.h"

#include "engine/node_ports.h"
#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kvstash::persist {
namespace {

using Kind = ChunkLane::Item::Kind;
using test::SimDisk;

constexpr const char* kPath = "temp.rdb";

// A snapshot of one shard that holds one entry.
std::unique_ptr<Snapshot> small_snapshot(ThreadParking& parking) {
  auto snapshot = std::make_unique<Snapshot>(parking, Snapshot::Options{.shards = 1});
  ChunkLane::Item item;
  rdb::Encoder encoder(item.chunk.encoded);
  encoder.type(rdb::Type::kString);
  encoder.string("key");
  encoder.string("value");
  snapshot->push(0, std::move(item));
  snapshot->push(0, {.kind = Kind::kSmallDone});
  snapshot->push(0, {.kind = Kind::kDone});
  return snapshot;
}

Result<uint64_t> write(SimDisk& disk, std::function<void()> pace = {}) {
  ThreadParking parking;
  const std::unique_ptr<Snapshot> snapshot = small_snapshot(parking);
  RdbFacts facts;
  facts.redis_version = "7.2.4";
  facts.stream = RdbFacts::Stream{.replid = "r"};
  return write_rdb_file(disk, kPath, *snapshot, facts, {.file = {.pace = std::move(pace)}});
}

TEST_CASE("a file that was written stands on the disk, and its size is told") {
  SimDisk disk;
  disk.put(kPath, "older");
  int paces = 0;
  const Result<uint64_t> bytes = write(disk, [&] { ++paces; });
  REQUIRE(bytes.ok());
  CHECK(paces == 1);
  const std::string before = *disk.content(kPath);
  CHECK(*bytes == before.size());
  CHECK(before.starts_with("REDIS00"));
  CHECK(before.find("value") != std::string::npos);
  disk.crash();
  CHECK(disk.content(kPath) == before);
}

TEST_CASE("whichever call fails, the file is gone and the snapshot is given up") {
  SimDisk sound;
  REQUIRE(write(sound).ok());
  const uint64_t calls = sound.calls();
  REQUIRE(calls >= 4);
  for (const auto fault : {SimDisk::Fault::kNoSpace, SimDisk::Fault::kInputOutput}) {
    for (uint64_t call = 1; call <= calls; ++call) {
      CAPTURE(call);
      SimDisk disk;
      disk.inject({.call = call, .fault = fault});
      ThreadParking parking;
      const std::unique_ptr<Snapshot> snapshot = small_snapshot(parking);
      CHECK_FALSE(write_rdb_file(disk, kPath, *snapshot, {}, {}).ok());
      CHECK(snapshot->is_given_up());
      CHECK_FALSE(disk.content(kPath).has_value());
    }
  }
  SimDisk shorts;
  shorts.inject({.call = 1, .fault = SimDisk::Fault::kShortWrite, .count = 1000});
  REQUIRE(write(shorts).ok());
  CHECK(shorts.content(kPath) == sound.content(kPath));
}

TEST_CASE("a save that dies, or a power cut, at any call leaves the old file or the new one") {
  const auto save = [](SimDisk& disk) -> Status {
    if (const Result<uint64_t> bytes = write(disk); !bytes.ok()) return bytes.error();
    return put_rdb_file(disk, kPath, "dump.rdb");
  };
  SimDisk sound;
  REQUIRE(save(sound).ok());
  const std::string fresh = *sound.content("dump.rdb");
  CHECK_FALSE(sound.content(kPath).has_value());
  sound.crash();
  CHECK(sound.content("dump.rdb") == fresh);
  for (const bool has_power_cut : {false, true}) {
    for (uint64_t call = 1; call <= sound.calls(); ++call) {
      for (uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(has_power_cut);
        CAPTURE(call);
        CAPTURE(seed);
        SimDisk disk(seed);
        disk.put("dump.rdb", "old");
        if (has_power_cut) {
          disk.cut_power_at(call);
        } else {
          disk.inject({.call = call, .count = 1'000'000});
        }
        CHECK_FALSE(save(disk).ok());
        if (has_power_cut) disk.crash();
        const std::optional<std::string> found = disk.content("dump.rdb");
        CHECK((found == "old" || found == fresh));
      }
    }
  }
}

}  // namespace
}  // namespace kvstash::persist
