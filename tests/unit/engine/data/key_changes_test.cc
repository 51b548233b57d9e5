#include "engine/data/key_changes.h"

#include "engine/execution/waiter.h"
#include "engine/shard.h"
#include "support/death.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr DbIndex kZero{0};

struct Node : test::HeldShards {
  Node() : HeldShards(2) {}

  std::string key = key_on(1);
  ShardData& there = at(1).data();
};

}  // namespace

TEST_CASE("who watches, waits for or caches a key learns that it changed, wherever it lives") {
  Node node;
  const WatchedKey watched{kZero, node.key, node.there.watches().watch(kZero, node.key)};
  node.there.blocked_keys().add(kZero, node.key, std::make_shared<Waiter>());
  node.at(1).tracking().remember(node.key, {.client = 7, .home = 0});
  REQUIRE(node.there.readers().key_count() == 1);
  note_change(node.at(0).hold_of(nullptr), {node.there, kZero, node.key}, {.client_id = 9});
  CHECK_FALSE(node.there.watches().is_unchanged(watched));
  CHECK(node.there.blocked_keys().has_ready());
  CHECK(node.there.readers().key_count() == 0);
  CHECK(node.journal(0).empty());
}

TEST_CASE("what the server removes is recorded in the lane of the thread that executes") {
  Node node;
  const WatchedKey watched{kZero, node.key, node.there.watches().watch(kZero, node.key)};
  note_removal(node.at(0).hold_of(nullptr), {node.there, kZero, node.key},
               std::array<std::string_view, 2>{"DEL", node.key});
  CHECK_FALSE(node.there.watches().is_unchanged(watched));
  CHECK(node.journal(0) == std::vector<std::string>{"0 DEL " + node.key});
  CHECK(node.journal(1).empty());
}

TEST_CASE("a change on a shard that is not covered is a mistake of ours") {
  Node node;
  CHECK(test::breaks_invariant(
      [&node] {
        note_change(node.at(0).hold_here(), {node.there, kZero, node.key}, {});
      },
      "key_changes.cc"));
}

TEST_CASE("only what is long to free counts as given up lazily") {
  Node node;
  const Hold hold = node.at(1).hold_here();
  node.run_on(1, {"set", node.key, "v"});
  note_lazy_free(hold, *node.there.keyspace(kZero).find(node.there.ref(node.key)));
  CHECK(node.at(1).stats().lazily_freed == 0);
  std::vector<std::string> fields;
  for (size_t i = 0; i < 1000; ++i)
    fields.push_back("f" + std::to_string(i));
  const std::string hash = node.key_on(1, 1);
  node.set_hash(hash, {}, fields);
  note_lazy_free(hold, *node.there.keyspace(kZero).find(node.there.ref(hash)));
  CHECK(node.at(1).stats().lazily_freed == 1);
}

}  // namespace kvstash::engine
