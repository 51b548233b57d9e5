// Call: one command being run: its arguments, its hold, its reply, its effects.
//
// Commands are plain sequential code against a Call. They never know how many shards there are,
// which thread runs them, or who is told of what they changed. A Call lives for one run; its
// arguments are views into the client's buffer and invalid afterwards.
#pragma once

#include "engine/command/command_table.h"
#include "engine/command/key_audit.h"
#include "engine/command/key_place.h"
#include "engine/execution/effects.h"
#include "engine/execution/gather.h"
#include "engine/execution/hold.h"
#include "engine/execution/key.h"
#include "engine/options.h"
#include "engine/release/acks.h"
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

// What a command may know about the client that sent it, on any shard.
struct Caller {
  DbIndex db{};
  resp::RespVersion resp = resp::RespVersion::k2;
  uint64_t client_id = 0;
  bool no_touch = false;        // CLIENT NO-TOUCH: access clocks are left alone.
  bool in_transaction = false;  // The command runs inside EXEC.
  bool in_script = false;       // The command is run by a script.
  // Who gets the records of what the command changes.
  RecordTarget records = RecordTarget::kBoth;
  bool is_silent = false;  // The command publishes no keyspace events.
  // The client asked for the Lua debugger, which does not exist here: its scripts are not run.
  bool wants_debugger = false;
  // CLIENT TRACKING: the client caches the keys that the command reads.
  bool remembers_reads = false;
  uint32_t home = 0;  // The shard of the connection.
  // Valid for as long as the session has commands under way.
  const AclUser* user = nullptr;
  Session* session = nullptr;  // Null where the connection's own shard is not held.
};

// The reply of a blocking command whose timeout is over.
// kReplicas: how many replicas have what the client waited for; kAcks: whether the disk of this
// node has it, and how many replicas.
enum class TimeoutReply : uint8_t { kNull, kNullArray, kReplicas, kAcks };

class Call {
 public:
  using Args = std::span<const std::string_view>;

  Call(const Command& command, Args args, const Hold& hold, Caller& caller, resp::ReplyBuffer& out,
       std::string_view raw = {})
      : command_(&command),
        args_(args),
        raw_(raw),
        hold_(hold),
        caller_(&caller),
        writer_(out, caller.resp) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // ---- The request.
  const Command& command() const { return *command_; }
  // Includes the names of the command and the subcommand.
  size_t argc() const { return args_.size(); }
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
  // Reads the clock anew, because the hold's moment is as old as the shard's last look at the
  // clock. For a command that tells clients the time, or may run for long; called before anything
  // else. Inside EXEC and scripts it does nothing: their moment stays.
  void take_moment();
  // The time by which the call and its hold judge deadlines. now_ms() is for times that are told to
  // clients or kept in values.
  int64_t horizon_ms() const { return hold_.horizon_ms(); }
  bool is_past(int64_t deadline_ms) const { return hold_.is_past(deadline_ms); }
  // True: the command is a record of a log that is being replayed. What the record says has
  // happened, so no limit of today refuses it.
  bool is_replay() const { return hold_.mode() == HoldMode::kReplay; }
  // The largest string that a command may make by writing a part of it.
  uint64_t string_bytes_max() const;
  const EngineOptions& options() const;
  // The shard whose thread runs the command, for its counters, scripts and sessions. Its data is
  // touched only through the hold.
  Shard& worker();
  const Hold& hold() const { return hold_; }
  // True: every shard is held, so a gather runs at once and sends no messages.
  bool holds_all() const { return hold_.covers_all(); }
  // The shard that owns a channel. It is held under Scope::kChannel.
  Shard& owner_of(std::string_view channel);
  // The shard of the connection; its sessions may be used under kSession and kGather.
  Shard& home();
  ShardSet& shards() { return hold_.set(); }
  ServerPort& server();

  // Runs `visit` for every held shard, for what is not data. Under Scope::kAllShards that is every
  // shard.
  void each_held(const std::function<void(Shard&)>& visit);

  // ---- The reply.
  resp::ReplyWriter& reply() { return writer_; }

  // ---- Keys. An expired key counts as absent, and is removed on the way.
  // Counts a hit or a miss, and updates the access clock.
  Key read(size_t arg_index) { return read(args_[arg_index]); }
  // Updates the access clock, and counts neither hit nor miss.
  Key write(size_t arg_index) { return write(args_[arg_index]); }
  // Counts a hit or a miss, and leaves the access clock alone.
  Key peek(size_t arg_index) { return peek(args_[arg_index]); }
  Key read(std::string_view name);
  Key write(std::string_view name) { return write(name, caller_->db); }
  Key write(std::string_view name, DbIndex db);
  Key peek(std::string_view name);
  // As peek, but a miss publishes no event: for commands about a key rather than its value.
  Key inspect(size_t arg_index);
  // As read, for a key that the arguments do not name: for commands that hold every shard and whose
  // user may read every key.
  Key read_unnamed(std::string_view name);

  // ---- Effects.
  // Adds a record: a command that the journal gets in place of this one. It is for a change whose
  // outcome depends on more than the data (time, randomness, limits), or that Redis 7.0 has no
  // command for: the record has the same effect wherever it runs. May be called several times: the
  // records follow each other and are one unit. Without a journal it does nothing.
  void record(std::initializer_list<std::string_view> argv) {
    record(argv, std::span<const std::string_view>());
  }
  void record(std::span<const std::string_view> argv);
  // Adds a record of the words of `head` and then those of `tail`.
  void record(std::initializer_list<std::string_view> head, std::span<const std::string_view> tail);
  // Records the command as it was sent, for a change that is not of a key, or that only replicas
  // are to be told.
  void record_as_sent(RecordTarget target = RecordTarget::kBoth);
  // The records of this command, for writing them word by word. Only if wants_effects().
  RecordWords& records();
  bool wants_effects() const;
  Effects& effects() { return *effects_; }

  // ---- Waiting. A command that finds nothing to do may wait until one of its keys changes: it
  // calls block() and returns without a reply, and later is run again from the start. `keys` are
  // those of its keys that it waits for.
  struct Wait {
    std::vector<std::string_view> keys;
    // The type of value that the command waits for; a key of another type does not wake it.
    store::ValueType type{};
    // The command is woken also when a key is removed or has another type.
    bool wakes_without_key = false;
    // None: no timeout. A command that runs again keeps the timeout of its first run.
    std::optional<int64_t> timeout_ms;
    TimeoutReply timeout_reply = TimeoutReply::kNullArray;
    // What is run again; empty: the same arguments.
    std::vector<std::string> argv{};
    // The command waits until the journal is kept, and for no keys. It is not run again: its reply
    // is the one of its timeout.
    std::optional<AckWish> acks{};
  };
  // False inside EXEC and scripts, and when a record is replayed: there a command replies as if its
  // timeout were over.
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
  // As gather(), for one shard only.
  template <typename Part, typename Ask>
  void ask(size_t shard, Ask part, std::function<void(Part&, resp::ReplyWriter&)> finish) {
    gather_from<Part>(
        {shard}, std::move(part),
        [finish = std::move(finish)](std::vector<Part>& parts, resp::ReplyWriter& to) {
          finish(parts.front(), to);
        });
  }
  // As gather(), for a function without an answer. It goes by message even to the connection's own
  // shard, so that what the shards had sent there before arrives before.
  void tell(const std::vector<size_t>& shards, std::function<void(Shard&)> part,
            std::function<void(resp::ReplyWriter&)> finish);
  // Ends the command without a reply: whoever has the handle gives the reply later
  // (Scope::kGather). Not inside EXEC and scripts. The client's later commands wait.
  LaterAnswer answer_later();

 private:
  friend class Key;
  friend class Executor;
  // How far the call has come when the command's function returns. A call is counted and logged
  // when it is over.
  enum class Progress : uint8_t {
    kOver,
    // The call is over, and the `finish` of a gather wrote its reply, which may be an error.
    kGathered,
    kAsks,   // Shards are being asked: the gather will end the call.
    kWaits,  // The command waits (block()): its Waiter will end the call.
  };

  Key find(std::string_view name, DbIndex db);
  void note_miss(const Key& key);
  KeyPlace place_of(std::string_view name);
  // Each answer is written by the thread of one shard, and read when all parts are over.
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
  // The request's bytes as the client sent them; empty: they do not stand in one piece.
  std::string_view raw_;
  Hold hold_;
  Caller* caller_;
  resp::ReplyWriter writer_;
  Effects* effects_ = nullptr;  // The worker's Effects, emptied before each command.
  KeyPlaces places_;            // Places of the command's plain keys; may be empty.
  // Index of the place to try first: commands mostly take their keys in order.
  size_t next_place_ = 0;
  Progress progress_ = Progress::kOver;
  [[no_unique_address]] std::conditional_t<kHasSlowChecks, KeyAudit, NoKeyAudit> audit_;
};

}  // namespace kvstash::engine
