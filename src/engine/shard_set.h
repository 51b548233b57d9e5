// ShardSet: all shards of the process, and what they share: the commands, the options, the map of
// slots to shards, and the one lock under which transactions are enqueued.
//
// Owns the shards. Options change only while every shard is held (or before the threads start), so
// shards read them without a lock.
#pragma once

#include "base/hash.h"
#include "base/huge_pages.h"
#include "engine/acl/acl.h"
#include "engine/command/command_table.h"
#include "engine/node_ports.h"
#include "engine/options.h"
#include "engine/reaper.h"
#include "engine/traffic/hold_group.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace kvstash::scripting {
class Scripting;
}

namespace kvstash::engine {

class Shard;
class ServerPort;

class ShardSet {
 public:
  static constexpr size_t kPushBytesMax = size_t{64} << 20;  // In mailboxes.

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
  // What the commands of the scripting room keep. Never looked into here.
  scripting::Scripting& scripting() const { return *scripting_; }
  void set_scripting(scripting::Scripting& scripting) { scripting_ = &scripting; }

  // Any thread: hands a message to a shard and wakes it if it sleeps. True if it had to be woken.
  bool post(size_t to, Message* message);
  // The same for a function of its own.
  void submit(size_t to, std::function<void(Shard&)> run) {
    post(to, std::make_unique<Task>(std::move(run)).release());  // The shard takes it back.
  }
  // The same for one that may change keys: it waits until no script is in the middle of its work.
  void submit_change(size_t to, std::function<void(Shard&)> run) {
    auto task = std::make_unique<Task>(std::move(run));
    task->changes_keys = true;
    post(to, task.release());
  }
  // Enqueues a group at all its members, in one order with all others. The number woken.
  size_t enqueue(HoldGroup& group);

  // ---- The journal's progress.
  // Replies that follow from no more than this may leave (release/gate.h). Without a journal it is
  // kLsnMax from the start.
  const std::atomic<Lsn>& released_lsn() const { return released_lsn_; }
  // With a journal, before the threads start: nothing is released yet but what it begins with.
  void begin_gating(Lsn lsn) { released_lsn_.store(lsn, std::memory_order_seq_cst); }
  // The journal has come to `lsn`, as far as replies must wait for it. Never falls. One thread at a
  // time, any.
  void release_up_to(Lsn lsn);

  Reaper& reaper() { return reaper_; }
  // Where shards have their bucket arrays from; null: the operator or the kernel does not want it.
  HugePages* huge_pages() { return options_->huge_pages ? &huge_pages_ : nullptr; }
  // Usable cores, as far as the process may use them; set before the threads start.
  size_t core_count() const { return core_count_; }
  void set_core_count(size_t count) { core_count_ = count; }

  uint64_t next_slowlog_id() { return next_slowlog_id_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t next_waiter_number() {
    return next_waiter_number_.fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t next_session_id() { return next_session_id_.fetch_add(1, std::memory_order_relaxed); }

  // ---- Memory, as far as maxmemory counts it. Any thread.
  // A shard tells its own at the end of a turn; the rest is measured now and then.
  struct ShardBytes {
    size_t bytes = 0;      // Entries, values and bucket arrays.
    size_t mapped = 0;     // The part of them that the allocator knows nothing of.
    size_t evictable = 0;  // Keys that may be evicted.
  };
  void publish_memory(size_t shard, const ShardBytes& now) {
    memory_[shard].bytes.store(now.bytes, std::memory_order_relaxed);
    memory_[shard].mapped.store(now.mapped, std::memory_order_relaxed);
    memory_[shard].evictable.store(now.evictable, std::memory_order_relaxed);
  }
  // Measures what is beside the shards' data, unless that was done less than 10 ms ago: what is
  // under way between shards comes and goes by megabytes in that time.
  void measure_overhead(int64_t now_ms);
  // What connections hold, see client_memory.h.
  struct ClientBytes {
    size_t memory = 0;
    size_t unsent = 0;
  };
  void publish_clients(size_t shard, const ClientBytes& now) {
    memory_[shard].client_memory.store(now.memory, std::memory_order_relaxed);
    memory_[shard].client_unsent.store(now.unsent, std::memory_order_relaxed);
  }
  ClientBytes client_bytes() const;      // Of all shards.
  uint64_t client_memory_limit() const;  // maxmemory-clients in bytes; 0: no limit.
  // Unsent replies that all clients together may have: client-unsent-total-limit, or else a quarter
  // of maxmemory or of the memory that the process may use.
  uint64_t unsent_limit() const;
  // What one client may always have of it, whatever the others have.
  size_t unsent_share() const;
  // Of the machine, or of the control group if that is less; set before the threads start. 0, where
  // nobody has said: no limit.
  void set_usable_memory(uint64_t bytes) { usable_memory_ = bytes; }
  uint64_t usable_memory() const { return usable_memory_; }
  size_t memory_used() const;
  size_t memory_of(size_t shard) const {
    return memory_[shard].bytes.load(std::memory_order_relaxed);
  }
  // ---- Eviction.
  bool can_evict() const;  // Some shard has keys that may go.
  // Over the limit, and nobody can give anything up.
  bool is_out_of_memory() const;
  // Asks every shard that has keys to give to evict in its turns. False: none has.
  bool ask_to_evict();
  // Eviction does not keep up: memory has grown well over the limit, or over the least it came down
  // to since the limit was lowered. Writers wait then.
  bool is_overfull() const;
  // ---- Evictions over all shards: holds that evict keys for what one command took too much. Their
  // number tells which of them are over. Any thread.
  // True: the caller sees to one. False: one is under way, or the last was not enough and memory is
  // still over the limit; more of them would only keep shards from evicting in their turns.
  bool begin_eviction();
  // All that were begun are over, or nobody shall wait for them.
  void end_evictions() {
    evictions_over_.store(evictions_begun_.load(std::memory_order_relaxed),
                          std::memory_order_release);
  }
  uint64_t evictions_begun() const { return evictions_begun_.load(std::memory_order_relaxed); }
  uint64_t evictions_over() const { return evictions_over_.load(std::memory_order_acquire); }
  // Keeps that least, now and then.
  void note_memory_used();
  // Whether memory is over the limit after something was evicted, or nothing could be. Any thread.
  void note_exceeding(bool is_over, int64_t now_ms);
  // How long it has been, in ms: in all, and since it last stayed over the limit.
  struct ExceededMs {
    int64_t total = 0;
    int64_t current = 0;
  };
  ExceededMs exceeded_ms(int64_t now_ms) const;
  void reset_exceeded();  // CONFIG RESETSTAT. Every shard is held.

  // ---- Memory of the process, for INFO. Any thread; asks the allocator, tens of microseconds.
  // Bytes in use now: what the allocator handed out, and bucket arrays. Raises the peak.
  size_t measure_memory();
  size_t peak_memory() const { return peak_memory_.load(std::memory_order_relaxed); }
  size_t start_memory() const { return start_memory_; }  // In use before the first client.

  // Connections over all shards, for maxclients and for the choice of a shard. Any thread.
  std::atomic<size_t> session_count{0};
  std::atomic<size_t> monitor_count{0};
  // What pushes take that wait in mailboxes, each with some bytes of its own so that they count as
  // well (push_bytes).
  alignas(64) std::atomic<size_t> pushes_under_way{0};
  // True: they are more than this part of what is allowed. Who makes more of them waits then.
  bool has_many_pushes(size_t divisor = 1) const {
    return pushes_under_way.load(std::memory_order_relaxed) > kPushBytesMax / divisor;
  }
  alignas(64) std::atomic<size_t> tracked_keys{0};  // In all tracking tables.
  // A hold over all shards is under way that evicts the largest clients.
  std::atomic<bool> evicts_clients_soon{false};

 private:
  struct alignas(64) Published {
    std::atomic<size_t> bytes{0};
    std::atomic<size_t> mapped{0};
    std::atomic<size_t> evictable{0};
    std::atomic<size_t> client_memory{0};
    std::atomic<size_t> client_unsent{0};
    std::atomic<bool> is_asked{false};  // To evict; the message is under way.
  };

  NodePorts ports_;
  std::atomic<Lsn> released_lsn_{kLsnMax};  // Outlives the shards, as what follows does.
  HugePages huge_pages_;
  Reaper reaper_;  // The shards hand their garbage to it.
  std::vector<std::unique_ptr<Shard>> shards_;
  const CommandTable* commands_;
  const EngineOptions* options_;
  HashSeed seed_;
  Acl acl_;
  ServerPort* server_ = nullptr;
  scripting::Scripting* scripting_ = nullptr;
  std::mutex enqueue_lock_;  // Held for k pushes; nothing else is done under it.
  std::atomic<uint64_t> next_session_id_{1};
  std::atomic<uint64_t> next_slowlog_id_{0};
  std::atomic<uint64_t> next_waiter_number_{1};
  size_t core_count_ = 1;
  uint64_t usable_memory_ = 0;
  std::vector<Published> memory_;
  std::atomic<size_t> overhead_{0};
  std::atomic<int64_t> overhead_at_ms_{0};       // When it was measured.
  std::atomic<bool> was_eviction_begun_{false};  // Since memory was within the limit.
  std::atomic<uint64_t> evictions_begun_{0};
  std::atomic<uint64_t> evictions_over_{0};
  std::atomic<uint64_t> floor_{UINT64_MAX};    // The least memory used over the limit ...
  std::atomic<uint64_t> floor_limit_{0};       // ... while this was the limit.
  std::atomic<int64_t> exceeded_since_ms_{0};  // 0: memory is within the limit.
  std::atomic<int64_t> exceeded_total_ms_{0};  // Of the times that are over.
  std::atomic<size_t> peak_memory_{0};
  size_t start_memory_ = 0;
};

}  // namespace kvstash::engine
