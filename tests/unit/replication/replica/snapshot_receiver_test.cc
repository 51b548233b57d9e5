#include "replication/replica/snapshot_receiver.h"

#include "persist/node/rdb_file.h"
#include "persist/rdb/encoder.h"
#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::replication {
namespace {

using persist::ChunkLane;
using persist::Snapshot;
using test::SimDisk;

constexpr const char* kPath = "temp-1.rdb";

// The bytes of a snapshot of two keys, behind which the stream is in database 5.
std::string snapshot_bytes() {
  ThreadParking parking;
  Snapshot snapshot(parking, Snapshot::Options{.shards = 1});
  ChunkLane::Item item;
  persist::rdb::Encoder encoder(item.chunk.encoded);
  for (const std::string_view key : {"one", "two"}) {
    encoder.type(persist::rdb::Type::kString);
    encoder.string(key);
    encoder.string("value");
  }
  snapshot.push(0, std::move(item));
  snapshot.push(0, {.kind = ChunkLane::Item::Kind::kSmallDone});
  snapshot.push(0, {.kind = ChunkLane::Item::Kind::kDone});
  persist::RdbFacts facts;
  facts.redis_version = "7.2.4";
  facts.stream = persist::RdbFacts::Stream{.replid = std::string(40, 'a'), .offset = 7, .db = 5};
  SimDisk disk;
  REQUIRE(persist::write_rdb_file(disk, "made.rdb", snapshot, facts, {.has_checksum = true}).ok());
  return *read_whole(disk, "made.rdb", size_t{1} << 20);
}

struct Received {
  Status taken;
  Status finished;
  SnapshotContent content;
};

Received receive(SimDisk& disk, std::string_view bytes, size_t piece) {
  Received received;
  Result<std::unique_ptr<SnapshotReceiver>> made = SnapshotReceiver::create(disk, kPath, true);
  REQUIRE(made.ok());
  SnapshotReceiver& receiver = **made;
  for (; !bytes.empty() && received.taken.ok(); bytes.remove_prefix(std::min(piece, bytes.size())))
    received.taken = receiver.take(bytes.substr(0, piece));
  if (received.taken.ok()) received.finished = receiver.finish();
  received.content = receiver.content();
  return received;
}

TEST_CASE("a whole snapshot is taken in pieces of any size, and what it says is told") {
  const std::string bytes = snapshot_bytes();
  for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
    SimDisk disk;
    const Received received = receive(disk, bytes, piece);
    CHECK(received.taken.ok());
    CHECK(received.finished.ok());
    CHECK(received.content.keys == 2);
    CHECK(received.content.stream_db == 5);
    CHECK_FALSE(disk.find(kPath)->has_value());  // It goes with the receiver.
  }
}

TEST_CASE("the file has the bytes that were taken") {
  SimDisk disk;
  const std::string bytes = snapshot_bytes();
  Result<std::unique_ptr<SnapshotReceiver>> receiver = SnapshotReceiver::create(disk, kPath, true);
  REQUIRE(receiver.ok());
  REQUIRE((*receiver)->take(bytes).ok());
  REQUIRE((*receiver)->finish().ok());
  CHECK((*receiver)->bytes() == bytes.size());
  CHECK(*read_whole(disk, (*receiver)->path(), size_t{1} << 20) == bytes);
}

TEST_CASE("a snapshot that ends too soon, or has one wrong bit, is refused") {
  const std::string bytes = snapshot_bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    SimDisk disk;
    const Received received = receive(disk, std::string_view(bytes).substr(0, length), 16);
    CHECK_FALSE((received.taken.ok() && received.finished.ok()));
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    SimDisk disk;
    const Received received = receive(disk, damaged, 16);
    CAPTURE(at);
    CHECK_FALSE((received.taken.ok() && received.finished.ok()));
  }
}

TEST_CASE("a disk that is full ends the synchronization with its reason") {
  SimDisk disk;
  Result<std::unique_ptr<SnapshotReceiver>> receiver = SnapshotReceiver::create(disk, kPath, true);
  REQUIRE(receiver.ok());
  disk.set_space(4);
  const Status taken = (*receiver)->take("REDIS0011");
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().message().find("No space left on device") != std::string_view::npos);
}

}  // namespace
}  // namespace kvstash::replication
