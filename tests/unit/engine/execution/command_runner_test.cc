// Records of a log tell what happened, and are run so whatever the time is now. What all records
// come to is in records_model_test.cc.

#include "engine/execution/command_runner.h"

#include "support/held_shards.h"
#include "support/node_dump.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using Words = std::vector<std::string_view>;
using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  using HeldShards::HeldShards;

  std::string replay(const Words& argv, ReplayOptions choices = {}) {
    CommandRunner runner(at(0).hold_of(nullptr), choices);
    const Status status = runner.run(DbIndex{0}, argv);
    return status.ok() ? "" : std::string(status.error().message());
  }
  void replay_all(std::initializer_list<Words> records) {
    for (const Words& argv : records)
      CHECK(replay(argv) == "");
  }
  std::string value(std::string_view key) { return test::dump(set())["0 " + std::string(key)]; }
};

// What an origin holds that ran these commands while their deadlines were to come, but for the
// deadlines themselves.
std::string value_after(std::initializer_list<Words> commands, std::string_view key) {
  Node node(1);
  for (const Words& argv : commands)
    node.run_on(0, argv);
  return node.value(key);
}

}  // namespace

TEST_CASE("a deadline that has passed meanwhile is set, kept and taken away as it was") {
  Node node(2);
  node.replay_all({{"SET", "k", "v"}, {"PEXPIREAT", "k", "1000"}});
  CHECK(node.value("k").ends_with("until 1000"));
  node.replay_all({{"APPEND", "k", "w"}, {"PERSIST", "k"}});
  CHECK(node.value("k") == value_after({{"SET", "k", "vw"}}, "k"));
  node.replay_all({{"SET", "k", "1", "PXAT", "1000"}, {"INCR", "k"}, {"SET", "k", "3", "KEEPTTL"}});
  CHECK(node.value("k").ends_with("until 1000"));
  node.replay_all({{"RENAME", "k", "l"}, {"COPY", "l", "m"}, {"GETEX", "l", "PXAT", "2000"}});
  CHECK(node.value("l").ends_with("until 2000"));
  CHECK(node.value("m").ends_with("until 1000"));
  node.replay_all({{"EXPIREAT", "m", "3"}, {"DEL", "l"}});
  CHECK(node.value("m").ends_with("until 3000"));
  CHECK(node.value("l").empty());
}

TEST_CASE("deadlines of fields are not judged either") {
  Node node(2);
  node.replay_all({{"HSET", "h", "a", "1", "b", "2"},
                   {"HPEXPIREAT", "h", "1000", "FIELDS", "1", "a"},
                   {"HINCRBY", "h", "a", "5"}});
  CHECK(node.value("h").ends_with(" a:1000"));
  node.replay_all({{"HSETEX", "h", "PXAT", "2000", "FIELDS", "1", "c", "3"},
                   {"HSETNX", "h", "a", "9"},
                   {"HPERSIST", "h", "FIELDS", "1", "a"}});
  CHECK(node.value("h").ends_with(" c:2000"));
  node.replay_all({{"HDEL", "h", "c"}});
  CHECK(node.value("h") == value_after({{"HSET", "h", "a", "6", "b", "2"}}, "h"));
}

TEST_CASE("a claim gets the time of its record, whether or not that is still to come here") {
  Node node(1);
  const std::string later = node.in(100'000);
  node.replay_all({{"XADD", "x", "1-1", "f", "v"},
                   {"XGROUP", "CREATE", "x", "g", "0"},
                   {"XCLAIM", "x", "g", "c", "0", "1-1", "TIME", later, "RETRYCOUNT", "3", "FORCE",
                    "JUSTID", "LASTID", "1-1"}});
  const std::string reply =
      node.run_on(0, {"XCLAIM", "x", "g", "d", "1", "1-1", "JUSTID"});  // It is not idle yet.
  CHECK(reply == "*0\r\n");
}

TEST_CASE("records are found by their commands' own names, whatever operators call them") {
  const std::span<const CommandSpec> rows[] = {commands::string_commands(),
                                               commands::keys_commands()};
  CommandTable table(rows);
  REQUIRE(table.rename({"set", "put"}).ok());
  REQUIRE(table.rename({"get", "set"}).ok());
  REQUIRE(table.rename({"del", ""}).ok());
  EngineOptions options;
  ShardSet set(1, table, options);
  CommandRunner runner(set.at(0).hold_here());
  const std::string_view argv[] = {"Set", "k", "v"};
  CHECK(runner.run(DbIndex{0}, argv).ok());
  CHECK(set.at(0).data().keyspace(DbIndex{0}).size() == 1);
  const std::string_view put[] = {"put", "k", "v"};
  CHECK_FALSE(runner.run(DbIndex{0}, put).ok());
  const std::string_view del[] = {"DEL", "k"};
  CHECK(runner.run(DbIndex{0}, del).ok());
  CHECK(set.at(0).data().keyspace(DbIndex{0}).size() == 0);
}

TEST_CASE("what is replayed is recorded again only if it is wanted") {
  Node node(1);
  node.replay({"SET", "k", "v"});
  CHECK(node.journal(0) == Records{});
  node.replay({"SET", "k", "w"}, {.records = RecordTarget::kAof});
  CHECK(node.journal(0) == Records{"aof:0 SET k w"});
}

TEST_CASE("clients' statistics, limits and events know nothing of a replay") {
  Node node(1);
  node.options.maxmemory_bytes = 1;
  node.options.proto_max_bulk_len = 8;
  node.options.notify_keyspace_events = notify::kAll | notify::kKeyspace | notify::kKeyMiss;
  node.replay_all(
      {{"SET", "k", "v"}, {"APPEND", "k", "more than fits"}, {"GETEX", "none", "PERSIST"}});
  CHECK(node.at(0).stats().keyspace_hits == 0);
  CHECK(node.at(0).stats().keyspace_misses == 0);
  CHECK(node.at(0).stats().commands == 0);
  CHECK(node.stats_of(0, "set").calls == 0);
  CHECK(node.at(0).telemetry().slowlog().entries().empty());
}

TEST_CASE("who watches a key sees that a record changed it") {
  Node node(1);
  WatchTable& watches = node.at(0).data().watches();
  const WatchedKey watched{.db = DbIndex{0}, .key = "k", .version = watches.watch(DbIndex{0}, "k")};
  node.replay({"SET", "other", "v"});
  CHECK(watches.is_unchanged(watched));
  node.replay({"SET", "k", "v"});
  CHECK_FALSE(watches.is_unchanged(watched));
}

TEST_CASE("what is no record is refused") {
  Node node(1);
  CHECK(node.replay({"NOSUCH"}).starts_with("ERR unknown command in a log"));
  CHECK(node.replay({"SET", "k"}) != "");
  node.replay({"SET", "k", "v"});
  CHECK(node.replay({"LPUSH", "k", "v"}).starts_with("WRONGTYPE"));
  CommandRunner runner(node.at(0).hold_of(nullptr));
  const std::string_view argv[] = {"SET", "k", "v"};
  CHECK_FALSE(runner.run(DbIndex{99}, argv).ok());
}

}  // namespace kvstash::engine
