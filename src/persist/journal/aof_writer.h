// AofWriter: the reader of the journal that writes the log on disk, and says up to where replies
// may leave.
//
// It does its work in steps. step() takes what the journal has, writes it to the open increment and
// syncs it as `appendfsync` demands: `always` syncs after each write, and one sync serves all
// records that were written before it; `everysec` has another thread sync once a second
// (sync_step()); `no` leaves it to the kernel.
//
// Two places follow what is written. Up to the durable place everything is on the disk; blocks in
// the file say so. From the safe place on the journal keeps everything, so that it can be written
// again. They are the same, but for the policy `no`, under which what is written counts as safe.
//
// Failures. After a failed write or sync nobody knows what stands in the files behind the safe
// place, and it is never tried again on them. From the safe place on the log is written to a fresh
// file, which is synced. Then one change of the manifest puts it in the place of all that stands
// behind the safe place. While that does not succeed, the port is told that the disk fails, at each
// attempt. If the safe place is not durable, nothing that follows is, before a base holds it.
//
// step() and what is marked so belong to one thread, sync_step() to another.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/aof/increment_writer.h"
#include "persist/aof/transitions.h"
#include "persist/journal/journal.h"
#include "persist/options.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace kvstash::persist {

// An increment that was just made: empty, and no manifest names it. `name` is for the port.
struct OpenIncrement {
  std::unique_ptr<DiskFile> file;
  std::string name;
  int64_t seq = 0;
  std::string replid;
  uint64_t salt = 0;
};

// What the writer asks of its owner. Called on the thread of step().
class AofPort {
 public:
  virtual ~AofPort() = default;

  // Replies that follow from LSNs up to `lsn` may leave. Never falls.
  virtual void release(engine::Lsn lsn) = 0;
  // The file, which has its header, synced, becomes the last of the manifest. `before`: the file
  // before it, as it ends; nothing: the writer had none.
  virtual Status join_increment(const std::string& name,
                                const std::optional<IncrementPart>& before) = 0;
  // Makes a fresh file after a failure. Files that were made and have not joined will not be
  // written any more, and no rewrite is finished before replace_failed() has succeeded.
  virtual Result<OpenIncrement> make_increment() = 0;
  // Everything before this place stands in the base, on the disk, and so does the manifest that
  // says so: increments that end there or earlier are not a part of the log any more.
  virtual JournalPlace base_place() = 0;
  // The fresh file could not be written. It is to be removed.
  virtual void discard_increment(const std::string& name) = 0;
  // Puts the fresh file into the manifest in place of all that stands behind `kept`; nothing: of
  // all files that the writer had. May be asked again with the same values after it failed. A
  // rewrite that is under way is to be given up if its increment is not in the manifest any more,
  // since its base then stands in the middle of the fresh file.
  virtual Status replace_failed(const std::optional<IncrementPart>& kept,
                                const std::string& fresh) = 0;
  // The disk fails: `reason`. Called again at each attempt.
  virtual void disk_fails(const std::string& reason) = 0;
  // The journal went on, up to `lsn`, while the disk fails.
  virtual void pass_unwritten(engine::Lsn lsn) = 0;
  // The disk works again: everything is on the disk.
  virtual void disk_works() = 0;
};

class AofWriter {
 public:
  // What INFO tells.
  struct Numbers {
    JournalPlace written;
    JournalPlace synced;         // What is known to be on the disk ends here.
    uint64_t bytes = 0;          // Written to increments since the start.
    uint64_t syncs = 0;          // Syncs that succeeded.
    uint64_t delayed_syncs = 0;  // Times that writes waited for a sync of the second before.
    uint64_t failures = 0;       // Files that were given up.
    bool is_sync_pending = false;
    bool is_failing = false;  // No fresh file could be made since the last failure.
    // Only a base that reaches at least so far makes the log durable; nothing: it is.
    std::optional<engine::Lsn> doubt{};
    int64_t unsynced_since_ns = 0;  // When the oldest write that is not synced was; 0: none.
  };

  // Writes the journal from `begin` on, once begin_file() has given it a file.
  AofWriter(Journal& journal, AofPort& port, JournalPlace begin);
  AofWriter(const AofWriter&) = delete;
  AofWriter& operator=(const AofWriter&) = delete;

  // ---- Before the threads start.
  // Functions that wake the threads of step() and of sync_step().
  void set_wakes(std::function<void()> writer, std::function<void()> syncer);

  // ---- Any thread.
  void set_policy(FsyncPolicy policy) { policy_.store(policy, std::memory_order_relaxed); }
  void set_timestamps(bool are_written) {
    has_timestamps_.store(are_written, std::memory_order_relaxed);
  }
  // While syncs are paused, `everysec` is `no` (no-appendfsync-on-rewrite).
  void pause_syncs(bool are_paused) {
    are_syncs_paused_.store(are_paused, std::memory_order_relaxed);
    wake_writer_();
  }
  // Has records from `at` on written to another file; the journal keeps them until they are safe.
  // `at` is a unit's end that was not written yet, so the caller holds all shards.
  void begin_file(OpenIncrement file, JournalPlace at);
  // Has the writing thread write and sync what the journal has, or forget it, and close the file.
  // Until the next begin_file() it needs nothing of the journal. is_ended() tells when that is
  // done.
  void ask_end(bool keeps);
  bool is_ended() const { return end_.load(std::memory_order_acquire) == End::kNone; }
  Numbers numbers() const;
  // What the files have, or would have if the disk did not fail, ends here.
  engine::Lsn written() const { return written_lsn_.load(std::memory_order_seq_cst); }

  // ---- The writing thread.
  // Returns the monotonic time at which the next step is due; nothing: when there is news.
  // `unix_s`: the wall clock.
  std::optional<int64_t> step(int64_t now_ns, int64_t unix_s);
  // Writes and syncs all that the journal has. No records come any more, and the syncing thread
  // does nothing meanwhile.
  Status finish(int64_t unix_s);

  // ---- The syncing thread: syncs once, if that was asked.
  void sync_step();

 private:
  struct OpenFile {
    std::shared_ptr<DiskFile> file;
    std::string name;
    IncrementPart part;  // Written so far.
    JournalPlace end;    // What was written ends here.
  };
  struct NextFile {
    OpenIncrement made;
    JournalPlace at;
  };
  // What the two threads pass to each other, under lock_.
  struct SyncJob {
    enum class State : uint8_t { kIdle, kAsked, kRunning, kDone };
    State state = State::kIdle;
    OpenFile target;
    int64_t asked_at_ns = 0;
    std::optional<std::string> error;
  };

  FsyncPolicy policy() const;
  Status work(int64_t now_ns, int64_t unix_s);
  Status write_or_open(int64_t unix_s, bool& has_written);
  Status write_some(int64_t unix_s, bool& has_written);
  Status write_out();
  Status sync_all();
  Status take_sync_result();
  void ask_sync(int64_t now_ns);
  bool must_wait(int64_t now_ns);
  bool is_syncing() const;
  bool needs_sync() const { return synced_.lsn != written_.lsn; }
  void note_written();
  void note_durable();
  void note_unsynced(int64_t now_ns);
  void note_synced(const OpenFile& target);
  void note_safe(const OpenFile& target);
  Status open(NextFile next);
  void begin_writing(NextFile next);
  void stand_at(JournalPlace place);
  void take_base();
  void release();
  void fail(const Status& why);
  bool try_fresh(int64_t now_ns, int64_t unix_s);
  void select_for_fresh();
  Status start_fresh(int64_t unix_s);
  Status write_fresh(int64_t unix_s);
  Status replace();
  std::optional<engine::Lsn> next_file_at() const;
  void end_file(int64_t unix_s);
  void publish();

  // ---- The writing thread's.
  Journal* journal_;
  AofPort* port_;
  Journal::Reader reader_;
  FsyncPolicy policy_now_ = FsyncPolicy::kEverysec;  // During a step.
  std::optional<IncrementWriter> increment_;
  std::deque<OpenFile> files_;  // Those that hold what is not synced, oldest first; the open one.
  bool is_fresh_written_ = false;  // files_ is a fresh file, synced, that is to replace others.
  JournalPlace written_;
  JournalPlace safe_;
  std::optional<IncrementPart> kept_;  // Where safe_ is in the files; nothing: before all of them.
  JournalPlace synced_;  // What was written behind the last failure is synced up to here.
  JournalPlace durable_;
  // Everything before this has to stand in the base before anything else counts as durable.
  std::optional<JournalPlace> doubt_;
  int64_t last_sync_ns_ = 0;
  int64_t unsynced_since_ns_ = 0;  // When the oldest write that is not synced was; 0: none.
  int64_t later_since_ns_ = 0;     // The same of those behind the sync that was asked last.
  int64_t timestamp_s_ = 0;
  int64_t retry_at_ns_ = 0;
  bool is_failing_ = false;
  bool is_waiting_ = false;
  bool is_delay_counted_ = false;  // Of the sync that was asked last.
  uint64_t bytes_ = 0;
  uint64_t syncs_ = 0;
  uint64_t delayed_syncs_ = 0;
  uint64_t failures_ = 0;
  std::atomic<engine::Lsn> written_lsn_;

  enum class End : uint8_t { kNone, kKeeps, kForgets };
  std::atomic<End> end_{End::kNone};
  std::atomic<FsyncPolicy> policy_{FsyncPolicy::kEverysec};
  std::atomic<bool> has_timestamps_{false};
  std::atomic<bool> are_syncs_paused_{false};
  std::function<void()> wake_writer_ = [] {};
  std::function<void()> wake_syncer_ = [] {};

  mutable std::mutex lock_;  // Held for a few instructions.
  bool rests_ = true;        // There is no file, and begin_file() has not given one.
  std::deque<NextFile> next_files_;
  SyncJob sync_;
  Numbers numbers_;
};

}  // namespace kvstash::persist
