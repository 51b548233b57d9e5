// LoggedNode: shards without threads whose lanes write one log, and any of which may execute a
// command. It checks at each record that the record comes by the lane of the executing shard, and
// that units are not mixed.
//
// Everything happens on the test's own thread. Blocking commands wait, and woken ones run again as
// they do in a node.
#pragma once

#include "engine/execution/command_runner.h"
#include "engine/shard.h"
#include "engine/shard_port.h"
#include "engine/shard_set.h"
#include "resp/request_text.h"
#include "scripting/scripting.h"
#include "support/node_dump.h"
#include "support/script_rooms.h"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

struct LoggedRecord {
  engine::DbIndex db{};
  std::vector<std::string> argv;
  engine::RecordTarget target{};
};
using LoggedUnit = std::vector<LoggedRecord>;

inline std::string text_of(const LoggedUnit& unit) {
  std::string text;
  for (const LoggedRecord& record : unit) {
    text += text.empty() ? "  " : "; ";
    text += std::to_string(static_cast<uint32_t>(record.db));
    for (const std::string& word : record.argv)
      text += " " + (word.size() > 40 ? word.substr(0, 40) + "..." : word);
  }
  return text;
}

class LoggedNode {
 public:
  using Argv = std::vector<std::string>;
  using Renames = std::initializer_list<engine::CommandTable::Rename>;

  explicit LoggedNode(size_t shards, Renames renames = {})
      : table_(engine_and_script_commands(), renames),
        set_(shards, table_.commands, options),
        scripting_(shards, "7.2.4") {
    set_.set_scripting(scripting_);
    lanes_.reserve(shards);
    ports_.reserve(shards);
    for (size_t id = 0; id < shards; ++id) {
      lanes_.emplace_back(*this, id);
      ports_.emplace_back(set_.at(id));
      set_.at(id).set_sink(&lanes_[id]);
      set_.at(id).set_port(ports_[id]);
    }
  }

  engine::EngineOptions options;

  engine::ShardSet& set() { return set_; }
  engine::Shard& at(size_t shard) { return set_.at(shard); }
  const engine::CommandTable& commands() const { return table_.commands; }
  std::vector<LoggedUnit>& log() { return log_; }
  size_t unit_records() const { return records_; }

  // Dumps all data and the libraries of functions.
  NodeDump dump() {
    NodeDump found = test::dump(set_);
    for (const auto& [name, library] : scripting_.libraries().all())
      found["library " + name] = library->code;
    return found;
  }

  // The shards that the command touches, as the dispatcher finds them; empty: all.
  std::vector<size_t> shards_of(const engine::Command& command,
                                std::span<const std::string_view> argv) {
    engine::Scope scope = command.spec->scope;
    if (command.spec->find_scope != nullptr) scope = command.spec->find_scope(argv, at(0));
    std::vector<size_t> shards;
    if (scope == engine::Scope::kAllShards || scope == engine::Scope::kGather) return shards;
    std::vector<engine::KeyAt> keys;
    if (scope == engine::Scope::kChannel) {
      shards.push_back(set_.shard_of(argv[1]));
      return shards;
    }
    // Other tests check how keys behind options are found: here such a command holds all shards.
    if (!command.has_plain_keys ||
        engine::CommandTable::keys_of(command, argv, keys) != engine::KeysFound::kAll)
      return shards;
    for (const engine::KeyAt& key : keys)
      shards.push_back(set_.shard_of(argv[key.index]));
    return shards;
  }

  // Runs a command by the name that clients use, and returns the bytes of its reply, or "-" and why
  // it was not run. `dice` chooses the executing shard and the form in which the client sent the
  // words.
  std::string run(const Argv& words, engine::DbIndex db, uint64_t dice) {
    std::string raw;
    std::vector<std::string_view> argv(words.begin(), words.end());
    resp::append_request(raw, argv);
    // The arguments are views into the request, as after parsing.
    for (size_t i = 0, from = 0; i < argv.size(); ++i) {
      from = raw.find('$', from);
      from = raw.find('\n', from) + 1;
      argv[i] = std::string_view(raw).substr(from, argv[i].size());
      from += argv[i].size();
    }
    const Result<const engine::Command*> command = commands().resolve(argv);
    if (!command.ok()) return "-" + std::string(command.error().message());
    const Held held = hold_shards(shards_of(**command, argv), dice);
    engine::Caller caller = caller_at(db);
    resp::ReplyBuffer out;
    executing_ = held.worker;
    engine::Executor& executor = at(held.worker).executor();
    executor.run(**command, argv, held.hold(*this), caller, out, {},
                 (dice & 1) != 0 ? std::string_view(raw) : std::string_view());
    if (std::shared_ptr<engine::Waiter> waiter = executor.take_waiter(); waiter != nullptr)
      waiters_.push_back(std::move(waiter));
    serve_woken(dice);
    return std::string(out.view());
  }

  // Runs these commands as EXEC does, on all shards; the names are those that clients use.
  void run_queue(const std::vector<Argv>& queue_of_words, engine::DbIndex db, uint64_t dice) {
    engine::CommandQueue queue;
    for (const Argv& words : queue_of_words) {
      const std::vector<std::string_view> argv(words.begin(), words.end());
      const Result<const engine::Command*> command = commands().resolve(argv);
      if (command.ok()) queue.add(**command, argv, (*command)->spec->flags);
    }
    const Held held = hold_shards({}, dice);
    engine::Caller caller = caller_at(db);
    resp::ReplyBuffer out;
    executing_ = held.worker;
    at(held.worker).executor().run_queue(queue, {}, held.hold(*this), caller, out);
    serve_woken(dice);
  }

  void evict(size_t shard, size_t worker) {
    executing_ = worker;
    const std::vector<bool> all(set_.size(), true);
    engine::evict_one(at(worker).hold_of(&all), at(shard).data());
  }
  void take_turn(size_t shard) {
    executing_ = shard;
    at(shard).finish_turn();
    serve_woken(shard);
  }
  void look_at_clocks() {
    for (size_t id = 0; id < set_.size(); ++id)
      at(id).clock().look();
  }

  // Runs the records of a unit on all shards, with `worker` executing. Error: a record was refused.
  Status replay(const LoggedUnit& unit, size_t worker) {
    executing_ = worker;
    engine::CommandRunner runner(at(worker).hold_of(nullptr));
    for (const LoggedRecord& record : unit) {
      const std::vector<std::string_view> argv(record.argv.begin(), record.argv.end());
      if (Status status = runner.run(record.db, argv); !status.ok()) return status;
    }
    return {};
  }

 private:
  class Lane final : public engine::EffectSink {
   public:
    Lane(LoggedNode& node, size_t id) : node_(&node), id_(id) {}
    engine::Lsn flush() override { return engine::kLsnNone; }

   private:
    void on_record(const engine::Record& record) override {
      ensure(node_->executing_ == id_);
      ensure(node_->open_lane_ == nullptr || node_->open_lane_ == this);
      LoggedRecord logged{.db = record.db,
                          .argv = {record.argv.begin(), record.argv.end()},
                          .target = record.target};
      if (!record.raw.empty()) {
        std::string formatted;
        resp::append_request(formatted, record.argv);
        ensure(record.raw == formatted);
      }
      ++node_->records_;
      if (node_->open_lane_ != nullptr) {
        node_->open_unit_.push_back(std::move(logged));
      } else {
        node_->log_.push_back({std::move(logged)});
      }
    }
    void on_begin_unit() override {
      ensure(node_->open_lane_ == nullptr);
      node_->open_lane_ = this;
    }
    void on_end_unit() override {
      ensure(node_->open_lane_ == this && !node_->open_unit_.empty());
      node_->open_lane_ = nullptr;
      node_->log_.push_back(std::exchange(node_->open_unit_, {}));
    }

    LoggedNode* node_;
    size_t id_;
  };

  class Port final : public engine::ShardPort {
   public:
    explicit Port(engine::Shard& shard) : shard_(&shard) {}
    void ring() override {}
    void flush_sessions() override { shard_->clients().take_ready(); }
    void close_session(engine::Session& session) override { shard_->clients().close(session); }

   private:
    engine::Shard* shard_;
  };

  struct Held {
    size_t worker = 0;
    std::vector<bool> members;
    bool is_single = false;

    engine::Hold hold(LoggedNode& node) const {
      engine::Shard& executing = node.at(worker);
      if (is_single) return executing.hold_here();
      return executing.hold_of(&members);
    }
  };

  struct Table {
    Table(std::span<const std::span<const engine::CommandSpec>> rows, Renames renames)
        : commands(rows) {
      for (const engine::CommandTable::Rename& line : renames)
        ensure(commands.rename(line).ok());
    }
    engine::CommandTable commands;
  };

  static engine::Caller caller_at(engine::DbIndex db) {
    engine::Caller caller;
    caller.db = db;
    return caller;
  }

  // Holds the given shards; all if none is given.
  Held hold_shards(const std::vector<size_t>& shards, uint64_t dice) const {
    Held held;
    held.members.assign(set_.size(), shards.empty());
    for (const size_t shard : shards)
      held.members[shard] = true;
    std::vector<size_t> ids;
    for (size_t id = 0; id < held.members.size(); ++id) {
      if (held.members[id]) ids.push_back(id);
    }
    held.worker = ids[(dice >> 8) % ids.size()];
    held.is_single = ids.size() == 1;
    return held;
  }

  // Serves woken waiters whose keys lie on several shards. Waiters that are done are forgotten; if
  // there are too many, the oldest is given up as if its client left.
  void serve_woken(uint64_t dice) {
    constexpr size_t kWaitersMax = 12;
    for (size_t i = 0; i < waiters_.size(); ++i) {
      const std::shared_ptr<engine::Waiter> waiter = waiters_[i];
      if (waiter->state.load() != engine::WaitState::kWoken) continue;
      const Held held = hold_shards({}, dice);
      executing_ = held.worker;
      at(held.worker).executor().run_woken(waiter, held.hold(*this));
    }
    if (waiters_.size() > kWaitersMax) give_up(*waiters_.front());
    std::erase_if(waiters_, [](const std::shared_ptr<engine::Waiter>& waiter) {
      return waiter->state.load() == engine::WaitState::kDone;
    });
  }
  void give_up(engine::Waiter& waiter) {
    if (!waiter.move(engine::WaitState::kWaiting, engine::WaitState::kDone)) return;
    for (const std::string& key : waiter.keys)
      at(set_.shard_of(key)).data().blocked_keys().remove(waiter.caller.db, key, waiter);
  }

  Table table_;
  engine::ShardSet set_;
  scripting::Scripting scripting_;
  std::vector<Lane> lanes_;
  std::vector<Port> ports_;
  std::vector<std::shared_ptr<engine::Waiter>> waiters_;

  std::vector<LoggedUnit> log_;  // Complete units only.
  size_t records_ = 0;           // Records of all units, also of an open one.
  size_t executing_ = 0;         // The shard that is executing.
  Lane* open_lane_ = nullptr;
  LoggedUnit open_unit_;
};

}  // namespace kvstash::test
