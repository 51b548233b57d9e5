#include "sentinel/replica_choice.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

#include <functional>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

// A primary with replicas a and b, all of them well, in a state of our own.
struct Choice {
  Choice() : state(1) {
    state.now = Moment(Duration(1'000'000));
    group = &add_group(state, {.name = "m", .address = {"10.0.0.1", "10.0.0.1", 6379}});
    a = make_well("10.0.0.2", kRunIdA);
    b = make_well("10.0.0.3", kRunIdB);
  }
  ~Choice() { remove_group(state, *group); }
  Choice(const Choice&) = delete;
  Choice& operator=(const Choice&) = delete;

  Instance* make_well(const std::string& ip, const std::string& run_id) {
    Instance& replica = add_replica(state, *group, {ip, ip, 6379});
    replica.run_id = run_id;
    replica.link->is_disconnected = false;
    replica.reported.at = state.now;
    replica.reported.offset = 100;
    return &replica;
  }

  State state;
  Monitored* group = nullptr;
  Instance* a = nullptr;
  Instance* b = nullptr;
};

TEST_CASE("of two good replicas the priority decides, then the data, then the run id") {
  const struct {
    const char* what;
    std::function<void(Choice&)> change;
    bool is_a;
  } rows[] = {
      {"the smaller run id", [](Choice&) {}, true},
      {"a run id at all", [](Choice& c) { c.a->run_id.clear(); }, false},
      {"more data", [](Choice& c) { c.b->reported.offset = 101; }, false},
      {"a lower priority number, in spite of less data",
       [](Choice& c) {
         c.b->reported.offset = 101;
         c.a->reported.priority = 99;
       },
       true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Choice choice;
    row.change(choice);
    CHECK(choose_replica(choice.state, *choice.group) == (row.is_a ? choice.a : choice.b));
  }
}

TEST_CASE("replicas that are not well are not chosen") {
  const struct {
    const char* what;
    std::function<void(Choice&)> change;
    bool is_eligible;
  } rows[] = {
      {"well", [](Choice&) {}, true},
      {"down", [](Choice& c) { c.a->is_subjectively_down = true; }, false},
      {"disconnected", [](Choice& c) { c.a->link->is_disconnected = true; }, false},
      {"priority 0", [](Choice& c) { c.a->reported.priority = 0; }, false},
      {"silent for 5 s", [](Choice& c) { c.a->link->answered_well_at -= 5s; }, true},
      {"silent for longer", [](Choice& c) { c.a->link->answered_well_at -= 5'001ms; }, false},
      {"no INFO", [](Choice& c) { c.a->reported.at.reset(); }, false},
      {"INFO 30 s old", [](Choice& c) { *c.a->reported.at -= 30s; }, true},
      {"INFO older", [](Choice& c) { *c.a->reported.at -= 30'001ms; }, false},
      {"INFO older than 5 s while the primary is down",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now;
         *c.a->reported.at -= 5'001ms;
       },
       false},
      {"apart for ten times down-after", [](Choice& c) { c.a->reported.link_down = 300s; }, true},
      {"apart for longer", [](Choice& c) { c.a->reported.link_down = 301s; }, false},
      {"apart for longer, but so is the primary down",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now - 2s;
         c.a->reported.link_down = 302s;
       },
       true},
      {"apart for longer than the primary is down",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now - 2s;
         c.group->primary.link->has_answered_well = true;
         c.a->reported.link_down = 303s;
       },
       false},
      {"the primary answered last before we were blind",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now;
         c.group->primary.link->has_answered_well = true;
         c.group->primary.link->answered_well_at = c.state.now - 1'030s;
         c.a->reported.link_down = 1'300s;
       },
       true},
      {"nobody saw the primary, and the other lost it as long ago",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now;
         c.a->reported.link_down = 9'300s;
         c.b->reported.link_down = 9'000s;
       },
       true},
      {"nobody saw the primary, but the other was with it until just now",
       [](Choice& c) {
         c.group->primary.is_subjectively_down = true;
         c.group->primary.subjectively_down_since = c.state.now;
         c.a->reported.link_down = 9'000s;
       },
       false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Choice choice;
    row.change(choice);
    CHECK(is_eligible(choice.state, *choice.group, *choice.a) == row.is_eligible);
  }
}

TEST_CASE("without a good replica none is chosen") {
  Choice choice;
  choice.a->reported.priority = 0;
  choice.b->reported.priority = 0;
  CHECK(choose_replica(choice.state, *choice.group) == nullptr);
}

}  // namespace
}  // namespace kvstash::sentinel::test
