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

}  // namespace kvstash::engine
