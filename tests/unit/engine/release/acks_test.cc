#include "engine/release/acks.h"

#include <doctest/doctest.h>

namespace kvstash::engine {

TEST_CASE("acks: without a log nothing is on the disk, and who waits for it waits in vain") {
  Acks acks;
  CHECK_FALSE(acks.is_local(kLsnNone));
  CHECK(acks.are_met({.lsn = Lsn{5}, .is_local = false, .replicas = 0}));
  const AckWish local{.lsn = kLsnNone, .is_local = true, .replicas = 0};
  CHECK_FALSE(acks.are_met(local));
  CHECK(acks.is_hopeless(local));
  CHECK_FALSE(acks.is_hopeless({.lsn = Lsn{5}, .is_local = false, .replicas = 1}));
}

TEST_CASE("acks: a log counts once it is a whole one on the disk") {
  Acks acks;
  const AckWish wish{.lsn = Lsn{10}, .is_local = true, .replicas = 0};
  CHECK(acks.set_durable(Lsn{10}));
  CHECK_FALSE(acks.set_durable(Lsn{10}));
  CHECK(acks.set_log(Acks::Log::kBegins));
  CHECK_FALSE(acks.are_met(wish));
  CHECK_FALSE(acks.is_hopeless(wish));
  CHECK(acks.set_log(Acks::Log::kOn));
  CHECK_FALSE(acks.set_log(Acks::Log::kOn));
  CHECK(acks.are_met(wish));
  CHECK_FALSE(acks.are_met({.lsn = Lsn{11}, .is_local = true, .replicas = 0}));
  CHECK_FALSE(acks.are_met({.lsn = Lsn{10}, .is_local = true, .replicas = 1}));
  CHECK(acks.are_met({.lsn = Lsn{11}, .is_local = false, .replicas = -1}));
}

TEST_CASE("acks: replicas count that have applied, or have on their disks, what is wished for") {
  Acks acks;
  CHECK(acks.replicas({.lsn = kLsnNone}) == 0);
  const std::vector<ReplicaAck> two = {{.applied = Lsn{10}, .durable = Lsn{5}},
                                       {.applied = Lsn{20}, .durable = kLsnNone}};
  CHECK(acks.set_replicas(two));
  CHECK_FALSE(acks.set_replicas(two));
  CHECK(acks.replicas({.lsn = Lsn{10}}) == 2);
  CHECK(acks.replicas({.lsn = Lsn{11}}) == 1);
  CHECK(acks.replicas({.lsn = Lsn{21}}) == 0);
  CHECK(acks.replicas({.lsn = Lsn{5}, .is_on_disks = true}) == 1);
  CHECK(acks.replicas({.lsn = Lsn{6}, .is_on_disks = true}) == 0);
  CHECK(acks.are_met({.lsn = Lsn{10}, .replicas = 2}));
  CHECK_FALSE(acks.are_met({.lsn = Lsn{10}, .replicas = 3}));
  CHECK(acks.set_replicas({}));
  CHECK_FALSE(acks.are_met({.lsn = kLsnNone, .replicas = 1}));
}

TEST_CASE("acks: replicas are asked, if somebody can ask them") {
  Acks acks;
  acks.ask_replicas();
  int asked = 0;
  acks.set_ask([&] { ++asked; });
  acks.ask_replicas();
  CHECK(asked == 1);
}

}  // namespace kvstash::engine
