// What DUMP and RESTORE leave to the journal, and what the pinned version of the format does to
// them. What they answer is in tests/scenario/keys/{dump,restore}*.txt.

#include "persist/commands/dump.h"

#include "commands/tables.h"
#include "persist/commands/persist_table.h"
#include "persist/rdb/payload.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {
namespace {

using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  Node() : HeldShards(1, kRows) {}

  std::string dump(const std::string& key) {
    const std::string reply = run_on(0, {"dump", key});
    const size_t begin = reply.find('\n') + 1;
    return reply.substr(begin, reply.size() - begin - 2);
  }
  void pin(int64_t version) { options.rdb_version = version; }

  static inline const std::span<const engine::CommandSpec> kRows[] = {
      commands::hash_commands(), commands::hash_fields_commands(), commands::string_commands(),
      commands::stream_commands(), persist_commands()};
};

unsigned version_of(std::string_view payload) {
  return rdb::open_payload(payload)->version;
}

}  // namespace

TEST_CASE("dump: RESTORE is journaled as it came, or with the deadline as a time") {
  Node node;
  node.run_on(0, {"set", "k", "v"});
  const std::string payload = node.dump("k");
  CHECK(node.effects_of({"dump", "k"}) == Records{});
  CHECK(node.effects_of({"restore", "a", "0", payload}) == Records{"0 restore a 0 " + payload});
  CHECK(node.effects_of({"restore", "a", "0", payload}) == Records{});
  CHECK(node.effects_of({"restore", "a", "0", payload, "replace"}) ==
        Records{"0 restore a 0 " + payload + " replace"});
  CHECK(node.effects_of({"restore-asking", "a", "70", payload, "replace", "idletime", "9"}) ==
        Records{"0 RESTORE a " + node.in(70) + " " + payload + " replace idletime 9 ABSTTL"});
  CHECK(node.effects_of({"restore", "b", node.in(70), payload, "absttl"}) ==
        Records{"0 restore b " + node.in(70) + " " + payload + " absttl"});
}

TEST_CASE("dump: a RESTORE that is over when it comes is journaled as the deletion that it is") {
  Node node;
  node.run_on(0, {"set", "k", "v"});
  const std::string payload = node.dump("k");
  CHECK(node.effects_of({"restore", "a", "1", payload, "absttl"}) == Records{});
  CHECK(node.effects_of({"restore", "k", "1", payload, "absttl", "replace"}) == Records{"0 DEL k"});
}

TEST_CASE("dump: a ttl beyond the largest time is refused, and the old value stays") {
  Node node;
  node.run_on(0, {"set", "k", "v"});
  const std::string payload = node.dump("k");
  CHECK(node.run_on(0, {"restore", "k", "9223372036854775807", payload, "replace"}) ==
        "-ERR invalid expire time in 'restore' command\r\n");
  CHECK(node.run_on(0, {"get", "k"}) == "$1\r\nv\r\n");
  CHECK(node.effects_of({"restore", "k", "9223372036854775807", payload, "replace", "absttl"}) ==
        Records{"0 restore k 9223372036854775807 " + payload + " replace absttl"});
}

TEST_CASE("dump: the version rises only where a value needs it, and not if it is pinned") {
  Node node;
  node.run_on(0, {"set", "s", "v"});
  node.run_on(0, {"hset", "h", "f", "v"});
  CHECK(version_of(node.dump("s")) == 11);
  CHECK(version_of(node.dump("h")) == 11);
  node.run_on(0, {"hexpire", "h", "100", "fields", "1", "f"});
  CHECK(version_of(node.dump("h")) == 12);
  node.pin(10);
  CHECK(version_of(node.dump("s")) == 10);
  CHECK(node.run_on(0, {"dump", "h"}) ==
        "-ERR The hash \"h\" has fields with deadlines, which RDB version 10 cannot hold "
        "(rdb-version)\r\n");
}

TEST_CASE("dump: a payload beyond the pinned version is journaled as one that the version holds") {
  Node node;
  node.run_on(0, {"xadd", "x", "1-1", "f", "v"});
  node.run_on(0, {"hset", "h", "f", "v"});
  node.run_on(0, {"hexpire", "h", "100", "fields", "1", "f"});
  const std::string stream = node.dump("x");
  const std::string hash = node.dump("h");
  CHECK(version_of(stream) == 11);
  node.pin(10);
  const std::string lower = node.dump("x");
  CHECK(node.effects_of({"restore", "y", "0", stream}) == Records{"0 RESTORE y 0 " + lower});
  CHECK(node.effects_of({"restore", "y", "0", lower, "replace"}) ==
        Records{"0 restore y 0 " + lower + " replace"});
  // No lower version has deadlines of fields.
  CHECK(node.effects_of({"restore", "i", "0", hash}) == Records{"0 restore i 0 " + hash});
}

}  // namespace kvstash::persist
