// What lanes promise between threads: the log holds whole units only, it replays to the data that
// the shards hold, and what a connection sent first to its own shard and then to another stands in
// that order.
//
// KVSTASH_MODEL_SEED: one seed again.

#include "base/clock.h"
#include "base/random.h"
#include "resp/request_text.h"
#include "support/command_drawer.h"
#include "support/logged_node.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using test::LoggedRecord;
using test::LoggedUnit;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kDeadline{120};
constexpr uint64_t kFixedSeed = 7;

// One log of all lanes, in the order in which they were flushed.
struct Log {
  std::mutex lock;
  std::vector<LoggedUnit> units;
};

class Lane final : public EffectSink {
 public:
  explicit Lane(Log& log) : log_(&log) {}

  Lsn flush() override {
    const std::lock_guard guard(log_->lock);
    for (LoggedUnit& unit : whole_)
      log_->units.push_back(std::move(unit));
    whole_.clear();
    return kLsnNone;
  }

 private:
  void on_record(const Record& record) override {
    if (!record.raw.empty()) {
      std::string formatted;
      resp::append_request(formatted, record.argv);
      ensure(record.raw == formatted);
    }
    LoggedUnit& unit = is_open_ ? open_ : whole_.emplace_back();
    unit.push_back({.db = record.db,
                    .argv = {record.argv.begin(), record.argv.end()},
                    .target = record.target});
  }
  void on_begin_unit() override { is_open_ = true; }
  void on_end_unit() override {
    is_open_ = false;
    whole_.push_back(std::exchange(open_, {}));
  }

  Log* log_;
  std::vector<LoggedUnit> whole_;
  bool is_open_ = false;
  LoggedUnit open_;
};

// Shards on threads with one log.
class LoggedThreads {
 public:
  LoggedThreads(size_t shards, uint64_t seed)
      : threads_(test::engine_commands(),
                 {.shards = shards, .seed = seed, .prepare = [this](Shard& shard) {
                    lanes_.push_back(std::make_unique<Lane>(log_));
                    shard.set_sink(lanes_.back().get());
                  }}) {}

  test::ShardThreads& threads() { return threads_; }

  struct Cut {
    test::NodeDump data;
    std::vector<LoggedUnit> units;
  };
  // Both as they are while all shards are held.
  Cut cut() {
    std::promise<Cut> done;
    threads_.set().submit(0, [&](Shard& shard) {
      shard.traffic().hold_all([&](const Hold&) {
        const std::lock_guard guard(log_.lock);
        done.set_value({.data = test::dump(threads_.set()), .units = log_.units});
      });
    });
    return done.get_future().get();
  }

 private:
  Log log_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  test::ShardThreads threads_;  // Ends before its lanes.
};

std::string bytes_of(const Words& words) {
  std::string bytes;
  const std::vector<std::string_view> argv(words.begin(), words.end());
  resp::append_request(bytes, argv);
  return bytes;
}

std::string key_on(const ShardSet& set, size_t shard) {
  for (size_t i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (set.shard_of(key) == shard) return key;
  }
}

// A client's commands, some of them in transactions. None waits, so that all are answered.
std::string draw_commands(const CommandTable& table, uint64_t seed, size_t count) {
  Random random(seed);
  test::CommandDrawer drawer(random);
  drawer.now_ms = to_ms(wall_now());
  std::vector<const Command*> rows;
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command& row = table.by_id(id);
    const bool is_drawn = row.has(kWrite) && !row.has(kBlocking) && row.spec->run != nullptr;
    if (is_drawn && row.spec->scope == Scope::kKeys) rows.push_back(&row);
  }
  std::string bytes;
  size_t left_in_multi = 0;
  for (size_t i = 0; i < count; ++i) {
    if (left_in_multi == 0 && random.one_in(10)) {
      bytes += bytes_of({"MULTI"});
      left_in_multi = 1 + random.below(5);
    }
    bytes += random.one_in(60) ? bytes_of({random.one_in(2) ? "FLUSHDB" : "SCAN", "0"})
                               : bytes_of(drawer.draw(*rows[random.below(rows.size())]));
    if (left_in_multi != 0 && --left_in_multi == 0) bytes += bytes_of({"EXEC"});
  }
  return bytes + bytes_of({"DISCARD"}) + bytes_of({"ECHO", "the end"});
}

void read_to_the_end(test::MemoryClient& client) {
  for (;;) {
    const std::optional<resp::Reply> reply = client.read();
    REQUIRE(reply.has_value());
    if (reply->text == "the end") return;
  }
}

void check_replay(size_t shards, uint64_t seed) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog(
      "records between threads, KVSTASH_MODEL_SEED=" + std::to_string(seed), kDeadline);
  LoggedThreads node(shards, seed);
  std::vector<test::MemoryClient*> clients;
  for (size_t i = 0; i < 2 * shards; ++i) {
    clients.push_back(&node.threads().open(i % shards));
    node.threads().send(*clients.back(),
                        draw_commands(node.threads().set().commands(), seed + i, 400));
  }
  for (test::MemoryClient* client : clients)
    read_to_the_end(*client);
  const LoggedThreads::Cut cut = node.cut();
  test::LoggedNode replica(shards + 1);
  for (const LoggedUnit& unit : cut.units)
    REQUIRE(replica.replay(unit, 0).ok());
  CHECK(test::difference(cut.data, test::dump(replica.set())) == "");
}

// Sends rounds of a SET on the client's own shard and a command on another, and looks at their
// order in the log.
void check_order(bool holds_both) {
  constexpr size_t kShards = 2;
  constexpr int kRounds = 2000;
  CAPTURE(holds_both);
  LoggedThreads node(kShards, kFixedSeed);
  const std::string near = key_on(node.threads().set(), 0);
  const std::string far = key_on(node.threads().set(), 1);
  test::MemoryClient& client = node.threads().open(0);
  std::string bytes;
  for (int i = 0; i < kRounds; ++i) {
    const std::string number = std::to_string(i);
    bytes += bytes_of({"SET", near, number});
    bytes += holds_both ? bytes_of({"MSET", far, number, near + "x", number})
                        : bytes_of({"SET", far, number});
  }
  node.threads().send(client, bytes + bytes_of({"ECHO", "the end"}));
  read_to_the_end(client);
  std::map<std::string, int> last_seen{{near, -1}, {far, -1}};
  for (const LoggedUnit& unit : node.cut().units) {
    const LoggedRecord& record = unit.front();
    const int number = std::stoi(record.argv[2]);
    REQUIRE(number == last_seen[record.argv[1]] + 1);
    last_seen[record.argv[1]] = number;
    REQUIRE(last_seen[near] >= last_seen[far]);
  }
  CHECK(last_seen[far] == kRounds - 1);
}

}  // namespace

TEST_CASE("the log of threads that ran at once replays to the data that they hold") {
  const std::optional<uint64_t> only = test::model_seed();
  for (const size_t shards : {1u, 2u, 4u})
    check_replay(shards, only.value_or(kFixedSeed));
}

TEST_CASE("what a connection sent to its own shard stands before what it sent to others later") {
  check_order(false);
  check_order(true);
}

}  // namespace kvstash::engine
