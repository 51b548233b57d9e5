// AofLog: the append-only log of a node: the threads that write and sync what the journal has, its
// files, rewrites, and how it is turned on and off.
//
//   NodeJournal ──> AofWriter (kv-aof, kv-aof-sync) ──> files
//
// It is off until load() or rewrite() turns it on.
#pragma once

#include "engine/release/acks.h"
#include "persist/background_waits.h"
#include "persist/journal/aof_writer.h"
#include "persist/journal/background_shell.h"
#include "persist/journal/timed_file.h"
#include "persist/node/aof_files.h"
#include "persist/node/cuts.h"
#include "persist/node/data_load.h"
#include "persist/node/log_gate.h"
#include "persist/node/node_context.h"
#include "persist/node/node_journal.h"
#include "persist/node/persist_facts.h"
#include "persist/node/write_refusal.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace kvstash::persist {

class AofLog final : private AofPort {
 public:
  AofLog(NodeContext& node, BackgroundWaits& waits, NodeJournal& journal, Cuts& cuts,
         WriteRefusal& refusal);
  AofLog(const AofLog&) = delete;
  AofLog& operator=(const AofLog&) = delete;

  // ---- The loading thread.
  // Loads the files of the log, and goes on logging behind them. Errors are sentences for the log
  // of the server.
  Status load(DataLoad& load);

  // ---- The saving thread.
  // Writes a new base. Turns the log on if it is off and wanted. Tells the log of the server how it
  // went.
  Status rewrite();
  bool is_rewrite_due() const;
  // Whether the last rewrites failed, so that the next one waits to be asked for.
  bool is_rewrite_put_off() const;
  void turn_off();
  // The log is as it is wanted.
  void note_turned(bool is_on);
  // ---- A thread that is no shard's.
  // Runs `change`, which gives the history another name, under a hold of all shards. If the log is
  // on it goes on in another file from there, so that no file has records of two histories. False:
  // the node ends, and the change was not made.
  bool change_history(const std::function<void()>& change);

  // ---- The saving thread.
  // Waits until everything that was recorded so far is written, or cannot be written soon.
  void wait_until_written();
  // Loads the files once more.
  Status load_again(DataLoad& load);

  // ---- Under a hold of all shards.
  // The options have changed.
  void take_up_options();

  // ---- Any thread.
  // Up to where the stream is on the disk; nothing: the log is off.
  std::optional<Offset> durable_offset() const;
  bool is_on() const { return is_on_.load(std::memory_order_acquire); }
  void tell(PersistFacts& facts) const;

  // Called when no command runs any more and the saving thread has ended: everything that was
  // recorded is written and synced. The shards still exist.
  void finish();

 private:
  // ---- AofPort.
  void release(engine::Lsn lsn) override {
    note_durable();
    gate_.release(lsn);
  }
  Status join_increment(const std::string& name,
                        const std::optional<IncrementPart>& before) override {
    return files_->join_increment(name, before);
  }
  Result<OpenIncrement> make_increment() override {
    return timed(files_->make_replacement(node_->history().replid()));
  }
  JournalPlace base_place() override { return files_->base_place(); }
  void discard_increment(const std::string& name) override { files_->discard_increment(name); }
  Status replace_failed(const std::optional<IncrementPart>& kept,
                        const std::string& fresh) override {
    return files_->replace_failed(kept, fresh);
  }
  void disk_fails(const std::string& reason) override { gate_.fail(reason); }
  void pass_unwritten(engine::Lsn lsn) override { gate_.pass_unwritten(lsn); }
  void disk_works() override { gate_.recover(); }

  // ---- What is slow becomes a latency event.
  Result<OpenIncrement> timed(Result<OpenIncrement> made);
  void note_latency(TimedFile::Call call, int64_t took_ns);

  AofLayout layout() const;
  uint64_t unwritten() const;  // Bytes of the journal that the log does not have yet; off: none.
  void hold_or_allow_writes();
  void note_durable();
  void note_state(engine::Acks::Log state);
  NewBase new_base(const Cut& cut) const;
  Status make_writer();
  void attach();
  void detach();
  Status find_files();
  Status write_base();
  Status write_lone_base();
  Status turn_on();
  Status begin_log();
  void begin_file(OpenIncrement file);
  void end_file(bool keeps);
  void note_base();
  void wait_until_begun(const std::string& name);

  NodeContext* node_;
  BackgroundWaits* waits_;
  NodeJournal* journal_;
  Cuts* cuts_;
  LogGate gate_;

  // Made once, by the thread that turns the log on first.
  std::unique_ptr<AofFiles> files_;
  std::unique_ptr<AofWriter> writer_;
  std::atomic<bool> is_on_{false};

  std::atomic<uint64_t> base_bytes_{0};      // Of the log, after the last rewrite.
  std::atomic<uint64_t> kept_bytes_{0};      // Of older increments, kept for replicas.
  std::atomic<uint64_t> before_bytes_{0};    // Of its files, when it was last looked.
  std::atomic<uint64_t> written_before_{0};  // Bytes that the writer had written then.
  int64_t rewrite_not_before_s_ = 0;

  mutable std::mutex lock_;  // For what is told of the last rewrite.
  int64_t rewrite_time_s_ = -1;
  uint64_t rewrites_ = 0;
  uint64_t rewrite_failures_ = 0;  // In a row.
  uint64_t rewrite_peak_bytes_ = 0;

  BackgroundShell write_thread_;
  BackgroundShell sync_thread_;
};

}  // namespace kvstash::persist
