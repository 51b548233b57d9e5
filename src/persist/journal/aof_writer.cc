#include "persist/journal/aof_writer.h"

#include "base/ensure.h"
#include "base/log.h"

#include <algorithm>
#include <utility>
#include <vector>

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
    : journal_(&journal),
      port_(&port),
      reader_(journal, begin),
      written_(begin),
      safe_(begin),
      synced_(begin),
      durable_(begin),
      written_lsn_(begin.lsn) {
  reader_.rest();
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
    if (std::exchange(rests_, false)) {
      reader_.need(at);
      written_lsn_.store(at.lsn, std::memory_order_seq_cst);
      numbers_.written = numbers_.synced = at;
    }
    next_files_.push_back({.made = std::move(file), .at = at});
  }
  wake_writer_();
}

void AofWriter::ask_end(bool keeps) {
  end_.store(keeps ? End::kKeeps : End::kForgets, std::memory_order_release);
  wake_writer_();
}

FsyncPolicy AofWriter::policy() const {
  const FsyncPolicy asked = policy_.load(std::memory_order_relaxed);
  const bool is_paused = are_syncs_paused_.load(std::memory_order_relaxed);
  return asked == FsyncPolicy::kEverysec && is_paused ? FsyncPolicy::kNo : asked;
}

void AofWriter::end_file(int64_t unix_s) {
  if (end_.load(std::memory_order_acquire) == End::kKeeps) {
    if (const Status done = finish(unix_s); !done.ok()) {
      log(LogLevel::kWarning, "The append-only file could not be completed",
          {{"reason", std::string(done.error().message())}});
    }
  }
  if (std::exchange(is_failing_, false)) port_->disk_works();
  is_waiting_ = false;
  files_.clear();
  is_fresh_written_ = false;
  kept_.reset();
  doubt_.reset();
  increment_.reset();
  unsynced_since_ns_ = 0;
  stand_at(journal_->end_place());
  {
    const std::lock_guard guard(lock_);
    next_files_.clear();
    sync_ = {};
    rests_ = true;
    reader_.rest();
  }
  note_written();
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
              .synced = durable_,
              .bytes = bytes_,
              .syncs = syncs_,
              .delayed_syncs = delayed_syncs_,
              .failures = failures_,
              .is_sync_pending = sync_.state != SyncJob::State::kIdle,
              .is_failing = is_failing_,
              .doubt = doubt_ ? std::optional(doubt_->lsn) : std::nullopt,
              .unsynced_since_ns = unsynced_since_ns_};
}

std::optional<int64_t> AofWriter::step(int64_t now_ns, int64_t unix_s) {
  policy_now_ = policy();
  if (end_.load(std::memory_order_acquire) != End::kNone) {
    if (is_syncing()) return std::nullopt;  // Its result may be a failure, and is waited for.
    end_file(unix_s);
  }
  bool is_fresh = false;
  if (is_failing_) {
    if (now_ns >= retry_at_ns_) is_fresh = try_fresh(now_ns, unix_s);
  } else if (const Status done = work(now_ns, unix_s); !done.ok()) {
    fail(done);
    is_fresh = try_fresh(now_ns, unix_s);
  }
  if (is_failing_) port_->pass_unwritten(journal_->end());
  if (doubt_ && !is_failing_) note_durable();
  publish();
  if (is_failing_) return retry_at_ns_;
  if (is_fresh) return now_ns;  // More may have come while the fresh file was written.
  if (policy_now_ != FsyncPolicy::kEverysec || !needs_sync() || files_.empty()) return std::nullopt;
  if (is_waiting_ && is_delay_counted_) return std::nullopt;  // Until the sync ends.
  return last_sync_ns_ + kSecondNs;
}

Status AofWriter::work(int64_t now_ns, int64_t unix_s) {
  if (Status synced = take_sync_result(); !synced.ok()) return synced;
  for (bool has_written = true; has_written && !must_wait(now_ns);) {
    if (Status written = write_or_open(unix_s, has_written); !written.ok()) return written;
    if (has_written) note_unsynced(now_ns);
    if (policy_now_ == FsyncPolicy::kAlways && needs_sync() && !files_.empty()) {
      // Of two syncs of a file at once the other one may be told of a failure alone.
      if (is_syncing()) return {};
      if (Status synced = sync_all(); !synced.ok()) return synced;
    }
    if (policy_now_ == FsyncPolicy::kNo && !files_.empty()) note_safe(files_.back());
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

// Writes up to about kWriteBytesMax bytes of what belongs to the open file, or opens the next one.
Status AofWriter::write_or_open(int64_t unix_s, bool& has_written) {
  has_written = false;
  const std::optional<Lsn> next_at = next_file_at();
  if (next_at && (!increment_ || *next_at == written_.lsn)) {
    NextFile next;
    {
      const std::lock_guard guard(lock_);
      next = std::move(next_files_.front());
      next_files_.pop_front();
    }
    has_written = true;
    if (!increment_) stand_at(next.at);
    return open(std::move(next));
  }
  return write_some(unix_s, has_written);
}

// Writes up to about kWriteBytesMax bytes of what belongs to the open file.
Status AofWriter::write_some(int64_t unix_s, bool& has_written) {
  has_written = false;
  if (!increment_) return {};
  const std::optional<Lsn> next_at = next_file_at();
  while (increment_->pending_bytes() < kWriteBytesMax) {
    const std::optional<JournalPiece> piece = reader_.take(next_at.value_or(engine::kLsnMax));
    if (!piece) break;
    if (!has_written && has_timestamps_.load(std::memory_order_relaxed) && unix_s != timestamp_s_) {
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
  file.part.bytes += bytes.size();
  bytes_ += bytes.size();
  increment_->clear();
  file.end = written_ = reader_.place();
  note_written();
  return {};
}

// What stands before `place` is none of the writer's.
void AofWriter::stand_at(JournalPlace place) {
  written_ = safe_ = synced_ = durable_ = place;
  reader_.seek(place);
}

void AofWriter::note_written() {
  written_lsn_.store(written_.lsn, std::memory_order_seq_cst);
}

// Goes on in the next file. It has its header, on the disk, before it joins the manifest: a file
// whose beginning a crash tore could not be told from one of Redis's.
Status AofWriter::open(NextFile next) {
  const std::string name = next.made.name;
  std::optional<IncrementPart> before;
  if (!files_.empty()) before = files_.back().part;
  begin_writing(std::move(next));
  if (Status written = write_out(); !written.ok()) return written;
  if (Status synced = files_.back().file->sync(); !synced.ok()) return synced;
  ++syncs_;
  return port_->join_increment(name, before);
}

void AofWriter::begin_writing(NextFile next) {
  increment_.emplace(IncrementHeader{.lsn = next.at.offset,
                                     .synced = std::min(durable_.offset, next.at.offset),
                                     .replid = std::move(next.made.replid),
                                     .salt = next.made.salt});
  files_.push_back({.file = std::move(next.made.file),
                    .name = std::move(next.made.name),
                    .part = {.seq = next.made.seq, .bytes = 0},
                    .end = next.at});
  timestamp_s_ = 0;
}

void AofWriter::release() {
  publish();  // Who has a reply finds what is on the disk.
  const Lsn lsn = policy_now_ == FsyncPolicy::kAlways ? safe_.lsn : written_.lsn;
  port_->release(lsn);
}

// ---- Syncing.

// Declares that everything up to the end of `target` need not be written again.
void AofWriter::note_safe(const OpenFile& target) {
  if (target.end.lsn < safe_.lsn) return;
  kept_ = target.part;
  safe_ = target.end;
  reader_.release(safe_);
}

// Declares that everything up to the end of `target` is on the disk, if it is still the oldest file
// that is not: while a sync ran, another may have said more.
void AofWriter::note_synced(const OpenFile& target) {
  ++syncs_;
  if (files_.empty() || files_.front().file != target.file) return;
  if (target.end.lsn > synced_.lsn) synced_ = target.end;
  note_safe(target);
  // A file that is not written to any more, and is synced as a whole, is done with.
  if (files_.size() > 1 && files_.front().part == target.part) files_.pop_front();
  if (!needs_sync()) unsynced_since_ns_ = later_since_ns_ = 0;
  note_durable();
}

void AofWriter::note_durable() {
  if (doubt_) {
    if (port_->base_place().lsn < doubt_->lsn) return;
    doubt_.reset();
  }
  if (synced_.lsn > durable_.lsn) durable_ = synced_;
  if (increment_) increment_->set_synced(durable_.offset);
}

void AofWriter::note_unsynced(int64_t now_ns) {
  if (unsynced_since_ns_ == 0) unsynced_since_ns_ = now_ns;
  if (later_since_ns_ == 0) later_since_ns_ = now_ns;
}

// Syncs all files, here and now.
Status AofWriter::sync_all() {
  for (const OpenFile& file : std::vector<OpenFile>(files_.begin(), files_.end())) {
    if (Status synced = file.file->sync(); !synced.ok()) return synced;
    note_synced(file);
  }
  return {};
}

// Has the syncing thread sync, oldest file first: once a second for the everysec policy; a file
// that is not written to any more at once, and for any policy.
void AofWriter::ask_sync(int64_t now_ns) {
  if (!needs_sync() || files_.empty()) return;
  const bool is_old = files_.size() > 1;
  if (!is_old && policy_now_ != FsyncPolicy::kEverysec) return;
  if (!is_old && !is_waiting_ && now_ns < last_sync_ns_ + kSecondNs) return;
  {
    const std::lock_guard guard(lock_);
    if (sync_.state != SyncJob::State::kIdle) return;
    sync_ = {.state = SyncJob::State::kAsked,
             .target = files_.front(),
             .asked_at_ns = now_ns,
             .error = std::nullopt};
  }
  last_sync_ns_ = now_ns;
  later_since_ns_ = 0;
  is_delay_counted_ = false;
  wake_syncer_();
}

bool AofWriter::is_syncing() const {
  const std::lock_guard guard(lock_);
  return sync_.state == SyncJob::State::kAsked || sync_.state == SyncJob::State::kRunning;
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
  if (!done.error) {
    const bool is_open = !files_.empty() && files_.back().file == done.target.file;
    if (is_open) unsynced_since_ns_ = later_since_ns_;
    note_synced(done.target);
    return {};
  }
  return Error::text(*done.error);
}

// Whether writes have to wait, since a sync takes longer than a second, or what was written first
// is not on the disk after two: more than two seconds must not be lost.
bool AofWriter::must_wait(int64_t now_ns) {
  if (policy_now_ != FsyncPolicy::kEverysec) return is_waiting_ = false;
  const bool is_old = unsynced_since_ns_ != 0 && now_ns - unsynced_since_ns_ >= 2 * kSecondNs;
  const std::lock_guard guard(lock_);
  const bool is_under_way =
      sync_.state == SyncJob::State::kAsked || sync_.state == SyncJob::State::kRunning;
  const bool is_slow = is_under_way && now_ns - sync_.asked_at_ns >= kSecondNs;
  if (is_slow && !std::exchange(is_delay_counted_, true)) ++delayed_syncs_;
  return is_waiting_ = is_old || is_slow;
}

Status AofWriter::finish(int64_t unix_s) {
  const auto write = [&]() -> Status {
    if (Status synced = take_sync_result(); !synced.ok()) return synced;
    for (bool has_written = true; has_written;) {
      if (Status written = write_or_open(unix_s, has_written); !written.ok()) return written;
    }
    return sync_all();
  };
  Status done = is_failing_ ? Status(Error::literal("the disk fails")) : write();
  if (!done.ok()) {
    if (!is_failing_) fail(done);
    done = start_fresh(unix_s);
    if (done.ok()) done = write();  // What came while the fresh file was written.
  }
  if (done.ok()) release();
  publish();
  return done;
}

// ---- Failures.

void AofWriter::fail(const Status& why) {
  ++failures_;
  log(LogLevel::kWarning, "The append-only file failed; its records go on in a fresh file",
      {{"file", files_.empty() ? std::string() : files_.back().name},
       {"reason", std::string(why.error().message())}});
}

bool AofWriter::try_fresh(int64_t now_ns, int64_t unix_s) {
  const Status fresh = start_fresh(unix_s);
  const bool was_failing = std::exchange(is_failing_, !fresh.ok());
  if (!fresh.ok()) {
    retry_at_ns_ = now_ns + kRetryNs;
    port_->disk_fails(std::string(fresh.error().message()));
    return false;
  }
  last_sync_ns_ = now_ns;
  if (was_failing) port_->disk_works();
  release();
  return true;
}

// The stream goes on in the fresh file without a SELECT, but readers of files begin each file in
// database 0. So the file gets a SELECT that the stream does not have.
void AofWriter::select_for_fresh() {
  const std::optional<engine::DbIndex> db = journal_->database_at(safe_.lsn);
  if (!db) return;
  std::string select;
  append_select(select, *db);
  increment_->add_aof_only(select);
}

// Writes everything from the safe place on to a fresh file, syncs it, and has it take the place of
// what failed.
Status AofWriter::start_fresh(int64_t unix_s) {
  if (!is_fresh_written_) {
    if (Status written = write_fresh(unix_s); !written.ok()) return written;
  }
  return replace();
}

Status AofWriter::write_fresh(int64_t unix_s) {
  {
    // What was to go to files behind the failed one goes to the fresh one, too.
    const std::lock_guard guard(lock_);
    next_files_.clear();
    sync_ = {};
  }
  is_waiting_ = false;
  Result<OpenIncrement> made = port_->make_increment();
  if (!made.ok()) return made.error();
  take_base();
  // What is safe by the policy `no` cannot be written again.
  if (durable_.lsn < safe_.lsn) doubt_ = safe_;
  const std::string name = made->name;
  const std::deque<OpenFile> before = std::exchange(files_, {});
  reader_.seek(safe_);
  written_ = safe_;
  begin_writing({.made = *std::move(made), .at = safe_});
  select_for_fresh();

  const auto write = [&]() -> Status {
    if (Status written = write_out(); !written.ok()) return written;
    for (bool has_written = true; has_written;) {
      if (Status written = write_some(unix_s, has_written); !written.ok()) return written;
    }
    return files_.back().file->sync();
  };
  Status done = write();
  if (done.ok()) {
    is_fresh_written_ = true;
    return done;
  }
  bytes_ -= files_.back().part.bytes;
  files_ = before;
  port_->discard_increment(name);
  return done;
}

// Whatever a base that was finished meanwhile holds need not be written again, and its files are
// gone. An increment begins where it ends.
void AofWriter::take_base() {
  const JournalPlace base = port_->base_place();
  while (files_.size() > 1 && files_.front().end.lsn <= base.lsn) {
    note_safe(files_.front());
    files_.pop_front();
  }
  if (doubt_ && doubt_->lsn <= base.lsn) doubt_.reset();
  if (base.lsn > synced_.lsn) synced_ = base;
  if (!doubt_ && base.lsn > durable_.lsn) durable_ = base;
}

// The fresh file is on the disk. It counts once the manifest names it.
Status AofWriter::replace() {
  const OpenFile fresh = files_.back();
  if (Status replaced = port_->replace_failed(kept_, fresh.name); !replaced.ok()) return replaced;
  is_fresh_written_ = false;
  note_synced(fresh);
  return {};
}

}  // namespace kvstash::persist
