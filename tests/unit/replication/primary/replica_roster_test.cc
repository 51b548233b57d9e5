#include "replication/primary/replica_roster.h"

#include <doctest/doctest.h>

namespace kvstash::replication {
namespace {

using engine::Lsn;

ReplicaEntry entry_of(uint64_t session, ReplicaState state) {
  ReplicaEntry entry{.session = session, .ip = "10.0.0.1", .facts = {}, .state = state};
  entry.facts.listening_port = 6380;
  entry.ack.applied = Lsn{session * 100};
  return entry;
}

TEST_CASE("an entry is put, replaced and removed, and each change is told") {
  int changes = 0;
  ReplicaRoster roster([&] { ++changes; });
  roster.put(entry_of(2, ReplicaState::kWaits));
  roster.put(entry_of(1, ReplicaState::kOnline));
  roster.put(entry_of(2, ReplicaState::kReceives));
  REQUIRE(roster.all().size() == 2);
  CHECK(roster.all()[0].session == 1);
  CHECK(roster.all()[1].state == ReplicaState::kReceives);
  roster.remove(1);
  CHECK(roster.size() == 1);
  CHECK(changes == 4);
}

TEST_CASE("only replicas that follow the stream and acknowledge it count for WAIT") {
  ReplicaRoster roster([] {});
  roster.put(entry_of(1, ReplicaState::kOnline));
  roster.put(entry_of(2, ReplicaState::kReceives));
  ReplicaEntry silent = entry_of(3, ReplicaState::kOnline);
  silent.is_silent = true;
  roster.put(silent);
  REQUIRE(roster.acks().size() == 1);
  CHECK(roster.acks()[0].applied == Lsn{100});
}

TEST_CASE("a good replica is online and has acknowledged lately") {
  ReplicaRoster roster([] {});
  ReplicaEntry entry = entry_of(1, ReplicaState::kOnline);
  entry.since_ms = 1000;
  roster.put(entry);
  CHECK(roster.good(2000, 1000) == 1);
  CHECK(roster.good(2001, 1000) == 0);
  entry.facts.acked_ms = 5000;
  roster.put(entry);
  CHECK(roster.good(5500, 1000) == 1);
  entry.state = ReplicaState::kWaits;
  roster.put(entry);
  CHECK(roster.good(5500, 1000) == 0);
}

TEST_CASE("the log calls a replica by the port that it has told") {
  ReplicaEntry entry = entry_of(1, ReplicaState::kOnline);
  CHECK(entry.name() == "10.0.0.1:6380");
  entry.facts.listening_port = 0;
  CHECK(entry.name() == "10.0.0.1:<unknown-replica-port>");
}

}  // namespace
}  // namespace kvstash::replication
