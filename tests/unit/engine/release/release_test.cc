// When what was made here may leave. Shards without threads: the test takes their turns, is the
// journal, and sees what clients may have been sent.

#include "engine/release/release.h"

#include "engine/shard.h"
#include "engine/turn_work.h"
#include "support/command_rooms.h"
#include "support/session_port.h"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

// One log of all lanes: each record counts one.
class Journal {
 public:
  class Lane final : public EffectSink {
   public:
    explicit Lane(Journal& journal) : journal_(&journal) {}
    Lsn flush() override {
      if (records_ != 0) last_ = Lsn{journal_->end += std::exchange(records_, 0)};
      return last_;
    }

   private:
    void on_record(const Record&) override { ++records_; }
    void on_begin_unit() override {}
    void on_end_unit() override {}

    Journal* journal_;
    uint64_t records_ = 0;
    Lsn last_{};
  };

  uint64_t end = 0;
};

struct Node {
  explicit Node(size_t shards) : set(shards, table, options) {
    set.begin_gating(kLsnNone);
    ports.reserve(shards);
    for (size_t id = 0; id < shards; ++id) {
      ports.emplace_back(set.at(id));
      lanes.push_back(std::make_unique<Journal::Lane>(journal));
      set.at(id).set_sink(lanes.back().get());
    }
  }

  Session& open(size_t shard) { return set.at(shard).clients().open(nullptr); }
  void feed(Session& session, std::string_view bytes) {
    Shard& shard = set.at(session.caller.home);
    const std::span<char> room = shard.input_room(session);
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    shard.consume(session, bytes.size());
  }
  // Turns of all shards, until all that is on its way has come. No transactions over several
  // shards: a shard alone on its thread cannot park.
  void settle() {
    for (int round = 0; round < 6; ++round) {
      for (size_t id = 0; id < set.size(); ++id)
        set.at(id).finish_turn();
    }
  }
  void run(Session& session, std::string_view bytes) {
    feed(session, bytes);
    settle();
  }
  void release(uint64_t lsn) {
    set.release_up_to(Lsn{lsn});
    settle();
  }
  std::string take(const Session& session) {
    return std::exchange(ports[session.caller.home].sent[session.info.id], {});
  }
  std::string key_on(size_t owner, size_t number = 0) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (set.shard_of(key) == owner && number-- == 0) return key;
    }
  }

  Journal journal;
  std::vector<std::unique_ptr<Journal::Lane>> lanes;
  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set;
  std::vector<test::SessionPort> ports;
};

}  // namespace

TEST_CASE("a reply waits until the journal has come to what its command wrote") {
  Node node(1);
  Session& session = node.open(0);
  node.run(session, "PING\r\n");
  CHECK(node.take(session) == "+PONG\r\n");
  node.run(session, "SET k v\r\n");
  CHECK(node.journal.end == 1);
  CHECK(node.take(session).empty());
  node.release(1);
  CHECK(node.take(session) == "+OK\r\n");
}

TEST_CASE("a reply to a read waits for what was written before on its shard, by whomever") {
  Node node(1);
  Session& writer = node.open(0);
  Session& reader = node.open(0);
  node.run(writer, "SET k v\r\nSET k w\r\n");
  node.run(reader, "GET k\r\n");
  CHECK(node.take(reader).empty());
  node.release(1);
  CHECK(node.take(reader).empty());
  CHECK(node.take(writer).empty());  // They were made in one turn.
  node.release(2);
  CHECK(node.take(reader) == "$1\r\nw\r\n");
  CHECK(node.take(writer) == "+OK\r\n+OK\r\n");
}

TEST_CASE("a client that only reads waits for no journal if the work above says so; writers do") {
  class Work final : public TurnWork {
   public:
    bool step(Shard&, uint64_t) override { return false; }
    bool do_reads_wait() const override { return reads_wait; }
    bool reads_wait = false;
  };
  Node node(2);
  Work work;
  node.set.set_turn_work(&work);
  Session& writer = node.open(0);
  Session& reader = node.open(0);
  node.run(writer, "SET k v\r\nGET k\r\n");
  CHECK(node.take(writer).empty());
  node.run(reader, "GET k\r\nPING\r\n");
  CHECK(node.take(reader) == "$1\r\nv\r\n+PONG\r\n");
  work.reads_wait = true;
  node.run(reader, "GET k\r\n");
  CHECK(node.take(reader).empty());
  // What waits already leaves with the next reply that need not.
  work.reads_wait = false;
  node.run(reader, "GET k\r\n");
  CHECK(node.take(reader) == "$1\r\nv\r\n$1\r\nv\r\n");
  node.run(reader, "SET r v\r\n");
  CHECK(node.take(reader).empty());
  node.release(2);
  CHECK(node.take(writer) == "+OK\r\n$1\r\nv\r\n");
  CHECK(node.take(reader) == "+OK\r\n");
  // A client whose write has left reads without waiting again.
  node.run(writer, "SET k w\r\n");
  node.run(reader, "GET k\r\n");
  CHECK(node.take(reader) == "$1\r\nw\r\n");
  node.set.set_turn_work(nullptr);
}

TEST_CASE("replies leave in order, each as soon as the journal has come so far") {
  Node node(1);
  Session& session = node.open(0);
  for (int i = 1; i <= 3; ++i)
    node.run(session, "INCR n\r\n");
  node.release(1);
  CHECK(node.take(session) == ":1\r\n");
  node.run(session, "GET n\r\n");
  node.release(2);
  CHECK(node.take(session) == ":2\r\n");
  node.release(3);
  CHECK(node.take(session) == ":3\r\n$1\r\n3\r\n");
}

TEST_CASE("nothing leaves in the middle of a turn, whoever asks what may be sent") {
  Node node(1);
  node.set.release_up_to(kLsnMax);
  Session& session = node.open(0);
  node.feed(session, "SET k v\r\n");
  node.set.at(0).finish_turn();
  CHECK(node.take(session) == "+OK\r\n");
  // Many commands run while they are read, before the turn's end.
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += "INCR n\r\n";
  node.feed(session, many);
  CHECK(session.replies.bytes() != 0);
  CHECK(session.replies.sendable().empty());
  node.set.at(0).finish_turn();
  CHECK_FALSE(node.take(session).empty());
}

TEST_CASE("a reply from another shard carries what it follows from there") {
  Node node(2);
  Session& session = node.open(0);
  Session& other = node.open(0);
  const std::string far = node.key_on(1);
  node.run(session, "SET " + far + " v\r\n");
  CHECK(node.take(session).empty());
  node.run(other, "GET " + node.key_on(0) + "\r\n");
  CHECK(node.take(other) == "$-1\r\n");  // Shard 0 has written nothing.
  node.run(other, "GET " + far + "\r\n");
  CHECK(node.take(other).empty());
  node.release(1);
  CHECK(node.take(session) == "+OK\r\n");
  CHECK(node.take(other) == "$1\r\nv\r\n");
}

TEST_CASE("what gathers hear of a shard waits for what that shard has written") {
  Node node(2);
  Session& writer = node.open(0);
  Session& asking = node.open(0);
  node.run(asking, "DBSIZE\r\n");
  CHECK(node.take(asking) == ":0\r\n");
  node.run(writer, "SET " + node.key_on(1) + " v\r\n");
  node.run(asking, "DBSIZE\r\n");
  CHECK(node.take(asking).empty());
  node.release(1);
  CHECK(node.take(asking) == ":1\r\n");
}

TEST_CASE("a waiter that was served hears of it when the journal has what served it") {
  Node node(2);
  for (const size_t home : {0u, 1u}) {
    CAPTURE(home);
    Session& waiting = node.open(home);
    Session& pushing = node.open(1);
    const std::string list = node.key_on(1);
    node.run(waiting, "BLPOP " + list + " 0\r\n");
    CHECK(node.take(waiting).empty());
    const uint64_t before = node.journal.end;
    node.run(pushing, "RPUSH " + list + " v\r\n");
    CHECK(node.journal.end == before + 2);
    CHECK(node.take(waiting).empty());
    CHECK(node.take(pushing).empty());
    node.release(before + 1);
    CHECK(node.take(waiting).empty());
    node.release(before + 2);
    CHECK(node.take(waiting).starts_with("*2\r\n"));
    CHECK(node.take(pushing) == ":1\r\n");
  }
}

TEST_CASE("keyspace events and publications wait for the records that they tell of") {
  Node node(2);
  node.options.notify_keyspace_events = notify::kKeyevent | notify::kString;
  for (const size_t home : {0u, 1u}) {
    CAPTURE(home);
    Session& listening = node.open(home);
    Session& writing = node.open(1);
    node.run(listening, "SUBSCRIBE __keyevent@0__:set\r\n");
    node.release(node.journal.end);
    CHECK_FALSE(node.take(listening).empty());
    node.run(writing, "SET " + node.key_on(1) + " v\r\n");
    CHECK(node.take(listening).empty());
    node.release(node.journal.end);
    CHECK(node.take(listening).find(node.key_on(1)) != std::string::npos);
    CHECK(node.take(writing) == "+OK\r\n");
  }
}

TEST_CASE("an invalidation waits for the change, and so does one that is redirected elsewhere") {
  Node node(2);
  Session& target = node.open(0);
  Session& caching = node.open(1);
  Session& writing = node.open(1);
  const std::string key = node.key_on(1);
  node.run(target, "HELLO 3\r\n");
  node.run(caching, "CLIENT TRACKING ON REDIRECT " + std::to_string(target.info.id) + "\r\nGET " +
                        key + "\r\n");
  node.take(target);
  CHECK(node.take(caching) == "+OK\r\n$-1\r\n");
  node.run(writing, "SET " + key + " v\r\n");
  CHECK(node.take(target).empty());
  node.release(1);
  CHECK(node.take(target).find(key) != std::string::npos);
}

TEST_CASE("what monitors see waits for the journal, too") {
  Node node(2);
  Session& monitor = node.open(0);
  Session& writing = node.open(1);
  node.run(monitor, "MONITOR\r\n");
  CHECK(node.take(monitor) == "+OK\r\n");
  node.run(writing, "SET " + node.key_on(1) + " v\r\n");
  CHECK(node.take(monitor).empty());
  node.release(1);
  CHECK(node.take(monitor).ends_with("\"v\"\r\n"));
  // A command that ran on another shard than its connection's is told of there.
  Session& far = node.open(0);
  node.run(far, "SET " + node.key_on(1) + " w\r\n");
  CHECK(node.take(monitor).empty());
  node.release(2);
  CHECK(node.take(monitor).ends_with("\"w\"\r\n"));
}

TEST_CASE("what waits for the journal is not the client's to read, and bounds what it may send") {
  Node node(1);
  Session& session = node.open(0);
  node.run(session, "SET k " + std::string(10'000, 'x') + "\r\n");
  size_t gets = 0;
  while (session.stopped == 0 && gets < 1000) {
    node.run(session, "GET k\r\n");
    ++gets;
    CHECK(session.unsent_bytes() == 0);
  }
  CHECK(session.stopped == kStopGate);
  CHECK_FALSE(session.is_idle());
  CHECK(gets > 50);
  CHECK(gets < 200);
  node.release(1);
  CHECK(session.stopped == 0);
  CHECK(node.take(session).size() > gets * 10'000);
}

TEST_CASE("a connection that ends after its replies ends when the journal let them out") {
  Node node(1);
  Session& session = node.open(0);
  const uint64_t id = session.info.id;
  node.run(session, "SET k v\r\nQUIT\r\n");
  CHECK(node.ports[0].closed.empty());
  node.release(1);
  CHECK(node.ports[0].sent[id] == "+OK\r\n+OK\r\n");
  CHECK(node.ports[0].closed == std::vector{id});
}

TEST_CASE("who waits for a reply that may be lost is closed, but not for what was refused") {
  Node node(1);
  Session& writer = node.open(0);
  Session& refused = node.open(0);
  Session& both = node.open(0);
  Session& earlier = node.open(0);
  node.run(writer, "SET k v\r\n");
  node.run(both, "SET l v\r\n");
  node.set.set_write_refusal("MISCONF an earlier one");
  node.run(earlier, "PUBLISH c m\r\n");
  node.set.set_write_refusal(std::nullopt);

  node.set.set_write_refusal("MISCONF the disk is full");
  const uint64_t period = node.set.refusal_period();
  CHECK(period != ShardSet::kNoRefusal);
  // PUBLISH may write, so it is a command like a script, and is not refused as a whole.
  node.run(refused, "SET k w\r\nPUBLISH c m\r\n");
  node.run(both, "PUBLISH c m\r\n");
  node.set.set_write_refusal("MISCONF still full");
  CHECK(node.set.refusal_period() == period);
  node.set.at(0).release().close_writers("the disk is full", period);
  CHECK(writer.is_gone());
  CHECK(both.is_gone());
  CHECK(earlier.is_gone());
  CHECK(!refused.is_gone());
  node.release(node.journal.end);
  CHECK(node.take(refused) == "-MISCONF the disk is full\r\n:0\r\n");

  node.set.set_write_refusal(std::nullopt);
  CHECK(node.set.refusal_period() == ShardSet::kNoRefusal);
  node.run(refused, "SET k w\r\n");
  node.set.at(0).release().close_writers("it is full again", period);
  CHECK(refused.is_gone());
}

TEST_CASE("a connection that is gone is forgotten by the gate") {
  Node node(1);
  Session& session = node.open(0);
  node.run(session, "SET k v\r\n");
  node.set.at(0).clients().close(session);
  node.release(1);
  CHECK(node.set.at(0).release().gate().waiting() == 0);
  CHECK(node.set.at(0).clients().all().empty());
}

}  // namespace kvstash::engine
