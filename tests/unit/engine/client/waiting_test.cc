// Clients that wait for keys, over 1, 2 and 4 shards, with two commands made for it: TAKE key
// [key ...] timeout takes the first string there is, PASS from to timeout moves one on.
//
// KVSTASH_MODEL_SEED: one seed again.

#include "base/clock.h"
#include "base/random.h"
#include "commands/shared/block_timeout.h"
#include "engine/command/arg_reader.h"
#include "engine/shard.h"
#include "support/command_rooms.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using resp::Reply;
using test::MemoryClient;
using test::ShardThreads;
using test::Watchdog;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kDeadline{120};

Status take(Call& call) {
  const auto timeout = commands::parse_block_seconds(call.arg(call.argc() - 1), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  Call::Wait wait{.keys = {}, .type = store::ValueType::kString, .timeout_ms = *timeout};
  for (size_t i = 1; i + 1 < call.argc(); ++i) {
    Key key = call.write(i);
    if (!key.exists()) {
      wait.keys.push_back(call.arg(i));
      continue;
    }
    const std::string value(key.string());
    key.erase();
    key.changed(notify::kGeneric, "del");
    call.reply().array(2);
    call.reply().bulk(call.arg(i));
    call.reply().bulk(value);
    return {};
  }
  if (call.may_block()) {
    call.block(std::move(wait));
  } else {
    call.reply().null_array();
  }
  return {};
}

Status pass(Call& call) {
  const auto timeout = commands::parse_block_seconds(call.arg(3), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  Key from = call.write(1);
  if (!from.exists()) {
    call.block({.keys = {call.arg(1)},
                .type = store::ValueType::kString,
                .timeout_ms = *timeout,
                .timeout_reply = TimeoutReply::kNull});
    return {};
  }
  const std::string value(from.string());
  from.erase();
  from.changed(notify::kGeneric, "del");
  Key to = call.write(2);
  to.set_string(value, std::nullopt);
  to.changed(notify::kString, "set");
  call.reply().bulk(value);
  return {};
}

constexpr KeySpec kTakeKeys[] = {keys_from(1, -2, 1, kKeyRW | kKeyDelete)};
constexpr KeySpec kPassKeys[] = {keys_from(1, 1, 1, kKeyRW)};
constexpr CommandSpec kRows[] = {
    {.name = "take", .arity = -3, .flags = kWrite | kBlocking, .keys = kTakeKeys, .run = take},
    {.name = "pass", .arity = 4, .flags = kWrite | kBlocking, .keys = kPassKeys, .run = pass}};

std::vector<std::span<const CommandSpec>> rows() {
  const auto all = test::engine_commands();
  std::vector<std::span<const CommandSpec>> rows(all.begin(), all.end());
  rows.emplace_back(kRows);
  return rows;
}

struct Fixture {
  explicit Fixture(size_t shards, uint64_t seed = 1)
      : all(rows()), threads(all, {.shards = shards, .seed = seed}) {}

  void send(MemoryClient& client, const Words& words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words)
      bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    threads.send(client, bytes);
  }
  Reply ask(MemoryClient& client, const Words& words) {
    send(client, words);
    auto reply = client.read();
    REQUIRE(reply.has_value());
    return *reply;
  }
  // Returns once so many clients wait, over all shards.
  void await_waiting(size_t count) {
    for (;;) {
      size_t waiting = 0;
      for (size_t id = 0; id < threads.set().size(); ++id)
        waiting +=
            threads.ask<size_t>(id, [](Shard& shard) { return shard.waits().sessions().size(); });
      if (waiting == count) return;
      std::this_thread::yield();
    }
  }
  size_t blocked_keys() {
    size_t keys = 0;
    for (size_t id = 0; id < threads.set().size(); ++id)
      keys +=
          threads.ask<size_t>(id, [](Shard& shard) { return shard.data().blocked_keys().size(); });
    return keys;
  }
  // A key of a certain shard.
  std::string key_on(size_t shard, const std::string& prefix = "k") {
    for (size_t n = 0;; ++n) {
      std::string key = prefix + std::to_string(n);
      if (threads.set().shard_of(key) == shard % threads.set().size()) return key;
    }
  }

  std::vector<std::span<const CommandSpec>> all;
  ShardThreads threads;
};

void for_shards(void (*check)(Fixture&)) {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    const Watchdog watchdog("waiting clients", kDeadline);
    Fixture fixture(shards);
    check(fixture);
  }
}

Words words_of(const Reply& reply) {
  Words words;
  for (const Reply& item : reply.items)
    words.push_back(item.text);
  return words;
}

TEST_CASE("a waiter gets what another client stores, wherever both are connected") {
  for_shards([](Fixture& f) {
    const size_t shards = f.threads.set().size();
    for (size_t home = 0; home < shards; ++home) {
      for (size_t on = 0; on < shards; ++on) {
        const std::string key = f.key_on(on);
        MemoryClient& waiter = f.threads.open(home);
        MemoryClient& other = f.threads.open(shards - 1 - home);
        f.send(waiter, {"TAKE", key, "0"});
        f.await_waiting(1);
        CHECK(f.ask(other, {"SET", key, "v"}).text == "OK");
        CHECK(words_of(*waiter.read()) == Words{key, "v"});
        CHECK(f.ask(other, {"EXISTS", key}).integer == 0);
        f.await_waiting(0);
        CHECK(f.blocked_keys() == 0);
      }
    }
  });
}

TEST_CASE("who waited first is served first, also between waiters on several shards") {
  for_shards([](Fixture& f) {
    const size_t shards = f.threads.set().size();
    const std::string key = f.key_on(0), far = f.key_on(1, "far");
    std::vector<MemoryClient*> waiters;
    for (size_t i = 0; i < 6; ++i) {
      waiters.push_back(&f.threads.open(i % shards));
      // Every other one waits on two shards.
      f.send(*waiters.back(), i % 2 == 0 ? Words{"TAKE", key, "0"} : Words{"TAKE", far, key, "0"});
      f.await_waiting(i + 1);
    }
    MemoryClient& other = f.threads.open(0);
    for (size_t i = 0; i < 6; ++i) {
      const std::string value = "v" + std::to_string(i);
      f.ask(other, {"SET", key, value});
      CHECK(words_of(*waiters[i]->read()) == Words{key, value});
    }
  });
}

TEST_CASE("a chain of waiters hands a value on to its end") {
  for_shards([](Fixture& f) {
    const size_t shards = f.threads.set().size();
    std::vector<std::string> keys;
    for (size_t i = 0; i < 5; ++i)
      keys.push_back(f.key_on(i, "chain" + std::to_string(i) + ":"));
    std::vector<MemoryClient*> waiters;
    for (size_t i = 0; i < 4; ++i) {
      waiters.push_back(&f.threads.open(i % shards));
      f.send(*waiters.back(), {"PASS", keys[i], keys[i + 1], "0"});
    }
    f.await_waiting(4);
    MemoryClient& other = f.threads.open(0);
    f.ask(other, {"SET", keys[0], "v"});
    for (MemoryClient* waiter : waiters)
      CHECK(waiter->read()->text == "v");
    CHECK(f.ask(other, {"GET", keys[4]}).text == "v");
    CHECK(f.blocked_keys() == 0);
  });
}

TEST_CASE("a waiter gives up after its time, and goes on with what it sent next") {
  for_shards([](Fixture& f) {
    MemoryClient& waiter = f.threads.open(0);
    const int64_t began_ms = to_ms(wall_now());
    f.send(waiter, {"TAKE", "a", "b", "c", "d", "0.05"});
    f.send(waiter, {"PING"});
    CHECK(waiter.read()->is_null());
    CHECK(to_ms(wall_now()) - began_ms >= 50);
    CHECK(waiter.read()->text == "PONG");
    f.send(waiter, {"PASS", "a", "b", "0.001"});
    CHECK(waiter.read()->is_null());
    while (f.blocked_keys() != 0)
      std::this_thread::yield();
  });
}

TEST_CASE("CLIENT UNBLOCK ends a wait, and leaves alone who does not wait") {
  for_shards([](Fixture& f) {
    const size_t shards = f.threads.set().size();
    MemoryClient& waiter = f.threads.open(shards - 1);
    const std::string id = std::to_string(f.ask(waiter, {"CLIENT", "ID"}).integer);
    MemoryClient& other = f.threads.open(0);
    CHECK(f.ask(other, {"CLIENT", "UNBLOCK", id}).integer == 0);
    f.send(waiter, {"TAKE", "a", "b", "c", "0"});
    f.await_waiting(1);
    CHECK(f.ask(other, {"CLIENT", "UNBLOCK", id}).integer == 1);
    CHECK(waiter.read()->is_null());
    f.send(waiter, {"TAKE", "a", "0"});
    f.await_waiting(1);
    CHECK(f.ask(other, {"CLIENT", "UNBLOCK", id, "ERROR"}).integer == 1);
    CHECK(waiter.read()->text == "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  });
}

TEST_CASE("a waiter that leaves takes nothing, and leaves nothing behind") {
  for_shards([](Fixture& f) {
    const size_t shards = f.threads.set().size();
    MemoryClient& leaver = f.threads.open(shards - 1);
    MemoryClient& stayer = f.threads.open(0);
    f.send(leaver, {"TAKE", "a", "b", "c", "0"});
    f.await_waiting(1);
    f.send(stayer, {"TAKE", "a", "0"});
    f.await_waiting(2);
    f.threads.hang_up(leaver);
    f.await_waiting(1);
    MemoryClient& other = f.threads.open(0);
    f.ask(other, {"SET", "a", "v"});
    CHECK(words_of(*stayer.read()) == Words{"a", "v"});
    while (f.blocked_keys() != 0)
      std::this_thread::yield();
  });
}

TEST_CASE("inside a transaction nobody waits, and what EXEC stores is served after it") {
  for_shards([](Fixture& f) {
    MemoryClient& client = f.threads.open(0);
    f.ask(client, {"MULTI"});
    f.ask(client, {"TAKE", "a", "0"});
    const Reply nothing = f.ask(client, {"EXEC"});
    REQUIRE(nothing.items.size() == 1);
    CHECK(nothing.items[0].is_null());
    MemoryClient& waiter = f.threads.open(f.threads.set().size() - 1);
    f.send(waiter, {"TAKE", "a", "0"});
    f.await_waiting(1);
    f.ask(client, {"MULTI"});
    f.ask(client, {"SET", "a", "first"});
    f.ask(client, {"SET", "b", "x"});
    f.ask(client, {"SET", "a", "second"});
    CHECK(f.ask(client, {"EXEC"}).items.size() == 3);
    CHECK(words_of(*waiter.read()) == Words{"a", "second"});
  });
}

TEST_CASE("swapped and moved databases wake those who wait there") {
  for_shards([](Fixture& f) {
    MemoryClient& waiter = f.threads.open(0);
    MemoryClient& other = f.threads.open(f.threads.set().size() - 1);
    f.ask(other, {"SELECT", "1"});
    f.ask(other, {"SET", "a", "v"});
    f.send(waiter, {"TAKE", "a", "0"});
    f.await_waiting(1);
    CHECK(f.ask(other, {"SWAPDB", "0", "1"}).text == "OK");
    CHECK(words_of(*waiter.read()) == Words{"a", "v"});
    f.ask(other, {"SET", "a", "w"});
    f.send(waiter, {"TAKE", "a", "0"});
    f.await_waiting(1);
    CHECK(f.ask(other, {"MOVE", "a", "0"}).integer == 1);
    CHECK(words_of(*waiter.read()) == Words{"a", "w"});
  });
}

// Producers store values where nothing is (SETNX), consumers take and pass them on, wait, give up
// and go on: every value that was stored is taken once, or is still there.
void play(uint64_t seed) {
  Random random(seed);
  const size_t shards = size_t{1} << random.below(3);
  CAPTURE(seed);
  CAPTURE(shards);
  const Watchdog watchdog("waiting clients, KVSTASH_MODEL_SEED=" + std::to_string(seed), kDeadline);
  Fixture f(shards, seed);
  constexpr size_t kKeys = 4, kClients = 6, kSteps = 150;
  const auto key = [&] { return "q" + std::to_string(random.below(kKeys)); };

  std::vector<MemoryClient*> clients;
  std::vector<std::vector<std::pair<char, std::string>>> asked(2 * kClients);  // Kind, value.
  for (size_t i = 0; i < 2 * kClients; ++i)
    clients.push_back(&f.threads.open(random.below(shards)));
  size_t number = 0;
  for (size_t step = 0; step < kSteps; ++step) {
    for (size_t i = 0; i < 2 * kClients; ++i) {
      if (i < kClients) {
        const std::string value = "v" + std::to_string(number++);
        asked[i].emplace_back('s', value);
        f.send(*clients[i], {"SETNX", key(), value});
        continue;
      }
      const std::string timeout = random.one_in(3) ? "0.001" : "0.02";
      if (random.one_in(4)) {
        asked[i].emplace_back('p', "");
        f.send(*clients[i], {"PASS", key(), "end" + std::to_string(number++), timeout});
      } else {
        Words words = {"TAKE"};
        for (uint64_t n = 1 + random.below(3); n > 0; --n)
          words.push_back(key());
        words.push_back(timeout);
        asked[i].emplace_back('t', "");
        f.send(*clients[i], words);
      }
    }
  }
  std::set<std::string> stored, taken;
  for (size_t i = 0; i < 2 * kClients; ++i) {
    for (const auto& [kind, value] : asked[i]) {
      const auto reply = clients[i]->read();
      REQUIRE(reply.has_value());
      if (kind == 's') {
        if (reply->integer == 1) stored.insert(value);
      } else if (!reply->is_null()) {
        const std::string& got = kind == 't' ? reply->items.at(1).text : reply->text;
        const bool is_first = taken.insert(got).second;
        CHECK(is_first);
      }
    }
  }
  MemoryClient& last = f.threads.open(0);
  for (size_t i = 0; i < kKeys; ++i) {
    const Reply left = f.ask(last, {"GET", "q" + std::to_string(i)});
    if (!left.is_null()) CHECK(taken.insert(left.text).second);
  }
  CHECK(stored == taken);
  f.await_waiting(0);
  while (f.blocked_keys() != 0)
    std::this_thread::yield();
}

TEST_CASE("no value is lost or taken twice between clients that wait") {
  if (const auto only = test::model_seed()) {
    play(*only);
    return;
  }
  const uint64_t first = random_uint64() >> 32;
  for (uint64_t seed = first; seed < first + 6; ++seed)
    play(seed);
}

}  // namespace
}  // namespace kvstash::engine
