// Call: one command being run: its arguments, its hold, its reply, its effects.
//
// Commands are plain sequential code against a Call and never know how many shards there are, whose
// thread runs them, or who listens to what they changed. A Call lives for one run; its arguments
// are views into the client's buffer, dead afterwards.
#pragma once

#include "engine/command/command_table.h"
#include "engine/command/key_audit.h"
#include "engine/command/key_place.h"
#include "engine/execution/effects.h"
#include "engine/execution/gather.h"
#include "engine/execution/hold.h"
#include "engine/execution/key.h"
#include "engine/options.h"
#include "resp/reply_writer.h"

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kvstash::engine {

struct AclUser;
class Session;
class Shard;
class ShardSet;
class ServerPort;

// Who asked, as far as a command may know it on any shard.
struct Caller {
  DbIndex db{};
  resp::RespVersion resp = resp::RespVersion::k2;
  uint64_t client_id = 0;
  bool no_touch = false;                       // CLIENT NO-TOUCH: access clocks stay.
  bool in_transaction = false;                 // Inside EXEC.
  bool in_script = false;                      // Run by a script.
  RecordTarget records = RecordTarget::kBoth;  // Who gets the records of what it changes.
  bool is_silent = false;                      // Keyspace events are not told.
  bool wants_debugger = false;    // It asked for one, in vain: its scripts are not run.
  bool remembers_reads = false;   // CLIENT TRACKING: it caches the keys that this reads.
  uint32_t home = 0;              // The connection's shard.
  const AclUser* user = nullptr;  // Lives as long as its session has anything under way.
  Session* session = nullptr;     // Null where the connection's own shard is not held.
};

// What a blocking command answers when its time is over.
enum class TimeoutReply : uint8_t { kNull, kNullArray, kZero, kZeroPair };

class Call {
 public:
  using Args = std::span<const std::string_view>;

  Call(const Command& command, Args args, const Hold& hold, Shard& worker, Caller& caller,
       resp::ReplyBuffer& out, std::string_view raw = {})
      : command_(&command),
        args_(args),
        raw_(raw),
        hold_(hold),
        worker_(&worker),
        caller_(&caller),
        writer_(out, caller.resp) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // ---- What was asked.
  const Command& command() const { return *command_; }
  size_t argc() const { return args_.size(); }  // With the command's name, and a subcommand's.
  std::string_view arg(size_t index) const { return args_[index]; }
  Args args() const { return args_; }
  Args args_from(size_t index) const { return args_.subspan(index); }
  Caller& caller() { return *caller_; }
  DbIndex db() const { return caller_->db; }

  // The connection, for commands of Scope::kSession and kGather.
  Session& session();

  // ---- Where it runs, and when: the moment of its hold.
  int64_t now_ms() const { return hold_.now_ms(); }
  int64_t now_us() const { return hold_.now_us(); }
  // The moment is otherwise as old as the shard's last look at the clock. A command that tells it
  // to clients, or may run for long, takes it anew before anything else. Inside EXEC and scripts it
  // stays theirs.
  void take_moment();
  // The time as of which deadlines are judged, of the hold as well. now_ms() is for what is told to
  // clients and kept in values.
  int64_t horizon_ms() const { return hold_.horizon_ms(); }
  bool is_past(int64_t deadline_ms) const { return hold_.is_past(deadline_ms); }
  // A record of a log is being run again. What it says happened, whatever today's limits are.
  bool is_replay() const { return hold_.mode() == HoldMode::kReplay; }
  // The largest string that a command may make by a part of it.
  uint64_t string_bytes_max() const;
  const EngineOptions& options() const;
  // Whose thread this is: its counters, what it knows of scripts and sessions. Its data is touched
  // through the hold.
  Shard& worker() { return *worker_; }
  const Hold& hold() const { return hold_; }
  // Every shard is held: what a gather asks happens at once.
  bool holds_all() const { return hold_.covers_all(); }
  // The shard that owns a channel. Held under Scope::kChannel.
  Shard& owner_of(std::string_view channel);
  // The shard of the connection; its sessions may be touched under kSession and kGather.
  Shard& home();
  ShardSet& shards() { return hold_.set(); }
  ServerPort& server();

  // Runs `visit` for every held shard, for what is not data: all of them under Scope::kAllShards.
  void each_held(const std::function<void(Shard&)>& visit);

  // ---- The reply.
  resp::ReplyWriter& reply() { return writer_; }

  // ---- Keys. An expired key counts as absent, and is removed on the way.
  Key read(size_t arg_index) { return read(args_[arg_index]); }  // Counts a hit or a miss, touches.
  Key write(size_t arg_index) { return write(args_[arg_index]); }  // Touches.
  Key peek(size_t arg_index) { return peek(args_[arg_index]); }    // Leaves the access clock alone.
  Key read(std::string_view name);
  Key write(std::string_view name) { return write(name, caller_->db); }
  Key write(std::string_view name, DbIndex db);
  Key peek(std::string_view name);
  // As peek, but nobody hears of a miss: for commands about a key rather than its value.
  Key inspect(size_t arg_index);
  // As read, of a key that the arguments do not name: for commands that hold every shard, and whose
  // user may read every key.
  Key read_unnamed(std::string_view name);

  // ---- Effects.
  // What the journal gets for this command in place of its own words: for a change whose outcome
  // depends on more than the data (time, randomness, limits), or that Redis 7.0 has no such word
  // for, the commands that have the same effect anywhere. May be called several times: the records
  // follow each other and are one unit. Costs nothing when there is no journal.
  void record(std::initializer_list<std::string_view> argv) {
    record(argv, std::span<const std::string_view>());
  }
  void record(std::span<const std::string_view> argv);
  // The words of `head` and then those of `tail`.
  void record(std::initializer_list<std::string_view> head, std::span<const std::string_view> tail);
  // The command as it was sent, for a change that is no key's or that only replicas hear of.
  void record_as_sent(RecordTarget target = RecordTarget::kBoth);
  // The records of this command, to be written word by word. Only if wants_effects().
  RecordWords& records();
  bool wants_effects() const;
  Effects& effects() { return *effects_; }

  // ---- Waiting. A command that finds nothing to do may wait until one of its keys has something:
  // it calls block() and returns without a reply, and is run again from the start. `keys` lists
  // those it waits for, out of its own.
  struct Wait {
    std::vector<std::string_view> keys;
    store::ValueType type{};            // Values of other types are none of its business, ...
    bool wakes_without_key = false;     // ... but it wants to know if its key goes.
    std::optional<int64_t> timeout_ms;  // None: for ever. A command run again keeps its first.
    TimeoutReply timeout_reply = TimeoutReply::kNullArray;
    std::vector<std::string> argv{};  // What to run again, if not the same arguments.
  };
  // False inside EXEC and scripts, and when a record is replayed: the command answers as if its
  // time were over.
  bool may_block() const { return !caller_->in_transaction && !caller_->in_script && !is_replay(); }
  void block(Wait wait);

  // ---- Asking shards without holding them (Scope::kGather). `part` runs once per shard, on that
  // shard's thread, and must copy what it needs of the arguments. It is either part(Shard&), for
  // what is not data, or part(const Hold&, ShardData&) under a hold of that shard. `finish` runs on
  // the connection's thread with the parts in the shards' order, and writes the whole reply. Where
  // the command's own hold covers the asked shards, as inside EXEC, everything happens at once and
  // under that hold. Nothing else may be written to the reply. The client's later commands wait.
  template <typename Part, typename Ask>
  void gather(Ask part, std::function<void(std::vector<Part>&, resp::ReplyWriter&)> finish) {
    gather_from<Part>(all_shards(), std::move(part), std::move(finish));
  }
  // The same, asking one shard only.
  template <typename Part, typename Ask>
  void ask(size_t shard, Ask part, std::function<void(Part&, resp::ReplyWriter&)> finish) {
    gather_from<Part>(
        {shard}, std::move(part),
        [finish = std::move(finish)](std::vector<Part>& parts, resp::ReplyWriter& to) {
          finish(parts.front(), to);
        });
  }
  // The same, telling some shards something, by message even the connection's own: what the shards
  // had sent there before arrives before.
  void tell(const std::vector<size_t>& shards, std::function<void(Shard&)> part,
            std::function<void(resp::ReplyWriter&)> finish);

 private:
  friend class Key;
  friend class Executor;
  // How far it has come when its function returns. A call is counted and logged when it is over.
  enum class Progress : uint8_t {
    kOver,
    kGathered,  // Over, and its reply was written by the `finish` of a gather, errors included.
    kAsks,      // Shards are asked: the gather sees to the rest.
    kWaits,     // In block(): its Waiter sees to the rest.
  };

  Key find(std::string_view name, DbIndex db);
  void note_miss(const Key& key);
  KeyPlace place_of(std::string_view name);
  // Each part is written by one shard's thread alone, and read when all have come home.
  template <typename Part, typename Ask>
  void gather_from(std::vector<size_t> asked, Ask part,
                   std::function<void(std::vector<Part>&, resp::ReplyWriter&)> finish) {
    const auto answers = std::make_shared<std::vector<std::optional<Part>>>(asked.size());
    GatherPlan plan{.asked = std::move(asked), .part = {}, .finish = {}};
    plan.part = [answers, part = std::move(part)](size_t index, const Hold& hold, Shard& shard) {
      if constexpr (std::is_invocable_v<const Ask&, const Hold&, ShardData&>) {
        (*answers)[index].emplace(part(hold, data_of(hold, shard)));
      } else {
        (*answers)[index].emplace(part(shard));
      }
    };
    plan.finish = [answers, finish = std::move(finish)](resp::ReplyWriter& to) {
      std::vector<Part> parts;
      parts.reserve(answers->size());
      for (std::optional<Part>& answer : *answers) {
        ensure(answer.has_value());
        parts.push_back(std::move(*answer));
      }
      finish(parts, to);
    };
    run_gather(std::move(plan));
  }
  static ShardData& data_of(const Hold& hold, const Shard& shard);
  std::vector<size_t> all_shards() const;
  void run_gather(GatherPlan plan);
  void start_gather(GatherPlan plan);

  const Command* command_;
  Args args_;
  std::string_view raw_;  // The arguments as the client sent them; empty: not as one piece.
  Hold hold_;
  Shard* worker_;
  Caller* caller_;
  resp::ReplyWriter writer_;
  Effects* effects_ = nullptr;  // The worker's, emptied before each command.
  KeyPlaces places_;            // Of the plain keys, as far as known.
  size_t next_place_ = 0;       // Commands mostly take their keys in order.
  Progress progress_ = Progress::kOver;
  [[no_unique_address]] std::conditional_t<kHasSlowChecks, KeyAudit, NoKeyAudit> audit_;
};

}  // namespace kvstash::engine
