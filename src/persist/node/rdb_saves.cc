#include "persist/node/rdb_saves.h"

#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace kvstash::persist {
namespace {

// After a save that failed, save points wait so long.
constexpr int64_t kRetryS = 5;

}  // namespace

RdbSaves::RdbSaves(NodeContext& node, Cuts& cuts)
    : node_(&node), cuts_(&cuts), published_(node.set().size()), last_save_s_(node.unix_s()) {}

void RdbSaves::publish(engine::Shard& shard) {
  published_[shard.id()].changes.store(shard.stats().dirty, std::memory_order_relaxed);
}

void RdbSaves::count_as_saved() {
  for (size_t id = 0; id < node_->set().size(); ++id)
    publish(node_->set().at(id));
  changes_saved_ = changes();
}

uint64_t RdbSaves::changes() const {
  return std::accumulate(published_.begin(), published_.end(), uint64_t{0},
                         [](uint64_t sum, const Published& shard) {
                           return sum + shard.changes.load(std::memory_order_relaxed);
                         });
}

bool RdbSaves::is_due(bool was_ok) {
  const PersistOptions now = node_->options();
  const int64_t now_s = node_->unix_s();
  if (now.save.empty() || (!was_ok && now_s - tried_s_ <= kRetryS)) return false;
  const uint64_t made = changes();
  const uint64_t saved = changes_saved_;
  const uint64_t unsaved = made > saved ? made - saved : 0;
  return std::ranges::any_of(now.save, [&](const SavePoint& point) {
    if (unsaved < static_cast<uint64_t>(point.changes)) return false;
    if (now_s - last_save_s_ <= point.seconds) return false;
    log(LogLevel::kNotice, std::to_string(point.changes) + " changes in " +
                               std::to_string(point.seconds) + " seconds. Saving...");
    return true;
  });
}

Status RdbSaves::save() {
  const int64_t began_s = node_->unix_s();
  tried_s_ = began_s;
  log(LogLevel::kNotice, "Background saving started");
  Status done = write();
  {
    const std::lock_guard guard(lock_);
    time_s_ = node_->unix_s() - began_s;
    peak_bytes_ = cuts_->peak_bytes();
    if (done.ok()) ++saves_;
  }
  if (done.ok()) {
    log(LogLevel::kNotice, "DB saved on disk");
    log(LogLevel::kNotice, "Background saving terminated with success");
  } else {
    log(LogLevel::kWarning, "Background save terminated with an error",
        {{"reason", std::string(done.error().message())}});
  }
  return done;
}

// The file is written aside, synced and renamed, so a crash leaves the old one or the new one.
Status RdbSaves::write() {
  const PersistOptions now = node_->options();
  Cut cut = cuts_->take({}, [] {});
  const std::string temporary = "temp-" + std::to_string(::getpid()) + ".rdb";
  const Result<uint64_t> bytes = cuts_->write(cut, temporary);
  if (!bytes.ok()) return bytes.error();
  if (Status put = put_rdb_file(node_->disk(), temporary, now.dbfilename); !put.ok()) return put;
  changes_saved_ = cut.changes;
  last_save_s_ = node_->unix_s();
  return {};
}

void RdbSaves::tell(PersistFacts& facts) const {
  facts.last_save_s = last_save_s();
  facts.changes_saved = changes_saved_;
  const std::lock_guard guard(lock_);
  facts.save_time_s = time_s_;
  facts.saves = saves_;
  facts.save_peak_bytes = peak_bytes_;
}

}  // namespace kvstash::persist
