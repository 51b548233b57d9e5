// What the journal gets for commands of all families: nothing where nothing changed, one unit where
// there are several records, and words that Redis 7.0 knows. Hashes, streams and places have tests
// of their own.

#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  Node() : HeldShards(1) {}
};

}  // namespace

TEST_CASE("a trim of a list that cuts nothing is not journaled") {
  Node node;
  node.run_on(0, {"rpush", "l", "a", "b", "c"});
  CHECK(node.effects_of({"ltrim", "l", "0", "-1"}) == Records{});
  CHECK(node.effects_of({"ltrim", "l", "0", "1"}) == Records{"0 ltrim l 0 1"});
  CHECK(node.effects_of({"ltrim", "none", "0", "1"}) == Records{});
}

TEST_CASE("a command with several records is one unit") {
  Node node;
  CHECK(node.effects_of({"msetex", "2", "a", "1", "b", "2"}) ==
        Records{"<", "0 SET a 1", "0 SET b 2", ">"});
  CHECK(node.effects_of({"msetex", "1", "a", "1", "px", "500"}) ==
        Records{"0 SET a 1 PXAT " + node.in(500)});
  std::vector<std::string> members;
  for (int i = 0; i < 3000; ++i)
    members.push_back("m" + std::to_string(i));
  test::HeldShards::Argv add{"sadd", "s"};
  add.insert(add.end(), members.begin(), members.end());
  node.run_on(0, add);
  const Records popped = node.effects_of({"spop", "s", "2500"});
  REQUIRE(popped.size() == 5);
  CHECK(popped.front() == "<");
  CHECK(popped.back() == ">");
  node.run_on(0, {"set", "was", "there"});
  CHECK(node.effects_of({"sort", "l", "store", "was"}) == Records{"0 DEL was"});
}

TEST_CASE("later words are journaled in those of Redis 7.0") {
  Node node;
  node.run_on(0, {"set", "k", "v"});
  CHECK(node.effects_of({"delifeq", "k", "other"}) == Records{});
  CHECK(node.effects_of({"delifeq", "k", "v"}) == Records{"0 DEL k"});
  node.run_on(0, {"set", "k", "v"});
  CHECK(node.effects_of({"delex", "k", "ifeq", "v"}) == Records{"0 DEL k"});
}

TEST_CASE("a count that PFCOUNT caches is journaled, as the bytes of the value change") {
  Node node;
  node.run_on(0, {"pfadd", "p", "a"});
  CHECK(node.effects_of({"pfcount", "p"}) == Records{"0 pfcount p"});
  CHECK(node.effects_of({"pfcount", "p"}) == Records{});
}

TEST_CASE("messages are for replicas only") {
  Node node;
  CHECK(node.effects_of({"publish", "c", "m"}) == Records{"replicas:0 publish c m"});
  CHECK(node.effects_of({"spublish", "c", "m"}) == Records{"replicas:0 spublish c m"});
}

TEST_CASE("a swap of a database with itself changes nothing") {
  Node node;
  CHECK(node.effects_of({"swapdb", "1", "1"}) == Records{});
  CHECK(node.effects_of({"swapdb", "1", "2"}) == Records{"0 swapdb 1 2"});
}

TEST_CASE("a scan inside a transaction tells what expired by the lane of the executing shard") {
  test::HeldShards node(2);
  const std::string far = node.key_on(1);
  node.set_expired(far);
  engine::CommandQueue queue;
  const std::string_view scan[] = {"scan", "0", "count", "100"};
  queue.add(node.command("scan"), scan, 0);
  const std::string_view set[] = {"set", far, "v"};
  queue.add(node.command("set"), set, 0);
  node.run_queue(0, queue, {}, {true, true});
  CHECK(node.journal(0) == Records{"<", "0 DEL " + far, "0 set " + far + " v", ">"});
  CHECK(node.journal(1) == Records{});
}

}  // namespace kvstash::commands
