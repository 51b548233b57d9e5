#include "persist/node/persistence.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/ensure.h"
#include "base/log.h"
#include "engine/data/databases.h"
#include "engine/shard.h"
#include "net/thread.h"
#include "scripting/scripting.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Hold;
using engine::Lsn;
using engine::Shard;

constexpr int64_t kNsPerMs = 1'000'000;
// The saving thread looks so often whether a save point or a rewrite is due.
constexpr int64_t kLookPeriodNs = 100 * kNsPerMs;
// After a save that failed, save points wait so long.
constexpr int64_t kSaveRetryS = 5;
// After so many rewrites that failed in a row, automatic ones wait: a minute, then twice as long
// each time, up to an hour. As in Redis.
constexpr uint64_t kRewriteFailuresFree = 3;
constexpr int64_t kRewriteWaitMaxS = 3600;
// The walk of a snapshot takes a quarter of a busy shard's time: a third of what a turn took so
// far. An idle shard gives it this long.
constexpr uint64_t kIdleWalkNs = 500'000;
constexpr uint64_t kWalkNsMax = 1'000'000;
constexpr uint64_t kWalkNsMin = 50'000;
// One step of a walk, between two looks at the clock.
constexpr size_t kStepElements = 64;
constexpr size_t kStepBytes = size_t{64} << 10;

// Writes wait while so much of the journal is not written yet; they go on below half of that.
constexpr uint64_t kUnwrittenBytesMax = uint64_t{64} << 20;
// Clients are looked at so often whether a write of theirs may be lost: replies of other shards may
// be on their way.
constexpr size_t kCloseRounds = 3;

constexpr std::string_view kSaveFailed =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";

constexpr std::string_view kDiskError = "Background save terminated with an error";

uint64_t bytes_of(const RecoveryPlan& plan) {
  uint64_t bytes = plan.base ? plan.base->file_bytes : 0;
  for (const RecoveredFile& file : plan.increments)
    bytes += file.end;
  return bytes;
}

void log_spilling() {
  log(LogLevel::kNotice,
      "The file of the snapshot is written more slowly than data changes: what was changed goes to "
      "a scratch file until it can be written (snapshot-spill-size)");
}

}  // namespace

Persistence::Persistence(Setup setup, const PersistOptions& options)
    : set_(setup.set),
      scripting_(setup.scripting),
      disk_(setup.set->ports().disk),
      redis_version_(std::move(setup.redis_version)),
      replid_(std::move(setup.replid)),
      options_(options),
      published_(setup.set->size()) {
  ensure(disk_ != nullptr);
  for (size_t id = 0; id < set_->size(); ++id) {
    engine::ShardData& data = set_->at(id).data();
    snapshots_.push_back(std::make_unique<ShardSnapshots>(
        id, data.memory(), [&data](const ShardSnapshots::Visit& visit) {
          data.each_keyspace([&](engine::DbIndex db, store::Keyspace& space) {
            visit(static_cast<uint32_t>(db), space);
          });
        }));
  }
  last_save_s_ = unix_s();
  set_->set_persistence(*this);
  set_->set_turn_work(this);
}

Persistence::~Persistence() {
  finish();
}

PersistOptions Persistence::options() const {
  const std::lock_guard guard(lock_);
  return options_;
}

AofLayout Persistence::layout() const {
  const PersistOptions now = options();
  return {.directory = now.appenddirname, .file_name = now.appendfilename};
}

void Persistence::take_up_options(const PersistOptions& options) {
  {
    const std::lock_guard guard(lock_);
    options_ = options;
  }
  if (aof_ != nullptr) {
    aof_->set_policy(options.appendfsync);
    aof_->set_timestamps(options.aof_timestamp_enabled);
  }
  wants_aof_ = options.appendonly;
  key_load_delay_us_ = options.key_load_delay_us;
  refuse_or_allow_writes();
  save_thread_.wake();
}

// ---- The start.

void Persistence::start(std::function<void(Status)> loaded) {
  wants_aof_ = options().appendonly;
  key_load_delay_us_ = options().key_load_delay_us;
  if (has_nothing_to_load()) {
    start_jobs();
    loaded({});
    return;
  }
  set_->set_loading(true);
  begin_progress(0);
  load_thread_ = net::start_thread("kv-load", [this, loaded = std::move(loaded)] {
    Status done = load();
    if (done.ok()) {
      set_->set_loading(false);
      start_jobs();
    }
    loaded(std::move(done));
  });
}

// Whether the server can serve at once: an empty server should never tell anybody that it loads.
bool Persistence::has_nothing_to_load() const {
  if (wants_aof_) return false;
  const Result<std::optional<Disk::FileInfo>> found = disk_->find(options().dbfilename);
  return found.ok() && !*found;
}

void Persistence::start_jobs() {
  save_thread_.start("kv-save", set_->clock(), [this] { return run_jobs(); });
}

void Persistence::begin_progress(uint64_t bytes_total) {
  load_progress_.bytes_total = bytes_total;
  load_progress_.bytes_loaded = 0;
  load_progress_.keys_loaded = 0;
  load_progress_.keys_expired = 0;
  const std::lock_guard guard(lock_);
  facts_.load_began_s = unix_s();
}

// key-load-delay: waits so many microseconds after each key; -n: one microsecond after n keys.
std::function<void()> Persistence::wait_after_key() {
  return [this, keys = int64_t{0}]() mutable {
    const int64_t delay_us = key_load_delay_us_.load(std::memory_order_relaxed);
    if (delay_us == 0 || ends_) return;
    if (delay_us < 0 && ++keys % -delay_us != 0) return;
    rest(std::chrono::microseconds(std::max<int64_t>(delay_us, 1)));
  };
}

Status Persistence::load() {
  const int64_t began_ns = now_ns();
  Status done = wants_aof_ ? load_aof() : load_rdb_file();
  if (!done.ok()) return done;
  const uint64_t keys = load_progress_.keys_loaded;
  if (load_progress_.bytes_loaded == 0) return {};
  log(LogLevel::kNotice, wants_aof_ ? "DB loaded from append only file" : "DB loaded from disk",
      {{"seconds", std::to_string(static_cast<double>(now_ns() - began_ns) / 1e9)},
       {"keys", std::to_string(keys)},
       {"keys_expired", std::to_string(load_progress_.keys_expired)}});
  return {};
}

Status Persistence::load_rdb_file() {
  const PersistOptions now = options();
  const Result<std::optional<Disk::FileInfo>> found = disk_->find(now.dbfilename);
  if (!found.ok()) return found.error();
  if (!*found) return {};
  begin_progress((*found)->size);
  Loader loader(*set_, *disk_, load_progress_);
  return loader.load_rdb(now.dbfilename, {.drops_expired = true,
                                          .is_fresh = true,
                                          .checks_sum = now.rdbchecksum,
                                          .after_key = wait_after_key()});
}

Status Persistence::load_aof() {
  const PersistOptions now = options();
  files_ = std::make_unique<AofFiles>(*disk_, *set_->ports().entropy, layout());
  const Result<RecoveryPlan> plan = files_->open(now.aof_load_truncated);
  if (!plan.ok()) return plan.error();
  for (const std::string& notice : plan->notices)
    log(LogLevel::kWarning, notice);
  begin_progress(bytes_of(*plan));
  Loader loader(*set_, *disk_, load_progress_);
  if (Status loaded = load_files(*plan, loader); !loaded.ok()) return loaded;
  Offset offset = 0;
  if (loader.stream()) offset = loader.stream()->offset;
  if (plan->position) offset = plan->position->lsn;

  // A log begins with a base, as in Redis. Nothing changes meanwhile: clients are not served yet.
  if (!plan->base) {
    Cut cut = take_cut({.is_aof_base = true});
    const Result<uint64_t> bytes = write_cut(cut, files_->new_base_path());
    if (!bytes.ok()) return bytes.error();
    if (Status based = files_->replace_base(); !based.ok()) return based;
  } else if (Status settled = files_->settle(*plan); !settled.ok()) {
    return settled;
  }
  Result<OpenIncrement> first = files_->make_increment(replid_);
  if (!first.ok()) return first.error();
  base_bytes_ = before_bytes_ = files_->bytes();
  make_journal({.lsn = Lsn{offset}, .offset = offset});
  aof_->begin_file(*std::move(first), journal_->end_place());
  hold_all([this](const Hold&) { attach_lanes(); });
  return {};
}

Status Persistence::load_files(const RecoveryPlan& plan, Loader& loader) {
  const bool checks_sum = options().rdbchecksum;
  if (plan.base) {
    const std::string path = files_->layout().path(plan.base->name);
    uint64_t begin = 0;
    uint64_t end = plan.base->end;
    if (plan.base->begins_with_rdb) {
      std::optional<uint64_t> rest;
      Status loaded = loader.load_rdb(path,
                                      {.drops_expired = false,
                                       .is_fresh = true,
                                       .checks_sum = checks_sum,
                                       .after_key = wait_after_key()},
                                      &rest);
      if (!loaded.ok()) return loaded;
      begin = *rest;
      end = plan.base->file_bytes;
    }
    if (begin < end) {
      if (Status loaded = loader.load_records(path, begin, end); !loaded.ok()) return loaded;
    }
  }
  for (const RecoveredFile& file : plan.increments) {
    if (file.end == 0) continue;
    const std::string path = files_->layout().path(file.name);
    if (Status loaded = loader.load_records(path, 0, file.end); !loaded.ok()) return loaded;
  }
  return {};
}

// Makes a journal that begins at `place`, its writer and lanes, which no shard has yet.
void Persistence::make_journal(JournalPlace place) {
  const PersistOptions now = options();
  auto journal = std::make_unique<Journal>(place, 0);
  auto writer = std::make_unique<AofWriter>(*journal, *this, place);
  writer->set_policy(now.appendfsync);
  writer->set_timestamps(now.aof_timestamp_enabled);
  writer->set_wakes([this] { aof_thread_.wake(); }, [this] { sync_thread_.wake(); });
  journal->on_append([this] {
    aof_thread_.wake();
    if (unwritten() > kUnwrittenBytesMax) [[unlikely]]
      hold_or_allow_writes();
  });
  // Options are taken up under a hold, and look at the writer.
  hold_all([&](const Hold&) {
    journal_ = std::move(journal);
    aof_ = std::move(writer);
    for (size_t id = 0; id < set_->size(); ++id)
      lanes_.push_back(std::make_unique<Lane>(*journal_));
  });
  sync_thread_.start("kv-aof-sync", set_->clock(), [this]() -> std::optional<int64_t> {
    aof_->sync_step();
    return std::nullopt;
  });
  aof_thread_.start("kv-aof", set_->clock(), [this] {
    const std::optional<int64_t> due = aof_->step(now_ns(), unix_s());
    if (set_->holds_writes()) [[unlikely]]
      hold_or_allow_writes();
    return due;
  });
}

// Runs `action` while all shards are held, and waits until it is done. False: the server ends, and
// the action will not run. Any thread but a shard's.
bool Persistence::hold_all(std::function<void(const Hold&)> action) {
  const auto hold = std::make_shared<PendingHold>();
  {
    const std::lock_guard guard(lock_);
    if (ends_) return false;
    pending_.push_back(hold);
  }
  set_->submit(0, [action = std::move(action), hold](Shard& first) {
    first.traffic().hold_all([action, hold](const Hold& all) {
      if (!hold->change(PendingHold::kWaits, PendingHold::kRuns)) return;
      action(all);
      hold->change(PendingHold::kRuns, PendingHold::kDone);
    });
  });
  for (uint32_t state = hold->state; state < PendingHold::kDone; state = hold->state)
    hold->state.wait(state);
  const std::lock_guard guard(lock_);
  std::erase(pending_, hold);
  return hold->state == PendingHold::kDone;
}

// Waits for the time, or for the end of the server.
void Persistence::rest(std::chrono::microseconds time) const {
  std::unique_lock guard(lock_);
  end_asked_.wait_for(guard, time, [this] { return ends_.load(); });
}

void Persistence::stop_waiting() {
  const std::lock_guard guard(lock_);
  end_asked_.notify_all();
  ends_ = true;
  if (saving_ != nullptr) saving_->give_up("the server ends");
  for (const std::shared_ptr<PendingHold>& hold : pending_)
    hold->change(PendingHold::kWaits, PendingHold::kCancelled);
}

// ---- The end.

void Persistence::finish() {
  if (load_thread_.joinable()) load_thread_.join();
  stop_waiting();
  save_thread_.stop();
  aof_thread_.stop();
  sync_thread_.stop();
  if (aof_ != nullptr) {
    if (const Status done = aof_->finish(unix_s()); !done.ok())
      log(LogLevel::kWarning, "The append-only file could not be completed",
          {{"reason", std::string(done.error().message())}});
    for (size_t id = 0; id < set_->size(); ++id)
      set_->at(id).set_sink(nullptr);
  }
  for (const auto& snapshots : snapshots_) {
    while (snapshots->step(Budget(kStepElements, kStepBytes)) == StepResult::kWorks) {
    }
  }
  set_->set_turn_work(nullptr);
}

// ---- AofPort.

void Persistence::release(Lsn lsn) {
  const std::lock_guard guard(release_lock_);
  if (lsn <= released_) return;
  released_ = lsn;
  set_->release_up_to(lsn);
}

Status Persistence::join_increment(const std::string& name) {
  return files_->join_increment(name);
}

Result<OpenIncrement> Persistence::make_increment() {
  return files_->make_replacement(replid_);
}

void Persistence::discard_increment(const std::string& name) {
  files_->discard_increment(name);
}

Status Persistence::replace_failed(const std::string& failed, uint64_t sound_bytes,
                                   const std::string& fresh) {
  return files_->replace_failed(failed, sound_bytes, fresh);
}

void Persistence::disk_fails(const std::string& reason) {
  {
    const std::lock_guard guard(lock_);
    facts_.is_aof_ok = false;
    facts_.aof_error = reason;
  }
  refuse_or_allow_writes();
  uint64_t failure = 0;
  {
    const std::lock_guard guard(release_lock_);
    if (failure_ != 0) return;
    failure = failure_ = ++last_failure_;
  }
  log(LogLevel::kWarning, "Writes are refused until the append-only file can be written again",
      {{"reason", reason}});
  close_writers(failure, kCloseRounds);
}

// What waits at the gates may be lost, so nobody may take it for done: who wrote it is closed. Then
// reads go on, although they may show what a crash takes back.
void Persistence::close_writers(uint64_t failure, size_t rounds) {
  const auto left = std::make_shared<std::atomic<size_t>>(set_->size());
  for (size_t id = 0; id < set_->size(); ++id) {
    set_->submit(id, [this, left, failure, rounds](Shard& shard) {
      shard.release().close_writers("the append-only file cannot be written");
      if (--*left != 0) return;
      if (rounds > 1) return close_writers(failure, rounds - 1);
      {
        const std::lock_guard guard(release_lock_);
        passes_unwritten_ = failure_ == failure;
      }
      pass_unwritten(journal_->end());
    });
  }
}

void Persistence::pass_unwritten(Lsn lsn) {
  {
    const std::lock_guard guard(release_lock_);
    if (!passes_unwritten_) return;
  }
  release(lsn);
}

void Persistence::disk_works() {
  {
    const std::lock_guard guard(release_lock_);
    failure_ = 0;
    passes_unwritten_ = false;
  }
  {
    const std::lock_guard guard(lock_);
    facts_.is_aof_ok = true;
    facts_.aof_error.clear();
  }
  log(LogLevel::kNotice, "The append-only file is written again");
  refuse_or_allow_writes();
}

// As Redis: a failed background save comes first, and the error of the log is the system's reason
// alone.
void Persistence::refuse_or_allow_writes() {
  const std::lock_guard guard(lock_);
  if (!facts_.was_save_ok && options_.stop_writes_on_bgsave_error && !options_.save.empty()) {
    set_->set_write_refusal(std::string(kSaveFailed));
  } else if (!facts_.is_aof_ok) {
    const size_t colon = facts_.aof_error.rfind(": ");
    const size_t begin = colon == std::string::npos ? 0 : colon + 2;
    set_->set_write_refusal("MISCONF Errors writing to the AOF file: " +
                            facts_.aof_error.substr(begin));
  } else {
    set_->set_write_refusal(std::nullopt);
  }
}

uint64_t Persistence::unwritten() const {
  const auto written = static_cast<uint64_t>(aof_->written());
  const auto end = static_cast<uint64_t>(journal_->end());
  return end > written ? end - written : 0;
}

// Called after the journal has grown beyond the bound, and after it was written while writes wait.
// Whoever changes one of the two numbers looks at both under the lock, so no change is missed.
void Persistence::hold_or_allow_writes() {
  const std::lock_guard guard(hold_lock_);
  const bool holds = set_->holds_writes();
  const uint64_t most = holds ? kUnwrittenBytesMax / 2 : kUnwrittenBytesMax;
  const bool is_too_much = is_aof_on() && unwritten() > most;
  if (is_too_much == holds) return;
  set_->hold_writes(is_too_much);
  log(LogLevel::kWarning, is_too_much
                              ? "Writes wait: the disk does not keep up with the append-only file"
                              : "Writes go on: the append-only file has been written");
  if (is_too_much) return;
  for (size_t id = 0; id < set_->size(); ++id)
    set_->submit(id, [](Shard&) {});
}

// ---- Cuts.

Persistence::Cut Persistence::take_cut(const CutUse& use) {
  const PersistOptions now = options();
  Cut cut;
  cut.facts.redis_version = redis_version_;
  cut.facts.unix_s = unix_s();
  cut.facts.used_memory = set_->memory_used();
  cut.facts.is_aof_base = use.is_aof_base;
  hold_all([&](const Hold& hold) {
    const engine::EngineOptions& engine = set_->options();
    const engine::EvictionPolicy policy = engine.maxmemory_policy;
    const bool counts_uses = policy == engine::EvictionPolicy::kVolatileLfu ||
                             policy == engine::EvictionPolicy::kAllkeysLfu;
    const bool notes_idle = policy == engine::EvictionPolicy::kVolatileLru ||
                            policy == engine::EvictionPolicy::kAllkeysLru;
    Snapshot::Options options{.shards = set_->size()};
    std::vector<const ShardSnapshots*> all;
    for (const auto& snapshots : snapshots_)
      all.push_back(snapshots.get());
    const std::optional<store::Mark> mark = ShardSnapshots::free_mark(all);
    if (!mark) return;
    options.mark = *mark;
    options.write = {.version = static_cast<unsigned>(engine.rdb_version),
                     .access = counts_uses  ? rdb::AccessNote::kFrequency
                               : notes_idle ? rdb::AccessNote::kIdle
                                            : rdb::AccessNote::kNone,
                     .now_ms = hold.now_ms(),
                     .lfu_decay_time_min = engine.lfu_decay_time_min};
    options.may_raise_version = engine.rdb_version == rdb::kVersionUsual;
    options.spill = {.disk = disk_,
                     .clock = &set_->clock(),
                     .bytes_max = now.snapshot_spill_size,
                     .began = log_spilling};
    options.wake = [set = set_](size_t shard) { set->submit(shard, [](Shard&) {}); };
    cut.snapshot = std::make_shared<Snapshot>(*set_->ports().parking, std::move(options));
    for (size_t id = 0; id < set_->size(); ++id) {
      // What ran under this hold before the cut belongs to it.
      set_->at(id).release().join_journal();
      cut.changes += set_->at(id).stats().dirty;
      snapshots_[id]->begin(cut.snapshot);
    }
    cut.is_compressed = engine.rdbcompression;
    for (const auto& [name, library] : scripting_->libraries().all())
      cut.facts.functions.push_back(library->code);
    if (journal_ == nullptr) return;
    const std::optional<engine::DbIndex> db = journal_->database();
    cut.place = journal_->end_place();
    cut.facts.stream = {
        .replid = replid_, .offset = cut.place.offset, .db = db ? static_cast<int64_t>(*db) : 0};
    if (use.next == nullptr) return;
    journal_->select_again();
    aof_->begin_file(std::move(*use.next), cut.place);
    if (use.begins_log) attach_lanes();
  });
  return cut;
}

// Writes the snapshot to a file, and tells of its progress meanwhile.
Result<uint64_t> Persistence::write_cut(Cut& cut, const std::string& path) {
  if (cut.snapshot == nullptr)
    return Error::literal("two snapshots are under way, or were given up just now");
  const PersistOptions now = options();
  {
    const std::lock_guard guard(lock_);
    if (ends_) cut.snapshot->give_up("the server ends");
    saving_ = cut.snapshot;
    facts_.snapshot_peak_bytes = 0;
  }
  Result<uint64_t> bytes =
      write_rdb_file(*disk_, path, *cut.snapshot, cut.facts,
                     {.is_compressed = cut.is_compressed,
                      .has_checksum = now.rdbchecksum,
                      .syncs_often = cut.facts.is_aof_base ? now.aof_rewrite_incremental_fsync
                                                           : now.rdb_save_incremental_fsync,
                      .pace = pace(*cut.snapshot)});
  const std::lock_guard guard(lock_);
  facts_.snapshot_turn_max_ns = cut.snapshot->progress().turn_max_ns;
  saving_ = nullptr;
  return bytes;
}

// Returns what is done after each chunk that was written: the memory of the snapshot is noted.
std::function<void()> Persistence::pace(const Snapshot& snapshot) {
  return [this, &snapshot, seen = size_t{0}]() mutable {
    const Snapshot::Progress now = snapshot.progress();
    {
      const std::lock_guard guard(lock_);
      facts_.snapshot_peak_bytes =
          std::max<uint64_t>(facts_.snapshot_peak_bytes, now.queued_bytes + now.overlay_bytes);
    }
    wait_for_keys(snapshot, seen);
  };
}

// rdb-key-save-delay: waits so many microseconds for each key that was written.
void Persistence::wait_for_keys(const Snapshot& snapshot, size_t& seen) const {
  const size_t done = snapshot.progress().keys_done;
  for (; seen < done && !snapshot.is_given_up(); ++seen) {
    const int64_t delay_us = options().rdb_key_save_delay_us;
    if (delay_us <= 0) {
      seen = done;
      return;
    }
    // In slices, so that the end of the server and a change of the option are noticed.
    for (int64_t left = delay_us; left > 0 && !snapshot.is_given_up(); left -= 10'000) {
      rest(std::chrono::microseconds(std::min<int64_t>(left, 10'000)));
      if (options().rdb_key_save_delay_us <= 0) break;
    }
  }
}

bool Persistence::step(Shard& shard, uint64_t turn_ns) {
  published_[shard.id()].changes.store(shard.stats().dirty, std::memory_order_relaxed);
  ShardSnapshots& snapshots = *snapshots_[shard.id()];
  if (snapshots.is_idle()) [[likely]]
    return false;
  snapshots.end_turn();
  const uint64_t allowed_ns =
      turn_ns < kWalkNsMin ? kIdleWalkNs : std::clamp(turn_ns / 3, kWalkNsMin, kWalkNsMax);
  const uint64_t began = cycles();
  StepResult result = StepResult::kWorks;
  while (result == StepResult::kWorks &&
         static_cast<uint64_t>(cycles_to_ns(cycles() - began)) < allowed_ns)
    result = snapshots.step(Budget(kStepElements, kStepBytes));
  return result == StepResult::kWorks;
}

size_t Persistence::uncounted_bytes() const {
  size_t bytes = is_aof_on() ? journal_->numbers().memory : 0;
  const std::lock_guard guard(lock_);
  if (saving_ == nullptr) return bytes;
  const Snapshot::Progress progress = saving_->progress();
  return bytes + progress.queued_bytes + progress.overlay_bytes;
}

uint64_t Persistence::changes() const {
  return std::accumulate(published_.begin(), published_.end(), uint64_t{0},
                         [](uint64_t sum, const Published& shard) {
                           return sum + shard.changes.load(std::memory_order_relaxed);
                         });
}

// ---- Jobs.

void Persistence::save(engine::LaterAnswer answer) {
  {
    const std::lock_guard guard(lock_);
    if (facts_.is_saving || wants_save_) {
      answer([](resp::ReplyWriter& to) { to.error("ERR Background save already in progress"); });
      return;
    }
  }
  save_then([answer = std::move(answer)](const Status& done) {
    const bool is_ok = done.ok();
    answer([is_ok](resp::ReplyWriter& to) {
      if (is_ok) {
        to.ok();
      } else {
        to.error("ERR");
      }
    });
  });
}

void Persistence::save_at_end(Done done) {
  {
    const std::lock_guard guard(lock_);
    if (saving_ != nullptr) saving_->give_up("the server ends, and saves once more");
  }
  save_then(std::move(done));
}

void Persistence::save_emptied() {
  uint64_t made = 0;
  for (size_t id = 0; id < set_->size(); ++id) {
    made += set_->at(id).stats().dirty;
    published_[id].changes.store(set_->at(id).stats().dirty, std::memory_order_relaxed);
  }
  changes_saved_ = made;
  const std::lock_guard guard(lock_);
  if (saving_ != nullptr && facts_.is_saving)
    saving_->give_up("FLUSHALL has dropped what it saves");
  wants_save_ = true;
  save_thread_.wake();
}

void Persistence::save_then(Done done) {
  {
    const std::lock_guard guard(lock_);
    wants_save_ = true;
    save_waits_.push_back(std::move(done));
  }
  save_thread_.wake();
}

Result<std::string_view> Persistence::save_in_background(bool schedules, bool in_transaction) {
  const std::lock_guard guard(lock_);
  if (facts_.is_saving) return Error::literal("ERR Background save already in progress");
  const bool is_busy = facts_.is_rewriting || in_transaction;
  if (is_busy && !schedules && !in_transaction) {
    return Error::literal(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE "
        "in order to schedule a BGSAVE whenever possible.");
  }
  wants_save_ = is_save_background_ = true;
  facts_.is_saving = !is_busy;
  facts_.save_began_s = unix_s();
  save_thread_.wake();
  return std::string_view(is_busy ? "Background saving scheduled" : "Background saving started");
}

Result<std::string_view> Persistence::rewrite_in_background(bool in_transaction) {
  const std::lock_guard guard(lock_);
  if (facts_.is_rewriting) {
    return Error::literal("ERR Background append only file rewriting already in progress");
  }
  const bool is_busy = facts_.is_saving || in_transaction;
  wants_rewrite_ = true;
  facts_.is_rewriting = !is_busy;
  facts_.rewrite_began_s = unix_s();
  save_thread_.wake();
  return std::string_view(is_busy ? "Background append only file rewriting scheduled"
                                  : "Background append only file rewriting started");
}

std::optional<int64_t> Persistence::run_jobs() {
  turn_aof_on_or_off();
  bool saves;
  bool rewrites;
  bool reloads;
  {
    const std::lock_guard guard(lock_);
    saves = std::exchange(wants_save_, false);
    rewrites = !saves && std::exchange(wants_rewrite_, false);
    reloads = wants_reload_.has_value();
  }
  if (saves || is_save_due()) {
    run_save();
  } else if (rewrites || is_rewrite_due()) {
    run_rewrite();
  } else if (reloads) {
    run_reload();
  } else {
    return now_ns() + kLookPeriodNs;
  }
  return now_ns();
}

bool Persistence::is_save_due() {
  const PersistOptions now = options();
  if (now.save.empty()) return false;
  const int64_t now_s = unix_s();
  bool was_ok;
  {
    const std::lock_guard guard(lock_);
    was_ok = facts_.was_save_ok;
  }
  if (!was_ok && now_s - save_tried_s_ <= kSaveRetryS) return false;
  const uint64_t made = changes();
  const uint64_t saved = changes_saved_;
  const uint64_t unsaved = made > saved ? made - saved : 0;
  return std::ranges::any_of(now.save, [&](const SavePoint& point) {
    if (unsaved < static_cast<uint64_t>(point.changes)) return false;
    if (now_s - last_save_s_ <= point.seconds) return false;
    log(LogLevel::kNotice, std::to_string(point.changes) + " changes in " +
                               std::to_string(point.seconds) + " seconds. Saving...");
    const std::lock_guard guard(lock_);
    is_save_background_ = true;
    return true;
  });
}

void Persistence::run_save() {
  const int64_t began_s = unix_s();
  save_tried_s_ = began_s;
  {
    const std::lock_guard guard(lock_);
    facts_.is_saving = true;
    facts_.save_began_s = began_s;
  }
  log(LogLevel::kNotice, "Background saving started");
  const Status done = write_save();
  std::vector<Done> waits;
  {
    const std::lock_guard guard(lock_);
    facts_.is_saving = false;
    const bool is_background = std::exchange(is_save_background_, false);
    if (done.ok() || is_background) facts_.was_save_ok = done.ok();
    facts_.save_time_s = unix_s() - began_s;
    facts_.save_peak_bytes = facts_.snapshot_peak_bytes;
    if (done.ok()) ++facts_.saves;
    waits = std::exchange(save_waits_, {});
  }
  refuse_or_allow_writes();
  if (done.ok()) {
    log(LogLevel::kNotice, "DB saved on disk");
    log(LogLevel::kNotice, "Background saving terminated with success");
  } else {
    log(LogLevel::kWarning, std::string(kDiskError),
        {{"reason", std::string(done.error().message())}});
  }
  for (const Done& wait : waits)
    wait(done.ok() ? Status() : Status(Error::text(std::string(done.error().message()))));
}

Status Persistence::write_save() {
  const PersistOptions now = options();
  Cut cut = take_cut({});
  const std::string temporary = "temp-" + std::to_string(::getpid()) + ".rdb";
  const Result<uint64_t> bytes = write_cut(cut, temporary);
  if (!bytes.ok()) return bytes.error();
  if (Status renamed = disk_->rename(temporary, now.dbfilename); !renamed.ok()) {
    static_cast<void>(disk_->remove(temporary).ok());
    return renamed;
  }
  if (Status synced = disk_->sync_directory("."); !synced.ok()) return synced;
  changes_saved_ = cut.changes;
  last_save_s_ = unix_s();
  return {};
}

// ---- The append-only log: rewrites, on and off.

bool Persistence::is_rewrite_due() {
  if (!is_aof_on()) return false;
  const PersistOptions now = options();
  const PersistFacts facts = this->facts();
  if (now.auto_aof_rewrite_percentage <= 0 || facts.aof_bytes < now.auto_aof_rewrite_min_size)
    return false;
  if (unix_s() < rewrite_not_before_s_) return false;
  const uint64_t base = std::max<uint64_t>(facts.aof_base_bytes, 1);
  const uint64_t growth = facts.aof_bytes > base ? (facts.aof_bytes - base) * 100 / base : 0;
  if (growth < static_cast<uint64_t>(now.auto_aof_rewrite_percentage)) return false;
  log(LogLevel::kNotice,
      "Starting automatic rewriting of AOF on " + std::to_string(growth) + "% growth");
  return true;
}

void Persistence::run_rewrite() {
  const int64_t began_s = unix_s();
  {
    const std::lock_guard guard(lock_);
    facts_.is_rewriting = true;
    facts_.rewrite_began_s = began_s;
  }
  log(LogLevel::kNotice, "Background append only file rewriting started");
  const Status done = is_aof_on() ? write_base() : wants_aof_ ? enable_aof() : write_lone_base();
  uint64_t failures;
  {
    const std::lock_guard guard(lock_);
    facts_.is_rewriting = false;
    facts_.was_rewrite_ok = done.ok();
    facts_.rewrite_time_s = unix_s() - began_s;
    facts_.rewrite_peak_bytes = facts_.snapshot_peak_bytes;
    if (done.ok()) ++facts_.rewrites;
    facts_.rewrite_failures = done.ok() ? 0 : facts_.rewrite_failures + 1;
    failures = facts_.rewrite_failures;
  }
  if (failures >= kRewriteFailuresFree) {
    const uint64_t doublings = std::min<uint64_t>(failures - kRewriteFailuresFree, 6);
    rewrite_not_before_s_ = unix_s() + std::min<int64_t>(60 << doublings, kRewriteWaitMaxS);
  }
  if (done.ok()) {
    log(LogLevel::kNotice, "Background AOF rewrite finished successfully");
  } else {
    log(LogLevel::kWarning, "Background AOF rewrite terminated with error",
        {{"reason", std::string(done.error().message())}});
  }
}

// Writes a new base as of a cut, at which a new increment begins.
Status Persistence::write_base() {
  Result<OpenIncrement> next = files_->make_increment(replid_);
  if (!next.ok()) return next.error();
  const std::string name = next->name;
  if (options().no_appendfsync_on_rewrite) aof_->pause_syncs(true);
  Cut cut = take_cut({.is_aof_base = true, .next = &*next});
  if (cut.snapshot == nullptr) files_->discard_increment(name);
  const Result<uint64_t> bytes = write_cut(cut, files_->new_base_path());
  aof_->pause_syncs(false);
  if (!bytes.ok()) return bytes.error();
  wait_until_begun(name);
  if (Status finished = files_->finish_rewrite(name, cut.place); !finished.ok()) return finished;
  const uint64_t written = aof_->numbers().bytes;
  before_bytes_ = files_->bytes();
  written_before_ = written;
  base_bytes_ = before_bytes_.load();
  return {};
}

void Persistence::turn_aof_on_or_off() {
  const bool wants = wants_aof_.load(std::memory_order_relaxed);
  if (wants == is_aof_on()) return;
  if (!wants) {
    disable_aof();
    return;
  }
  if (unix_s() < rewrite_not_before_s_) return;
  run_rewrite();
}

// Begins to log: into a file that joins the manifest when the base stands on the disk, so that
// files that are found after a crash are the log of before, or the whole new one.
Status Persistence::enable_aof() {
  if (Status found = find_files(); !found.ok()) return found;
  Result<OpenIncrement> first = files_->make_first_increment(replid_);
  const auto begin = [&]() -> Status {
    if (!first.ok()) return first.error();
    const std::string name = first->name;
    if (journal_ == nullptr) make_journal({});
    Cut cut = take_cut({.is_aof_base = true, .next = &*first, .begins_log = true});
    const Result<uint64_t> bytes = write_cut(cut, files_->new_base_path());
    if (!bytes.ok()) return bytes.error();
    wait_until_begun(name);
    return files_->begin_log();
  };
  Status done = begin();
  if (!done.ok()) {
    if (is_aof_on()) {
      hold_all([this](const Hold&) { detach_lanes(); });
      end_aof_file(false);
    }
    files_->give_up_log();
    return done;
  }
  before_bytes_ = base_bytes_ = files_->bytes();
  written_before_ = aof_->numbers().bytes;
  return done;
}

// Waits until the writer goes on in the increment, or will not do so soon.
void Persistence::wait_until_begun(const std::string& name) {
  while (files_->is_made(name) && !aof_->numbers().is_failing && !ends_)
    rest(std::chrono::milliseconds(1));
}

Status Persistence::find_files() {
  if (files_ != nullptr) return {};
  auto files = std::make_unique<AofFiles>(*disk_, *set_->ports().entropy, layout());
  if (const Result<RecoveryPlan> plan = files->open(true); !plan.ok()) return plan.error();
  files_ = std::move(files);
  return {};
}

// BGREWRITEAOF while nothing is logged: the base is written all the same, as in Redis.
Status Persistence::write_lone_base() {
  if (Status found = find_files(); !found.ok()) return found;
  Cut cut = take_cut({.is_aof_base = true});
  const Result<uint64_t> bytes = write_cut(cut, files_->new_base_path());
  if (!bytes.ok()) return bytes.error();
  return files_->replace_base();
}

void Persistence::disable_aof() {
  hold_all([this](const Hold&) { detach_lanes(); });
  end_aof_file(true);
  log(LogLevel::kNotice, "The append-only file is off");
}

void Persistence::end_aof_file(bool keeps) {
  aof_->ask_end(keeps);
  while (!aof_->is_ended() && !ends_)
    rest(std::chrono::milliseconds(1));
  hold_or_allow_writes();
}

void Persistence::attach_lanes() {
  const std::lock_guard guard(release_lock_);
  released_ = journal_->end();
  set_->begin_gating(released_);
  for (size_t id = 0; id < set_->size(); ++id)
    set_->at(id).set_sink(lanes_[id].get());
  is_aof_on_ = true;
}

// What was recorded before joins the journal; replies wait for nothing any more.
void Persistence::detach_lanes() {
  for (size_t id = 0; id < set_->size(); ++id) {
    set_->at(id).release().join_journal();
    set_->at(id).set_sink(nullptr);
  }
  is_aof_on_ = false;
  const std::lock_guard guard(release_lock_);
  released_ = engine::kLsnMax;
  set_->release_up_to(released_);
}

// ---- DEBUG RELOAD and LOADAOF.

void Persistence::reload(Reload reload, engine::LaterAnswer answer) {
  {
    const std::lock_guard guard(lock_);
    wants_reload_ = reload;
    reload_waits_.push_back([answer = std::move(answer)](const Status& done) {
      const std::string error = done.ok() ? "" : "ERR " + std::string(done.error().message());
      answer([error](resp::ReplyWriter& to) {
        if (error.empty()) {
          to.ok();
        } else {
          to.error(error);
        }
      });
    });
  }
  save_thread_.wake();
}

void Persistence::run_reload() {
  Reload reload;
  std::vector<Done> waits;
  {
    const std::lock_guard guard(lock_);
    reload = *std::exchange(wants_reload_, std::nullopt);
    waits = std::exchange(reload_waits_, {});
  }
  const auto run = [&]() -> Status {
    if (reload.from_aof && !is_aof_on())
      return Error::literal("Error trying to load the AOF files");
    if (!reload.from_aof && reload.saves_first) {
      if (Status saved = write_save(); !saved.ok()) return saved;
    }
    if (reload.from_aof) wait_until_written();
    set_->set_loading(true);
    if (reload.flushes_first) {
      hold_all([this](const Hold& hold) {
        for (int64_t db = 0; db < set_->options().databases; ++db)
          engine::flush_db(hold, engine::DbIndex{static_cast<uint32_t>(db)},
                           engine::FlushMode::kAsync);
      });
    }
    Status done = reload.from_aof ? load_log_again() : load_rdb_again(reload.flushes_first);
    set_->set_loading(false);
    return done;
  };
  const Status done = run();
  if (!done.ok()) log(LogLevel::kWarning, std::string(done.error().message()));
  for (const Done& wait : waits)
    wait(done.ok()
             ? Status()
             : Status(Error::literal("Error trying to load the RDB dump, check server logs")));
}

Status Persistence::load_rdb_again(bool is_fresh) {
  const PersistOptions now = options();
  const Result<std::optional<Disk::FileInfo>> found = disk_->find(now.dbfilename);
  if (!found.ok()) return found.error();
  begin_progress(*found ? (*found)->size : 0);
  Loader loader(*set_, *disk_, load_progress_);
  return loader.load_rdb(now.dbfilename, {.drops_expired = true,
                                          .is_fresh = is_fresh,
                                          .checks_sum = now.rdbchecksum,
                                          .after_key = wait_after_key()});
}

Status Persistence::load_log_again() {
  const Result<RecoveryPlan> plan =
      plan_recovery(*disk_, files_->layout(), {.load_truncated = true});
  if (!plan.ok()) return plan.error();
  begin_progress(bytes_of(*plan));
  Loader loader(*set_, *disk_, load_progress_);
  return load_files(*plan, loader);
}

void Persistence::wait_until_written() {
  const Lsn end = journal_->end();
  while (aof_->numbers().written.lsn < end && !aof_->numbers().is_failing && !ends_)
    rest(std::chrono::milliseconds(1));
}

PersistFacts Persistence::facts() const {
  PersistFacts facts;
  std::shared_ptr<Snapshot> saving;
  {
    const std::lock_guard guard(lock_);
    facts = facts_;
    saving = saving_;
    facts.is_save_scheduled = wants_save_ && !facts_.is_saving;
    facts.is_rewrite_scheduled = wants_rewrite_ && !facts_.is_rewriting;
  }
  facts.is_loading = set_->is_loading();
  facts.load_bytes_total = load_progress_.bytes_total;
  facts.load_bytes = load_progress_.bytes_loaded;
  facts.load_keys = load_progress_.keys_loaded;
  facts.load_keys_expired = load_progress_.keys_expired;
  facts.last_save_s = last_save_s_;
  facts.changes_saved = changes_saved_;
  if (saving != nullptr) {
    const Snapshot::Progress progress = saving->progress();
    facts.keys_total = progress.keys_total;
    facts.keys_done = progress.keys_done;
    facts.snapshot_bytes = progress.queued_bytes + progress.overlay_bytes;
    facts.spilled_bytes = progress.spilled_bytes;
    facts.snapshot_turn_max_ns = progress.turn_max_ns;
  }
  facts.uncounted_bytes = uncounted_bytes();
  facts.is_aof_on = is_aof_on();
  if (!facts.is_aof_on) return facts;
  const AofWriter::Numbers aof = aof_->numbers();
  const Journal::Numbers journal = journal_->numbers();
  facts.has_journal = true;
  facts.offset = journal.end.offset;
  facts.journal_begin = journal.begin.offset;
  facts.journal_bytes = journal.memory;
  facts.aof_base_bytes = base_bytes_;
  facts.aof_bytes = before_bytes_ + (aof.bytes - std::min(aof.bytes, written_before_.load()));
  facts.aof_pending_bytes =
      static_cast<uint64_t>(journal.end.lsn) - static_cast<uint64_t>(aof.written.lsn);
  facts.aof_unsynced_bytes =
      static_cast<uint64_t>(journal.end.lsn) - static_cast<uint64_t>(aof.synced.lsn);
  if (aof.unsynced_since_ns != 0)
    facts.aof_unsynced_ms = (now_ns() - aof.unsynced_since_ns) / kNsPerMs;
  facts.is_sync_pending = aof.is_sync_pending;
  facts.delayed_syncs = aof.delayed_syncs;
  facts.syncs = aof.syncs;
  facts.aof_failures = aof.failures;
  return facts;
}

}  // namespace kvstash::persist
