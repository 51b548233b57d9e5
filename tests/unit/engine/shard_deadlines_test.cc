// What a shard does in its turns about keys and fields that are due. Lookups: call_test.cc.

#include "engine/shard.h"
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

  store::Keyspace& space() { return shard.keyspace(DbIndex{0}); }
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
    const uint64_t version = shard.watches().watch(DbIndex{0}, key);
    shard.watches().unwatch(DbIndex{0}, key);
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
  node.shard.watches().watch(DbIndex{0}, "h");
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
    CHECK(node.shard.memory().bytes == 0);
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
  node.shard.swap_db(DbIndex{0}, DbIndex{1}, node.shard.now_ms(), nullptr);
  node.set_hash("flushed", {"old"}, {"fresh"});
  node.shard.flush_db(DbIndex{0}, false);
  node.shard.finish_turn();
  CHECK(node.records().back() == "1 HDEL h old");
  CHECK(node.shard.stats().expired_fields == 1);
}

}  // namespace kvstash::engine
