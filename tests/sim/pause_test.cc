// CLIENT PAUSE in simulated time: a pause holds commands back until its very end, and several
// pauses are merged into one.
#include "base/random.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

// The merged pause that the documentation promises: the later end and the stricter mode win over a
// pause that still lasts.
struct Expected {
  double until_ms = 0;
  bool is_for_all = false;

  void begin(double now_ms, double for_ms, bool all) {
    const bool lasts = until_ms > now_ms;
    is_for_all = all || (lasts && is_for_all);
    until_ms = std::max(lasts ? until_ms : 0, now_ms + for_ms);
  }
};

struct Probe {
  SimClient* client;
  bool writes;
  double sent_ms;
  double answered_ms = -1;
};

}  // namespace

TEST_CASE("pauses merge, and end for whom they hold back at their millisecond") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("pauses", 8, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      SimClient& operator_ = node.connect(random.below(shards));
      Expected expected;
      std::vector<Probe> probes;
      const auto held = [&](const Probe& probe) {
        return expected.until_ms > node.now_ms() && (probe.writes || expected.is_for_all);
      };
      // Called at each event: a probe that is not held back must have its reply by now.
      const auto look = [&] {
        for (Probe& probe : probes) {
          const auto reply = probe.client->take();
          if (reply) {
            CHECK(probe.answered_ms < 0);
            probe.answered_ms = reply->at_ms;
          }
          CHECK((probe.answered_ms < 0) == held(probe));
        }
        std::erase_if(probes, [](const Probe& probe) { return probe.answered_ms >= 0; });
      };
      for (size_t round = 0; round < 60; ++round) {
        switch (random.below(6)) {
          case 0: {
            const uint64_t for_ms = random.below(200);
            const bool all = random.one_in(3);
            REQUIRE(node.ask(operator_, "CLIENT PAUSE " + std::to_string(for_ms) +
                                            (all ? " ALL" : " WRITE")) == "OK");
            expected.begin(node.now_ms(), static_cast<double>(for_ms), all);
            break;
          }
          case 1:
            if (!random.one_in(4)) break;
            REQUIRE(node.ask(operator_, "CLIENT UNPAUSE") == "OK");
            expected = {};
            break;
          default: {
            const bool writes = random.one_in(2);
            SimClient& client = node.connect(random.below(shards));
            const std::string key = "key" + std::to_string(random.below(50));
            client.say(writes ? "SET " + key + " v" : "GET " + key);
            probes.push_back({&client, writes, node.now_ms()});
          }
        }
        node.settle();
        look();
        const double stop_ms = node.now_ms() + static_cast<double>(random.below(60));
        const double end_ms = expected.until_ms;
        if (end_ms > node.now_ms() && end_ms <= stop_ms) {
          node.run_until(end_ms - 0.001);
          look();
          node.run_until(end_ms);
          for (const Probe& probe : probes)
            CHECK(probe.sent_ms < end_ms);
          look();
        }
        node.run_until(stop_ms);
        look();
      }
    });
  }
}

}  // namespace kvstash::test
