// With shards on threads and a journal that lets replies out late, at random: nobody ever hears of
// a value before the journal has come to the record that wrote it, whatever way it takes.
//
// KVSTASH_MODEL_SEED: one seed again.

#include "base/random.h"
#include "resp/request_text.h"
#include "support/command_rooms.h"
#include "support/gated_journal.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr std::chrono::seconds kDeadline{120};
constexpr uint64_t kFixedSeed = 11;
constexpr size_t kCommandsPerClient = 1500;
constexpr std::string_view kTheEnd = "the end";

// Shards on threads whose replies wait for a journal.
class GatedThreads {
 public:
  GatedThreads(size_t shards, uint64_t seed)
      : journal_(seed),
        threads_(test::engine_commands(), {.shards = shards,
                                           .seed = seed,
                                           .engine = options(),
                                           .prepare =
                                               [this](Shard& shard) {
                                                 shard.set().begin_gating(kLsnNone);
                                                 shard.set_sink(&journal_.add_lane());
                                               },
                                           .look = [this](std::string_view out) { look(out); }}) {
    journal_.start(threads_.set());
  }
  ~GatedThreads() { journal_.stop(); }

  test::ShardThreads& threads() { return threads_; }
  // Values that left before their record was released.
  uint64_t early() const { return early_; }
  uint64_t seen() const { return seen_; }

 private:
  static EngineOptions options() {
    EngineOptions chosen;
    chosen.notify_keyspace_events = notify::kKeyevent | notify::kAll;
    return chosen;
  }

  void look(std::string_view out) {
    const Lsn released = threads_.set().released_lsn();
    for (const uint64_t value : test::values_in(out)) {
      ++seen_;
      if (journal_.lsn_of(value) > released) ++early_;
    }
  }

  test::GatedJournal journal_;
  std::atomic<uint64_t> early_{0};
  std::atomic<uint64_t> seen_{0};
  test::ShardThreads threads_;
};

std::string bytes_of(std::initializer_list<std::string> words) {
  std::string bytes;
  const std::vector<std::string_view> argv(words.begin(), words.end());
  resp::append_request(bytes, argv);
  return bytes;
}

// Commands that write values which nobody has written before, and that read them by many ways.
class Drawer {
 public:
  Drawer(uint64_t seed, uint64_t client) : random_(seed + client), client_(client) {}

  std::string draw(size_t count) {
    std::string bytes;
    for (size_t i = 0; i < count; ++i) {
      if (random_.one_in(12)) {
        bytes += bytes_of({"MULTI"}) + one() + one() + bytes_of({"EXEC"});
      } else {
        bytes += one();
      }
    }
    return bytes + bytes_of({"ECHO", std::string(kTheEnd)});
  }

 private:
  std::string value() { return "v" + std::to_string(++values_ * 100 + client_) + "v"; }
  std::string key(const char* kind) { return kind + std::to_string(random_.below(6)); }

  std::string one() {
    switch (random_.below(16)) {
      case 0:
      case 1:
        return bytes_of({"SET", key("s"), value()});
      case 2:
        return bytes_of({"GETSET", key("s"), value()});
      case 3:
        return bytes_of({"MSET", key("s"), value(), key("s"), value()});
      case 4:
        return bytes_of({"GET", key("s")});
      case 5:
        return bytes_of({"MGET", key("s"), key("s"), key("s")});
      case 6:
        return bytes_of({"RPUSH", key("l"), value()});
      case 7:
        return bytes_of({"LPOP", key("l")});
      case 8:
        return bytes_of({"LMOVE", key("l"), key("l"), "LEFT", "RIGHT"});
      case 9:
        return bytes_of({"SADD", key("m"), value()});
      case 10:
        return bytes_of({"SMEMBERS", key("m")});
      case 11:
        return bytes_of({"SET", value(), "a key of its own"});
      case 12:
        return bytes_of({"KEYS", "*"});
      case 13:
        return bytes_of({"SCAN", "0", "COUNT", "50"});
      case 14:
        return bytes_of({"PUBLISH", key("c"), value()});
      default:
        return bytes_of({"UNLINK", key("m"), key("l")});
    }
  }

  Random random_;
  uint64_t client_;
  uint64_t values_ = 0;
};

void read_to_the_end(test::MemoryClient& client) {
  for (;;) {
    const std::optional<resp::Reply> reply = client.read();
    REQUIRE(reply.has_value());
    if (reply->text == kTheEnd) return;
  }
}

void check_gates(size_t shards, uint64_t seed) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog("gates between threads, KVSTASH_MODEL_SEED=" + std::to_string(seed),
                                kDeadline);
  GatedThreads node(shards, seed);
  test::ShardThreads& threads = node.threads();
  const auto listener = [&](size_t home, const std::string& bytes) -> test::MemoryClient& {
    test::MemoryClient& client = threads.open(home);
    threads.send(client, bytes);
    return client;
  };
  for (size_t home = 0; home < shards; ++home) {
    listener(home, bytes_of({"PSUBSCRIBE", "*"}));
    listener(home, bytes_of({"MONITOR"}));
    test::MemoryClient& caching =
        listener(home, bytes_of({"HELLO", "3"}) + bytes_of({"CLIENT", "TRACKING", "ON", "BCAST"}));
    static_cast<void>(caching);
    std::string waits;
    for (int i = 0; i < 200; ++i)
      waits += bytes_of({"BLPOP", "l0", "l" + std::to_string(home), "l5", "0.05"});
    listener(home, waits);
  }
  std::vector<test::MemoryClient*> writers;
  for (size_t i = 0; i < 2 * shards; ++i) {
    writers.push_back(&threads.open(i % shards));
    threads.send(*writers.back(), Drawer(seed, i).draw(kCommandsPerClient));
  }
  for (test::MemoryClient* writer : writers)
    read_to_the_end(*writer);
  CHECK(node.early() == 0);
  CHECK(node.seen() > shards * kCommandsPerClient);
}

}  // namespace

TEST_CASE("nobody hears of a value before the journal has come to it, over many shards") {
  const std::optional<uint64_t> only = test::model_seed();
  for (const size_t shards : {1u, 2u, 4u})
    check_gates(shards, only.value_or(kFixedSeed));
}

}  // namespace kvstash::engine
