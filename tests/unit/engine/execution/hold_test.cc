#include "engine/execution/hold.h"

#include "engine/shard.h"
#include "support/death.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace kvstash::engine {
namespace {

std::vector<size_t> visited_by(const Hold& hold) {
  std::vector<size_t> ids;
  hold.each([&ids](const ShardData& shard) { ids.push_back(shard.id()); });
  return ids;
}

}  // namespace

TEST_CASE("a hold of one shard covers that one") {
  test::HeldShards node(4);
  const Hold hold = node.at(2).hold_here();
  CHECK(hold.covers(2));
  CHECK_FALSE(hold.covers(0));
  CHECK_FALSE(hold.covers_all());
  CHECK(visited_by(hold) == std::vector<size_t>{2});
  CHECK(&hold.shard_of(node.key_on(2)) == &node.at(2).data());
  CHECK(&hold.shard(2) == &node.at(2).data());
  CHECK(test::HeldShards(1).at(0).hold_here().covers_all());
}

TEST_CASE("a hold of several shards covers its members, and visits them in their order") {
  test::HeldShards node(4);
  const std::vector<bool> members = {false, true, false, true};
  const Hold hold = node.at(3).hold_of(&members);
  CHECK(hold.covers(1));
  CHECK(hold.covers(3));
  CHECK_FALSE(hold.covers(2));
  CHECK_FALSE(hold.covers_all());
  CHECK(visited_by(hold) == std::vector<size_t>{1, 3});
  CHECK(&hold.shard_of(node.key_on(1)) == &node.at(1).data());
  CHECK(hold.any([](const ShardData& shard) { return shard.id() == 3; }));
  CHECK_FALSE(hold.any([](const ShardData& shard) { return shard.id() == 2; }));
}

TEST_CASE("a hold of all shards covers them, whether or not they are listed") {
  test::HeldShards node(2);
  const std::vector<bool> all = {true, true};
  CHECK(node.at(0).hold_of(&all).covers_all());
  CHECK(node.at(0).hold_of(nullptr).covers_all());
  CHECK(visited_by(node.at(1).hold_of(nullptr)) == std::vector<size_t>{0, 1});
}

TEST_CASE("a key or a shard that is not covered is a mistake of ours") {
  test::HeldShards node(2);
  const Hold hold = node.at(0).hold_here();
  CHECK(test::breaks_invariant([&] { hold.shard_of(node.key_on(1)); }, "hold.h"));
  CHECK(test::breaks_invariant([&] { hold.shard(1); }, "hold.h"));
  const std::vector<bool> too_few = {true};
  CHECK(test::breaks_invariant([&] { node.at(0).hold_of(&too_few); }, "hold.cc"));
}

TEST_CASE("the moment of a hold stands still, and another is another hold") {
  test::HeldShards node(1);
  const Hold hold = node.at(0).hold_here();
  CHECK(hold.now_ms() == node.at(0).now_ms());
  const Hold later = hold.at({.ms = hold.now_ms() + 7, .us = hold.now_us() + 7000});
  CHECK(later.now_ms() == hold.now_ms() + 7);
  CHECK(later.now_us() == hold.now_us() + 7000);
  CHECK(later.covers(0));
}

TEST_CASE("deadlines are judged by the moment, and none has passed in a replay") {
  test::HeldShards node(1);
  const Hold hold = node.at(0).hold_here().at({.ms = 1000, .us = 1'000'000});
  CHECK(hold.mode() == HoldMode::kLive);
  CHECK(hold.is_past(999));
  CHECK(hold.is_past(1000));
  CHECK_FALSE(hold.is_past(1001));
  const Hold replay = hold.replaying();
  CHECK(replay.mode() == HoldMode::kReplay);
  CHECK(replay.now_ms() == 1000);
  CHECK_FALSE(replay.is_past(0));
  CHECK_FALSE(replay.is_past(-1'000'000));
  CHECK(replay.at({.ms = 2000, .us = 2'000'000}).mode() == HoldMode::kReplay);
}

TEST_CASE("the executing thread lends its own things, whichever shards are covered") {
  test::HeldShards node(2);
  const Hold hold = node.at(1).hold_of(nullptr);
  CHECK(hold.worker().shard == 1);
  CHECK(&hold.stats() == &node.at(1).stats());
  CHECK(&hold.random() == &node.at(1).random());
  CHECK(&hold.pushes() == &node.at(1).pushes());
  CHECK(hold.journal() == node.at(1).sink());
  node.at(1).set_sink(nullptr);
  CHECK(hold.journal() == nullptr);
}

}  // namespace kvstash::engine
