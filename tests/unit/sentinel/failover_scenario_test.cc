// Scripted lives of a few sentinels, from a primary that dies to the hard cases.
#include "sim_world.h"

#include <doctest/doctest.h>

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

TEST_CASE("when a primary dies, a replica takes its place within two and a half seconds") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const SimOptions options{.seed = seed};
    SimWorld world(options);
    discover(world, options);
    world.run_for(static_cast<int64_t>(world.random().below(3'000)));
    const int64_t death = world.now_ms();
    seed % 2 == 0 ? world.crash(0) : world.lose_power(0);
    const bool promoted = world.run_until(
        2'500, [&] { return world.node(1).is_primary() || world.node(2).is_primary(); });
    CAPTURE(world.now_ms() - death);
    INFO(world.describe());
    REQUIRE(promoted);
    REQUIRE(world.run_until(30'000, [&] { return world.is_settled(); }));
    CHECK(world.count("+switch-master", death) == 3);
  }
}

}  // namespace
}  // namespace kvstash::sentinel::test
