// BusyNode: shards on threads of their own whose clients send random commands, transactions and
// scripts that write.
//
// For tests. Small limits make values change their forms all the time. The test's thread drives it.
#pragma once

#include "persist/commands/persist_table.h"
#include "scripting/scripting.h"
#include "scripting/scripting_table.h"
#include "support/command_rooms.h"
#include "support/data_meter.h"
#include "support/random_commands.h"
#include "support/shard_threads.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::test {

class BusyNode {
 public:
  // `evicts`: there is so little memory that keys are evicted.
  BusyNode(uint64_t seed, size_t shards, bool evicts)
      : scripting_(shards, "7.2.4"),
        commands_(seed, evicts),
        threads_(rows(), {.shards = shards,
                          .seed = seed,
                          .engine = options(evicts),
                          .prepare = [this](engine::Shard& shard) {
                            shard.set().set_scripting(scripting_);
                          }}) {
    for (size_t i = 0; i < 3; ++i)
      clients_.push_back({&threads_.open(i % shards), 0});
  }

  // Rows of all commands that it may send.
  static std::span<const std::span<const engine::CommandSpec>> rows() {
    static const std::vector<std::span<const engine::CommandSpec>> kRows = [] {
      const auto commands = engine_commands();
      std::vector<std::span<const engine::CommandSpec>> all(commands.begin(), commands.end());
      all.push_back(scripting::scripting_commands());
      all.push_back(persist::persist_commands());
      return all;
    }();
    return kRows;
  }

  Random& random() { return commands_.random(); }
  ShardThreads& threads() { return threads_; }
  size_t shards() { return threads_.set().size(); }

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

  // How many keys were evicted.
  uint64_t evicted() {
    uint64_t evicted = 0;
    for (size_t id = 0; id < threads_.set().size(); ++id)
      evicted +=
          threads_.ask<uint64_t>(id, [](engine::Shard& shard) { return shard.stats().evicted; });
    return evicted;
  }

  // The keyspaces of a shard by their databases. The shard's thread.
  static std::vector<store::Keyspace*> spaces_of(engine::Shard& shard) {
    std::vector<store::Keyspace*> spaces;
    for (uint32_t db = 0; db < 16; ++db)
      if (store::Keyspace* space = shard.data().keyspace_if_any(engine::DbIndex{db}))
        spaces.push_back(space);
    return spaces;
  }

 private:
  struct Client {
    MemoryClient* connection;
    size_t awaited;
  };

  // Where keys are evicted, there is room for so much data.
  static constexpr size_t kDataBytesMax = 100'000;

  // Small limits, so that values change their forms all the time.
  static engine::EngineOptions options(bool evicts) {
    engine::EngineOptions options;
    options.hash_max_listpack_entries = 6;
    options.list_max_listpack_size = 5;
    options.list_compress_depth = 1;
    options.set_max_intset_entries = 6;
    options.set_max_listpack_entries = 6;
    options.zset_max_listpack_entries = 6;
    options.stream_node_max_entries = 4;
    if (evicts) {
      options.maxmemory_bytes = DataMeter::kBesideBytes + kDataBytesMax;
      options.maxmemory_policy = engine::EvictionPolicy::kAllkeysRandom;
    }
    return options;
  }

  // Adds a command, a transaction or a script; returns how many replies it gets.
  size_t add_command(std::string& bytes) {
    switch (random().below(14)) {
      case 0:
        bytes += RandomCommands::resp(commands_.fill("SELECT $db"));
        return 1;
      case 1: {
        bytes += RandomCommands::resp({"MULTI"});
        const size_t queued = 1 + random().below(4);
        for (size_t i = 0; i < queued; ++i)
          bytes += RandomCommands::resp(commands_.write());
        bytes += RandomCommands::resp({"EXEC"});
        return queued + 2;
      }
      case 2: {
        std::vector<std::string> words{"EVAL", "redis.pcall(unpack(ARGV)) return 1", "0"};
        for (std::string& word : commands_.write())
          words.push_back(std::move(word));
        bytes += RandomCommands::resp(words);
        return 1;
      }
      default:
        bytes += RandomCommands::resp(commands_.write());
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
  RandomCommands commands_;
  ShardThreads threads_;
  std::vector<Client> clients_;
};

}  // namespace kvstash::test
