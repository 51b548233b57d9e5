#include "replication/primary/stream_cursor.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace kvstash::replication {
namespace {

using engine::DbIndex;
using engine::RecordTarget;
using persist::Journal;
using persist::Lane;

constexpr size_t kAll = size_t{1} << 30;

struct Fixture {
  Journal journal{{}, 0};
  Lane lane{journal};

  void write(std::string_view value, RecordTarget target = RecordTarget::kBoth) {
    const std::string_view argv[] = {"SET", "k", value};
    lane.write({.db = DbIndex{0}, .argv = argv, .raw = {}, .target = target});
    lane.flush();
  }
  StreamCursor cursor() {
    return {journal, std::make_unique<Journal::Reader>(journal, journal.end_place())};
  }
};

std::string drain(StreamCursor& cursor, size_t bytes_max) {
  std::string bytes;
  for (;;) {
    const std::string_view more = cursor.next(bytes_max);
    if (more.empty()) return bytes;
    CHECK(more.size() <= bytes_max);
    bytes += more;
  }
}

std::string record(std::string_view value) {
  return "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" +
         std::string(value) + "\r\n";
}

TEST_CASE("a cursor gives what replicas get, in pieces of any size") {
  for (const size_t bytes_max : {size_t{1}, size_t{7}, kAll}) {
    Fixture fixture;
    fixture.write("before");
    StreamCursor cursor = fixture.cursor();
    const persist::Offset begin = cursor.offset();
    CHECK_FALSE(cursor.has_more());
    CHECK(cursor.next(bytes_max).empty());
    fixture.write("a");
    fixture.write("log", RecordTarget::kAof);
    fixture.write("log again", RecordTarget::kAof);
    fixture.write("replicas", RecordTarget::kReplicas);
    fixture.write("b");
    CHECK(cursor.has_more());
    const std::string expected = record("a") + record("replicas") + record("b");
    CHECK(drain(cursor, bytes_max) == expected);
    CHECK_FALSE(cursor.has_more());
    CHECK(cursor.offset() == begin + expected.size());
    CHECK(cursor.offset() == fixture.journal.end_place().offset);
  }
}

TEST_CASE("a cursor passes what is the log's alone at the end, and goes on behind it") {
  Fixture fixture;
  fixture.write("a");
  StreamCursor cursor = fixture.cursor();
  fixture.write("log", RecordTarget::kAof);
  CHECK(cursor.has_more());
  CHECK(cursor.next(kAll).empty());
  CHECK_FALSE(cursor.has_more());
  fixture.write("b");
  CHECK(drain(cursor, kAll) == record("b"));
}

TEST_CASE("the journal keeps what a cursor has not given, and no more") {
  Fixture fixture;
  fixture.write("a");
  StreamCursor cursor = fixture.cursor();
  const std::string value(100'000, 'v');
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    fixture.write(value);
    expected += record(value);
  }
  CHECK(fixture.journal.numbers().memory >= expected.size());
  CHECK(drain(cursor, 1000) == expected);
  fixture.write("b");
  CHECK(drain(cursor, kAll) == record("b"));
  fixture.write(value);
  fixture.write(value);
  fixture.write(value);
  CHECK(fixture.journal.numbers().blocks <= 3);
}

}  // namespace
}  // namespace kvstash::replication
