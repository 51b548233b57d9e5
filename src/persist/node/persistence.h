// Persistence: what a node keeps on disk, joined: the load at the start, saves, the append-only
// log, and the thread that does one of these jobs after the other.
//
//   NodeJournal  the journal, with a lane of each shard     NodeContext      the node, its options
//   AofLog       its writer and files                       BackgroundWaits  holds, and time
//   RdbSaves     dump.rdb and the save points               WriteRefusal     MISCONF
//   Cuts         snapshots, for both and for replicas
//   DataLoad     files ──> shards
//   KeyMover     MIGRATE
//
// Owned by the server, found through the ShardSet. Each function says which threads may call it.
#pragma once

#include "base/result.h"
#include "base/threads.h"
#include "engine/execution/gather.h"
#include "engine/shard_set.h"
#include "engine/turn_work.h"
#include "persist/background_waits.h"
#include "persist/journal/background_shell.h"
#include "persist/migrate/key_mover.h"
#include "persist/node/aof_log.h"
#include "persist/node/cuts.h"
#include "persist/node/data_load.h"
#include "persist/node/node_context.h"
#include "persist/node/node_journal.h"
#include "persist/node/persist_facts.h"
#include "persist/node/rdb_saves.h"
#include "persist/node/write_refusal.h"
#include "persist/options.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

class Persistence final : public engine::TurnWork {
 public:
  // What the jobs are about, beside the options of this room.
  struct Setup {
    engine::ShardSet* set;            // Outlives this object.
    scripting::Scripting* scripting;  // The same.
    std::string redis_version;
    HistoryPort* history;  // The same.
  };

  Persistence(Setup setup, const PersistOptions& options);
  ~Persistence() override;
  Persistence(const Persistence&) = delete;
  Persistence& operator=(const Persistence&) = delete;

  // ---- The server.
  // Begins to load what is on the disk, on a thread of its own; the node is loading from now on.
  // `loaded` is called on that thread at the end. If there is nothing to load, `loaded` is called
  // at once. Called before the thread of shard 0 runs.
  void start(std::function<void(Status)> loaded);
  // Takes over options. Every shard is held, or none has begun.
  void take_up_options(const PersistOptions& options);
  // Called when no command runs any more: everything that was recorded is written and synced, and
  // the threads end. The shards still exist.
  void finish();

  // ---- Commands, on any shard's thread. Errors and texts are replies.
  void save(engine::LaterAnswer answer);
  Result<std::string_view> save_in_background(bool schedules, bool in_transaction);
  Result<std::string_view> rewrite_in_background(bool in_transaction);
  int64_t last_save_s() const { return saves_.last_save_s(); }
  // DEBUG RELOAD and DEBUG LOADAOF: everything is dropped and loaded again.
  struct Reload {
    bool from_aof = false;
    bool saves_first = true;
    bool flushes_first = true;
  };
  void reload(Reload reload, engine::LaterAnswer answer);
  KeyMover& mover() { return mover_; }

  // ---- Replication: the parts that it shares.
  NodeJournal& journal() { return journal_; }
  Cuts& cuts() { return cuts_; }
  BackgroundWaits& waits() { return waits_; }
  // See AofLog.
  bool change_history(const std::function<void()>& change) { return log_.change_history(change); }
  // Up to where the stream is on the disk of this node; nothing: there is no log.
  std::optional<Offset> durable_offset() const { return log_.durable_offset(); }

  // ---- The thread that follows a primary.
  // Has nothing logged until resume_log(), because all data is about to be replaced: until then the
  // files hold the data of before. What is being saved or rewritten is given up. Waits; at the end
  // of the node it returns at once.
  void suspend_log();
  // The log goes on soon, with a base of the data of then, if it is wanted.
  void resume_log();
  // Loads the snapshot of a primary into the empty databases of a node that is loading. `goes_on`
  // is called now and then; false: the load is given up. Errors are sentences for the log.
  Status load_snapshot(const std::string& path, std::function<bool()> goes_on) {
    return load_.load_snapshot(path, std::move(goes_on));
  }

  // ---- Any thread.
  PersistOptions options() const { return node_.options(); }
  PersistFacts facts() const;
  // Saves; `done` is called on the saving thread. save_at_end() gives up what is being saved or
  // rewritten now.
  void save_then(std::function<void(Status)> done);
  void save_at_end(std::function<void(Status)> done);
  // Saves soon, and counts all changes so far as saved: everything was dropped. Every shard is
  // held.
  void save_emptied();

  // ---- TurnWork.
  bool step(engine::Shard& shard, uint64_t turn_ns) override;
  size_t uncounted_bytes() const override { return journal_.memory() + cuts_.bytes(); }
  // Reads never show what a crash then takes back only where every write is synced.
  bool do_reads_wait() const override { return do_reads_wait_.load(std::memory_order_relaxed); }

 private:
  using Done = std::function<void(Status)>;
  // A job that is wanted, or under way.
  struct Job {
    bool is_wanted = false;
    bool is_running = false;
    int64_t began_s = 0;
  };

  bool has_nothing_to_load() const;
  Status load();
  Status load_rdb();
  void start_jobs();

  // ---- The saving thread.
  std::optional<int64_t> run_jobs();
  bool is_save_due();
  void run_save();
  void run_rewrite();
  void run_reload();
  Status load_again(const Reload& reload);
  void turn_log_on_or_off();
  void begin(Job& job);

  NodeContext node_;
  std::atomic<bool> do_reads_wait_;
  BackgroundWaits waits_;
  WriteRefusal refusal_;
  NodeJournal journal_;
  Cuts cuts_;
  DataLoad load_;
  AofLog log_;
  RdbSaves saves_;
  KeyMover mover_;

  mutable std::mutex lock_;  // Held for a few instructions.
  Job save_job_;
  Job rewrite_job_;
  // A failure of the next save, or of the present one, stops writes.
  bool is_save_background_ = false;
  std::vector<Done> save_waits_;
  std::optional<Reload> wants_reload_;
  std::vector<Done> reload_waits_;
  std::atomic<bool> is_log_suspended_{false};
  std::atomic<bool> is_log_quiet_{false};  // It is off, and stays so while it is suspended.

  BackgroundShell save_thread_;
  std::unique_ptr<Threads::Thread> load_thread_;
};

}  // namespace kvstash::persist
