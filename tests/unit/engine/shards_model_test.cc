// Random clients over 1, 2 and 4 shards: what they hear must be what one shard, asked one client
// after another, would have said; what is atomic must never be seen half done; who leaves must
// leave nothing behind.
//
// KVSTASH_MODEL_SEED: where to begin (a random place otherwise); KVSTASH_MODEL_RUNS: how many
// seeds.

#include "base/clock.h"
#include "base/random.h"
#include "engine/shard.h"
#include "support/command_rooms.h"
#include "support/data_meter.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
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

constexpr std::chrono::seconds kDeadline{120};  // Of one seed, also under a sanitizer.
constexpr std::string_view kFarAway = "99999999999";

// Draws seeds for a while, and gives each to `check`.
template <typename Check>
void for_some_seeds(std::string_view what, Check&& check) {
  const std::optional<uint64_t> only = test::model_seed();
  const char* seconds = std::getenv("KVSTASH_MODEL_SECONDS");
  const int64_t end_ns =
      monotonic_ns() + static_cast<int64_t>((seconds == nullptr ? 1.5 : std::atof(seconds)) * 1e9);
  uint64_t seed = only.value_or(random_uint64() >> 32);
  do {
    CAPTURE(seed);
    const std::string title = std::string(what) + ", KVSTASH_MODEL_SEED=" + std::to_string(seed);
    const Watchdog watchdog(title, kDeadline);
    check(seed);
    ++seed;
  } while (!only && monotonic_ns() < end_ns);
}

std::string request(const Words& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

std::string inline_request(const Words& words) {
  std::string bytes;
  for (const std::string& word : words)
    bytes += (bytes.empty() ? "" : " ") + word;
  return bytes + "\r\n";
}

std::string text_of(const Words& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word.substr(0, 30);
  return text;
}

// What a client sends, and what asked for each reply.
struct Script {
  std::string bytes;
  std::vector<std::string> asked;

  void add(const Words& words) {
    bytes += request(words);
    asked.push_back(text_of(words));
  }
};

std::string text_of(const Reply& reply) {
  if (reply.is_aggregate()) {
    std::string text = "[";
    for (const Reply& item : reply.items)
      text += text_of(item) + " ";
    return text + "]";
  }
  if (reply.is_null()) return "nil";
  if (reply.type == Reply::Type::kInteger) return std::to_string(reply.integer);
  return reply.text.substr(0, 60);
}

// ---- Clients that do not meet: each has keys, and perhaps databases, of its own.

class Scripter {
 public:
  Scripter(uint64_t seed, size_t number, bool has_databases)
      : random_(seed * 1000 + number), number_(number), has_databases_(has_databases) {}

  Script write(size_t commands) {
    select();
    for (size_t i = 0; i < commands; ++i)
      step();
    // Everything that is left, so that no effect stays unseen.
    for (const size_t db : {0, 1}) {
      add({"SELECT", database(db)});
      Words all = {"MGET"};
      for (size_t i = 0; i < kKeys; ++i) {
        all.push_back(key_at(i));
        add({"EXPIRETIME", key_at(i)});
      }
      add(all);
      if (has_databases_) add({"DBSIZE"});
    }
    return std::move(script_);
  }

 private:
  static constexpr size_t kKeys = 10;

  void step() {
    switch (random_.below(16)) {
      case 0:
        return transaction();
      case 1:
      case 2:
        return add(over_keys());
      case 3:
        return connection();
      case 4:
        return has_databases_ ? over_databases() : add(over_keys());
      case 5:
        return in_line();
      default:
        return add(on_key());
    }
  }

  void add(const Words& words) { script_.add(words); }

  std::string key_at(size_t i) const {
    const std::string name = "c" + std::to_string(number_);
    // Some share a slot.
    return i < 3 ? "{" + name + "}" + std::to_string(i) : name + ":" + std::to_string(i);
  }
  std::string key() { return key_at(random_.below(kKeys)); }
  Words some_keys(size_t at_most) {
    Words keys;
    for (uint64_t i = 1 + random_.below(at_most); i > 0; --i)
      keys.push_back(key());
    return keys;
  }
  std::string number(uint64_t bound) { return std::to_string(random_.below(bound)); }
  std::string value() {
    if (random_.one_in(3)) return number(1000);
    if (random_.one_in(60)) return std::string(random_.below(40'000), 'v');
    return std::string(random_.below(70), static_cast<char>('a' + random_.below(26)));
  }
  // One's own, or one of the two that all share.
  std::string database(size_t which) const {
    return std::to_string(has_databases_ ? 2 * number_ + which : which);
  }

  static Words joined(std::string name, const Words& rest) {
    Words words = {std::move(name)};
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }

  Words on_key() {
    switch (random_.below(22)) {
      case 0:
        return {"INCR", key()};
      case 1:
        return {"INCRBY", key(), number(100)};
      case 2:
        return {"APPEND", key(), value()};
      case 3:
        return {"STRLEN", key()};
      case 4:
        return {"SETRANGE", key(), number(50), value()};
      case 5:
        return {"GETRANGE", key(), number(20), "-1"};
      case 6:
        return {"GETDEL", key()};
      case 7:
        return {"GETEX", key(), "PERSIST"};
      case 8:
        return {"DEL", key()};
      case 9:
        return {"EXPIREAT", key(), std::string(kFarAway)};
      case 10:
        return {"EXPIRE", key(), "-1"};
      case 11:
        return {"EXPIRETIME", key()};
      case 12:
        return {"PERSIST", key()};
      case 13:
        return {"TYPE", key()};
      case 14:
        return {"SETBIT", key(), number(500), number(2)};
      case 15:
        return {"SET", key(), value(), "NX", "GET"};
      case 16:
        return {"SET", key(), value(), "EXAT", std::string(kFarAway)};
      case 17:
        return {"OBJECT", "ENCODING", key()};
      case 18:
      case 19:
        return {"GET", key()};
      default:
        return {"SET", key(), value()};
    }
  }

  Words over_keys() {
    switch (random_.below(12)) {
      case 0:
        return {"RENAME", key(), key()};
      case 1:
        return {"RENAMENX", key(), key()};
      case 2:
        return {"COPY", key(), key(), "REPLACE"};
      case 3:
        return {"COPY", key(), key()};
      case 4:
        return joined("DEL", some_keys(4));
      case 5:
        return joined("EXISTS", some_keys(6));
      case 6:
        return joined("UNLINK", some_keys(3));
      case 7:
        return {"BITOP", "XOR", key(), key(), key()};
      case 8:
        return {"MSETNX", key(), value(), key(), value()};
      case 9:
        return joined("MGET", some_keys(8));
      default: {
        Words words = {"MSET"};
        for (const std::string& name : some_keys(6)) {
          words.push_back(name);
          words.push_back(value());
        }
        return words;
      }
    }
  }

  void select() { add({"SELECT", database(random_.below(2))}); }

  void over_databases() {
    switch (random_.below(8)) {
      case 0:
        return add({"FLUSHDB"});
      case 1:
      case 2:
        return add({"SWAPDB", database(0), database(1)});
      case 3:
        return add({"MOVE", key(), database(random_.below(2))});
      case 4:
        return add({"COPY", key(), key(), "DB", database(random_.below(2))});
      case 5:
        return add({"DBSIZE"});
      default:
        return select();
    }
  }

  void connection() {
    switch (random_.below(8)) {
      case 0:
        return add({"PING"});
      case 1:
        return add({"NOSUCHCOMMAND", "x"});
      case 2:
        return add({"GET"});
      case 3:
        return add({"HELLO", random_.one_in(2) ? "3" : "2"});
      case 4:
        // Neither of the two is answered.
        script_.bytes += request({"CLIENT", "REPLY", "SKIP"});
        script_.bytes += request(random_.one_in(2) ? over_keys() : on_key());
        return;
      case 5:
        return select();
      default:
        return add({"ECHO", std::to_string(script_.asked.size())});
    }
  }

  void in_line() {
    Words words = random_.one_in(2) ? Words{"GET", key()} : Words{"SET", key(), number(99)};
    if (random_.one_in(2)) words[1] = '"' + words[1] + '"';  // Then it stands in the parser.
    script_.bytes += inline_request(words);
    script_.asked.push_back("inline " + text_of(words));
  }

  void transaction() {
    if (random_.one_in(3)) {
      add(joined("WATCH", some_keys(3)));
      if (random_.one_in(3)) add(on_key());
      if (random_.one_in(8)) add({"UNWATCH"});
    }
    add({"MULTI"});
    const bool is_narrow = random_.one_in(3);
    const std::string narrow = key();
    for (uint64_t i = random_.below(6); i > 0; --i) {
      if (is_narrow) {
        add({"INCR", narrow});
      } else if (has_databases_ && random_.one_in(5)) {
        over_databases();
      } else {
        add(random_.one_in(3) ? over_keys() : on_key());
      }
    }
    if (random_.one_in(12)) add({"SET", key()});
    add({random_.one_in(8) ? "DISCARD" : "EXEC"});
  }

  Random random_;
  size_t number_;
  bool has_databases_;
  Script script_;
};

// A connection's number differs from run to run.
Reply without_id(Reply reply) {
  for (size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    if (reply.items[i].text == "id") reply.items[i + 1].integer = 0;
  }
  return reply;
}

std::vector<Reply> read_all(MemoryClient& client, size_t count) {
  std::vector<Reply> replies;
  while (replies.size() < count) {
    std::optional<Reply> reply = client.read();
    if (!reply) break;
    replies.push_back(without_id(std::move(*reply)));
  }
  return replies;
}

// The replies of each client, run one after another, or all at once.
std::vector<std::vector<Reply>> replies_of(const std::vector<Script>& scripts,
                                           ShardThreads::Options options, bool at_once) {
  const size_t shards = options.shards;
  ShardThreads threads(test::engine_commands(), std::move(options));
  std::vector<std::vector<Reply>> replies;
  std::vector<MemoryClient*> clients;
  for (size_t i = 0; i < scripts.size(); ++i) {
    clients.push_back(&threads.open(i % shards));
    threads.send(*clients.back(), scripts[i].bytes);
    if (!at_once) replies.push_back(read_all(*clients.back(), scripts[i].asked.size()));
  }
  for (size_t i = 0; at_once && i < scripts.size(); ++i)
    replies.push_back(read_all(*clients[i], scripts[i].asked.size()));
  for (MemoryClient* client : clients)
    CHECK(client->rest() == "");
  return replies;
}

void compare(const Script& script, const std::vector<Reply>& expected,
             const std::vector<Reply>& heard) {
  CHECK(heard.size() == script.asked.size());
  REQUIRE(heard.size() == expected.size());
  for (size_t i = 0; i < heard.size(); ++i) {
    if (heard[i] == expected[i]) continue;
    CAPTURE(i);
    CAPTURE(script.asked[i]);
    CHECK(text_of(heard[i]) == text_of(expected[i]));
    FAIL("replies differ");
  }
}

// Small limits on some runs, so that connections stop and go on all the time.
EngineOptions options_for(uint64_t seed) {
  EngineOptions options;
  if (seed % 3 == 1) options.client_commands_in_flight_limit = 5;
  if (seed % 3 == 2) options.client_unsent_reply_limit_bytes = 300;
  return options;
}

// ---- Clients that meet.
//
//   databases 0, 1   accounts, swapped now and then: transfers keep the total of each
//   database 2       counters and pairs, which nobody loses
//   database 3       groups of keys, set and deleted together, and noise; flushed now and then

constexpr size_t kAccounts = 12;
constexpr int64_t kMoney = 1000 * kAccounts;
constexpr size_t kCounters = 6;
constexpr size_t kGroups = 3;
constexpr size_t kGroupKeys = 7;

std::string account(size_t i) {
  return "account:" + std::to_string(i);
}
std::string counter(size_t i) {
  return "counter:" + std::to_string(i);
}

// What the reply to a command must be.
enum class Expect : uint8_t { kAny, kTotal, kTotalInExec, kAllEqual, kPair };

class Crowd {
 public:
  Crowd(uint64_t seed, size_t number) : random_(seed * 1000 + number), number_(number) {}

  // A client that does all of it, in pipelines.
  void write(size_t steps) {
    for (size_t i = 0; i < steps; ++i) {
      switch (random_.below(10)) {
        case 0:
          transfers();
          break;
        case 1:
          audit();
          break;
        case 2:
          groups();
          break;
        case 3:
          look_at_group();
          break;
        case 4:
          count_together();
          break;
        case 5:
          add_to_pair();
          break;
        case 6:
          disturb();
          break;
        default:
          single_keys();
      }
    }
  }

  const Script& script() const { return script_; }
  const std::vector<Expect>& expected() const { return expected_; }
  const std::vector<int64_t>& counted() const { return counted_; }
  size_t commands() const { return expected_.size(); }

  static Script setup() {
    Script script;
    for (const char* db : {"0", "1"}) {
      script.add({"SELECT", db});
      for (size_t i = 0; i < kAccounts; ++i)
        script.add({"SET", account(i), "1000"});
    }
    return script;
  }

 private:
  void add(const Words& words, Expect expect = Expect::kAny) {
    script_.add(words);
    expected_.push_back(expect);
  }
  void select(uint64_t db) { add({"SELECT", std::to_string(db)}); }
  std::string any_account() { return account(random_.below(kAccounts)); }
  std::string member(size_t group, size_t i) {
    return "group:" + std::to_string(group) + ":" + std::to_string(i);
  }
  Words all_accounts() {
    Words words = {"MGET"};
    for (size_t i = 0; i < kAccounts; ++i)
      words.push_back(account(i));
    return words;
  }

  void transfers() {
    select(random_.below(2));
    for (uint64_t i = 1 + random_.below(6); i > 0; --i) {
      const std::string amount = std::to_string(1 + random_.below(50));
      add({"MULTI"});
      add({"DECRBY", any_account(), amount});
      if (random_.one_in(3)) add({"EXPIREAT", any_account(), std::string(kFarAway)});
      add({"INCRBY", any_account(), amount});
      if (random_.one_in(4)) add({"SWAPDB", "0", "1"});
      add({"EXEC"});
    }
  }

  void audit() {
    select(random_.below(2));
    if (random_.one_in(3)) {
      add({"MULTI"});
      add(all_accounts());
      add({"EXEC"}, Expect::kTotalInExec);
    } else {
      add(all_accounts(), Expect::kTotal);
    }
  }

  void groups() {
    select(3);
    for (uint64_t turn = 1 + random_.below(4); turn > 0; --turn) {
      const size_t group = random_.below(kGroups);
      const std::string value = std::to_string(number_) + "." +
                                std::to_string(random_.below(1000)) +
                                std::string(random_.below(60), 'x');
      const bool deletes = random_.one_in(5);
      Words words = {deletes ? "DEL" : "MSET"};
      for (size_t i = 0; i < kGroupKeys; ++i) {
        words.push_back(member(group, i));
        if (!deletes) words.push_back(value);
      }
      add(words);
    }
  }

  void look_at_group() {
    select(3);
    const size_t group = random_.below(kGroups);
    Words words = {"MGET"};
    for (size_t i = 0; i < kGroupKeys; ++i)
      words.push_back(member(group, i));
    add(words, Expect::kAllEqual);
  }

  void count_together() {
    select(2);
    for (uint64_t turn = 1 + random_.below(4); turn > 0; --turn) {
      add({"MULTI"});
      for (uint64_t i = 1 + random_.below(4); i > 0; --i)
        count(random_.below(kCounters));
      add({"EXEC"});
    }
  }
  void count(size_t which) {
    add({"INCR", counter(which)});
    ++counted_[which];
  }

  void add_to_pair() {
    select(2);
    add({"WATCH", "pair:a", "pair:b"});
    if (random_.one_in(4)) add({"GET", "pair:a"});
    add({"MULTI"});
    add({"INCR", "pair:a"});
    add({"INCR", "pair:b"});
    add({"EXEC"}, Expect::kPair);
  }

  void disturb() {
    switch (random_.below(5)) {
      case 0:
        select(3);
        add({"FLUSHDB"});
        break;
      case 1:
        add({"SWAPDB", "0", "1"});
        break;
      case 2:
        add({"DBSIZE"});
        break;
      case 3:
        add({"KEYS", "noise:1*"});
        break;
      default:
        select(3);
        add({"RENAME", noise(), noise()});
        add({"COPY", noise(), noise(), "REPLACE"});
    }
  }
  std::string noise() { return "noise:" + std::to_string(random_.below(40)); }

  // Single keys, among them those of all the transactions; these keep their values.
  void single_keys() {
    const uint64_t db = random_.below(4);
    select(db);
    for (uint64_t i = 5 + random_.below(30); i > 0; --i) {
      if (db < 2) {
        on_account();
      } else if (db == 2) {
        count(random_.below(kCounters));
      } else {
        on_group_or_noise();
      }
    }
  }
  void on_account() {
    switch (random_.below(6)) {
      case 0:
        return add({"EXPIREAT", any_account(), std::string(kFarAway)});
      case 1:
        return add({"PERSIST", any_account()});
      case 2:
        return add({"INCRBY", any_account(), "0"});
      case 3:
        return add({"APPEND", any_account(), ""});
      default:
        return add({"GET", any_account()});
    }
  }
  void on_group_or_noise() {
    const std::string one = member(random_.below(kGroups), random_.below(kGroupKeys));
    switch (random_.below(8)) {
      case 0:
        return add({"EXPIREAT", one, std::string(kFarAway)});
      case 1:
        return add({"PERSIST", one});
      case 2:
        return add({"GET", one});
      case 3:
        return add({"PEXPIRE", noise(), std::to_string(1 + random_.below(20))});
      case 4:
        return add({"DEL", noise()});
      case 5:
        return add({"GET", noise()});
      default:
        return add({"SET", noise(), std::string(random_.below(200), 'n')});
    }
  }

  Random random_;
  size_t number_;
  Script script_;
  std::vector<Expect> expected_;
  std::vector<int64_t> counted_ = std::vector<int64_t>(kCounters);
};

int64_t sum_of(const Reply& reply) {
  int64_t sum = 0;
  for (const Reply& item : reply.items)
    sum += std::strtoll(item.text.c_str(), nullptr, 10);
  return sum;
}

bool are_equal(const Reply& reply) {
  return std::ranges::all_of(reply.items,
                             [&](const Reply& item) { return item == reply.items.front(); });
}

// Reads and checks all replies of one of the crowd; how often its pairs were added to.
int64_t check_crowd(const Crowd& crowd, MemoryClient& client) {
  int64_t pairs = 0;
  for (size_t i = 0; i < crowd.commands(); ++i) {
    const std::optional<Reply> reply = client.read();
    REQUIRE(reply.has_value());
    CAPTURE(crowd.script().asked[i]);
    const std::string& asked = crowd.script().asked[i];
    const bool may_fail = asked.starts_with("RENAME") || asked.starts_with("COPY");
    if (reply->is_error() && !may_fail) CHECK(reply->text == "");
    switch (crowd.expected()[i]) {
      case Expect::kAny:
        break;
      case Expect::kTotal:
        REQUIRE(sum_of(*reply) == kMoney);
        break;
      case Expect::kTotalInExec:
        REQUIRE(reply->items.size() == 1);
        REQUIRE(sum_of(reply->items[0]) == kMoney);
        break;
      case Expect::kAllEqual:
        if (!are_equal(*reply)) FAIL(text_of(*reply));
        break;
      case Expect::kPair:
        if (reply->is_null()) break;
        REQUIRE(reply->items.size() == 2);
        REQUIRE(reply->items[0] == reply->items[1]);
        ++pairs;
        break;
    }
  }
  return pairs;
}

// The integer that `key` holds in database 2.
int64_t counter_value(ShardThreads& threads, const std::string& key) {
  MemoryClient& client = threads.open(0);
  threads.send(client, request({"SELECT", "2"}) + request({"GET", key}));
  client.read();
  const std::optional<Reply> value = client.read();
  REQUIRE(value.has_value());
  return std::strtoll(value->text.c_str(), nullptr, 10);
}

// Sessions are gone already: what else clients could leave behind.
void check_nothing_is_left(ShardThreads& threads) {
  for (size_t id = 0; id < threads.set().size(); ++id) {
    CHECK(threads.ask<size_t>(
              id, [](Shard& shard) { return shard.clients().chunks().lent_bytes(); }) == 0);
    // What a client had watched elsewhere is forgotten by a message of its own.
    while (!threads.ask<bool>(id, [](Shard& shard) { return shard.data().watches().empty(); }))
      std::this_thread::yield();
  }
}

void prepare_accounts(ShardThreads& threads) {
  const Script setup = Crowd::setup();
  MemoryClient& client = threads.open(0);
  threads.send(client, setup.bytes);
  CHECK(read_all(client, setup.asked.size()).size() == setup.asked.size());
}

void run_crowd(ShardThreads& threads, uint64_t seed) {
  constexpr size_t kClients = 6;
  constexpr size_t kSteps = 60;
  const size_t shards = threads.set().size();
  std::vector<Crowd> crowd;
  std::vector<MemoryClient*> clients;
  for (size_t i = 0; i < 2 * kClients; ++i) {
    crowd.emplace_back(seed, i);
    crowd.back().write(kSteps);
  }
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(&threads.open(i % shards));
    threads.send(*clients[i], crowd[i].script().bytes);
  }
  int64_t pairs = 0;
  std::vector<int64_t> counted(kCounters);
  for (size_t i = 0; i < kClients; ++i) {
    pairs += check_crowd(crowd[i], *clients[i]);
    for (size_t which = 0; which < kCounters; ++which)
      counted[which] += crowd[i].counted()[which];
  }
  CHECK(counter_value(threads, "pair:a") == pairs);
  CHECK(counter_value(threads, "pair:b") == pairs);
  for (size_t which = 0; which < kCounters; ++which)
    CHECK(counter_value(threads, counter(which)) == counted[which]);
}

// The same crowd, of which some leave in the middle, some are killed by the others, and some stay
// to look.
void run_leavers(ShardThreads& threads, uint64_t seed) {
  constexpr size_t kLeavers = 24;
  constexpr size_t kWatchers = 3;
  const size_t shards = threads.set().size();
  Random random(seed);
  std::vector<Crowd> watchers;
  std::vector<MemoryClient*> clients;
  for (size_t i = 0; i < kWatchers; ++i) {
    watchers.emplace_back(seed, 100 + i);
    watchers.back().write(40);
    clients.push_back(&threads.open(i % shards));
    threads.send(*clients.back(), watchers.back().script().bytes);
  }
  for (size_t id = 0; id < shards; ++id)  // Sessions are numbered as they open: these come first.
    threads.ask<size_t>(id, [](Shard& shard) { return shard.clients().all().size(); });
  for (size_t i = 0; i < kLeavers; ++i) {
    Crowd leaver(seed, 200 + i);
    leaver.write(20);
    std::string bytes = leaver.script().bytes;
    bytes.resize(random.below(bytes.size()));
    MemoryClient& client = threads.open(random.below(shards));
    if (i % 4 == 0) {
      threads.send(client, bytes);  // Stays, unless it is killed, until all go.
    } else {
      threads.send_and_leave(client, bytes);
    }
    if (i % 5 == 0) {
      MemoryClient& killer = threads.open(random.below(shards));
      const std::string number = std::to_string(kWatchers + 2 + random.below(kLeavers));
      threads.send(killer, request({"CLIENT", "KILL", "ID", number}));
    }
  }
  for (size_t i = 0; i < kWatchers; ++i)
    check_crowd(watchers[i], *clients[i]);
}

}  // namespace

TEST_CASE("clients that do not meet hear the same on any number of shards") {
  constexpr size_t kClients = 8;
  constexpr size_t kCommands = 150;
  for_some_seeds("disjoint clients", [](uint64_t seed) {
    std::vector<Script> scripts;
    for (size_t i = 0; i < kClients; ++i)
      scripts.push_back(Scripter(seed, i, seed % 2 == 0).write(kCommands));
    const auto expected = replies_of(scripts, {.shards = 1, .seed = seed}, false);
    for (const size_t shards : {1, 2, 4}) {
      CAPTURE(shards);
      const auto heard =
          replies_of(scripts, {.shards = shards, .seed = seed, .engine = options_for(seed)}, true);
      for (size_t i = 0; i < kClients; ++i) {
        CAPTURE(i);
        compare(scripts[i], expected[i], heard[i]);
      }
    }
  });
}

TEST_CASE("transactions are never seen half done beside single-key traffic") {
  for_some_seeds("a crowd", [](uint64_t seed) {
    for (const size_t shards : {2, 4}) {
      CAPTURE(shards);
      ShardThreads threads(test::engine_commands(),
                           {.shards = shards, .seed = seed, .engine = options_for(seed)});
      prepare_accounts(threads);
      run_crowd(threads, seed);
      threads.settle();
      check_nothing_is_left(threads);
    }
  });
}

TEST_CASE("clients that leave or are killed in the middle leave nothing behind") {
  for_some_seeds("leaving clients", [](uint64_t seed) {
    for (const size_t shards : {1, 2, 4}) {
      CAPTURE(shards);
      ShardThreads threads(test::engine_commands(),
                           {.shards = shards, .seed = seed, .engine = options_for(seed)});
      prepare_accounts(threads);
      run_leavers(threads, seed);
      threads.settle();
      check_nothing_is_left(threads);
    }
  });
}

TEST_CASE("shards that evict beside transactions stay whole") {
  for_some_seeds("eviction", [](uint64_t seed) {
    EngineOptions options;
    options.maxmemory_bytes = test::DataMeter::kBesideBytes + 300'000;
    options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
    ShardThreads threads(test::engine_commands(), {.shards = 4, .seed = seed, .engine = options});
    std::vector<MemoryClient*> clients;
    constexpr size_t kCommands = 400;
    Random random(seed);
    for (size_t i = 0; i < 6; ++i) {
      Script script;
      for (size_t n = 0; n < kCommands; ++n) {
        const auto key = [&] { return std::to_string(random.below(1000)); };
        const std::string value(random.below(1000), 'v');
        if (random.one_in(3)) {
          script.add({"MSET", key(), value, key(), value});
        } else if (random.one_in(3)) {
          script.add({"GET", key()});
        } else {
          script.add({"SET", key(), value});
        }
      }
      clients.push_back(&threads.open(i % 4));
      threads.send(*clients.back(), script.bytes);
    }
    for (MemoryClient* client : clients) {
      for (const Reply& reply : read_all(*client, kCommands))
        if (reply.is_error()) CHECK(reply.text.starts_with("OOM"));
    }
    threads.settle();
    check_nothing_is_left(threads);
  });
}

}  // namespace kvstash::engine
