#include "engine/execution/call.h"

#include "engine/shard.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

using test::HeldShards;

const std::function<void(Call&)>* probe_body = nullptr;  // Of the PROBE that runs now.

Status run_probe(Call& call) {
  (*probe_body)(call);
  return {};
}

// It may touch keys that are no arguments.
KeysFound find_any(std::span<const std::string_view>, std::vector<KeyAt>&) {
  return KeysFound::kUnknown;
}

constexpr KeySpec kProbeKeys[] = {keys_from(1, -1, 1, kKeyRW)};
constexpr CommandSpec kProbe[] = {{.name = "probe",
                                   .arity = -1,
                                   .flags = kWrite,
                                   .keys = kProbeKeys,
                                   .find_keys = find_any,
                                   .run = run_probe}};
const std::span<const CommandSpec> kProbeRows[] = {kProbe};

// Runs `body` as a command with these arguments.
std::string probe_on(HeldShards& node, size_t shard, HeldShards::Argv args,
                     const std::function<void(Call&)>& body, KeyPlaces places = {}) {
  args.insert(args.begin(), "probe");
  probe_body = &body;
  return node.run_on(shard, args, places);
}
std::string probe(HeldShards& node, size_t worker, HeldShards::Argv args,
                  const HeldShards::Members& members, const std::function<void(Call&)>& body) {
  args.insert(args.begin(), "probe");
  probe_body = &body;
  return node.run(worker, args, members);
}

KeyPlace place_of(HeldShards& node, std::string_view key) {
  return {.hash = keyed_hash(key, node.set().seed()),
          .shard = static_cast<uint32_t>(node.set().shard_of(key))};
}

}  // namespace

TEST_CASE("a key past its deadline counts as absent and is removed on the way") {
  HeldShards node(1, kProbeRows);
  node.set_expired("k");
  probe_on(node, 0, {"k"}, [](Call& call) { CHECK_FALSE(call.peek(1).exists()); });
  CHECK(node.keys_on(0) == 0);
  CHECK(node.at(0).stats().expired == 1);
  CHECK(node.journal(0) == std::vector<std::string>{"0 DEL k"});
}

TEST_CASE("a hash loses its due fields when it is looked up, and goes with the last of them") {
  HeldShards node(1, kProbeRows);
  node.set_hash("h", {"old", "older"}, {"fresh"});
  node.set_hash("gone", {"old"}, {});
  probe_on(node, 0, {"h", "gone"}, [](Call& call) {
    CHECK(call.read(1).view<store::Hash>()->size() == 1);
    CHECK_FALSE(call.peek(2).exists());
  });
  CHECK(node.keys_on(0) == 1);
  CHECK(node.at(0).stats().expired_fields == 3);
  CHECK(node.at(0).stats().expired == 0);
  CHECK(node.journal(0) == std::vector<std::string>{"0 HDEL h older old", "0 HDEL gone old"});
}

TEST_CASE("a lookup removes a bounded number of due fields; a command that means one, that one") {
  HeldShards node(1, kProbeRows);
  std::vector<std::string> due;
  for (int i = 0; i < 2000; ++i)
    due.push_back("f" + std::to_string(i));
  node.set_hash("h", due, {"fresh"});
  probe_on(node, 0, {"h"}, [&](Call& call) {
    Key key = call.write(1);
    const size_t left = key.view<store::Hash>()->size();
    CHECK(left > 1);
    CHECK(left < 2000);
    for (const std::string& field : due)
      key.expire_field(field);
    key.expire_field("fresh");
    key.expire_field("none");
    REQUIRE(key.exists());
    CHECK(key.view<store::Hash>()->size() == 1);
    CHECK_FALSE(key.entry().has_field_deadlines());
  });
  CHECK(node.at(0).stats().expired_fields == 2000);
}

TEST_CASE("the last due field takes its key along, also when a command means that field") {
  HeldShards node(1, kProbeRows);
  std::vector<std::string> due;
  for (int i = 0; i < 1000; ++i)
    due.push_back("f" + std::to_string(i));
  node.set_hash("h", due, {});
  probe_on(node, 0, {"h"}, [&](Call& call) {
    Key key = call.write(1);
    for (const std::string& field : due)
      key.expire_field(field);
    CHECK_FALSE(key.exists());
    key.expire_field("f0");
  });
  CHECK(node.keys_on(0) == 0);
}

TEST_CASE("reads count a hit or a miss where the command runs, writes count neither") {
  HeldShards node(4, kProbeRows);
  const std::string key = node.key_on(3);
  const std::string absent = node.key_on(3, 1);
  const HeldShards::Members members = {true, false, false, true};
  probe(node, 0, {key, absent}, members, [](Call& call) {
    call.write(1).set_string("v", {});
    call.read(1);
    call.peek(1);
    call.read(2);
  });
  CHECK(node.at(0).stats().keyspace_hits == 2);
  CHECK(node.at(0).stats().keyspace_misses == 1);
  CHECK(node.at(3).stats().keyspace_hits == 0);
}

TEST_CASE("known places are used in any order, and more than once") {
  HeldShards node(4, kProbeRows);
  const std::string a = node.key_on(1);
  const std::string b = node.key_on(2);
  const std::string c = node.key_on(2, 1);
  const std::vector<KeyPlace> places = {place_of(node, a), place_of(node, b), place_of(node, c)};
  const HeldShards::Members members = {false, true, true, false};
  const std::function<void(Call&)> body = [&](Call& call) {
    for (const size_t at : {3, 1, 2, 1, 3})
      call.write(at).set_string("v", {});
    // A name that no argument is.
    const std::string other = node.key_on(1, 1);
    call.write(other).set_string("v", {});
  };
  probe_body = &body;
  node.run(1, {"probe", a, b, c}, members, places);
  CHECK(node.keys_on(1) == 2);
  CHECK(node.keys_on(2) == 2);
}

TEST_CASE("only held shards are visited") {
  HeldShards node(4, kProbeRows);
  std::vector<size_t> visited;
  const auto visit = [&visited](Call& call) {
    call.each_held([&visited](Shard& shard) { visited.push_back(shard.id()); });
  };
  probe(node, 1, {}, {false, true, false, true}, visit);
  CHECK(visited == std::vector<size_t>{1, 3});
  visited.clear();
  probe_on(node, 2, {}, visit);
  CHECK(visited == std::vector<size_t>{2});
}

TEST_CASE("asking shards that are held is answered at once") {
  HeldShards node(2, kProbeRows);
  const std::string reply = probe(node, 0, {}, {true, true}, [](Call& call) {
    call.gather<size_t>([](Shard& shard) { return shard.id() + 10; },
                        [](std::vector<size_t>& ids, resp::ReplyWriter& to) {
                          to.array(ids.size());
                          for (const size_t id : ids)
                            to.integer(static_cast<int64_t>(id));
                        });
  });
  CHECK(reply == "*2\r\n:10\r\n:11\r\n");
  const std::string own = probe_on(node, 1, {}, [](Call& call) {
    call.ask<size_t>(
        1, [](const Hold& hold, ShardData& shard) { return hold.shard(shard.id()).id(); },
        [](size_t& id, resp::ReplyWriter& to) { to.integer(static_cast<int64_t>(id)); });
  });
  CHECK(own == ":1\r\n");
}

TEST_CASE("a command may say what its effect was, in one record or several") {
  HeldShards node(1, kProbeRows);
  probe_on(node, 0, {"k"}, [](Call& call) {
    call.write(1).set_string("v", {});
    call.record({"SET", "k", "v"});
    call.record({"PERSIST", "k"});
  });
  CHECK(node.journal(0) == std::vector<std::string>{"<", "0 SET k v", "0 PERSIST k", ">"});
}

TEST_CASE("without a journal no effects are asked for") {
  HeldShards node(1, kProbeRows);
  probe_on(node, 0, {}, [](Call& call) { CHECK(call.wants_effects()); });
  node.at(0).set_sink(nullptr);
  probe_on(node, 0, {}, [](Call& call) {
    CHECK_FALSE(call.wants_effects());
    call.record({"SET", "k", "v"});
    CHECK(call.effects().records().empty());
  });
}

TEST_CASE("a client that does not touch leaves the access clock alone") {
  HeldShards node(1, kProbeRows);
  probe_on(node, 0, {"k"}, [](Call& call) {
    Key key = call.write(1);
    key.set_string("v", {});
    key.entry().set_access(7);
    call.caller().no_touch = true;
    call.read(1);
    call.write(1);
    CHECK(call.peek(1).entry().access() == 7);
    call.caller().no_touch = false;
    call.peek(1);
    CHECK(call.peek(1).entry().access() == 7);
    call.read(1);
    CHECK(call.peek(1).entry().access() != 7);
  });
}

}  // namespace kvstash::engine
