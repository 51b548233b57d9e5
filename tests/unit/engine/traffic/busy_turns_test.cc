// What shards do while a script runs for too long, on threads, over 1, 2 and 4 shards: they answer
// -BUSY, take SCRIPT KILL, and go on as if nothing had been once the script is over.

#include "engine/shard.h"
#include "resp/request_text.h"
#include "scripting/scripting.h"
#include "support/script_rooms.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using test::MemoryClient;
using test::ShardThreads;
using test::Watchdog;

constexpr std::chrono::seconds kDeadline{120};
constexpr std::string_view kEndless = "while true do end";

class BusyNode {
 public:
  explicit BusyNode(size_t shards)
      : scripting_(shards, "7.2.4"),
        threads_(
            test::engine_and_script_commands(),
            {.shards = shards, .seed = 3, .engine = options(), .prepare = [this](Shard& shard) {
               shard.set().set_scripting(scripting_);
             }}) {}

  ShardThreads& threads() { return threads_; }
  ShardSet& set() { return threads_.set(); }

  MemoryClient& open(size_t home) { return threads_.open(home); }
  void send(MemoryClient& client, std::initializer_list<std::string_view> words) {
    std::string bytes;
    resp::append_request(bytes, std::vector<std::string_view>(words));
    threads_.send(client, bytes);
  }
  // The text of the reply, or of the error.
  std::string ask(MemoryClient& client, std::initializer_list<std::string_view> words) {
    send(client, words);
    return read(client);
  }
  static std::string read(MemoryClient& client) {
    const std::optional<resp::Reply> reply = client.read();
    return reply ? reply->text : "closed";
  }
  // Waits until every shard says that a script keeps it, or `slow` has the script's reply already.
  void wait_until_busy(MemoryClient& slow) {
    for (size_t id = 0; id < set().size(); ++id) {
      while (set().at(id).busy().with() == BusyWith::kNothing && slow.rest().empty())
        std::this_thread::yield();
    }
  }
  std::string key_on(size_t shard) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (threads_set().shard_of(key) == shard) return key;
    }
  }

 private:
  static EngineOptions options() {
    EngineOptions chosen;
    chosen.busy_reply_threshold_ms = 1;
    return chosen;
  }
  const ShardSet& threads_set() const { return const_cast<BusyNode*>(this)->threads_.set(); }

  scripting::Scripting scripting_;
  ShardThreads threads_;
};

template <typename Test>
void at_every_count(Test&& test) {
  for (const size_t shards : {1u, 2u, 4u}) {
    CAPTURE(shards);
    const Watchdog watchdog("busy shards, " + std::to_string(shards), kDeadline);
    BusyNode node(shards);
    test(node);
  }
}

}  // namespace

TEST_CASE("every shard answers BUSY, wherever the key is, until SCRIPT KILL ends the script") {
  at_every_count([](BusyNode& node) {
    const size_t shards = node.set().size();
    MemoryClient& slow = node.open(0);
    std::vector<MemoryClient*> others;
    for (size_t home = 0; home < shards; ++home)
      others.push_back(&node.open(home));
    node.send(slow, {"EVAL", kEndless, "0"});
    node.wait_until_busy(slow);
    for (MemoryClient* other : others) {
      for (size_t owner = 0; owner < shards; ++owner)
        CHECK(node.ask(*other, {"GET", node.key_on(owner)}).starts_with("BUSY"));
      CHECK(node.ask(*other, {"MSET", node.key_on(0), "1", node.key_on(shards - 1), "2"})
                .starts_with("BUSY"));
      CHECK(node.ask(*other, {"DBSIZE"}).starts_with("BUSY"));
    }
    CHECK(node.ask(*others.back(), {"SCRIPT", "KILL"}) == "OK");
    CHECK(BusyNode::read(slow).find("killed by user") != std::string::npos);
    for (MemoryClient* other : others) {
      CHECK(node.ask(*other, {"SET", node.key_on(shards - 1), "v"}) == "OK");
      CHECK(node.ask(*other, {"GET", node.key_on(shards - 1)}) == "v");
    }
    for (size_t id = 0; id < shards; ++id)
      CHECK(node.set().at(id).busy().with() == BusyWith::kNothing);
  });
}

TEST_CASE("what was sent in one piece with the script is answered, each in its place") {
  at_every_count([](BusyNode& node) {
    const size_t shards = node.set().size();
    MemoryClient& slow = node.open(shards - 1);
    MemoryClient& other = node.open(0);
    std::string bytes;
    const std::string key = node.key_on(0);
    for (const std::vector<std::string_view>& words :
         {std::vector<std::string_view>{"SET", key, "before"},
          {"GET", key},
          {"EVAL", kEndless, "0"},
          {"GET", key},
          {"PING"}})
      resp::append_request(bytes, words);
    node.threads().send(slow, bytes);
    node.wait_until_busy(slow);
    CHECK(node.ask(other, {"SCRIPT", "KILL"}) == "OK");
    CHECK(BusyNode::read(slow) == "OK");
    CHECK(BusyNode::read(slow) == "before");
    CHECK(BusyNode::read(slow).find("killed by user") != std::string::npos);
    const std::string behind = BusyNode::read(slow);
    CHECK((behind == "before" || behind.starts_with("BUSY")));
    const std::string last = BusyNode::read(slow);
    CHECK((last == "PONG" || last.starts_with("BUSY")));
  });
}

TEST_CASE("what the server itself wants all shards for is done when the script is over") {
  at_every_count([](BusyNode& node) {
    const size_t shards = node.set().size();
    MemoryClient& slow = node.open(0);
    MemoryClient& other = node.open(0);
    node.send(slow, {"EVAL", kEndless, "0"});
    node.wait_until_busy(slow);
    const auto done = std::make_shared<std::promise<bool>>();
    const auto is_over = std::make_shared<std::atomic<bool>>(false);
    node.set().submit(shards - 1, [done, is_over](Shard& shard) {
      shard.traffic().hold_all([done, is_over](const Hold&) { done->set_value(*is_over); });
    });
    // The group was refused by now at least once: its home has answered us since.
    for (int i = 0; i < 20; ++i)
      CHECK(node.ask(other, {"GET", "k"}).starts_with("BUSY"));
    *is_over = true;
    CHECK(node.ask(other, {"SCRIPT", "KILL"}) == "OK");
    CHECK(done->get_future().get());
  });
}

TEST_CASE("a script that has written cannot be killed, and its writes are there when it ends") {
  at_every_count([](BusyNode& node) {
    const size_t shards = node.set().size();
    MemoryClient& slow = node.open(0);
    MemoryClient& other = node.open(shards - 1);
    const std::string key = node.key_on(shards - 1);
    node.send(slow, {"EVAL",
                     "redis.call('SET', KEYS[1], 'v') for i = 1, 20000000 do local x = i end "
                     "return redis.call('GET', KEYS[1])",
                     "1", key});
    node.wait_until_busy(slow);
    // The script may be over by the time that it is asked.
    const std::string answer = node.ask(other, {"SCRIPT", "KILL"});
    CHECK((answer.starts_with("UNKILLABLE") || answer.starts_with("NOTBUSY")));
    CHECK(BusyNode::read(slow) == "v");
    CHECK(node.ask(other, {"GET", key}) == "v");
  });
}

TEST_CASE("clients that hang up while a shard is busy are forgotten when it no longer is") {
  at_every_count([](BusyNode& node) {
    const size_t shards = node.set().size();
    MemoryClient& slow = node.open(0);
    MemoryClient& other = node.open(shards - 1);
    node.send(slow, {"EVAL", kEndless, "0"});
    node.wait_until_busy(slow);
    for (int i = 0; i < 5; ++i) {
      MemoryClient& leaving = node.open(static_cast<size_t>(i) % shards);
      std::string bytes;
      resp::append_request(bytes, std::vector<std::string_view>{"GET", node.key_on(0)});
      node.threads().send_and_leave(leaving, bytes);
    }
    CHECK(node.ask(other, {"GET", "k"}).starts_with("BUSY"));
    CHECK(node.ask(other, {"SCRIPT", "KILL"}) == "OK");
    node.threads().settle();
    for (size_t id = 0; id < shards; ++id) {
      CHECK(node.threads().ask<size_t>(
                id, [](Shard& shard) { return shard.clients().all().size(); }) == 0);
    }
  });
}

}  // namespace kvstash::engine
