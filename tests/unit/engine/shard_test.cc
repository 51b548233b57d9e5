// What one shard does in its turns. Shards here have no threads: the test takes their turns, in an
// order of its own. What needs threads (holds) is in shards_model_test.cc.

#include "engine/shard.h"

#include "base/clock.h"
#include "engine/data/databases.h"
#include "support/command_rooms.h"
#include "support/recording_sink.h"
#include "support/session_port.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

struct Node {
  explicit Node(size_t shards) : set(shards, table, options) {
    ports.reserve(shards);
    for (size_t id = 0; id < shards; ++id)
      ports.emplace_back(set.at(id));
  }

  Session& open() { return shard.clients().open(nullptr); }
  void feed(Session& session, std::string_view bytes) {
    const std::span<char> room = shard.input_room(session);
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    shard.consume(session, bytes.size());
  }
  // What shard 0's session has been sent so far.
  std::string sent(const Session& session) { return ports[0].sent[session.info.id]; }
  std::string key_on(size_t owner, size_t number = 0) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (set.shard_of(key) == owner && number-- == 0) return key;
    }
  }
  void put(std::string_view key, store::Keyspace::Deadline deadline = {}) {
    store::Keyspace& space = shard.data().keyspace(DbIndex{0});
    space.put_string(ref(key), space.find(ref(key)), "v", deadline);
  }
  store::KeyRef ref(std::string_view key) const { return {key, keyed_hash(key, set.seed())}; }
  size_t keys() { return shard.data().keyspace(DbIndex{0}).size(); }

  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set;
  std::vector<test::SessionPort> ports;
  Shard& shard = set.at(0);
};

}  // namespace

TEST_CASE("what is due is removed in a turn, told to the journal and counted with its delay") {
  Node node(1);
  test::RecordingSink sink;
  node.shard.set_sink(&sink);
  node.put("late", node.shard.now_ms() - 20);
  node.put("later", node.shard.now_ms() + 1'000'000);
  node.put("never");
  node.shard.finish_turn();
  CHECK(node.keys() == 2);
  CHECK(node.shard.stats().expired == 1);
  CHECK(node.shard.stats().expire_lag.total() == 1);
  CHECK(node.shard.stats().expire_lag.percentile_ns(1) >= 20'000'000);
  REQUIRE_FALSE(sink.records.empty());
  CHECK(sink.records[0] == "0 DEL late");
}

TEST_CASE("one turn expires no more than its budget, and wants another at once") {
  Node node(1);
  const int64_t due_ms = node.shard.now_ms() - 1;
  for (int i = 0; i < 2000; ++i)
    node.put(std::to_string(i), due_ms);
  CHECK(node.shard.finish_turn());
  CHECK(node.keys() > 1000);
  int turns = 1;
  while (node.shard.finish_turn())
    ++turns;
  CHECK(node.keys() == 0);
  CHECK(turns < 20);
}

TEST_CASE("without active expiry keys stay, and the shard need not wake for them") {
  const int64_t begin_ns = monotonic_ns();
  Node node(1);
  node.shard.active_expire = false;
  node.put("late", node.shard.now_ms() - 20);
  node.shard.finish_turn();
  CHECK(node.keys() == 1);
  CHECK(node.shard.next_event_ns() > begin_ns + 10 * kNsPerMs);
}

TEST_CASE("the shard wants to be back for the next deadline, and for its cron at the latest") {
  const int64_t begin_ns = monotonic_ns();
  Node node(1);
  node.shard.finish_turn();
  const int64_t cron_ns = node.shard.next_event_ns();
  CHECK(cron_ns > begin_ns + 10 * kNsPerMs);
  CHECK(cron_ns <= monotonic_ns() + 100 * kNsPerMs);
  const int64_t soon_ms = node.shard.now_ms() + 7;
  node.put("k", soon_ms);
  // The key's time is that of the wall clock.
  CHECK(node.shard.next_event_ns() - cron_ns == (soon_ms - (node.shard.now_ms() + 100)) * kNsPerMs);
}

TEST_CASE("replies to commands of one connection leave in order, though one is away") {
  Node node(2);
  Session& session = node.open();
  node.feed(session, "PING\r\nSET " + node.key_on(1) + " v\r\nPING\r\nGET " + node.key_on(0) +
                         "\r\nGET " + node.key_on(1) + "\r\n");
  node.shard.finish_turn();
  CHECK(node.sent(session) == "+PONG\r\n");
  CHECK(session.under_way == 2);
  node.set.at(1).finish_turn();
  node.shard.finish_turn();
  CHECK(node.sent(session) == "+PONG\r\n+OK\r\n+PONG\r\n$-1\r\n$1\r\nv\r\n");
  CHECK(session.under_way == 0);
}

TEST_CASE("arguments under way stay where they are while more is read") {
  Node node(2);
  Session& session = node.open();
  const std::string key = node.key_on(1);
  const std::string value(30'000, 'a');
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    node.feed(session, "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key +
                           "\r\n$10000\r\n" + std::string(10'000, static_cast<char>('a' + i)) +
                           "\r\n");
    node.feed(session, "GET " + key + "\r\n");
    expected += "+OK\r\n$10000\r\n" + std::string(10'000, static_cast<char>('a' + i)) + "\r\n";
    if (i % 3 == 0) node.shard.finish_turn();
  }
  CHECK(node.shard.clients().chunks().lent_bytes() != 0);
  node.shard.finish_turn();
  node.set.at(1).finish_turn();
  node.shard.finish_turn();
  CHECK(node.sent(session) == expected);
  CHECK(node.shard.clients().chunks().lent_bytes() == 0);
}

TEST_CASE("a session that closes with commands under way is kept until they are back") {
  Node node(2);
  Session& session = node.open();
  node.feed(session, "SET " + node.key_on(1) + " v\r\nGET " + node.key_on(1) + "\r\n");
  node.shard.finish_turn();
  const uint64_t id = session.info.id;
  node.shard.clients().close(session);
  CHECK(node.shard.clients().all().size() == 1);
  CHECK(node.shard.clients().find(id) == nullptr);
  node.set.at(1).finish_turn();
  node.shard.finish_turn();
  CHECK(node.shard.clients().all().empty());
  CHECK(node.shard.clients().chunks().lent_bytes() == 0);
  CHECK(node.set.at(1).data().keyspace(DbIndex{0}).size() == 1);  // It had been sent.
}

TEST_CASE("what a client had sent before it left is run") {
  Node node(1);
  Session& session = node.open();
  node.feed(session, "SET k v\r\n");
  node.shard.clients().close(session);
  CHECK(node.shard.clients().all().empty());
  CHECK(node.keys() == 1);
}

TEST_CASE("a killed session runs nothing more and is closed at the end of the turn, once") {
  Node node(1);
  Session& session = node.open();
  const uint64_t id = session.info.id;
  node.shard.finish_turn();
  node.shard.clients().kill(session);
  node.shard.clients().kill(session);
  node.feed(session, "SET k v\r\n");
  CHECK(node.ports[0].closed.empty());
  node.shard.finish_turn();
  CHECK(node.ports[0].closed == std::vector<uint64_t>{id});
  CHECK(node.keys() == 0);
  CHECK(node.shard.clients().all().empty());
}

TEST_CASE("a paused shard holds commands back and goes on where it stopped") {
  Node node(1);
  Session& session = node.open();
  node.shard.finish_turn();
  node.shard.clients().begin_pause(monotonic_ns(), monotonic_ns() + 1'000'000 * kNsPerMs,
                                   PauseMode::kWrites);
  node.feed(session, "GET k\r\nSET k v\r\nGET k\r\n");
  node.shard.finish_turn();
  CHECK(node.sent(session) == "$-1\r\n");  // Reads go on.
  node.shard.clients().end_pause();
  node.shard.finish_turn();
  node.shard.finish_turn();
  CHECK(node.sent(session) == "$-1\r\n+OK\r\n$1\r\nv\r\n");
}

TEST_CASE("a session over its limit of commands in flight waits, and loses none") {
  Node node(2);
  node.options.client_commands_in_flight_limit = 2;
  Session& session = node.open();
  std::string commands;
  for (int i = 0; i < 7; ++i)
    commands += "INCR " + node.key_on(1) + "\r\n";
  node.feed(session, commands);
  node.shard.finish_turn();
  CHECK(session.under_way == 2);
  for (int turn = 0; turn < 10; ++turn) {
    node.set.at(1).finish_turn();
    node.shard.finish_turn();
    CHECK(session.under_way <= 2);
  }
  CHECK(node.sent(session) == ":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n");
}

TEST_CASE("a large database is flushed at once and freed by the reaper") {
  Node node(1);
  for (int i = 0; i < 40'000; ++i)
    node.put(std::to_string(i));
  flush_db(node.shard.hold_here(), DbIndex{0}, FlushMode::kSync);
  CHECK(node.keys() == 0);
  CHECK(node.shard.data().memory().bytes == 0);
  CHECK(node.set.reaper().pending() + node.set.reaper().freed() == 0);
  node.shard.finish_turn();
  CHECK(node.set.reaper().pending() + node.set.reaper().freed() == 1);
}

TEST_CASE("resetting statistics keeps the number of changes that a save would have to write") {
  Node node(1);
  Session& session = node.open();
  node.feed(session, "SET k v\r\n");
  node.shard.finish_turn();
  CHECK(node.shard.stats().commands == 1);
  node.shard.telemetry().reset();
  CHECK(node.shard.stats().commands == 0);
  CHECK(node.shard.stats().dirty == 1);
  CHECK(node.shard.telemetry().of(*node.table.find("set")).calls == 0);
}

TEST_CASE("an action over all shards of one runs in the next turn") {
  Node node(1);
  int runs = 0;
  node.shard.traffic().hold_all([&runs](const Hold&) { ++runs; });
  CHECK(runs == 0);
  node.shard.finish_turn();
  CHECK(runs == 1);
  CHECK(node.shard.stats().transactions == 1);
}

TEST_CASE("monitors are told what others do, with secrets left out") {
  Node node(1);
  Session& monitor = node.open();
  Session& session = node.open();
  session.info.address = "1.2.3.4:5";
  node.feed(monitor, "MONITOR\r\n");
  node.shard.finish_turn();
  CHECK(node.sent(monitor) == "+OK\r\n");
  node.feed(session, "SET k \"a b\"\r\n");
  for (int turn = 0; turn < 3; ++turn)
    node.shard.finish_turn();
  CHECK(node.sent(monitor).ends_with(" [0 1.2.3.4:5] \"SET\" \"k\" \"a b\"\r\n"));
  node.shard.clients().close(monitor);
  CHECK(node.set.monitor_count == 0);
}

TEST_CASE("a command that is its own effect comes to the journal with its client's bytes") {
  Node node(2);
  test::RecordingSink here;
  test::RecordingSink there;
  node.set.at(0).set_sink(&here);
  node.set.at(1).set_sink(&there);
  Session& session = node.open();
  const std::string near = node.key_on(0);
  const std::string far = node.key_on(1);
  const auto set = [](const std::string& key) {
    return "*3\r\n$3\r\nSet\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$1\r\nv\r\n";
  };
  node.feed(session, set(near) + set(far) + "SET " + near + " w\r\n");
  node.shard.finish_turn();
  node.set.at(1).finish_turn();
  std::erase(here.records, ".");
  std::erase(there.records, ".");
  CHECK(here.records == std::vector<std::string>{"0 Set " + near + " v", "0 SET " + near + " w"});
  CHECK(here.raw_records == 1);  // Inline words stand apart from each other.
  CHECK(there.records == std::vector<std::string>{"0 Set " + far + " v"});
  CHECK(there.raw_records == 1);
  node.shard.finish_turn();
  CHECK(node.sent(session) == "+OK\r\n+OK\r\n+OK\r\n");
}

namespace {

// Looks, when a record joins the log, whether the other shard has been sent anything.
class FirstFlush final : public EffectSink {
 public:
  explicit FirstFlush(Shard& other) : other_(&other) {}
  Lsn flush() override {
    if (records_ != 0) had_sent = had_sent.value_or(!other_->traffic().mailbox().is_empty());
    return kLsnNone;
  }
  std::optional<bool> had_sent;

 private:
  void on_record(const Record&) override { ++records_; }
  void on_begin_unit() override {}
  void on_end_unit() override {}

  Shard* other_;
  size_t records_ = 0;
};

}  // namespace

TEST_CASE("what ran here joins the log before commands for other shards leave") {
  Node node(2);
  FirstFlush lane(node.set.at(1));
  node.set.at(0).set_sink(&lane);
  Session& session = node.open();
  node.feed(session, "SET " + node.key_on(0) + " 1\r\nSET " + node.key_on(1) + " 2\r\n");
  node.shard.finish_turn();
  REQUIRE(lane.had_sent.has_value());
  CHECK_FALSE(*lane.had_sent);
  CHECK_FALSE(node.set.at(1).traffic().mailbox().is_empty());
  node.set.at(1).finish_turn();
  node.shard.finish_turn();
  CHECK(node.sent(session) == "+OK\r\n+OK\r\n");
}

}  // namespace kvstash::engine
