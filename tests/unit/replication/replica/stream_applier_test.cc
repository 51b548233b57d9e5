#include "replication/replica/stream_applier.h"

#include "base/random.h"
#include "engine/shard.h"
#include "resp/request_text.h"
#include "support/logged_node.h"
#include "support/model_seed.h"
#include "support/node_dump.h"
#include "support/random_commands.h"
#include "support/script_rooms.h"
#include "support/shard_threads.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;
using engine::DbIndex;
using engine::Hold;

namespace {

void append(std::string& to, std::initializer_list<std::string_view> words) {
  resp::append_request(to, std::span<const std::string_view>(words.begin(), words.size()));
}

// What a primary has done: its units, and the stream of them.
struct History {
  std::vector<test::LoggedUnit> units;
  std::string stream;
  std::vector<uint64_t> ends;  // Of each unit in the stream.
};

void tell(History& history, const test::LoggedUnit& unit, DbIndex& selected) {
  const bool is_transaction = unit.size() > 1;
  if (is_transaction) append(history.stream, {"MULTI"});
  for (const test::LoggedRecord& record : unit) {
    if (record.db != selected)
      append(history.stream, {"SELECT", std::to_string(static_cast<uint32_t>(record.db))});
    selected = record.db;
    const std::vector<std::string_view> argv(record.argv.begin(), record.argv.end());
    resp::append_request(history.stream, argv);
  }
  if (is_transaction) append(history.stream, {"EXEC"});
  history.units.push_back(unit);
  history.ends.push_back(history.stream.size());
}

// Random changes of all kinds on one shard, in several databases.
History random_history(uint64_t seed, size_t commands) {
  History history;
  test::LoggedNode primary(1);
  test::RandomCommands random(seed, false);
  DbIndex selected{};
  for (size_t i = 0; i < commands; ++i) {
    const auto db = static_cast<DbIndex>(random.random().below(3));
    if (random.random().one_in(5)) {
      primary.run_queue({random.write(), random.write(), random.write()}, db, 0);
    } else {
      primary.run(random.write(), db, 0);
    }
    if (random.random().one_in(10)) {
      primary.look_at_clocks();
      primary.take_turn(0);
    }
    for (const test::LoggedUnit& unit : primary.log())
      tell(history, unit, selected);
    primary.log().clear();
    if (random.random().one_in(20)) append(history.stream, {"PING"});
  }
  REQUIRE(history.units.size() > commands / 2);
  return history;
}

// The data after the first units.
test::NodeDump data_after(const History& history, size_t units) {
  test::LoggedNode node(1);
  for (size_t i = 0; i < units; ++i)
    REQUIRE(node.replay(history.units[i], 0).ok());
  return node.dump();
}

class Replica {
 public:
  Replica(size_t shards, uint64_t seed)
      : threads_(test::engine_and_script_commands(), {.shards = shards, .seed = seed}),
        applier(threads_.set(), gives_up_) {
    threads_.set().role().set_replica(true);
    applier.begin({});
  }

  // Calls `look` while all shards are held.
  template <typename Found>
  Found held(std::function<Found(const Hold&)> look) {
    const auto found = std::make_shared<std::promise<Found>>();
    threads_.set().submit(0, [found, look](engine::Shard& first) {
      first.traffic().hold_all([found, look](const Hold& all) { found->set_value(look(all)); });
    });
    return found->get_future().get();
  }
  test::NodeDump dump() {
    return held<test::NodeDump>([this](const Hold&) { return test::dump(threads_.set()); });
  }

 private:
  test::ShardThreads threads_;
  std::atomic<bool> gives_up_{false};

 public:
  StreamApplier applier;
};

// Gives the stream to the applier in random pieces.
void feed(StreamApplier& applier, std::string_view stream, Random& random) {
  constexpr size_t kLengths[] = {5, 300, 20'000};
  while (!stream.empty()) {
    const size_t length = 1 + random.below(kLengths[random.below(std::size(kLengths))]);
    const std::string piece(stream.substr(0, length));
    REQUIRE(applier.take(piece).ok());
    stream.remove_prefix(piece.size());
    CHECK(applier.applied() <= applier.handed());
  }
}

}  // namespace

TEST_CASE("a stream that was applied leaves the primary's data, on any number of shards") {
  for (const size_t shards : {1, 2, 4}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(shards);
      CAPTURE(seed);
      const History history = random_history(seed, 600);
      Replica replica(shards, seed);
      Random random(seed);
      feed(replica.applier, history.stream, random);
      CHECK(replica.applier.handed() == history.stream.size());
      replica.applier.wait_until_applied();
      CHECK(replica.applier.applied() == history.stream.size());
      CHECK(replica.dump() == data_after(history, history.units.size()));
    }
  }
}

TEST_CASE("an end that comes at any time leaves the data of a place in the stream") {
  for (const size_t shards : {1, 2, 4}) {
    for (uint64_t seed = 11; seed <= 14; ++seed) {
      CAPTURE(shards);
      CAPTURE(seed);
      const History history = random_history(seed, 400);
      Replica replica(shards, seed);
      std::atomic<bool> has_begun{false};
      std::thread link([&] {
        Random random(seed);
        has_begun = true;
        feed(replica.applier, history.stream, random);
      });
      while (!has_begun || replica.applier.handed() < history.stream.size() / 4)
        std::this_thread::yield();
      const auto end =
          replica.held<StreamPosition>([&](const Hold& all) { return replica.applier.end(all); });
      const test::NodeDump data = replica.dump();
      link.join();
      // What is read after the end is not applied.
      CHECK(replica.dump() == data);
      CHECK(replica.applier.applied() == end.offset);
      const auto units = static_cast<size_t>(std::ranges::upper_bound(history.ends, end.offset) -
                                             history.ends.begin());
      CHECK(data == data_after(history, units));
    }
  }
}

TEST_CASE("a stream that goes on after a loss begins at the last whole unit") {
  Replica replica(2, 1);
  std::string stream;
  append(stream, {"SELECT", "3"});
  append(stream, {"SET", "a", "1"});
  const size_t whole = stream.size();
  append(stream, {"MULTI"});
  append(stream, {"SET", "b", "2"});
  const size_t cut = stream.size();
  append(stream, {"SET", "c", "3"});
  append(stream, {"EXEC"});
  REQUIRE(replica.applier.take(std::string_view(stream).substr(0, cut)).ok());
  CHECK(replica.applier.handed() == whole);
  replica.applier.drop_rest();
  REQUIRE(replica.applier.take(std::string_view(stream).substr(whole)).ok());
  replica.applier.wait_until_applied();
  CHECK(replica.applier.applied() == stream.size());
  CHECK(replica.dump().size() == 3);
  CHECK(replica.dump().begin()->first.starts_with("3 "));
}

TEST_CASE("what no stream may say is passed over, and the stream goes on") {
  Replica replica(2, 1);
  std::string stream;
  for (const auto& words : std::initializer_list<std::initializer_list<std::string_view>>{
           {"SUBSCRIBE", "c"},
           {"NO-SUCH-COMMAND"},
           {"SET", "too few"},
           {"EVAL", "return 1", "0"},
           {"MIGRATE", "host", "1", "k", "0", "10"},
           {"SELECT", "no number"},
           {"SELECT", "4000000000"},
           {"SET", "nowhere", "v"},
           {"SELECT", "0"},
           {"BLPOP", "nothing", "0"},
           {"SET", "after", "v"}})
    append(stream, words);
  REQUIRE(replica.applier.take(stream).ok());
  replica.applier.wait_until_applied();
  CHECK(replica.applier.applied() == stream.size());
  CHECK(replica.dump().size() == 1);
}

TEST_CASE("the stream tells when an acknowledgement is asked for, and when it is damaged") {
  Replica replica(2, 1);
  std::string stream;
  append(stream, {"SET", "a", "1"});
  REQUIRE(replica.applier.take(stream).ok());
  CHECK_FALSE(replica.applier.take_ack_wish());
  std::string ask;
  append(ask, {"REPLCONF", "GETACK", "*"});
  REQUIRE(replica.applier.take(ask).ok());
  CHECK(replica.applier.take_ack_wish());
  CHECK_FALSE(replica.applier.take_ack_wish());
  CHECK(replica.applier.handed() == stream.size() + ask.size());
  // What stands before the damage is applied.
  std::string damaged;
  append(damaged, {"SET", "b", "1"});
  CHECK_FALSE(replica.applier.take(damaged + "*1\r\n$4\r\nEXEC\r\n").ok());
  replica.applier.wait_until_applied();
  CHECK(replica.applier.applied() == stream.size() + ask.size() + damaged.size());
  CHECK(replica.dump().size() == 2);
}
