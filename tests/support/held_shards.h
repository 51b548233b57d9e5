// HeldShards: some shards without threads, for tests of what runs while shards are held.
//
// The test says for each command on whose thread it runs and which shards are held; all of it
// happens on the test's own thread. Every shard has a RecordingSink.
#pragma once

#include "engine/shard.h"
#include "engine/shard_set.h"
#include "store/hash.h"
#include "support/command_rooms.h"
#include "support/recording_sink.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class HeldShards {
 public:
  using Argv = std::vector<std::string_view>;
  using Members = std::vector<bool>;
  using Rows = std::span<const std::span<const engine::CommandSpec>>;

  explicit HeldShards(size_t shards, Rows rows = engine_commands())
      : table_(rows), set_(shards, table_, options), sinks_(shards) {
    for (size_t id = 0; id < shards; ++id)
      set_.at(id).set_sink(&sinks_[id]);
  }

  engine::EngineOptions options;

  engine::ShardSet& set() { return set_; }
  engine::Shard& at(size_t shard) { return set_.at(shard); }
  const std::vector<std::string>& journal(size_t shard) const { return sinks_[shard].records; }
  void forget_journal(size_t shard) { sinks_[shard].records.clear(); }
  // Runs a command on shard 0 and returns what it wrote to the journal.
  std::vector<std::string> effects_of(const Argv& argv) {
    forget_journal(0);
    run_on(0, argv);
    return journal(0);
  }
  // The time `ms` from now, as text.
  std::string in(int64_t ms) { return std::to_string(at(0).now_ms() + ms); }
  const engine::Command& command(std::string_view name) const { return *table_.find(name); }
  engine::CommandStats& stats_of(size_t shard, std::string_view name) {
    return at(shard).telemetry().of(command(name));
  }

  // Returns the key number `number`, from 0, that lives on `shard`.
  std::string key_on(size_t shard, size_t number = 0) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (set_.shard_of(key) == shard && number-- == 0) return key;
    }
  }

  // Runs a command on `worker`'s thread and returns the bytes of its reply.
  std::string run(size_t worker, const Argv& argv, const Members& members,
                  engine::KeyPlaces places = {}) {
    return run(worker, argv, at(worker).hold_of(&members), places);
  }
  std::string run_on(size_t shard, const Argv& argv, engine::KeyPlaces places = {}) {
    return run(shard, argv, at(shard).hold_here(), places);
  }
  std::string run_queue(size_t worker, engine::CommandQueue& queue,
                        const std::vector<engine::WatchedKey>& watched, const Members& members) {
    const engine::Hold hold = at(worker).hold_of(&members);
    engine::Caller caller;
    resp::ReplyBuffer out;
    at(worker).executor().run_queue(queue, watched, hold, caller, out);
    return std::string(out.view());
  }

  // Stores a key whose deadline passed five milliseconds ago.
  void set_expired(std::string_view key) {
    engine::Shard& shard = at(set_.shard_of(key));
    shard.data()
        .keyspace(engine::DbIndex{0})
        .put_string({key, keyed_hash(key, set_.seed())}, nullptr, "old", shard.now_ms() - 5);
  }
  // Stores a hash with fields whose deadlines have passed, the last field's first, and fields that
  // stay.
  void set_hash(std::string_view key, const std::vector<std::string>& due,
                const std::vector<std::string>& fresh) {
    engine::Shard& shard = at(set_.shard_of(key));
    const store::HashOptions options_of_hash{.seed = set_.seed()};
    store::Hash hash;
    for (const std::string& field : fresh)
      hash.set(field, "v", options_of_hash);
    int64_t deadline_ms = shard.now_ms() - 5;
    for (const std::string& field : due) {
      hash.set(field, "v", options_of_hash);
      hash.set_deadline(field, deadline_ms--, options_of_hash);
    }
    shard.data()
        .keyspace(engine::DbIndex{0})
        .put_object({key, keyed_hash(key, set_.seed())}, nullptr, store::ValueType::kHash,
                    hash.release(), std::nullopt);
  }
  size_t keys_on(size_t shard) { return at(shard).data().keyspace(engine::DbIndex{0}).size(); }

 private:
  std::string run(size_t worker, const Argv& argv, const engine::Hold& hold,
                  engine::KeyPlaces places) {
    engine::Caller caller;
    resp::ReplyBuffer out;
    at(worker).executor().run(**table_.resolve(argv), argv, hold, caller, out, places);
    return std::string(out.view());
  }

  engine::CommandTable table_;
  engine::ShardSet set_;
  std::vector<RecordingSink> sinks_;
};

}  // namespace kvstash::test
