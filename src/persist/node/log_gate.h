// LogGate: what clients feel of the log on disk: which replies may leave, and whether writes run,
// wait or are refused.
//
// While the log is off, nothing waits. Any thread, unless a function says otherwise.
#pragma once

#include "engine/release/lsn.h"
#include "persist/node/node_context.h"
#include "persist/node/write_refusal.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace kvstash::persist {

class LogGate {
 public:
  // Returns where the journal ends. Any thread.
  using JournalEnd = std::function<engine::Lsn()>;

  LogGate(NodeContext& node, WriteRefusal& refusal, JournalEnd journal_end);
  LogGate(const LogGate&) = delete;
  LogGate& operator=(const LogGate&) = delete;

  // ---- Under a hold of all shards.
  // From now on replies wait for what they follow from, behind the journal's present end.
  void begin();
  // Replies wait for nothing any more.
  void end();

  // ---- The writing of the log.
  // Replies that follow from LSNs up to `lsn` may leave. Never falls while the log is on.
  void release(engine::Lsn lsn);
  // The disk fails. Writes are refused, and those whose writes may be lost are disconnected; then
  // reads go on.
  void fail(const std::string& reason);
  // The journal went on, up to `lsn`, while the disk fails.
  void pass_unwritten(engine::Lsn lsn);
  // Everything is on the disk, and writes are taken again.
  void recover();

  // ---- The bound of what is not written. `unwritten`: returns the bytes of the journal that the
  // log does not have yet. Called after they have grown beyond kUnwrittenBytesMax, and after a
  // write while writes wait. Whoever changes one of the numbers calls, and looks at both under a
  // lock, so no change is missed.
  static constexpr uint64_t kUnwrittenBytesMax = uint64_t{64} << 20;
  void hold_or_allow_writes(const std::function<uint64_t()>& unwritten);

 private:
  void close_writers(uint64_t failure, uint64_t period, size_t rounds);

  NodeContext* node_;
  WriteRefusal* refusal_;
  JournalEnd journal_end_;
  std::mutex lock_;  // Held while gates are told how far the journal has come.
  engine::Lsn released_ = engine::kLsnMax;
  uint64_t failure_ = 0;  // Number of the failure that lasts; 0: none.
  uint64_t last_failure_ = 0;
  bool passes_unwritten_ = false;  // All clients whose writes may be lost are closed.
  std::mutex hold_lock_;           // Held while it is decided whether writes have to wait.
};

}  // namespace kvstash::persist
