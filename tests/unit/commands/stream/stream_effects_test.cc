#include "commands/stream/stream_effects.h"

#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;

// A shard with a stream `s` of three entries and a group `g` that has read none of them.
class OneStream {
 public:
  OneStream() : shards(1) {
    shards.options.stream_node_max_entries = 2;
    for (const char* id : {"1-1", "2-1", "3-1"})
      run({"XADD", "s", id, "f", "v"});
    run({"XGROUP", "CREATE", "s", "g", "0"});
    shards.forget_journal(0);
  }

  std::string run(const test::HeldShards::Argv& argv) { return shards.run_on(0, argv); }

  // What the journal got since the last time; times stand as T.
  Records records() {
    Records records = shards.journal(0);
    shards.forget_journal(0);
    const std::string now = std::to_string(shards.at(0).now_ms());
    for (std::string& record : records) {
      const size_t at = record.find(now);
      if (at != std::string::npos) record.replace(at, now.size(), "T");
    }
    return records;
  }

  test::HeldShards shards;
};

}  // namespace

TEST_CASE("XADD is journaled with the id that it chose, and trimming as it went") {
  OneStream stream;
  stream.run({"XADD", "s", "4-*", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s 4-0 f v"});
  stream.run({"XADD", "s", "5-1", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s 5-1 f v"});
  stream.run({"XADD", "t", "*", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD t T-0 f v"});
  stream.run({"XADD", "s", "MAXLEN", "~", "5", "LIMIT", "10", "6-*", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s MAXLEN = 6 6-0 f v"});
  stream.run({"XADD", "s", "NOMKSTREAM", "MINID", "~", "4", "7-1", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s NOMKSTREAM MINID = 3-1 7-1 f v"});
  stream.run({"XADD", "s", "MAXLEN", "5", "8-1", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s MAXLEN 5 8-1 f v"});
}

TEST_CASE("XTRIM is journaled as exact trimming, and not if nothing went") {
  OneStream stream;
  stream.run({"XTRIM", "s", "MAXLEN", "~", "0"});
  CHECK(stream.records() == Records{"0 XTRIM s MAXLEN = 0"});
  stream.run({"XTRIM", "s", "MAXLEN", "~", "0"});
  stream.run({"XDEL", "s", "1-1"});
  CHECK(stream.records().empty());
}

TEST_CASE("a trim by id that empties the stream is journaled as a trim to no entries") {
  OneStream stream;
  stream.run({"XTRIM", "s", "MINID", "~", "100", "LIMIT", "0"});
  CHECK(stream.records() == Records{"0 XTRIM s MAXLEN = 0"});
  stream.run({"XADD", "s", "MINID", "~", "100", "50-1", "f", "v"});
  CHECK(stream.records() == Records{"0 XADD s MAXLEN = 0 50-1 f v"});
}

TEST_CASE("what a consumer is given is journaled as claims, and what the group has read") {
  OneStream stream;
  stream.run({"XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "s", ">"});
  CHECK(stream.records() ==
        Records{"<", "0 XCLAIM s g c 0 1-1 TIME T RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
                "0 XCLAIM s g c 0 2-1 TIME T RETRYCOUNT 1 FORCE JUSTID LASTID 2-1",
                "0 XGROUP SETID s g 2-1 ENTRIESREAD 2", ">"});
  stream.run({"XREADGROUP", "GROUP", "g", "d", "NOACK", "STREAMS", "s", ">"});
  CHECK(stream.records() ==
        Records{"<", "0 XGROUP CREATECONSUMER s g d", "0 XGROUP SETID s g 3-1 ENTRIESREAD 3", ">"});
  stream.run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", "0"});
  stream.run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
  CHECK(stream.records().empty());
  stream.run({"XREADGROUP", "GROUP", "g", "e", "STREAMS", "s", ">"});
  CHECK(stream.records() == Records{"0 XGROUP CREATECONSUMER s g e"});
}

TEST_CASE("claims are journaled one by one, those of entries that are gone too") {
  OneStream stream;
  stream.run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
  stream.run({"XDEL", "s", "1-1"});
  stream.records();
  stream.run({"XCLAIM", "s", "g", "d", "0", "1-1", "2-1", "LASTID", "9-9"});
  CHECK(stream.records() ==
        Records{"<", "0 XCLAIM s g c 0 1-1 TIME T RETRYCOUNT 1 FORCE JUSTID LASTID 9-9",
                "0 XCLAIM s g d 0 2-1 TIME T RETRYCOUNT 2 FORCE JUSTID LASTID 9-9", ">"});
  stream.run({"XCLAIM", "s", "g", "d", "0", "8-8", "LASTID", "9-10"});
  CHECK(stream.records() == Records{"0 XGROUP SETID s g 9-10 ENTRIESREAD 3"});
  stream.run({"XCLAIM", "s", "g", "e", "0", "8-8"});
  CHECK(stream.records() == Records{"0 XGROUP CREATECONSUMER s g e"});
  stream.run({"XDEL", "s", "2-1"});
  stream.records();
  stream.run({"XAUTOCLAIM", "s", "g", "d", "0", "0", "JUSTID"});
  CHECK(stream.records() ==
        Records{"<", "0 XCLAIM s g d 0 2-1 TIME T RETRYCOUNT 2 FORCE JUSTID LASTID 9-10",
                "0 XCLAIM s g d 0 3-1 TIME T RETRYCOUNT 1 FORCE JUSTID LASTID 9-10", ">"});
  stream.run({"XAUTOCLAIM", "s", "g", "d", "100000", "0"});
  CHECK(stream.records().empty());
}

TEST_CASE("commands on groups that depend on nothing else are journaled as they are") {
  OneStream stream;
  stream.run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
  stream.records();
  stream.run({"XACK", "s", "g", "1-1"});
  stream.run({"XACK", "s", "g", "1-1"});
  stream.run({"XGROUP", "DELCONSUMER", "s", "g", "c"});
  stream.run({"XGROUP", "DESTROY", "s", "g"});
  stream.run({"XGROUP", "DESTROY", "s", "g"});
  stream.run({"XSETID", "s", "9-9"});
  CHECK(stream.records() == Records{"0 XACK s g 1-1", "0 XGROUP DELCONSUMER s g c",
                                    "0 XGROUP DESTROY s g", "0 XSETID s 9-9"});
}

TEST_CASE("an event says what happened to a stream, quietly where only its groups changed") {
  OneStream stream;
  engine::WatchTable& watches = stream.shards.at(0).data().watches();
  const uint64_t before = watches.watch(engine::DbIndex{0}, "s");
  stream.run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
  stream.run({"XACK", "s", "g", "1-1"});
  CHECK(watches.is_unchanged({.db = engine::DbIndex{0}, .key = "s", .version = before}));
  stream.run({"XDEL", "s", "1-1"});
  CHECK(!watches.is_unchanged({.db = engine::DbIndex{0}, .key = "s", .version = before}));
  watches.unwatch(engine::DbIndex{0}, "s");
}

}  // namespace kvstash::commands
