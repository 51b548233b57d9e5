// Persistence: what a node keeps on disk, joined: the journal with its lanes, the writer of the
// append-only file, snapshots, saves, rewrites, and the load at the start.
//
//   shards ──> lanes ──> Journal ──> AofWriter (kv-aof, kv-aof-sync) ──> files
//   shards ──> ShardSnapshots ──> Snapshot ──> kv-save ──> dump.rdb, base of the append-only log
//   files ──> Loader (kv-load) ──> shards
//
// Owned by the server, found through the ShardSet. Each function says which threads may call it.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "engine/execution/gather.h"
#include "engine/shard_set.h"
#include "engine/turn_work.h"
#include "persist/journal/aof_writer.h"
#include "persist/journal/background_shell.h"
#include "persist/journal/journal.h"
#include "persist/journal/timed_file.h"
#include "persist/node/aof_files.h"
#include "persist/node/loader.h"
#include "persist/node/persist_facts.h"
#include "persist/node/rdb_file.h"
#include "persist/options.h"
#include "persist/snapshot/shard_snapshots.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kvstash::scripting {
class Scripting;
}

namespace kvstash::persist {

class Persistence final : public engine::TurnWork, public AofPort {
 public:
  // What the jobs are about, beside the options of this room.
  struct Setup {
    engine::ShardSet* set;            // Outlives this object.
    scripting::Scripting* scripting;  // The same.
    std::string redis_version;
    std::string replid;  // 40 hexadecimal digits.
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
  int64_t last_save_s() const { return last_save_s_.load(std::memory_order_relaxed); }
  // DEBUG RELOAD and DEBUG LOADAOF: everything is dropped and loaded again.
  struct Reload {
    bool from_aof = false;
    bool saves_first = true;
    bool flushes_first = true;
  };
  void reload(Reload reload, engine::LaterAnswer answer);

  // ---- Any thread.
  PersistFacts facts() const;
  const LoadProgress& load_progress() const { return load_progress_; }
  // Saves; `done` is called on the saving thread. save_at_end() gives up what is being saved or
  // rewritten now.
  void save_then(std::function<void(Status)> done);
  void save_at_end(std::function<void(Status)> done);
  // Saves soon, and counts all changes so far as saved: everything was dropped. Every shard is
  // held.
  void save_emptied();

  // ---- TurnWork.
  bool step(engine::Shard& shard, uint64_t turn_ns) override;
  size_t uncounted_bytes() const override;
  bool do_reads_wait() const override { return do_reads_wait_.load(std::memory_order_relaxed); }

 private:
  struct Cut {
    std::shared_ptr<Snapshot> snapshot;
    RdbFacts facts;
    JournalPlace place;
    uint64_t changes = 0;  // Since the start, as of the cut.
    bool is_compressed = true;
  };
  using Done = std::function<void(Status)>;
  // A hold of all shards that another thread waits for.
  struct PendingHold {
    static constexpr uint32_t kWaits = 0;
    static constexpr uint32_t kRuns = 1;
    static constexpr uint32_t kDone = 2;
    static constexpr uint32_t kCancelled = 3;

    bool change(uint32_t from, uint32_t to) {
      const bool is_changed = state.compare_exchange_strong(from, to);
      if (is_changed) state.notify_all();
      return is_changed;
    }
    std::atomic<uint32_t> state{kWaits};
  };

  // ---- AofPort.
  void release(engine::Lsn lsn) override;
  Status join_increment(const std::string& name,
                        const std::optional<IncrementPart>& before) override;
  Result<OpenIncrement> make_increment() override;
  JournalPlace base_place() override { return files_->base_place(); }
  void discard_increment(const std::string& name) override;
  Status replace_failed(const std::optional<IncrementPart>& kept,
                        const std::string& fresh) override;
  void disk_fails(const std::string& reason) override;
  void pass_unwritten(engine::Lsn lsn) override;
  void disk_works() override;

  // ---- Any thread.
  Result<OpenIncrement> timed(Result<OpenIncrement> made);
  void note_latency(TimedFile::Call call, int64_t took_ns);
  bool is_saving() const;

  // ---- Any thread: what keeps writes from running.
  void refuse_or_allow_writes();
  void close_writers(uint64_t failure, size_t rounds);
  void hold_or_allow_writes();

  // ---- The loading thread.
  Status load();
  Status load_rdb_file();
  Status load_aof();
  Status load_files(const RecoveryPlan& plan, Loader& loader);
  void make_journal(JournalPlace place);

  // ---- Under a hold of all shards.
  void attach_lanes();
  void detach_lanes();

  // ---- The saving thread.
  std::optional<int64_t> run_jobs();
  void run_save();
  void run_rewrite();
  void run_reload();
  void turn_aof_on_or_off();
  Status write_save();
  Status write_base();
  Status enable_aof();
  Status find_files();
  Status write_lone_base();
  void disable_aof();
  void end_aof_file(bool keeps);
  void wait_until_begun(const std::string& name);
  Status load_rdb_again(bool is_fresh);
  Status load_log_again();
  void wait_until_written();
  bool is_save_due();
  bool is_rewrite_due();
  // What a cut is for. `next`: the increment that begins at it; it is taken.
  struct CutUse {
    bool is_aof_base = false;
    OpenIncrement* next = nullptr;
    bool begins_log = false;  // The lanes are attached at the cut.
  };
  Cut take_cut(const CutUse& use);
  Result<uint64_t> write_cut(Cut& cut, const std::string& path);
  std::function<void()> pace(const Snapshot& snapshot);
  void wait_for_keys(const Snapshot& snapshot, size_t& seen) const;
  bool has_nothing_to_load() const;
  void start_jobs();
  void begin_progress(uint64_t bytes_total);
  std::function<void()> wait_after_key();
  bool hold_all(std::function<void(const engine::Hold&)> action);
  void stop_waiting();
  void rest(std::chrono::microseconds time) const;

  PersistOptions options() const;
  uint64_t unwritten() const;  // Bytes of the journal that the log does not have yet.
  bool is_aof_on() const { return is_aof_on_.load(std::memory_order_relaxed); }
  AofLayout layout() const;
  uint64_t changes() const;
  int64_t now_ns() const { return set_->clock().monotonic_ns(); }
  int64_t unix_s() const { return set_->clock().wall_now_us() / 1'000'000; }

  engine::ShardSet* set_;
  scripting::Scripting* scripting_;
  Disk* disk_;
  std::string redis_version_;
  std::string replid_;

  mutable std::mutex lock_;  // Held for a few instructions.
  PersistOptions options_;
  PersistFacts facts_;
  std::shared_ptr<Snapshot> saving_;  // The snapshot that is being written; null: none.
  bool wants_save_ = false;
  bool is_save_background_ =
      false;  // A failure of the next save, or of the present one, stops writes.
  bool wants_rewrite_ = false;
  std::optional<Reload> wants_reload_;
  std::vector<Done> save_waits_;
  std::vector<Done> reload_waits_;
  std::vector<std::shared_ptr<PendingHold>> pending_;
  std::atomic<bool> ends_{false};
  mutable std::condition_variable end_asked_;  // With lock_.

  std::vector<std::unique_ptr<ShardSnapshots>> snapshots_;  // By shard.
  struct alignas(64) Published {
    std::atomic<uint64_t> changes{0};
  };
  std::vector<Published> published_;  // By shard.
  std::atomic<int64_t> last_save_s_{0};
  std::atomic<uint64_t> changes_saved_{0};
  std::atomic<bool> is_aof_on_{false};
  std::atomic<bool> wants_aof_{false};
  // Reads never show what a crash then takes back only where every write is synced.
  std::atomic<bool> do_reads_wait_{true};
  std::atomic<int64_t> key_load_delay_us_{0};
  std::mutex release_lock_;  // Held while gates are told how far the journal has come.
  engine::Lsn released_ = engine::kLsnMax;
  uint64_t failure_ = 0;  // Number of the failure that lasts; 0: none.
  uint64_t last_failure_ = 0;
  bool passes_unwritten_ = false;          // All clients whose writes may be lost are closed.
  std::mutex hold_lock_;                   // Held while it is decided whether writes have to wait.
  std::atomic<uint64_t> base_bytes_{0};    // Of the log, after the last rewrite.
  std::atomic<uint64_t> before_bytes_{0};  // Of its files, when aof_bytes_from_ was noted.
  std::atomic<uint64_t> written_before_{0};  // Bytes the writer had written then.
  int64_t save_tried_s_ = 0;
  int64_t rewrite_not_before_s_ = 0;

  std::unique_ptr<AofFiles> files_;
  std::unique_ptr<Journal> journal_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<AofWriter> aof_;
  LoadProgress load_progress_;
  std::function<void(Status)> loaded_;

  BackgroundShell aof_thread_;
  BackgroundShell sync_thread_;
  BackgroundShell save_thread_;
  std::thread load_thread_;
};

}  // namespace kvstash::persist
