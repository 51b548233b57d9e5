// The door for snapshots, from the commands' side: whatever clients do, a copy of all databases
// from pre-images alone (CutCopy) is what a real copy is. So no command changes data past the door.

#include "store/observer.h"

#include "base/random.h"
#include "base/text.h"
#include "scripting/scripting.h"
#include "scripting/scripting_table.h"
#include "support/command_rooms.h"
#include "support/cut_copy.h"
#include "support/model_seed.h"
#include "support/random_commands.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::DbIndex;
using engine::Shard;
using resp::Reply;
using test::CutCopy;
using test::KeyspaceImage;
using test::MemoryClient;
using test::RandomCommands;
using test::ShardThreads;

// What does not change data of keys, but is a writer by its row.
constexpr std::string_view kOtherWrites[] = {"function|load", "function|delete", "function|flush",
                                             "function|restore"};

std::span<const std::span<const engine::CommandSpec>> all_rows() {
  static const std::vector<std::span<const engine::CommandSpec>> kRows = [] {
    const auto commands = test::engine_commands();
    std::vector<std::span<const engine::CommandSpec>> all(commands.begin(), commands.end());
    all.push_back(scripting::scripting_commands());
    return all;
  }();
  return kRows;
}

// Small limits, so that values change their forms all the time.
engine::EngineOptions options(bool evicts) {
  engine::EngineOptions options;
  options.hash_max_listpack_entries = 6;
  options.list_max_listpack_size = 5;
  options.list_compress_depth = 1;
  options.set_max_intset_entries = 6;
  options.set_max_listpack_entries = 6;
  options.zset_max_listpack_entries = 6;
  options.stream_node_max_entries = 4;
  if (evicts) {
    options.maxmemory_bytes = allocator_stats().allocated + (size_t{4} << 20);
    options.maxmemory_policy = engine::EvictionPolicy::kAllkeysRandom;
  }
  return options;
}

// A node with clients who change its data, and a copy of each shard's data.
class Node {
 public:
  Node(uint64_t seed, size_t shards, bool evicts)
      : scripting_(shards, "7.2.4"),
        clerk_(seed, evicts),
        threads_(all_rows(),
                 {.shards = shards,
                  .seed = seed,
                  .engine = options(evicts),
                  .prepare = [this](Shard& shard) { shard.set().set_scripting(scripting_); }}) {
    for (size_t i = 0; i < 3; ++i)
      clients_.push_back({&threads_.open(i % shards), 0});
  }

  Random& random() { return clerk_.random(); }

  // Sends some commands, and waits for their replies.
  void work(size_t commands) {
    for (; commands != 0; --commands) {
      Client& client = clients_[random().below(clients_.size())];
      std::string bytes;
      client.awaited += add_command(bytes);
      threads_.send(*client.connection, std::move(bytes));
      if (client.awaited > 30) listen(client);
    }
    for (Client& client : clients_)
      listen(client);
    if (random().one_in(3)) let_time_pass();
  }

  void begin_copy() {
    copies_.resize(threads_.set().size());
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads_.ask<bool>(id, [copy = &copies_[id]](Shard& shard) {
        const std::vector<store::Keyspace*> spaces = spaces_of(shard);
        copy->real.clear();
        for (const store::Keyspace* space : spaces)
          copy->real.push_back(test::image_of(*space));
        copy->cut = std::make_unique<CutCopy>(
            spaces, std::vector<store::ShardMemory*>{&shard.data().memory()});
        return true;
      });
    }
  }
  void walk() {
    const size_t buckets = 1 + random().below(2);
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads_.ask<bool>(id, [copy = &copies_[id], buckets](Shard&) {
        copy->cut->walk({.buckets = buckets, .elements = 3});
        return true;
      });
    }
  }
  void check_copy() {
    for (size_t id = 0; id < copies_.size(); ++id) {
      const auto copied = threads_.ask<std::vector<KeyspaceImage>>(
          id, [copy = &copies_[id]](Shard& shard) { return copy->cut->finish(spaces_of(shard)); });
      told_ += copies_[id].cut->told();
      copies_[id].cut.reset();
      REQUIRE(copied.size() == copies_[id].real.size());
      for (size_t i = 0; i < copied.size(); ++i)
        REQUIRE(test::difference(copied[i], copies_[id].real[i]) == "");
    }
  }

  // Changes that the copies were told of.
  size_t told() const { return told_; }
  uint64_t evicted() {
    uint64_t evicted = 0;
    for (size_t id = 0; id < threads_.set().size(); ++id)
      evicted += threads_.ask<uint64_t>(id, [](Shard& shard) { return shard.stats().evicted; });
    return evicted;
  }

 private:
  struct Client {
    MemoryClient* connection;
    size_t awaited;
  };
  struct Copy {
    std::vector<KeyspaceImage> real;
    std::unique_ptr<CutCopy> cut;
  };

  static std::vector<store::Keyspace*> spaces_of(Shard& shard) {
    std::vector<store::Keyspace*> spaces;
    for (uint32_t db = 0; db < 16; ++db)
      if (store::Keyspace* space = shard.data().keyspace_if_any(DbIndex{db}))
        spaces.push_back(space);
    return spaces;
  }

  // Adds a command, a transaction or a script; returns how many replies it gets.
  size_t add_command(std::string& bytes) {
    switch (random().below(14)) {
      case 0:
        bytes += RandomCommands::resp(clerk_.fill("SELECT $db"));
        return 1;
      case 1: {
        bytes += RandomCommands::resp({"MULTI"});
        const size_t queued = 1 + random().below(4);
        for (size_t i = 0; i < queued; ++i)
          bytes += RandomCommands::resp(clerk_.write());
        bytes += RandomCommands::resp({"EXEC"});
        return queued + 2;
      }
      case 2: {
        std::vector<std::string> words{"EVAL", "redis.pcall(unpack(ARGV)) return 1", "0"};
        for (std::string& word : clerk_.write())
          words.push_back(std::move(word));
        bytes += RandomCommands::resp(words);
        return 1;
      }
      default:
        bytes += RandomCommands::resp(clerk_.write());
        return 1;
    }
  }

  // Two milliseconds, in which keys and fields expire by themselves.
  void let_time_pass() {
    threads_.send(*clients_[0].connection, RandomCommands::resp({"BLPOP", "none", "0.002"}));
    ++clients_[0].awaited;
    listen(clients_[0]);
  }

  static void listen(Client& client) {
    for (; client.awaited != 0; --client.awaited)
      REQUIRE(client.connection->read().has_value());
  }

  scripting::Scripting scripting_;
  RandomCommands clerk_;
  ShardThreads threads_;
  std::vector<Client> clients_;
  std::vector<Copy> copies_;
  size_t told_ = 0;
};

void check_cuts(uint64_t seed, size_t shards, int cuts, bool evicts = false) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog("copies beside commands", std::chrono::seconds(120));
  Node node(seed, shards, evicts);
  node.work(300);
  for (int cut = 0; cut < cuts; ++cut) {
    CAPTURE(cut);
    node.begin_copy();
    const bool walks = node.random().one_in(2);
    for (uint64_t rounds = node.random().below(15); rounds != 0; --rounds) {
      node.work(30);
      if (walks) node.walk();
    }
    node.check_copy();
    node.work(node.random().below(100));
  }
  CHECK(node.told() > 100);
  if (evicts) CHECK(node.evicted() > 100);
}

}  // namespace

TEST_CASE("no command changes data past the door for snapshots") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    check_cuts(*seed, 1, 100);
    check_cuts(*seed, 2, 100);
    return;
  }
  for (const uint64_t seed : {1, 2, 3, 4}) {
    check_cuts(seed, 1, 20);
    check_cuts(seed, 2, 10);
  }
}

#ifndef KVSTASH_NO_JEMALLOC  // Without it, memory in use is not known well enough to evict by it.
TEST_CASE("eviction changes no data past the door for snapshots") {
  check_cuts(5, 1, 20, true);
  check_cuts(6, 2, 10, true);
}
#endif

TEST_CASE("every command that writes is among those that the door is tried with") {
  const engine::CommandTable table(all_rows());
  std::set<std::string> tried(std::begin(kOtherWrites), std::end(kOtherWrites));
  for (const std::string_view line : test::kRandomWrites) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      words.push_back(word);
    const auto command = table.resolve(words);
    REQUIRE(command.ok());
    tried.insert((*command)->name);
  }
  for (uint32_t id = 0; id < table.size(); ++id) {
    const engine::Command& command = table.by_id(id);
    CAPTURE(command.name);
    if (command.has(engine::kWrite) && command.spec->subcommands.empty())
      CHECK(tried.contains(command.name));
  }
}

}  // namespace kvstash::commands
