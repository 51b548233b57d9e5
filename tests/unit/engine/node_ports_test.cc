#include "engine/node_ports.h"

#include "engine/shard.h"
#include "engine/shard_set.h"
#include "sim/sim_clock.h"
#include "sim/sim_entropy.h"
#include "support/command_rooms.h"
#include "support/data_meter.h"
#include "support/node_ports.h"

#include <doctest/doctest.h>

namespace kvstash::engine {

TEST_CASE("a node that was given no ports has those of the machine") {
  const EngineOptions options;
  const CommandTable table(test::engine_commands());
  const ShardSet set(1, table, options);
  const int64_t before_us = wall_now_us();
  const int64_t before_ns = monotonic_ns();
  CHECK(set.clock().wall_now_us() - before_us < 2'000'000);
  const int64_t now_ns = set.clock().monotonic_ns();
  CHECK(now_ns >= before_ns);
  CHECK(monotonic_ns() >= now_ns);
  CHECK(set.ports().entropy->draw() != set.ports().entropy->draw());
}

TEST_CASE("a node takes the memory beside its data from the port") {
  const EngineOptions options;
  const CommandTable table(test::engine_commands());
  const test::DataMeter memory;
  ShardSet set(1, table, options, test::ports_with(memory));
  set.measure_overhead(set.at(0).now_ms() + 100'000);
  CHECK(set.memory_used() >= test::DataMeter::kBesideBytes);
  CHECK(set.memory_used() < 2 * test::DataMeter::kBesideBytes);
}

TEST_CASE("a node takes time and seeds from the ports that it was given") {
  const EngineOptions options;
  const CommandTable table(test::engine_commands());
  test::SimClock clock;
  ThreadParking parking;
  const test::DataMeter memory;
  const auto drawn = [&](uint64_t seed) {
    test::SimEntropy entropy(seed);
    ShardSet set(2, table, options,
                 {.clock = &clock, .entropy = &entropy, .parking = &parking, .memory = &memory});
    CHECK(set.at(1).now_ms() == test::SimClock::kBeginWallMs);
    return std::pair(set.seed().a, set.at(1).random().next());
  };
  CHECK(drawn(1) == drawn(1));
  CHECK(drawn(1).first != drawn(2).first);
  CHECK(drawn(1).second != drawn(2).second);
  clock.move_by(5 * test::SimClock::kNsPerMs);
  test::SimEntropy entropy(1);
  ShardSet set(1, table, options,
               {.clock = &clock, .entropy = &entropy, .parking = &parking, .memory = &memory});
  CHECK(set.at(0).now_ms() == test::SimClock::kBeginWallMs + 5);
}

}  // namespace kvstash::engine
