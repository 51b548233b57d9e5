#include "persist/journal/aof_writer.h"

#include "base/ensure.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Lsn;

constexpr int64_t kSecondNs = 1'000'000'000;
// After a failure a fresh file is tried so often.
constexpr int64_t kRetryNs = kSecondNs / 5;
// Records are handed to the file when so many bytes are together, at the latest.
constexpr size_t kWriteBytesMax = size_t{1} << 20;

// Adds the records of a piece, which is whole units.
void add_piece(IncrementWriter& to, const JournalPiece& piece) {
  size_t at = 0;
  for (const Mark& mark : piece.marks) {
    if (mark.offset > at) to.add_records(piece.bytes.substr(at, mark.offset - at));
    if (mark.target == engine::RecordTarget::kAof) {
      to.add_aof_only(piece.bytes.substr(mark.offset, mark.bytes));
    } else {
      to.add_stream_only(mark.bytes);
    }
    at = mark.offset + mark.bytes;
  }
  if (at < piece.bytes.size()) to.add_records(piece.bytes.substr(at));
}

}  // namespace

AofWriter::AofWriter(Journal& journal, AofPort& port, JournalPlace begin)
    : journal_(&journal), port_(&port), reader_(journal, begin), written_(begin), synced_(begin) {
  publish();
}

void AofWriter::set_wakes(std::function<void()> writer, std::function<void()> syncer) {
  wake_writer_ = std::move(writer);
  wake_syncer_ = std::move(syncer);
}

void AofWriter::begin_file(OpenIncrement file, JournalPlace at) {
  {
    const std::lock_guard guard(lock_);
    ensure(next_files_.empty() || next_files_.back().at.lsn <= at.lsn);
    next_files_.push_back({.made = std::move(file), .at = at});
  }
  wake_writer_();
}

void AofWriter::ask_end(bool keeps) {
  end_.store(keeps ? End::kKeeps : End::kForgets, std::memory_order_release);
  wake_writer_();
}

void AofWriter::end_file(int64_t unix_s) {
  if (end_.load(std::memory_order_acquire) == End::kKeeps) {
    if (const Status done = finish(unix_s); !done.ok()) {
      log(LogLevel::kWarning, "The append-only file could not be completed",
          {{"reason", std::string(done.error().message())}});
    }
  }
  {
    const std::lock_guard guard(lock_);
    next_files_.clear();
    sync_ = {};
  }
  if (is_failing_) port_->disk_works();
  is_failing_ = is_waiting_ = false;
  files_.clear();
  increment_.reset();
  written_ = synced_ = journal_->end_place();
  synced_bytes_ = 0;
  unsynced_since_ns_ = 0;
  reader_.seek(synced_);
  reader_.release(synced_);
  publish();
  end_.store(End::kNone, std::memory_order_release);
}

AofWriter::Numbers AofWriter::numbers() const {
  const std::lock_guard guard(lock_);
  return numbers_;
}

void AofWriter::publish() {
  const std::lock_guard guard(lock_);
  numbers_ = {.written = written_,
              .synced = synced_,
              .bytes = bytes_,
              .syncs = syncs_,
              .delayed_syncs = delayed_syncs_,
              .failures = failures_,
              .is_sync_pending = sync_.state != SyncJob::State::kIdle,
              .is_failing = is_failing_,
              .unsynced_since_ns = unsynced_since_ns_};
}

std::optional<int64_t> AofWriter::step(int64_t now_ns, int64_t unix_s) {
  if (end_.load(std::memory_order_acquire) != End::kNone) end_file(unix_s);
  if (is_failing_ && now_ns < retry_at_ns_) return retry_at_ns_;
  if (is_failing_) {
    try_fresh(now_ns, unix_s);
  } else if (const Status done = work(now_ns, unix_s); !done.ok()) {
    ++failures_;
    log(LogLevel::kWarning, "The append-only file failed; its records go on in a fresh file",
        {{"file", files_.back().name}, {"reason", std::string(done.error().message())}});
    try_fresh(now_ns, unix_s);
  }
  publish();
  if (is_failing_) return retry_at_ns_;
  if (policy() != FsyncPolicy::kEverysec || written_.lsn == synced_.lsn) return std::nullopt;
  return is_waiting_ ? std::nullopt : std::optional(last_sync_ns_ + kSecondNs);
}

Status AofWriter::work(int64_t now_ns, int64_t unix_s) {
  if (Status synced = take_sync_result(); !synced.ok()) return synced;
  for (bool has_written = true; has_written;) {
    if (must_wait(now_ns)) return {};
    if (Status written = write_some(unix_s, has_written); !written.ok()) return written;
    if (has_written && unsynced_since_ns_ == 0) unsynced_since_ns_ = now_ns;
    if (policy() == FsyncPolicy::kAlways && written_.lsn != synced_.lsn) {
      if (Status synced = sync_all(); !synced.ok()) return synced;
    }
    // Nobody syncs for this policy, so what is written counts as safe.
    if (policy() == FsyncPolicy::kNo && has_written) note_synced(OpenFile(files_.back()));
    release();
  }
  ask_sync(now_ns);
  return {};
}

// ---- Writing.

std::optional<Lsn> AofWriter::next_file_at() const {
  const std::lock_guard guard(lock_);
  if (next_files_.empty()) return std::nullopt;
  return next_files_.front().at.lsn;
}

// Writes up to about kWriteBytesMax bytes, or opens the next file.
Status AofWriter::write_some(int64_t unix_s, bool& has_written) {
  has_written = false;
  const std::optional<Lsn> next_at = next_file_at();
  if (next_at && *next_at == written_.lsn) {
    NextFile next;
    {
      const std::lock_guard guard(lock_);
      next = std::move(next_files_.front());
      next_files_.pop_front();
    }
    open(std::move(next));
    has_written = true;
    return write_out();
  }
  if (!increment_) return {};
  while (increment_->pending_bytes() < kWriteBytesMax) {
    const std::optional<JournalPiece> piece = reader_.take(next_at.value_or(engine::kLsnMax));
    if (!piece) break;
    if (!has_written && has_timestamps_.load(std::memory_order_relaxed) &&
        unix_s != timestamp_s_) {
      increment_->add_timestamp(unix_s);
      timestamp_s_ = unix_s;
    }
    add_piece(*increment_, *piece);
    has_written = true;
  }
  return has_written ? write_out() : Status();
}

// Writes what the increment has ready to the open file. What is written ends at the reader's place.
Status AofWriter::write_out() {
  OpenFile& file = files_.back();
  const std::string_view bytes = increment_->take();
  if (Status written = write_all(*file.file, bytes); !written.ok()) return written;
  file.bytes += bytes.size();
  bytes_ += bytes.size();
  increment_->clear();
  file.end = written_ = reader_.place();
  return {};
}

void AofWriter::open(NextFile next) {
  increment_.emplace(IncrementHeader{.lsn = next.at.offset,
                                     .synced = synced_.offset,
                                     .replid = std::move(next.made.replid),
                                     .salt = next.made.salt});
  files_.push_back({.file = std::move(next.made.file),
                    .name = std::move(next.made.name),
                    .bytes = 0,
                    .end = next.at});
  if (files_.size() == 1) synced_bytes_ = 0;
  timestamp_s_ = 0;
}

void AofWriter::release() {
  const Lsn lsn = policy() == FsyncPolicy::kAlways ? synced_.lsn : written_.lsn;
  port_->release(lsn);
}

// ---- Syncing.

// Declares that everything up to the end of `target`, one of files_, is on the disk.
void AofWriter::note_synced(const OpenFile& target) {
  const JournalPlace end = target.end;
  const uint64_t bytes = target.bytes;
  while (files_.front().file != target.file)
    files_.pop_front();
  // A file that is wholly synced and not written to any more is closed.
  if (files_.size() > 1 && files_.front().end == end) {
    files_.pop_front();
    synced_bytes_ = 0;
  } else {
    synced_bytes_ = bytes;
  }
  synced_ = end;
  if (increment_) increment_->set_synced(end.offset);
  reader_.release(end);
  if (synced_.lsn == written_.lsn) unsynced_since_ns_ = 0;
}

// Syncs all files, here and now.
Status AofWriter::sync_all() {
  const std::deque<OpenFile> files = files_;
  for (const OpenFile& file : files) {
    if (Status synced = file.file->sync(); !synced.ok()) return synced;
    ++syncs_;
    note_synced(file);
  }
  return {};
}

// The everysec policy: has the syncing thread sync once a second, oldest file first.
void AofWriter::ask_sync(int64_t now_ns) {
  if (policy() != FsyncPolicy::kEverysec || written_.lsn == synced_.lsn) return;
  if (are_syncs_paused_.load(std::memory_order_relaxed)) return;
  const bool is_old = files_.size() > 1;  // A file that is not written to any more need not wait.
  if (!is_old && now_ns < last_sync_ns_ + kSecondNs) return;
  {
    const std::lock_guard guard(lock_);
    if (sync_.state != SyncJob::State::kIdle) return;
    sync_ = {.state = SyncJob::State::kAsked,
             .target = files_.front(),
             .asked_at_ns = now_ns,
             .error = std::nullopt};
  }
  last_sync_ns_ = now_ns;
  wake_syncer_();
}

void AofWriter::sync_step() {
  std::shared_ptr<DiskFile> file;
  {
    const std::lock_guard guard(lock_);
    if (sync_.state != SyncJob::State::kAsked) return;
    sync_.state = SyncJob::State::kRunning;
    file = sync_.target.file;
  }
  const Status synced = file->sync();
  {
    const std::lock_guard guard(lock_);
    // After a failure nobody waits for this file any more.
    if (sync_.state != SyncJob::State::kRunning || sync_.target.file != file) return;
    if (!synced.ok()) sync_.error = std::string(synced.error().message());
    sync_.state = SyncJob::State::kDone;
  }
  wake_writer_();
}

Status AofWriter::take_sync_result() {
  SyncJob done;
  {
    const std::lock_guard guard(lock_);
    if (sync_.state != SyncJob::State::kDone) return {};
    done = std::exchange(sync_, {});
  }
  is_waiting_ = false;
  if (done.error) return Error::text(*done.error);
  ++syncs_;
  // While the sync ran, the policy may have changed, and more may have been synced.
  if (done.target.end.lsn > synced_.lsn) note_synced(done.target);
  return {};
}

// Whether writes have to wait for a sync that takes longer than a second: else a crash could take
// more than two seconds.
bool AofWriter::must_wait(int64_t now_ns) {
  if (policy() != FsyncPolicy::kEverysec) return is_waiting_ = false;
  const std::lock_guard guard(lock_);
  const bool is_slow = sync_.state != SyncJob::State::kIdle &&
                       sync_.state != SyncJob::State::kDone &&
                       now_ns - sync_.asked_at_ns >= kSecondNs;
  if (is_slow && !is_waiting_) ++delayed_syncs_;
  return is_waiting_ = is_slow;
}

Status AofWriter::finish(int64_t unix_s) {
  if (is_failing_) return Error::literal("the append-only file is failing");
  for (bool has_written = true; has_written;) {
    if (Status written = write_some(unix_s, has_written); !written.ok()) return written;
  }
  if (Status synced = sync_all(); !synced.ok()) return synced;
  release();
  publish();
  return {};
}

// ---- Failures.

void AofWriter::try_fresh(int64_t now_ns, int64_t unix_s) {
  const Status fresh = start_fresh(unix_s);
  const bool was_failing = std::exchange(is_failing_, !fresh.ok());
  if (!fresh.ok()) {
    retry_at_ns_ = now_ns + kRetryNs;
    port_->disk_fails(std::string(fresh.error().message()));
    return;
  }
  if (was_failing) port_->disk_works();
  release();
}

// The stream goes on in the fresh file without a SELECT, but readers of files begin each file in
// database 0. So the file gets a SELECT that the stream does not have.
void AofWriter::select_for_fresh() {
  const std::optional<engine::DbIndex> db = journal_->database_at(synced_.lsn);
  if (!db) return;
  std::string select;
  append_select(select, *db);
  increment_->add_aof_only(select);
}

// Writes everything from the last safe place on to a fresh file, syncs it, and has it take the
// place of what failed.
Status AofWriter::start_fresh(int64_t unix_s) {
  const OpenFile failed = files_.front();
  Result<OpenIncrement> made = port_->make_increment();
  if (!made.ok()) return made.error();
  const std::string name = made->name;

  // What was to go to files behind the failed one goes to the fresh one, too.
  std::deque<NextFile> dropped;
  {
    const std::lock_guard guard(lock_);
    std::swap(dropped, next_files_);
    sync_ = {};
  }
  const std::deque<OpenFile> before = std::exchange(files_, {});
  std::optional<IncrementWriter> increment_before = std::exchange(increment_, std::nullopt);
  const uint64_t synced_bytes = synced_bytes_;
  reader_.seek(synced_);
  written_ = synced_;
  open({.made = *std::move(made), .at = synced_});
  select_for_fresh();

  const auto write_fresh = [&]() -> Status {
    if (Status written = write_out(); !written.ok()) return written;
    for (bool has_written = true; has_written;) {
      if (Status written = write_some(unix_s, has_written); !written.ok()) return written;
    }
    OpenFile& fresh = files_.back();
    if (Status synced = fresh.file->sync(); !synced.ok()) return synced;
    ++syncs_;
    if (Status joined = port_->replace_failed(failed.name, synced_bytes, name); !joined.ok())
      return joined;
    note_synced(fresh);
    return {};
  };
  Status done = write_fresh();
  if (done.ok()) return done;
  files_ = before;
  increment_ = std::move(increment_before);
  synced_bytes_ = synced_bytes;
  return done;
}

}  // namespace kvstash::persist
