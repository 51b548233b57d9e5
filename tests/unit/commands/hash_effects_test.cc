// What the journal gets for commands on hashes whose outcome hangs on the time, or on arithmetic.

#include "commands/tables.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  Node() : HeldShards(1, kRows) {}

  static inline const CommandRows kRows[] = {hash_commands(), hash_fields_commands()};
};

}  // namespace

TEST_CASE("commands on hashes that have the same effect anywhere are journaled as they came") {
  Node node;
  CHECK(node.effects_of({"hset", "h", "a", "1", "b", "2"}) == Records{"0 hset h a 1 b 2"});
  CHECK(node.effects_of({"hincrby", "h", "a", "5"}) == Records{"0 hincrby h a 5"});
  CHECK(node.effects_of({"hsetnx", "h", "a", "5"}) == Records{});
  CHECK(node.effects_of({"hdel", "h", "none"}) == Records{});
  CHECK(node.effects_of({"hdel", "h", "none", "b"}) == Records{"0 hdel h none b"});
  CHECK(node.effects_of({"hrandfield", "h"}) == Records{});
  CHECK(node.effects_of({"hpersist", "h", "fields", "1", "a"}) == Records{});
  CHECK(node.effects_of({"hsetex", "h", "fnx", "fields", "1", "c", "1"}) ==
        Records{"0 HSET h c 1"});
  CHECK(node.effects_of({"hsetex", "h", "fnx", "fields", "1", "c", "1"}) == Records{});
}

TEST_CASE("HINCRBYFLOAT is journaled as its sum, and the deadline of the field stays") {
  Node node;
  CHECK(node.effects_of({"hincrbyfloat", "h", "a", "1.5"}) == Records{"0 HSET h a 1.5"});
  node.run_on(0, {"hexpire", "h", "100", "fields", "1", "a"});
  CHECK(node.effects_of({"hincrbyfloat", "h", "a", "1.5"}) ==
        Records{"<", "0 HSET h a 3", "0 HPEXPIREAT h " + node.in(100'000) + " FIELDS 1 a", ">"});
}

TEST_CASE("deadlines of fields are journaled as absolute times, for the fields that got one") {
  Node node;
  node.run_on(0, {"hset", "h", "a", "1", "b", "2", "c", "3"});
  CHECK(node.effects_of({"hexpire", "h", "100", "fields", "2", "a", "none"}) ==
        Records{"0 HPEXPIREAT h " + node.in(100'000) + " FIELDS 1 a"});
  CHECK(node.effects_of({"hpexpire", "h", "5", "nx", "fields", "3", "a", "b", "c"}) ==
        Records{"0 HPEXPIREAT h " + node.in(5) + " FIELDS 2 b c"});
  CHECK(node.effects_of({"hgetex", "h", "px", "70", "fields", "2", "none", "c"}) ==
        Records{"0 HPEXPIREAT h " + node.in(70) + " FIELDS 1 c"});
  CHECK(node.effects_of({"hgetex", "h", "persist", "fields", "2", "none", "c"}) ==
        Records{"0 HPERSIST h FIELDS 1 c"});
  CHECK(node.effects_of({"hgetex", "h", "persist", "fields", "1", "c"}) == Records{});
  CHECK(node.effects_of({"hgetex", "h", "fields", "1", "a"}) == Records{});
  CHECK(node.effects_of({"hsetex", "h", "ex", "1", "fxx", "fields", "1", "c", "9"}) ==
        Records{"<", "0 HSET h c 9", "0 HPEXPIREAT h " + node.in(1000) + " FIELDS 1 c", ">"});
  CHECK(node.effects_of({"hsetex", "h", "keepttl", "fields", "2", "a", "7", "new", "8"}) ==
        Records{"<", "0 HSET h a 7 new 8", "0 HPEXPIREAT h " + node.in(100'000) + " FIELDS 1 a",
                ">"});
}

TEST_CASE("a deadline that has passed is journaled as a deletion") {
  Node node;
  node.run_on(0, {"hset", "h", "a", "1", "b", "2", "c", "3", "d", "4"});
  CHECK(node.effects_of({"hexpire", "h", "0", "fields", "2", "a", "none"}) ==
        Records{"0 HDEL h a"});
  CHECK(node.effects_of({"hgetex", "h", "pxat", "1", "fields", "2", "none", "b"}) ==
        Records{"0 HDEL h b"});
  CHECK(node.effects_of({"hsetex", "h", "pxat", "1", "fields", "2", "new", "1", "c", "1"}) ==
        Records{"0 HDEL h c"});
  CHECK(node.effects_of({"hsetex", "h", "pxat", "1", "fields", "1", "new", "1"}) == Records{});
  CHECK(node.effects_of({"hsetex", "none", "pxat", "1", "fields", "1", "new", "1"}) == Records{});
  CHECK(node.effects_of({"hgetdel", "h", "fields", "2", "none", "d"}) == Records{"0 HDEL h d"});
  CHECK(node.keys_on(0) == 0);
}

}  // namespace kvstash::commands
