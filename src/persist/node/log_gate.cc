#include "persist/node/log_gate.h"

#include "base/log.h"
#include "engine/shard.h"

#include <atomic>
#include <memory>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Lsn;
using engine::Shard;

// Clients are looked at so often whether a write of theirs may be lost: replies of other shards may
// be on their way.
constexpr size_t kCloseRounds = 3;

}  // namespace

LogGate::LogGate(NodeContext& node, WriteRefusal& refusal, JournalEnd journal_end)
    : node_(&node), refusal_(&refusal), journal_end_(std::move(journal_end)) {}

void LogGate::begin() {
  const std::lock_guard guard(lock_);
  released_ = journal_end_();
  node_->set().begin_gating(released_);
}

void LogGate::end() {
  const std::lock_guard guard(lock_);
  released_ = engine::kLsnMax;
  node_->set().release_up_to(released_);
}

void LogGate::release(Lsn lsn) {
  const std::lock_guard guard(lock_);
  if (lsn <= released_) return;
  released_ = lsn;
  node_->set().release_up_to(lsn);
}

void LogGate::fail(const std::string& reason) {
  refusal_->note_log(reason);
  uint64_t failure = 0;
  {
    const std::lock_guard guard(lock_);
    if (failure_ != 0) return;
    failure = failure_ = ++last_failure_;
  }
  log(LogLevel::kWarning, "Writes are refused until the append-only file can be written again",
      {{"reason", reason}});
  close_writers(failure, node_->set().refusal_period(), kCloseRounds);
}

// What waits at the gates may be lost, so nobody may take it for done: who wrote it is closed. Then
// reads go on, although they may show what a crash takes back.
void LogGate::close_writers(uint64_t failure, uint64_t period, size_t rounds) {
  engine::ShardSet& set = node_->set();
  const auto left = std::make_shared<std::atomic<size_t>>(set.size());
  for (size_t id = 0; id < set.size(); ++id) {
    set.submit(id, [this, left, failure, period, rounds](Shard& shard) {
      shard.release().close_writers("the append-only file cannot be written", period);
      if (--*left != 0) return;
      if (rounds > 1) return close_writers(failure, period, rounds - 1);
      {
        const std::lock_guard guard(lock_);
        passes_unwritten_ = failure_ == failure;
      }
      pass_unwritten(journal_end_());
    });
  }
}

void LogGate::pass_unwritten(Lsn lsn) {
  {
    const std::lock_guard guard(lock_);
    if (!passes_unwritten_) return;
  }
  release(lsn);
}

void LogGate::recover() {
  {
    const std::lock_guard guard(lock_);
    failure_ = 0;
    passes_unwritten_ = false;
  }
  log(LogLevel::kNotice, "The append-only file is written again");
  refusal_->note_log("");
}

void LogGate::hold_or_allow_writes(const std::function<uint64_t()>& unwritten) {
  const std::lock_guard guard(hold_lock_);
  engine::ShardSet& set = node_->set();
  const bool holds = set.holds_writes();
  // Writes go on when half of it is written.
  const bool is_too_much = unwritten() > (holds ? kUnwrittenBytesMax / 2 : kUnwrittenBytesMax);
  if (is_too_much == holds) return;
  set.hold_writes(is_too_much);
  log(LogLevel::kWarning, is_too_much
                              ? "Writes wait: the disk does not keep up with the append-only file"
                              : "Writes go on: the append-only file has been written");
  if (is_too_much) return;
  for (size_t id = 0; id < set.size(); ++id)
    set.submit(id, [](Shard&) {});
}

}  // namespace kvstash::persist
