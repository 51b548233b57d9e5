#include "replication/primary/snapshot_feed.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kvstash::replication {
namespace {

using State = SnapshotFeed::Reader::State;

struct Fixture {
  ThreadParking parking;
  std::atomic<int> arrivals{0};
  std::shared_ptr<SnapshotFeed> feed =
      std::make_shared<SnapshotFeed>(parking, 100, [this] { ++arrivals; });
};

TEST_CASE("all readers get the same pieces, each at its own pace") {
  Fixture fixture;
  SnapshotFeed::Reader first(fixture.feed);
  SnapshotFeed::Reader second(fixture.feed);
  CHECK(first.state() == State::kWaits);
  CHECK(first.next() == nullptr);
  REQUIRE(fixture.feed->put("one").ok());
  REQUIRE(fixture.feed->put("two").ok());
  CHECK(fixture.arrivals == 2);
  CHECK(first.state() == State::kHas);
  const SnapshotFeed::Piece one = first.next();
  CHECK(*one == "one");
  CHECK(*first.next() == "two");
  CHECK(first.state() == State::kWaits);
  fixture.feed->end();
  CHECK(first.state() == State::kEnded);
  CHECK(second.state() == State::kHas);
  CHECK(*second.next() == "one");
  CHECK(*second.next() == "two");
  CHECK(second.next() == nullptr);
  CHECK(second.state() == State::kEnded);
}

TEST_CASE("a piece is larger than the bound only if nothing else waits") {
  Fixture fixture;
  SnapshotFeed::Reader reader(fixture.feed);
  REQUIRE(fixture.feed->put(std::string(1000, 'x')).ok());
  std::atomic<bool> is_put{false};
  std::thread writer([&] {
    CHECK(fixture.feed->put("next").ok());
    is_put = true;
  });
  CHECK_FALSE(is_put);
  CHECK(reader.next()->size() == 1000);
  writer.join();
  CHECK(is_put);
  CHECK(*reader.next() == "next");
}

TEST_CASE("the writer waits for the slowest reader, and not for one that has gone") {
  Fixture fixture;
  auto slow = std::make_unique<SnapshotFeed::Reader>(fixture.feed);
  SnapshotFeed::Reader fast(fixture.feed);
  CHECK(fixture.feed->readers() == 2);
  std::thread writer([&] {
    for (int i = 0; i < 10; ++i)
      CHECK(fixture.feed->put(std::string(60, 'x')).ok());
    fixture.feed->end();
  });
  while (fast.next() == nullptr)
    std::this_thread::yield();
  slow.reset();
  size_t got = 1;
  while (fast.state() != State::kEnded) {
    if (fast.next() != nullptr) ++got;
  }
  writer.join();
  CHECK(got == 10);
}

TEST_CASE("nothing is made for nobody") {
  Fixture fixture;
  { const SnapshotFeed::Reader reader(fixture.feed); }
  CHECK_FALSE(fixture.feed->put("one").ok());
}

TEST_CASE("a failure ends the wait of the writer, and is told to readers") {
  Fixture fixture;
  SnapshotFeed::Reader reader(fixture.feed);
  REQUIRE(fixture.feed->put(std::string(90, 'x')).ok());
  std::thread writer([&] {
    const Status put = fixture.feed->put(std::string(90, 'y'));
    REQUIRE_FALSE(put.ok());
    CHECK(put.error().message() == "the server ends");
  });
  fixture.feed->fail("the server ends");
  writer.join();
  CHECK(reader.state() == State::kFailed);
  CHECK(reader.failure() == "the server ends");
  fixture.feed->fail("another reason");
  CHECK(reader.failure() == "the server ends");
}

}  // namespace
}  // namespace kvstash::replication
