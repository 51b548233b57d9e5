#include "persist/node/write_refusal.h"

#include <optional>
#include <string_view>

namespace kvstash::persist {
namespace {

constexpr std::string_view kSaveFailed =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";

// The system's reason: what stands behind the path in an error of Disk.
std::string_view reason_of(std::string_view error) {
  const size_t colon = error.rfind(": ");
  return colon == std::string_view::npos ? error : error.substr(colon + 2);
}

}  // namespace

void WriteRefusal::note_save(bool is_ok) {
  const std::lock_guard guard(lock_);
  was_save_ok_ = is_ok;
  apply();
}

void WriteRefusal::note_log(const std::string& error) {
  const std::lock_guard guard(lock_);
  log_error_ = error;
  apply();
}

void WriteRefusal::update() {
  const std::lock_guard guard(lock_);
  apply();
}

// As Redis: a failed background save comes first, and the error of the log is the system's reason
// alone.
void WriteRefusal::apply() {
  const PersistOptions options = node_->options();
  if (!was_save_ok_ && options.stop_writes_on_bgsave_error && !options.save.empty()) {
    node_->set().set_write_refusal(std::string(kSaveFailed));
  } else if (!log_error_.empty()) {
    node_->set().set_write_refusal("MISCONF Errors writing to the AOF file: " +
                                   std::string(reason_of(log_error_)));
  } else {
    node_->set().set_write_refusal(std::nullopt);
  }
}

bool WriteRefusal::was_save_ok() const {
  const std::lock_guard guard(lock_);
  return was_save_ok_;
}

void WriteRefusal::tell(PersistFacts& facts) const {
  const std::lock_guard guard(lock_);
  facts.was_save_ok = was_save_ok_;
  facts.is_aof_ok = log_error_.empty();
  facts.aof_error = log_error_;
}

}  // namespace kvstash::persist
