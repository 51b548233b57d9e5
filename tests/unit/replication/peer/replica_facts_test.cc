#include "replication/peer/replica_facts.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;

namespace {

// The reply: OK, an error, "-" for none, "ack" for a wish.
std::string take(ReplicaFacts& facts, std::vector<std::string_view> words, bool is_replica = true,
                 int64_t now_ms = 5000) {
  words.insert(words.begin(), "REPLCONF");
  const Result<ReplconfReply> reply = take_replconf(words, is_replica, now_ms, facts);
  if (!reply.ok()) return std::string(reply.error().message());
  if (*reply == ReplconfReply::kNone) return "-";
  return *reply == ReplconfReply::kOk ? "OK" : "ack";
}

}  // namespace

TEST_CASE("a replica says how it is reached, and what it knows") {
  ReplicaFacts facts;
  CHECK(take(facts, {}) == "OK");
  CHECK(take(facts, {"listening-port", "6380", "IP-address", "10.0.0.1"}) == "OK");
  CHECK(take(facts, {"capa", "eof", "capa", "psync2", "capa", "other"}) == "OK");
  CHECK(take(facts, {"version", "9.0.0", "rdb-only", "1"}) == "OK");
  CHECK(facts.listening_port == 6380);
  CHECK(facts.announced_ip == "10.0.0.1");
  CHECK(facts.knows_eof);
  CHECK(facts.knows_psync2);
  CHECK(facts.version == "9.0.0");
  CHECK(facts.wants_snapshot_only);
  CHECK(take(facts, {"rdb-only", "0"}) == "OK");
  CHECK_FALSE(facts.wants_snapshot_only);
}

TEST_CASE("a wrong option is told, and those before it count") {
  ReplicaFacts facts;
  CHECK(take(facts, {"capa"}) == "ERR syntax error");
  CHECK(take(facts, {"capa", "eof", "what", "x"}) == "ERR Unrecognized REPLCONF option: what");
  CHECK(facts.knows_eof);
  CHECK(take(facts, {"listening-port", "x"}) == "ERR value is not an integer or out of range");
  CHECK(take(facts, {"listening-port", "65536"}) == "ERR REPLCONF listening-port is out of range");
  CHECK(take(facts, {"rdb-only", "x"}) == "ERR value is not an integer or out of range");
  CHECK(take(facts, {"rdb-only", "2"}) == "ERR value is out of range, value must between 0 and 1");
  const std::string address(256, 'a');
  CHECK(take(facts, {"ip-address", address}) ==
        "ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes");
  CHECK(facts.announced_ip.empty());
  CHECK(take(facts, {"version", address}) == "ERR Unrecognized version format");
}

TEST_CASE("a filter names what the snapshot is to hold") {
  ReplicaFacts facts;
  CHECK(take(facts, {"rdb-filter-only", "functions"}) == "OK");
  CHECK(facts.filter == SnapshotFilter::kFunctions);
  CHECK(take(facts, {"rdb-filter-only", " Functions "}) == "OK");
  CHECK(facts.filter == SnapshotFilter::kFunctions);
  CHECK(take(facts, {"rdb-filter-only", ""}) == "OK");
  CHECK(facts.filter == SnapshotFilter::kNothing);
  CHECK(take(facts, {"rdb-filter-only", "keys"}) == "ERR Unsupported rdb-filter-only option: keys");
}

TEST_CASE("an acknowledgement gets no reply, and never falls") {
  ReplicaFacts facts;
  CHECK(take(facts, {"ACK", "100"}) == "-");
  CHECK(facts.acked == 100);
  CHECK(facts.acked_ms == 5000);
  CHECK_FALSE(facts.durable.has_value());
  CHECK(take(facts, {"ACK", "90", "FACK", "80"}, true, 6000) == "-");
  CHECK(facts.acked == 100);
  CHECK(facts.durable == 80);
  CHECK(facts.acked_ms == 6000);
  CHECK(take(facts, {"ACK", "200", "FACK", "70"}) == "-");
  CHECK(facts.durable == 80);
  CHECK(take(facts, {"ACK", "x"}) == "-");
  CHECK(take(facts, {"ACK", "-1"}) == "-");
  CHECK(facts.acked == 200);
}

TEST_CASE("only a replica acknowledges") {
  ReplicaFacts facts;
  CHECK(take(facts, {"ACK", "100"}, false) == "-");
  CHECK(facts.acked == 0);
  CHECK(facts.acked_ms == 0);
}

TEST_CASE("a primary asks for an acknowledgement") {
  ReplicaFacts facts;
  CHECK(take(facts, {"GETACK", "*"}) == "ack");
}
