// ShardSet: all shards of the process, and what they share: the commands, the options, the map from
// slots to shards, and the one lock under which groups of transactions are enqueued.
//
// Owns the shards. Options change only while every shard is held (or before the threads start), so
// shards read them without a lock.
#pragma once

#include "base/hash.h"
#include "base/huge_pages.h"
#include "engine/acl/acl.h"
#include "engine/client/moving_keys.h"
#include "engine/command/command_table.h"
#include "engine/node_ports.h"
#include "engine/options.h"
#include "engine/reaper.h"
#include "engine/release/acks.h"
#include "engine/role.h"
#include "engine/traffic/hold_group.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::scripting {
class Scripting;
}

namespace kvstash::persist {
class Persistence;
}

namespace kvstash::replication {
class Replication;
}

namespace kvstash::engine {

class Shard;
class ServerPort;
class TurnWork;

class ShardSet {
 public:
  // The most bytes of pushes that may wait in mailboxes.
  static constexpr size_t kPushBytesMax = size_t{64} << 20;

  // `commands`, `options` and what `ports` points to outlive the set.
  ShardSet(size_t shards, const CommandTable& commands, const EngineOptions& options,
           const NodePorts& ports = system_ports());
  ~ShardSet();

  size_t size() const { return shards_.size(); }
  Shard& at(size_t index) { return *shards_[index]; }
  const Shard& at(size_t index) const { return *shards_[index]; }

  // The shard that a key lives on. Pure.
  size_t shard_of(std::string_view key) const;

  const CommandTable& commands() const { return *commands_; }
  const EngineOptions& options() const { return *options_; }
  const NodePorts& ports() const { return ports_; }
  const Clock& clock() const { return *ports_.clock; }
  const HashSeed& seed() const { return seed_; }
  Acl& acl() { return acl_; }
  const Acl& acl() const { return acl_; }
  ServerPort& server() const { return *server_; }
  void set_server(ServerPort& server) { server_ = &server; }
  // Tells the server, if there is one, that FLUSHALL has run. Every shard is held.
  void note_flushed_all() const;
  // The state of the commands of the scripting room; the engine never looks into it.
  scripting::Scripting& scripting() const { return *scripting_; }
  void set_scripting(scripting::Scripting& scripting) { scripting_ = &scripting; }
  // What the node keeps on disk; the engine never looks into it.
  persist::Persistence& persistence() const { return *persistence_; }
  void set_persistence(persist::Persistence& persistence) { persistence_ = &persistence; }
  // The primary and the replicas of the node; the engine never looks into it.
  replication::Replication& replication() const { return *replication_; }
  void set_replication(replication::Replication& replication) { replication_ = &replication; }
  Role& role() { return role_; }
  const Role& role() const { return role_; }
  // Work that is done in each turn; null: none. Changed before the threads start.
  TurnWork* turn_work() const { return turn_work_; }
  void set_turn_work(TurnWork* work) { turn_work_ = work; }

  // Hands a message to a shard and wakes the shard if it sleeps. Returns true if the shard had to
  // be woken. Any thread.
  bool post(size_t to, Message* message);
  // Sends the function `run` to a shard as a task, to run on that shard's thread. Any thread.
  void submit(size_t to, std::function<void(Shard&)> run) {
    post(to, std::make_unique<Task>(std::move(run)).release());  // The shard takes it back.
  }
  // As submit(), for a function that may change keys: it does not run while a script holds the
  // shard.
  void submit_change(size_t to, std::function<void(Shard&)> run) {
    auto task = std::make_unique<Task>(std::move(run));
    task->changes_keys = true;
    post(to, task.release());
  }
  // Pushes a group to the mailboxes of all its members, in one order with all other groups. Returns
  // how many shards had to be woken.
  size_t enqueue(HoldGroup& group);

  // ---- The journal's progress.
  // Replies that follow from no higher LSN than this may leave (release/gate.h). Without a journal
  // it is kLsnMax from the start.
  const std::atomic<Lsn>& released_lsn() const { return released_lsn_; }
  // Called when a journal begins, before the threads start or while every shard is held: replies
  // that follow from a higher LSN than `lsn`, at which the journal begins, have to wait.
  void begin_gating(Lsn lsn) { released_lsn_.store(lsn, std::memory_order_seq_cst); }
  // Called when the journal has come to `lsn` as far as replies must wait for it. `lsn` never
  // falls. Any thread, but one at a time.
  void release_up_to(Lsn lsn);

  // How far the journal is kept (acks.h). tell_acks() is called when that has changed: it wakes the
  // clients that wait for it. Any thread.
  Acks& acks() { return acks_; }
  const Acks& acks() const { return acks_; }
  void tell_acks();

  // ---- What keeps commands from running. Any thread.
  MovingKeys& moving_keys() { return moving_keys_; }
  // True: data is being loaded; only commands with the flag kLoading run, and nothing expires.
  bool is_loading() const { return is_loading_.load(std::memory_order_relaxed); }
  void set_loading(bool is_loading) { is_loading_.store(is_loading, std::memory_order_seq_cst); }
  // True: data cannot be kept on disk, or at as many replicas as is asked for, so commands that
  // write are refused, or have to wait.
  bool limits_writes() const { return write_limits_.load(std::memory_order_relaxed) != 0; }
  bool refuses_writes() const { return has_write_limit(kRefused); }
  bool holds_writes() const { return has_write_limit(kHeld); }
  bool lacks_replicas() const { return has_write_limit(kLacksReplicas); }
  // The error that they get if refuses_writes().
  std::string write_refusal() const;
  // The number of the period in which writes are refused, or kNoRefusal. It is known before the
  // first command of the period is refused, and forgotten after the last one.
  static constexpr uint64_t kNoRefusal = 0;
  uint64_t refusal_period() const { return refusal_period_.load(std::memory_order_seq_cst); }
  // Nothing: writes are not refused any more.
  void set_write_refusal(std::optional<std::string> error);
  // False: writes may go on. The caller then wakes the shards.
  void hold_writes(bool are_held) { set_write_limit(kHeld, are_held); }
  void set_lacks_replicas(bool lacks) { set_write_limit(kLacksReplicas, lacks); }

  Reaper& reaper() { return reaper_; }
  // The source of huge pages for the shards' bucket arrays; null if the operator does not want
  // them.
  HugePages* huge_pages() { return options_->huge_pages ? &huge_pages_ : nullptr; }
  // The number of cores that the process may use; set before the threads start.
  size_t core_count() const { return core_count_; }
  void set_core_count(size_t count) { core_count_ = count; }

  uint64_t next_slowlog_id() { return next_slowlog_id_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t next_waiter_number() {
    return next_waiter_number_.fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t next_session_id() { return next_session_id_.fetch_add(1, std::memory_order_relaxed); }

  // ---- Memory, as far as maxmemory counts it. Any thread. A shard publishes its own memory at the
  // end of a turn; the rest is measured from time to time.
  struct ShardBytes {
    size_t bytes = 0;  // Entries, values and bucket arrays.
    // The part of `bytes` that was mapped past the allocator.
    size_t mapped = 0;
    size_t evictable = 0;  // Number of keys that may be evicted.
  };
  void publish_memory(size_t shard, const ShardBytes& now) {
    memory_[shard].bytes.store(now.bytes, std::memory_order_relaxed);
    memory_[shard].mapped.store(now.mapped, std::memory_order_relaxed);
    memory_[shard].evictable.store(now.evictable, std::memory_order_relaxed);
  }
  // Measures the memory beside the shards' data, unless that was done less than 10 ms ago: data
  // under way between shards comes and goes by megabytes in that time.
  void measure_overhead(int64_t now_ms);
  // The memory that connections hold, see client_memory.h.
  struct ClientBytes {
    size_t memory = 0;
    size_t unsent = 0;
  };
  void publish_clients(size_t shard, const ClientBytes& now) {
    memory_[shard].client_memory.store(now.memory, std::memory_order_relaxed);
    memory_[shard].client_unsent.store(now.unsent, std::memory_order_relaxed);
  }
  ClientBytes client_bytes() const;      // Summed over all shards.
  uint64_t client_memory_limit() const;  // maxmemory-clients in bytes; 0: no limit.
  // Unsent replies that all clients together may have: client-unsent-total-limit, or else a quarter
  // of maxmemory or of the memory that the process may use.
  uint64_t unsent_limit() const;
  // The bytes of unsent replies that one client may always have, whatever the others have.
  size_t unsent_share() const;
  // The memory of the machine, or of the control group if that is less; set before the threads
  // start. 0 means unknown, and no limit.
  void set_usable_memory(uint64_t bytes) { usable_memory_ = bytes; }
  uint64_t usable_memory() const { return usable_memory_; }
  size_t memory_used() const;
  size_t memory_of(size_t shard) const {
    return memory_[shard].bytes.load(std::memory_order_relaxed);
  }
  // ---- Eviction.
  // maxmemory, as far as this node keeps to it; 0: no limit.
  uint64_t memory_limit() const { return role_.ignores_maxmemory() ? 0 : maxmemory(); }
  bool can_evict() const;  // True: some shard has keys that may be evicted.
  // True: memory is over the limit, and no shard has keys that may be evicted.
  bool is_out_of_memory() const;
  // Asks every shard that has keys to evict to do so in its turns. False: no shard has any.
  bool ask_to_evict();
  // True if eviction does not keep up: memory has grown well over the limit, or well over the least
  // memory used since the limit was lowered. Writers wait then.
  bool is_overfull() const;
  // ---- Evictions over all shards: holds of all shards that evict keys because one command took
  // too much. Each has a number; the counts of begun and ended ones tell which are over. Any
  // thread.
  //
  // True: the caller has to request such a hold. False: one is under way, or the last one was not
  // enough and memory is still over the limit; more holds would only keep shards from evicting in
  // their turns.
  bool begin_eviction();
  // Declares all evictions over that were begun: they are done, or given up so that nothing waits
  // for them.
  void end_evictions() {
    evictions_over_.store(evictions_begun_.load(std::memory_order_relaxed),
                          std::memory_order_release);
  }
  uint64_t evictions_begun() const { return evictions_begun_.load(std::memory_order_relaxed); }
  uint64_t evictions_over() const { return evictions_over_.load(std::memory_order_acquire); }
  // Called when a command took memory over maxmemory and the shards of `hold` cannot evict enough:
  // requests a hold of every shard, under which keys are evicted. Until that hold is over, the
  // shards of `hold` run no further command of a client. The thread that has `hold`.
  void evict_everywhere(const Hold& hold);
  // Lowers the least memory used (see is_overfull) if memory used is less now.
  void note_memory_used();
  // Notes whether memory is over the limit, after keys were evicted or none could be. Any thread.
  void note_exceeding(bool is_over, int64_t now_ms);
  // For how many milliseconds memory has been over the limit: in total, and in the present period.
  struct ExceededMs {
    int64_t total = 0;
    int64_t current = 0;
  };
  ExceededMs exceeded_ms(int64_t now_ms) const;
  void reset_exceeded();  // CONFIG RESETSTAT. Every shard is held.

  // ---- Memory of the process, for INFO. Any thread. Asking the allocator takes tens of
  // microseconds.
  //
  // Bytes in use now: what the allocator handed out, and mapped bucket arrays. Raises the peak.
  size_t measure_memory();
  size_t peak_memory() const { return peak_memory_.load(std::memory_order_relaxed); }
  size_t start_memory() const { return start_memory_; }  // Bytes in use before the first client.

  // Connections over all shards, for maxclients and for the choice of a shard. Any thread.
  std::atomic<size_t> session_count{0};
  std::atomic<size_t> monitor_count{0};
  // The bytes of pushes that wait in mailboxes. Each push counts with some bytes of overhead, so
  // that many small ones count as well (push_bytes).
  alignas(64) std::atomic<size_t> pushes_under_way{0};
  // True: pushes that wait in mailboxes take more than kPushBytesMax / `divisor`. Commands that may
  // make more of them wait then.
  bool has_many_pushes(size_t divisor = 1) const {
    return pushes_under_way.load(std::memory_order_relaxed) > kPushBytesMax / divisor;
  }
  // Number of keys in the tracking tables of all shards.
  alignas(64) std::atomic<size_t> tracked_keys{0};
  // True: a hold of all shards that evicts the largest clients is under way.
  std::atomic<bool> evicts_clients_soon{false};

 private:
  struct alignas(64) Published {
    std::atomic<size_t> bytes{0};
    std::atomic<size_t> mapped{0};
    std::atomic<size_t> evictable{0};
    std::atomic<size_t> client_memory{0};
    std::atomic<size_t> client_unsent{0};
    // The message that asks the shard to evict is under way.
    std::atomic<bool> is_asked{false};
  };

  static constexpr uint8_t kRefused = 1;
  static constexpr uint8_t kHeld = 2;
  static constexpr uint8_t kLacksReplicas = 4;
  bool has_write_limit(uint8_t limit) const {
    return (write_limits_.load(std::memory_order_seq_cst) & limit) != 0;
  }
  void set_write_limit(uint8_t limit, bool holds);
  uint64_t maxmemory() const;

  NodePorts ports_;
  // Declared before the shards, because they use it until they are destroyed.
  std::atomic<Lsn> released_lsn_{kLsnMax};
  Acks acks_;
  Role role_;
  MovingKeys moving_keys_;
  std::atomic<bool> is_loading_{false};
  std::atomic<uint8_t> write_limits_{0};
  mutable std::mutex refusal_lock_;  // Held for a copy of a text.
  std::string write_refusal_;
  std::atomic<uint64_t> refusal_period_{kNoRefusal};
  uint64_t last_refusal_period_ = kNoRefusal;  // Changed under refusal_lock_.
  HugePages huge_pages_;
  Reaper reaper_;  // Frees the shards' garbage. Declared before them, to outlive them.
  std::vector<std::unique_ptr<Shard>> shards_;
  const CommandTable* commands_;
  const EngineOptions* options_;
  HashSeed seed_;
  Acl acl_;
  ServerPort* server_ = nullptr;
  scripting::Scripting* scripting_ = nullptr;
  persist::Persistence* persistence_ = nullptr;
  replication::Replication* replication_ = nullptr;
  TurnWork* turn_work_ = nullptr;
  // Held for one push to each member's mailbox; nothing else is done under it.
  std::mutex enqueue_lock_;
  std::atomic<uint64_t> next_session_id_{1};
  std::atomic<uint64_t> next_slowlog_id_{0};
  std::atomic<uint64_t> next_waiter_number_{1};
  size_t core_count_ = 1;
  uint64_t usable_memory_ = 0;
  std::vector<Published> memory_;
  std::atomic<size_t> overhead_{0};
  // When overhead_ was measured.
  std::atomic<int64_t> overhead_at_ms_{0};
  // An eviction over all shards was begun since memory was last within the limit.
  std::atomic<bool> was_eviction_begun_{false};
  std::atomic<uint64_t> evictions_begun_{0};
  std::atomic<uint64_t> evictions_over_{0};
  // The least memory used since maxmemory became floor_limit_.
  std::atomic<uint64_t> floor_{UINT64_MAX};
  std::atomic<uint64_t> floor_limit_{0};       // The maxmemory that floor_ belongs to.
  std::atomic<int64_t> exceeded_since_ms_{0};  // 0: memory is within the limit.
  std::atomic<int64_t> exceeded_total_ms_{0};  // The sum of past periods over the limit.
  std::atomic<size_t> peak_memory_{0};
  size_t start_memory_ = 0;
};

}  // namespace kvstash::engine
