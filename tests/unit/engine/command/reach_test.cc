#include "engine/command/reach.h"

#include "engine/shard.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

KeysFound find_first_only(std::span<const std::string_view>, std::vector<KeyAt>& keys) {
  keys.push_back({1, kKeyRO});
  return KeysFound::kUnknown;
}

Status nothing(Call&) {
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "guess", .arity = -2, .find_keys = find_first_only, .run = nothing},
};

Reach reach_of(test::HeldShards& shards, const std::vector<std::string_view>& argv) {
  Reach reach;
  reach.add(**shards.set().commands().resolve(argv), argv, shards.at(0));
  return reach;
}

}  // namespace

TEST_CASE("a request reaches the shards of its keys") {
  test::HeldShards shards(4);
  const std::string one = shards.key_on(1);
  const std::string other = shards.key_on(3);
  const Reach reach = reach_of(shards, {"COPY", one, other});
  CHECK(std::vector<size_t>(reach.shards().begin(), reach.shards().end()) ==
        std::vector<size_t>{1, 3});
  CHECK_FALSE(reach.needs_all());
  CHECK_FALSE(reach.needs_home());
}

TEST_CASE("PFMERGE of one key reaches the shard of that key") {
  test::HeldShards shards(4);
  const Reach reach = reach_of(shards, {"PFMERGE", shards.key_on(2)});
  REQUIRE(reach.shards().size() == 1);
  CHECK(reach.shards()[0] == 2);
}

TEST_CASE("patterns of SORT and databases as a whole reach every shard") {
  test::HeldShards shards(4);
  CHECK(reach_of(shards, {"SORT", "k", "BY", "w_*"}).needs_all());
  CHECK(reach_of(shards, {"SORT_RO", "k", "GET", "w_*"}).needs_all());
  CHECK(reach_of(shards, {"FLUSHALL"}).needs_all());
  CHECK(reach_of(shards, {"DBSIZE"}).needs_all());
  CHECK_FALSE(reach_of(shards, {"SORT", "k", "BY", "STORE", "STORE", "d"}).needs_all());
  CHECK_FALSE(reach_of(shards, {"SORT", "k", "BY", "w_*", "BAD"}).needs_all());
}

TEST_CASE("a request whose keys cannot be found reaches every shard") {
  const std::span<const CommandSpec> rows[] = {kRows};
  test::HeldShards shards(4, rows);
  CHECK(reach_of(shards, {"guess", "k"}).needs_all());
}

TEST_CASE("a request of the connection alone needs its own shard") {
  test::HeldShards shards(4);
  Reach reach = reach_of(shards, {"ECHO", "x"});
  CHECK(reach.needs_home());
  CHECK(reach.shards().empty());
  reach.clear();
  CHECK_FALSE(reach.needs_home());
}

}  // namespace kvstash::engine
