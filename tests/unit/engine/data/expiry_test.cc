// What a shard does in its turns about keys and fields that are due. Lookups: call_test.cc.

#include "engine/data/expiry.h"

#include "engine/data/databases.h"
#include "engine/shard.h"
#include "support/death.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

class NoSessions final : public ShardPort {
 public:
  void ring() override {}
  void flush_sessions() override {}
  void close_session(Session&) override {}
};

struct Node : test::HeldShards {
  Node() : HeldShards(1) { shard.set_port(port); }

  store::Keyspace& space() { return shard.data().keyspace(DbIndex{0}); }
  size_t fields(std::string_view key) {
    const store::Entry* entry = space().find({key, keyed_hash(key, set().seed())});
    return entry == nullptr ? 0 : engine::Viewed<store::Hash>(entry->object())->size();
  }
  std::vector<std::string> records() const {
    std::vector<std::string> told;
    for (const std::string& record : journal(0)) {
      if (record != ".") told.push_back(record);
    }
    return told;
  }
  uint64_t version_of(std::string_view key) {
    const uint64_t version = shard.data().watches().watch(DbIndex{0}, key);
    shard.data().watches().unwatch(DbIndex{0}, key);
    return version;
  }

  NoSessions port;
  Shard& shard = at(0);
};

std::vector<std::string> names(size_t count) {
  std::vector<std::string> fields;
  for (size_t i = 0; i < count; ++i)
    fields.push_back("f" + std::to_string(i));
  return fields;
}

}  // namespace

TEST_CASE("due fields go in a turn, told to watchers and the journal, and counted with their lag") {
  Node node;
  node.set_hash("h", {"old", "older"}, {"fresh"});
  node.set_hash("gone", {"old"}, {});
  node.shard.data().watches().watch(DbIndex{0}, "h");
  const uint64_t before = node.version_of("h");
  CHECK_FALSE(node.shard.finish_turn());
  CHECK(node.fields("h") == 1);
  CHECK(node.keys_on(0) == 1);
  CHECK(node.version_of("h") != before);
  CHECK(node.shard.stats().expired == 0);
  CHECK(node.shard.stats().expired_fields == 3);
  CHECK(node.shard.stats().expire_lag.total() == 3);
  CHECK(node.shard.stats().expire_lag.percentile_ns(1) >= 5'000'000);
  REQUIRE(node.records().size() == 2);
  CHECK_FALSE(node.space().find({"h", keyed_hash("h", node.set().seed())})->has_field_deadlines());
}

TEST_CASE("one turn removes no more fields than its budget, of few hashes or of many") {
  for (const size_t hashes : {1, 50, 3000}) {
    CAPTURE(hashes);
    Node node;
    for (size_t i = 0; i < hashes; ++i)
      node.set_hash("h" + std::to_string(i), names(3000 / hashes), {});
    CHECK(node.shard.finish_turn());
    CHECK(node.shard.stats().expired_fields >= 200);
    CHECK(node.shard.stats().expired_fields <= 1000);
    int turns = 1;
    while (node.shard.finish_turn())
      ++turns;
    CHECK(node.shard.stats().expired_fields == 3000);
    CHECK(node.keys_on(0) == 0);
    CHECK(node.shard.data().memory().bytes == 0);
    CHECK(turns < 20);
  }
}

TEST_CASE("the shard wants to be back for the next deadline of a field") {
  Node node;
  node.shard.finish_turn();
  const int64_t soon_ms = node.shard.now_ms() + 7;
  const int64_t cron_ns = node.shard.next_event_ns();
  store::Hash hash;
  hash.set("f", "v", {.seed = node.set().seed()});
  hash.set_deadline("f", soon_ms, {.seed = node.set().seed()});
  node.space().put_object({"h", keyed_hash("h", node.set().seed())}, nullptr,
                          store::ValueType::kHash, hash.release(), std::nullopt);
  CHECK(node.shard.next_event_ns() < cron_ns);
  CHECK_FALSE(node.shard.finish_turn());
  CHECK(node.fields("h") == 1);
  node.shard.active_expire = false;
  CHECK(node.shard.next_event_ns() == cron_ns);
}

TEST_CASE("a key that is due goes whole, with fields that are due as well") {
  Node node;
  node.set_hash("h", {"old"}, {"fresh"});
  const store::KeyRef key{"h", keyed_hash("h", node.set().seed())};
  node.space().set_deadline(key, node.space().find(key), node.shard.now_ms() - 1);
  node.shard.finish_turn();
  CHECK(node.keys_on(0) == 0);
  CHECK(node.shard.stats().expired == 1);
  CHECK(node.records() == std::vector<std::string>{"0 DEL h"});
}

TEST_CASE("databases that are swapped or flushed take the deadlines of their fields along") {
  Node node;
  node.set_hash("h", {"old"}, {"fresh"});
  swap_db(node.shard.hold_here(), DbIndex{0}, DbIndex{1});
  node.set_hash("flushed", {"old"}, {"fresh"});
  flush_db(node.shard.hold_here(), DbIndex{0}, FlushMode::kSync);
  node.shard.finish_turn();
  CHECK(node.records().back() == "1 HDEL h old");
  CHECK(node.shard.stats().expired_fields == 1);
}

TEST_CASE("what expires on a shard is recorded and counted by the thread that executes") {
  test::HeldShards node(2);
  const std::string key = node.key_on(1);
  node.set_expired(key);
  ShardData& shard = node.at(1).data();
  const store::KeyRef ref = shard.ref(key);
  store::Entry* entry = shard.keyspace(DbIndex{0}).find(ref);
  CHECK(expire_due(node.at(0).hold_of(nullptr), {shard, DbIndex{0}, key}, entry) == nullptr);
  CHECK(node.keys_on(1) == 0);
  CHECK(node.journal(0) == std::vector<std::string>{"0 DEL " + key});
  CHECK(node.journal(1).empty());
  CHECK(node.at(0).stats().expired == 1);
  CHECK(node.at(1).stats().expired == 0);
}

TEST_CASE("a field of a hash goes alone if it is due, and stays if it is not") {
  Node node;
  node.set_hash("h", {"old", "older"}, {"fresh"});
  const Hold hold = node.shard.hold_here();
  const HeldKey key{node.shard.data(), DbIndex{0}, "h"};
  store::Entry* entry = node.space().find(node.shard.data().ref("h"));
  entry = expire_field(hold, key, entry, "fresh");
  CHECK(node.fields("h") == 3);
  CHECK(node.records().empty());
  entry = expire_field(hold, key, entry, "old");
  CHECK(entry != nullptr);
  CHECK(node.fields("h") == 2);
  CHECK(node.records() == std::vector<std::string>{"0 HDEL h old"});
}

TEST_CASE("the next deadline is the earliest of keys and fields, in any database") {
  Node node;
  ShardData& data = node.shard.data();
  CHECK_FALSE(next_deadline_ms(data).has_value());
  const int64_t now_ms = node.shard.now_ms();
  data.keyspace(DbIndex{2}).put_string(data.ref("k"), nullptr, "v", now_ms + 5);
  const std::optional<int64_t> next_ms = next_deadline_ms(data);
  REQUIRE(next_ms.has_value());
  CHECK(*next_ms <= now_ms + 5);
}

TEST_CASE("to let something expire before its time, or in a replay, is a mistake of ours") {
  Node node;
  node.set_expired("k");
  const HeldKey key{node.shard.data(), DbIndex{0}, "k"};
  store::Entry* entry = node.space().find(node.shard.data().ref("k"));
  const Hold replay = node.shard.hold_here().replaying();
  CHECK(test::breaks_invariant([&] { expire_due(replay, key, entry); }, "expiry.cc"));
  CHECK(test::breaks_invariant([&] { expire_turn(replay); }, "expiry.cc"));
}

}  // namespace kvstash::engine
