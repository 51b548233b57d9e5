#include "persist/node/aof_log.h"

#include "base/log.h"
#include "engine/shard.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using engine::Hold;
using engine::Lsn;

constexpr int64_t kNsPerMs = 1'000'000;
// After so many rewrites that failed in a row, automatic ones wait: a minute, then twice as long
// each time, up to an hour. As in Redis.
constexpr uint64_t kRewriteFailuresFree = 3;
constexpr int64_t kRewriteWaitMaxS = 3600;
constexpr std::chrono::milliseconds kLookPeriod{1};

}  // namespace

AofLog::AofLog(NodeContext& node, BackgroundWaits& waits, NodeJournal& journal, Cuts& cuts,
               WriteRefusal& refusal)
    : node_(&node),
      waits_(&waits),
      journal_(&journal),
      cuts_(&cuts),
      gate_(node, refusal, [&journal] { return journal.journal().end(); }) {
  journal.listen([this] {
    if (!is_on()) return;
    write_thread_.wake();
    if (unwritten() > LogGate::kUnwrittenBytesMax) [[unlikely]]
      hold_or_allow_writes();
  });
}

AofLayout AofLog::layout() const {
  const PersistOptions now = node_->options();
  return {.directory = now.appenddirname, .file_name = now.appendfilename};
}

void AofLog::take_up_options() {
  const PersistOptions now = node_->options();
  if (!now.appendonly) {
    note_state(engine::Acks::Log::kOff);
  } else if (node_->set().acks().log() == engine::Acks::Log::kOff) {
    note_state(engine::Acks::Log::kBegins);
  }
  if (writer_ == nullptr) return;
  writer_->set_policy(now.appendfsync);
  writer_->set_timestamps(now.aof_timestamp_enabled);
}

// ---- The start.

Status AofLog::load(DataLoad& load) {
  files_ = std::make_unique<AofFiles>(node_->disk(), *node_->set().ports().entropy,
                                      *node_->set().ports().parking, layout());
  const Result<RecoveryPlan> plan = files_->open(node_->options().aof_load_truncated);
  if (!plan.ok()) return plan.error();
  for (const std::string& notice : plan->notices)
    log(LogLevel::kWarning, notice);
  const auto stream = load.load_log(files_->layout(), *plan);
  if (!stream.ok()) return stream.error();
  Offset offset = 0;
  if (*stream) offset = (*stream)->offset;
  std::optional<LoadedStream> goes_on;
  if (plan->position) {
    offset = plan->position->lsn;
    goes_on = LoadedStream{.replid = plan->position->replid, .offset = offset};
  }
  journal_->begin_at(offset, load.stream_db(), goes_on);

  // A log begins with a base, as in Redis. Nothing changes meanwhile: clients are not served yet.
  if (!plan->base) {
    if (Status based = write_lone_base(); !based.ok()) return based;
  } else if (Status settled = files_->settle(*plan); !settled.ok()) {
    return settled;
  }
  Result<OpenIncrement> first = timed(files_->make_increment(node_->history().replid()));
  if (!first.ok()) return first.error();
  if (Status made = make_writer(); !made.ok()) return made;
  note_base();
  writer_->begin_file(*std::move(first), journal_->journal().end_place());
  waits_->hold_all([this](const Hold&) { attach(); });
  note_turned(true);
  return {};
}

Status AofLog::load_again(DataLoad& load) {
  const Result<RecoveryPlan> plan =
      plan_recovery(node_->disk(), files_->layout(), {.load_truncated = true});
  if (!plan.ok()) return plan.error();
  const auto stream = load.load_log(files_->layout(), *plan);
  return stream.ok() ? Status() : Status(stream.error());
}

// Makes the writer of the journal, which has no file yet.
Status AofLog::make_writer() {
  AofPort& port = *this;
  // Options are taken up under a hold, and look at the writer.
  const bool is_made = waits_->hold_all([&](const Hold&) {
    writer_ =
        std::make_unique<AofWriter>(journal_->journal(), port, journal_->journal().end_place());
    writer_->set_wakes([this] { write_thread_.wake(); }, [this] { sync_thread_.wake(); });
    take_up_options();
  });
  if (!is_made) return Error::literal("the server ends");
  sync_thread_.start("kv-aof-sync", node_->set().ports(), [this]() -> std::optional<int64_t> {
    writer_->sync_step();
    return std::nullopt;
  });
  write_thread_.start("kv-aof", node_->set().ports(), [this] {
    const std::optional<int64_t> due = writer_->step(node_->now_ns(), node_->unix_s());
    note_durable();
    if (node_->set().holds_writes()) [[unlikely]]
      hold_or_allow_writes();
    return due;
  });
  return {};
}

void AofLog::finish() {
  write_thread_.stop();
  sync_thread_.stop();
  if (writer_ == nullptr) return;
  if (const Status done = writer_->finish(node_->unix_s()); !done.ok())
    log(LogLevel::kWarning, "The append-only file could not be completed",
        {{"reason", std::string(done.error().message())}});
}

// ---- Latency.

// The file tells the latency monitor what was slow.
Result<OpenIncrement> AofLog::timed(Result<OpenIncrement> made) {
  if (!made.ok()) return made;
  made->file = std::make_unique<TimedFile>(
      std::move(made->file), [this] { return node_->now_ns(); },
      [this](TimedFile::Call call, int64_t took_ns) {
        if (took_ns >= kNsPerMs) note_latency(call, took_ns);
      });
  return made;
}

// The events and their names are Redis's. The monitor of shard 0 has them.
void AofLog::note_latency(TimedFile::Call call, int64_t took_ns) {
  std::vector<std::string_view> events;
  if (call == TimedFile::Call::kSync) {
    if (node_->options().appendfsync != FsyncPolicy::kAlways) return;
    events = {"aof-fsync-always"};
  } else {
    const bool is_sync_pending = writer_->numbers().is_sync_pending;
    events = {"aof-write", is_sync_pending       ? "aof-write-pending-fsync"
                           : cuts_->is_writing() ? "aof-write-active-child"
                                                 : "aof-write-alone"};
  }
  node_->set().submit(0, [node = node_, events = std::move(events), took_ns](engine::Shard& shard) {
    for (const std::string_view event : events)
      shard.telemetry().latency().add(event, node->unix_s(), took_ns / kNsPerMs,
                                      shard.options().latency_monitor_threshold_ms);
  });
}

// ---- The journal and gates.

void AofLog::attach() {
  gate_.begin();
  journal_->attach(NodeJournal::User::kLog);
  is_on_ = true;
}

// What was recorded before joins the journal; replies wait for nothing any more.
void AofLog::detach() {
  journal_->detach(NodeJournal::User::kLog);
  is_on_ = false;
  gate_.end();
}

uint64_t AofLog::unwritten() const {
  if (!is_on()) return 0;
  const auto written = static_cast<uint64_t>(writer_->written());
  const auto end = static_cast<uint64_t>(journal_->journal().end());
  return end > written ? end - written : 0;
}

void AofLog::hold_or_allow_writes() {
  gate_.hold_or_allow_writes([this] { return unwritten(); });
}

std::optional<Offset> AofLog::durable_offset() const {
  if (!is_on()) return std::nullopt;
  return writer_->numbers().synced.offset;
}

// Tells clients that wait in WAITAOF how far the log is on the disk.
void AofLog::note_durable() {
  engine::ShardSet& set = node_->set();
  if (set.acks().set_durable(writer_->numbers().synced.lsn)) set.tell_acks();
}

void AofLog::note_state(engine::Acks::Log state) {
  engine::ShardSet& set = node_->set();
  if (set.acks().set_log(state)) set.tell_acks();
}

void AofLog::note_turned(bool is_on) {
  if (is_on) note_state(engine::Acks::Log::kOn);
}

// ---- Rewrites.

bool AofLog::is_rewrite_put_off() const {
  return node_->unix_s() < rewrite_not_before_s_;
}

bool AofLog::is_rewrite_due() const {
  if (!is_on()) return false;
  const PersistOptions now = node_->options();
  PersistFacts facts;
  tell(facts);
  const std::optional<Lsn> doubt = writer_->numbers().doubt;
  if (doubt && files_->base_place().lsn < *doubt && !is_rewrite_put_off()) {
    log(LogLevel::kNotice,
        "Rewriting of the AOF starts: a file failed, and what it holds may not be on the disk");
    return true;
  }
  if (now.auto_aof_rewrite_percentage <= 0 || facts.aof_bytes < now.auto_aof_rewrite_min_size)
    return false;
  if (is_rewrite_put_off()) return false;
  const uint64_t base = std::max<uint64_t>(facts.aof_base_bytes, 1);
  const uint64_t growth = facts.aof_bytes > base ? (facts.aof_bytes - base) * 100 / base : 0;
  if (growth < static_cast<uint64_t>(now.auto_aof_rewrite_percentage)) return false;
  log(LogLevel::kNotice,
      "Starting automatic rewriting of AOF on " + std::to_string(growth) + "% growth");
  return true;
}

Status AofLog::rewrite() {
  const int64_t began_s = node_->unix_s();
  log(LogLevel::kNotice, "Background append only file rewriting started");
  Status done = is_on()                       ? write_base()
                : node_->options().appendonly ? turn_on()
                                              : write_lone_base();
  uint64_t failures;
  {
    const std::lock_guard guard(lock_);
    rewrite_time_s_ = node_->unix_s() - began_s;
    rewrite_peak_bytes_ = cuts_->peak_bytes();
    if (done.ok()) ++rewrites_;
    failures = rewrite_failures_ = done.ok() ? 0 : rewrite_failures_ + 1;
  }
  if (failures >= kRewriteFailuresFree) {
    const uint64_t doublings = std::min<uint64_t>(failures - kRewriteFailuresFree, 6);
    rewrite_not_before_s_ = node_->unix_s() + std::min<int64_t>(60 << doublings, kRewriteWaitMaxS);
  }
  if (done.ok()) {
    log(LogLevel::kNotice, "Background AOF rewrite finished successfully");
  } else {
    log(LogLevel::kWarning, "Background AOF rewrite terminated with error",
        {{"reason", std::string(done.error().message())}});
  }
  return done;
}

// Writes a new base as of a cut, at which a new increment begins.
Status AofLog::write_base() {
  Result<OpenIncrement> next = timed(files_->make_increment(node_->history().replid()));
  if (!next.ok()) return next.error();
  const std::string name = next->name;
  if (node_->options().no_appendfsync_on_rewrite) writer_->pause_syncs(true);
  Cut cut = cuts_->take({.is_aof_base = true}, [&] { begin_file(*std::move(next)); });
  if (cut.snapshot == nullptr) files_->discard_increment(name);
  const Result<uint64_t> bytes = cuts_->write(cut, files_->new_base_path());
  writer_->pause_syncs(false);
  if (!bytes.ok()) return bytes.error();
  wait_until_begun(name);
  if (Status finished = files_->finish_rewrite(name, cut.place, new_base(cut)); !finished.ok())
    return finished;
  note_base();
  return {};
}

// BGREWRITEAOF while nothing is logged: the base is written all the same, as in Redis.
Status AofLog::write_lone_base() {
  if (Status found = find_files(); !found.ok()) return found;
  Cut cut = cuts_->take({.is_aof_base = true}, [] {});
  const Result<uint64_t> bytes = cuts_->write(cut, files_->new_base_path());
  if (!bytes.ok()) return bytes.error();
  return files_->replace_base(new_base(cut));
}

NewBase AofLog::new_base(const Cut& cut) const {
  return {.is_rdb = cut.is_rdb, .kept_bytes_max = node_->options().repl_disk_backlog_size};
}

Status AofLog::find_files() {
  if (files_ != nullptr) return {};
  auto files = std::make_unique<AofFiles>(node_->disk(), *node_->set().ports().entropy,
                                          *node_->set().ports().parking, layout());
  if (const Result<RecoveryPlan> plan = files->open(true); !plan.ok()) return plan.error();
  files_ = std::move(files);
  return {};
}

void AofLog::note_base() {
  before_bytes_ = base_bytes_ = files_->bytes();
  kept_bytes_ = files_->kept_bytes();
  written_before_ = writer_->numbers().bytes;
}

// Waits until the writer goes on in the increment, or will not do so soon.
void AofLog::wait_until_begun(const std::string& name) {
  while (files_->is_made(name) && !writer_->numbers().is_failing && !waits_->has_ended())
    waits_->rest(kLookPeriod);
}

void AofLog::wait_until_written() {
  const Lsn end = journal_->journal().end();
  while (writer_->numbers().written.lsn < end && !writer_->numbers().is_failing &&
         !waits_->has_ended())
    waits_->rest(kLookPeriod);
}

// ---- On and off.

Status AofLog::turn_on() {
  if (Status found = find_files(); !found.ok()) return found;
  Status done = begin_log();
  if (done.ok()) {
    note_base();
    return done;
  }
  if (is_on()) {
    waits_->hold_all([this](const Hold&) { detach(); });
    end_file(false);
  }
  files_->give_up_log();
  return done;
}

// A promotion does not wait for a disk that fails: then the log goes on in a fresh file soon, which
// has the new name.
bool AofLog::change_history(const std::function<void()>& change) {
  std::optional<OpenIncrement> next;
  if (is_on()) {
    Result<OpenIncrement> made = timed(files_->make_increment(node_->history().replid()));
    if (made.ok()) {
      next = *std::move(made);
    } else {
      log(LogLevel::kWarning, "The append-only file has records of two histories",
          {{"reason", std::string(made.error().message())}});
    }
  }
  const std::string name = next ? next->name : "";
  bool is_used = false;
  const bool is_changed = waits_->hold_all([&](const Hold& all) {
    const std::unique_lock settled = journal_->settle(all);
    change();
    is_used = next && is_on();
    if (is_used) begin_file(*std::move(next));
  });
  if (!is_used && !name.empty()) files_->discard_increment(name);
  return is_changed;
}

// Has the log go on in that file. Every shard is held.
void AofLog::begin_file(OpenIncrement file) {
  file.replid = node_->history().replid();  // It may have changed since the file was made.
  journal_->journal().select_again();
  writer_->begin_file(std::move(file), journal_->journal().end_place());
}

// Begins to log: into a file that joins the manifest when the base stands on the disk, so that
// files that are found after a crash are the log of before, or the whole new one.
Status AofLog::begin_log() {
  Result<OpenIncrement> first = timed(files_->make_first_increment(node_->history().replid()));
  if (!first.ok()) return first.error();
  const std::string name = first->name;
  if (writer_ == nullptr) {
    if (Status made = make_writer(); !made.ok()) return made;
  }
  Cut cut = cuts_->take({.is_aof_base = true}, [&] {
    attach();
    begin_file(*std::move(first));
  });
  const Result<uint64_t> bytes = cuts_->write(cut, files_->new_base_path());
  if (!bytes.ok()) return bytes.error();
  wait_until_begun(name);
  return files_->begin_log(new_base(cut));
}

void AofLog::turn_off() {
  waits_->hold_all([this](const Hold&) { detach(); });
  end_file(true);
  log(LogLevel::kNotice, "The append-only file is off");
}

void AofLog::end_file(bool keeps) {
  writer_->ask_end(keeps);
  while (!writer_->is_ended() && !waits_->has_ended())
    waits_->rest(kLookPeriod);
  hold_or_allow_writes();
}

// ---- What is told.

void AofLog::tell(PersistFacts& facts) const {
  {
    const std::lock_guard guard(lock_);
    facts.rewrite_time_s = rewrite_time_s_;
    facts.rewrites = rewrites_;
    facts.rewrite_failures = rewrite_failures_;
    facts.was_rewrite_ok = rewrite_failures_ == 0;
    facts.rewrite_peak_bytes = rewrite_peak_bytes_;
  }
  facts.is_aof_on = is_on();
  if (!facts.is_aof_on) return;
  const AofWriter::Numbers aof = writer_->numbers();
  const auto end = static_cast<uint64_t>(journal_->journal().end());
  facts.aof_base_bytes = base_bytes_;
  facts.aof_kept_bytes = kept_bytes_;
  facts.aof_bytes = before_bytes_ + (aof.bytes - std::min(aof.bytes, written_before_.load()));
  facts.aof_pending_bytes = end - static_cast<uint64_t>(aof.written.lsn);
  facts.aof_unsynced_bytes = end - static_cast<uint64_t>(aof.synced.lsn);
  if (aof.unsynced_since_ns != 0)
    facts.aof_unsynced_ms = (node_->now_ns() - aof.unsynced_since_ns) / kNsPerMs;
  facts.is_sync_pending = aof.is_sync_pending;
  facts.delayed_syncs = aof.delayed_syncs;
  facts.syncs = aof.syncs;
  facts.aof_failures = aof.failures;
}

}  // namespace kvstash::persist
