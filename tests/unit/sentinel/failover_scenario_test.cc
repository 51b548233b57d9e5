// Scripted lives of a few sentinels, from a primary that dies to the hard cases.
#include "sim_world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace kvstash::sentinel::test {
namespace {

// All sentinels know each other and all replicas.
bool is_discovered(const SimWorld& world, const SimOptions& options) {
  for (int i = 0; i < options.sentinels; ++i) {
    if (world.group(i).sentinels.size() + 1 != static_cast<size_t>(options.sentinels)) return false;
    if (world.group(i).replicas.size() != static_cast<size_t>(options.replicas)) return false;
    for (const auto& replica : world.group(i).replicas)
      if (!replica->reported.at) return false;
    for (const auto& sentinel : world.group(i).sentinels)
      if (sentinel->link->program == Program::kUnknown) return false;
  }
  return true;
}

void discover(SimWorld& world, const SimOptions& options) {
  const bool done = world.run_until(20'000, [&] { return is_discovered(world, options); });
  INFO(world.describe());
  REQUIRE(done);
}

int primaries(SimWorld& world) {
  int count = 0;
  for (int i = 0; i < world.data_nodes(); ++i)
    count += world.is_running(i) && world.node(i).is_primary() ? 1 : 0;
  return count;
}

void settle(SimWorld& world, int64_t ms_max = 60'000) {
  const bool is_settled = world.run_until(ms_max, [&] { return world.is_settled(); });
  INFO(world.describe());
  REQUIRE(is_settled);
}

TEST_CASE("when a primary dies, a replica takes its place within two and a half seconds") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const SimOptions options{.seed = seed};
    SimWorld world(options);
    discover(world, options);
    world.run_for(static_cast<int64_t>(world.random().below(3'000)));
    const int64_t death = world.now_ms();
    seed % 2 == 0 ? world.crash(0) : world.lose_power(0);
    const bool is_promoted = world.run_until(
        2'500, [&] { return world.node(1).is_primary() || world.node(2).is_primary(); });
    INFO(world.describe());
    REQUIRE(is_promoted);
    settle(world);
    CHECK(world.count("+switch-master", death) == 3);
  }
}

TEST_CASE("a split vote is repeated in a new epoch within half a second") {
  int splits = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    // Latencies like the delays before candidates stand make splits likely.
    const SimOptions options{.seed = seed, .sentinels = 5, .latency_ms_max = 90};
    SimWorld world(options);
    discover(world, options);
    const int64_t death = world.now_ms();
    world.lose_power(0);
    settle(world);
    const auto& events = world.events();
    for (auto event = events.begin(); event != events.end(); ++event) {
      if (event->channel == "+elected-leader") break;
      if (event->at_ms < death || event->channel != "-failover-abort-not-elected") continue;
      ++splits;
      const auto next = std::find_if(event, events.end(), [](const SimEvent& later) {
        return later.channel == "+try-failover" || later.channel == "+elected-leader" ||
               later.channel == "+switch-master";
      });
      INFO(world.describe());
      REQUIRE(next != events.end());
      CHECK(next->at_ms - event->at_ms <= 500);
    }
  }
  CHECK(splits > 3);  // Else this shows nothing.
}

TEST_CASE("sentinels with a Redis among them keep Redis's distance between attempts") {
  const SimOptions options{
      .seed = 3, .failover_timeout_ms = 8'000, .as_redis = {true, false, false}};
  SimWorld world(options);
  discover(world, options);
  world.run_for(5'000);
  world.node(1).priority = 0;
  world.node(2).priority = 0;
  world.crash(0);
  REQUIRE(
      world.run_until(30'000, [&] { return world.count("-failover-abort-no-good-slave") > 0; }));
  world.run_for(15'000);
  CHECK(world.count("+try-failover") == 1);
  world.run_for(5'000);
  CHECK(world.count("+try-failover") >= 2);
}

TEST_CASE("a leader that crashes before it acts is replaced once it is found down") {
  const SimOptions options{.seed = 5};
  SimWorld world(options);
  discover(world, options);
  for (int i = 0; i < 3; ++i)
    CHECK(world.command(i, {"SENTINEL", "SIMULATE-FAILURE", "crash-after-election"}) == "+OK\r\n");
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return world.count("+elected-leader") == 1; }));
  int crashed = -1;
  for (int i = 0; i < 3; ++i)
    if (!world.has_sentinel(i)) crashed = i;
  REQUIRE(crashed >= 0);
  CHECK(world.count("+selected-slave") == 0);
  for (int i = 0; i < 3; ++i)
    if (i != crashed) world.command(i, {"SENTINEL", "SIMULATE-FAILURE", "crash-after-promotion"});
  // The next one gets as far as the promotion, and crashes before it told anybody.
  REQUIRE(world.run_until(10'000, [&] { return world.count("+promoted-slave") == 1; }));
  CHECK(world.count("+switch-master") == 0);
  for (int process = world.sentinel_process(0); process < world.processes(); ++process)
    world.restart(process);
  settle(world, 90'000);
  CHECK(primaries(world) == 1);
}

TEST_CASE("a sentinel that restarts after the promotion remembers it") {
  const SimOptions options{.seed = 6};
  SimWorld world(options);
  discover(world, options);
  for (int i = 0; i < 3; ++i)
    world.command(i, {"SENTINEL", "SIMULATE-FAILURE", "crash-after-promotion"});
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return world.count("+promoted-slave") == 1; }));
  int leader = -1;
  for (int i = 0; i < 3; ++i)
    if (!world.has_sentinel(i)) leader = i;
  REQUIRE(leader >= 0);
  const int promoted = world.node(1).is_primary() ? 1 : 2;
  world.restart(world.sentinel_process(leader));
  CHECK(world.primary_of(leader) == promoted);
  CHECK(world.group(leader).config_epoch == 1);
  settle(world);
  for (int i = 0; i < 3; ++i)
    CHECK(world.primary_of(i) == promoted);
}

TEST_CASE("the replica with the most data is promoted, though old INFO says otherwise") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const SimOptions options{.seed = seed};
    SimWorld world(options);
    discover(world, options);
    // Since the last INFO one replica fell behind.
    world.run_for(200);
    world.cut_both(1, 0);
    world.run_for(3'000);
    world.heal();
    world.crash(0);
    REQUIRE(world.node(1).offset < world.node(2).offset);
    REQUIRE(world.run_until(3'000, [&] { return primaries(world) == 1; }));
    INFO(world.describe());
    CHECK(world.node(2).is_primary());
  }
}

TEST_CASE(
    "a replica that was ahead of the chosen one, but could not be reached, follows it later") {
  const SimOptions options{.seed = 8};
  SimWorld world(options);
  discover(world, options);
  world.cut_both(1, 0);
  world.run_for(2'000);
  world.lose_power(2);  // It is ahead.
  world.run_for(1'500);
  const uint64_t ahead = world.node(2).offset;
  world.heal();
  world.lose_power(0);
  REQUIRE(world.run_until(10'000, [&] { return world.node(1).is_primary(); }));
  CHECK(world.node(1).offset < ahead);
  world.restart(2);
  world.restart(0);
  settle(world);
  CHECK(world.node(2).primary_host == world.node(1).host);
  CHECK(world.node(0).primary_host == world.node(1).host);
}

TEST_CASE("a lower priority number wins over more data, and 0 is never promoted") {
  const SimOptions options{.seed = 9};
  SimWorld world(options);
  discover(world, options);
  world.node(1).priority = 10;
  world.node(1).offset = 0;
  world.cut_both(1, 0);
  world.run_for(5'000);  // Not so long that it would be too far behind to be chosen.
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return primaries(world) == 1; }));
  CHECK(world.node(1).is_primary());
}

TEST_CASE("the old primary that returns is made a replica") {
  const SimOptions options{.seed = 10};
  SimWorld world(options);
  discover(world, options);
  world.crash(0);
  settle(world);
  world.restart(0);
  CHECK(world.node(0).is_primary());
  const int64_t back = world.now_ms();
  settle(world);
  CHECK(world.count("+convert-to-slave", back) >= 1);
  // Not before others could say that it is the primary after all.
  CHECK(world.now_ms() - back > 8'000);
  CHECK_FALSE(world.node(0).is_primary());
}

TEST_CASE("a replica that follows somebody else is pointed to the primary") {
  const SimOptions options{.seed = 11, .failover_timeout_ms = 5'000};
  SimWorld world(options);
  discover(world, options);
  world.node(2).primary_host = world.node(1).host;
  const int64_t start = world.now_ms();
  world.run_for(1'000);
  CHECK_FALSE(world.is_settled());
  settle(world);
  CHECK(world.count("+fix-slave-config", start) >= 1);
}

TEST_CASE("one sentinel that does not hear the primary starts nothing, two do") {
  const SimOptions options{.seed = 12};
  SimWorld world(options);
  discover(world, options);
  world.cut(0, world.sentinel_process(0));  // It still hears us.
  world.run_for(20'000);
  CHECK(world.count("+sdown") >= 1);
  CHECK(world.count("+odown") == 0);
  CHECK(world.count("+try-failover") == 0);
  world.cut(0, world.sentinel_process(1));
  REQUIRE(world.run_until(5'000, [&] { return world.count("+promoted-slave") == 1; }));
  world.heal();
  settle(world, 120'000);
  CHECK(world.primary_of(0) != 0);
}

TEST_CASE("a sentinel in a minority cannot fail over, whatever it sees") {
  const SimOptions options{.seed = 13, .sentinels = 5, .quorum = 1};
  SimWorld world(options);
  discover(world, options);
  // Two sentinels are with the replicas, three with the primary.
  for (const int apart : {1, 2, world.sentinel_process(0), world.sentinel_process(1)})
    for (const int rest :
         {0, world.sentinel_process(2), world.sentinel_process(3), world.sentinel_process(4)})
      world.cut_both(apart, rest);
  world.run_for(60'000);
  CHECK(world.count("+odown") >= 1);
  CHECK(world.count("+try-failover") >= 1);
  CHECK(world.count("+elected-leader") == 0);
  CHECK(world.node(0).is_primary());
  world.heal();
  settle(world, 120'000);
}

TEST_CASE("without a replica to promote a failover is given up, and tried again") {
  const SimOptions options{.seed = 14};
  SimWorld world(options);
  discover(world, options);
  world.node(1).priority = 0;
  world.node(2).priority = 0;
  world.run_for(11'000);  // Until all know that.
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return world.count("-failover-abort-no-good-slave") > 0; }));
  CHECK(primaries(world) == 0);
  world.node(2).priority = 100;
  REQUIRE(world.run_until(5'000, [&] { return world.node(2).is_primary(); }));
  settle(world);
}

TEST_CASE("a chosen replica that dies is replaced by another") {
  const SimOptions options{.seed = 15, .replicas = 3};
  SimWorld world(options);
  discover(world, options);
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return world.count("+selected-slave") == 1; }));
  int chosen = -1;
  for (int i = 1; i < world.data_nodes(); ++i)
    for (const SimEvent& event : world.events())
      if (event.channel == "+selected-slave" &&
          event.payload.starts_with("slave " + world.node(i).host))
        chosen = i;
  REQUIRE(chosen > 0);
  world.lose_power(chosen);
  REQUIRE(world.run_until(10'000, [&] { return world.count("+promoted-slave") == 1; }));
  settle(world);
}

TEST_CASE("an operator's failover needs no primary that is down") {
  const SimOptions options{.seed = 16};
  SimWorld world(options);
  discover(world, options);
  const int64_t start = world.now_ms();
  CHECK(world.command(1, {"SENTINEL", "FAILOVER", "mymaster"}) == "+OK\r\n");
  CHECK(world.command(1, {"SENTINEL", "FAILOVER", "mymaster"}).starts_with("-INPROG"));
  REQUIRE(world.run_until(500, [&] { return world.count("+promoted-slave") == 1; }));
  settle(world);
  CHECK(world.count("+switch-master", start) == 3);
  CHECK(primaries(world) == 1);
  CHECK(world.primary_of(0) != 0);
}

TEST_CASE("an operator's failover is done alone if no other sentinel can be reached") {
  const SimOptions options{.seed = 17};
  SimWorld world(options);
  discover(world, options);
  world.crash(world.sentinel_process(0));
  world.crash(world.sentinel_process(2));
  CHECK(world.command(1, {"SENTINEL", "FAILOVER", "mymaster"}) == "+OK\r\n");
  REQUIRE(world.run_until(2'000, [&] { return world.count("+promoted-slave") == 1; }));
  world.restart(world.sentinel_process(0));
  world.restart(world.sentinel_process(2));
  settle(world);
}

TEST_CASE("no more replicas than parallel-syncs move to the new primary at a time") {
  for (const int64_t parallel : {1, 2}) {
    CAPTURE(parallel);
    const SimOptions options{.seed = 18, .replicas = 5, .parallel_syncs = parallel};
    SimWorld world(options);
    discover(world, options);
    world.crash(0);
    settle(world, 120'000);
    int64_t moving = 0;
    int64_t most = 0;
    for (const SimEvent& event : world.events()) {
      if (event.channel == "+slave-reconf-sent") ++moving;
      if (event.channel == "+slave-reconf-done") --moving;
      most = std::max(most, moving);
    }
    CHECK(most == parallel);
  }
}

TEST_CASE("a sentinel whose clock jumps takes part in nothing for half a minute") {
  const SimOptions options{.seed = 19};
  SimWorld world(options);
  discover(world, options);
  for (int i = 0; i < 3; ++i)
    world.jump_clock(i, 10'000);
  world.run_for(500);
  CHECK(world.count("+tilt") == 3);
  CHECK(world.count("+sdown") == 0);
  world.crash(0);
  world.run_for(25'000);
  CHECK(world.count("+odown") == 0);
  world.run_until(20'000, [&] { return world.count("+promoted-slave") == 1; });
  INFO(world.describe());
  REQUIRE(world.count("+promoted-slave") == 1);
}

TEST_CASE("sentinels that start long after the primary died replace it all the same") {
  const SimOptions options{.seed = 21};
  SimWorld world(options);
  discover(world, options);
  for (int i = 0; i < 3; ++i)
    world.crash(world.sentinel_process(i));
  world.crash(0);
  world.run_for(60'000);
  for (int i = 0; i < 3; ++i)
    world.restart(world.sentinel_process(i));
  REQUIRE(world.run_until(5'000, [&] { return world.count("+promoted-slave") == 1; }));
  settle(world);
}

TEST_CASE("a replica that was apart from its primary for long before it died is not promoted") {
  const SimOptions options{.seed = 22};
  SimWorld world(options);
  discover(world, options);
  world.cut_both(1, 0);
  world.cut_both(2, 0);
  world.run_for(30'000);
  world.crash(0);
  REQUIRE(world.run_until(5'000, [&] { return world.count("-failover-abort-no-good-slave") > 0; }));
  world.run_for(20'000);
  CHECK(primaries(world) == 0);
}

TEST_CASE("a primary that is back before the election is left alone") {
  const SimOptions options{.seed = 20, .sentinels = 3, .as_redis = {true, true, true}};
  SimWorld world(options);
  discover(world, options);
  // Everybody sees it down, but nobody hears anybody's vote.
  world.pause(0, 6'000);
  REQUIRE(world.run_until(5'000, [&] { return world.count("+try-failover") > 0; }));
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < 3; ++b)
      if (a != b) world.cut(world.sentinel_process(a), world.sentinel_process(b));
  world.run_for(10'000);
  world.heal();
  world.run_for(30'000);
  const size_t elected = world.count("+elected-leader");
  CHECK(world.count("+promoted-slave") == elected);
  settle(world);
}

}  // namespace
}  // namespace kvstash::sentinel::test
