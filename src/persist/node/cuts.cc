#include "persist/node/cuts.h"

#include "base/ensure.h"
#include "base/log.h"
#include "persist/node/command_file.h"
#include "scripting/scripting.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Hold;
using engine::Shard;

// The walk of a snapshot takes a quarter of a busy shard's time: a third of what a turn took so
// far. An idle shard gives it this long.
constexpr uint64_t kIdleWalkNs = 500'000;
constexpr uint64_t kWalkNsMax = 1'000'000;
constexpr uint64_t kWalkNsMin = 50'000;
// One step of a walk, between two looks at the clock.
constexpr size_t kStepElements = 64;
constexpr size_t kStepBytes = size_t{64} << 10;
// A wait for rdb-key-save-delay is cut into slices, so that a change of it is noticed.
constexpr int64_t kDelaySliceUs = 10'000;

size_t bytes_of(const Snapshot::Progress& progress) {
  return progress.queued_bytes + progress.overlay_bytes;
}

rdb::AccessNote access_note(engine::EvictionPolicy policy) {
  switch (policy) {
    case engine::EvictionPolicy::kVolatileLfu:
    case engine::EvictionPolicy::kAllkeysLfu:
      return rdb::AccessNote::kFrequency;
    case engine::EvictionPolicy::kVolatileLru:
    case engine::EvictionPolicy::kAllkeysLru:
      return rdb::AccessNote::kIdle;
    default:
      return rdb::AccessNote::kNone;
  }
}

void log_spilling() {
  log(LogLevel::kNotice,
      "The file of the snapshot is written more slowly than data changes: what was changed goes to "
      "a scratch file until it can be written (snapshot-spill-size)");
}

}  // namespace

Cuts::Cuts(NodeContext& node, BackgroundWaits& waits, const NodeJournal& journal)
    : node_(&node), waits_(&waits), journal_(&journal) {
  for (size_t id = 0; id < node.set().size(); ++id) {
    engine::ShardData& data = node.set().at(id).data();
    snapshots_.push_back(std::make_unique<ShardSnapshots>(
        id, data.memory(), [&data](const ShardSnapshots::Visit& visit) {
          data.each_keyspace([&](engine::DbIndex db, store::Keyspace& space) {
            visit(static_cast<uint32_t>(db), space);
          });
        }));
  }
}

Cut Cuts::take(const CutOptions& options, const std::function<void()>& at_cut) {
  Cut cut;
  cut.is_rdb = !options.is_aof_base || node_->options().aof_use_rdb_preamble;
  waits_->hold_all([&](const Hold& hold) { begin(cut, options, at_cut, hold); });
  return cut;
}

RdbFacts Cuts::facts() const {
  RdbFacts facts{.redis_version = node_->redis_version(),
                 .unix_s = node_->unix_s(),
                 .used_memory = node_->set().memory_used(),
                 .stream = journal_->stream()};
  for (const auto& [name, library] : node_->scripting().libraries().all())
    facts.functions.push_back(library->code);
  return facts;
}

void Cuts::begin(Cut& cut, const CutOptions& options, const std::function<void()>& at_cut,
                 const Hold& hold) {
  engine::ShardSet& set = node_->set();
  std::vector<const ShardSnapshots*> all;
  for (const auto& snapshots : snapshots_)
    all.push_back(snapshots.get());
  const std::optional<store::Mark> mark = ShardSnapshots::free_mark(all);
  if (!mark) return;
  // What a primary has sent, and what ran under this hold before the cut, belongs to it.
  const std::unique_lock settled = journal_->settle(hold);
  at_cut();
  Snapshot::Options snapshot = snapshot_options(options, hold);
  snapshot.mark = *mark;
  // Commands tell no access clocks, and entries of any version become commands.
  if (!cut.is_rdb) {
    snapshot.write = {};
    snapshot.may_raise_version = true;
  }
  cut.snapshot = std::make_shared<Snapshot>(*set.ports().parking, std::move(snapshot));
  for (size_t id = 0; id < set.size(); ++id) {
    cut.changes += set.at(id).stats().dirty;
    snapshots_[id]->begin(cut.snapshot);
  }
  cut.facts = facts();
  cut.facts.is_aof_base = options.is_aof_base;
  cut.place = journal_->journal().end_place();
  cut.is_compressed = set.options().rdbcompression;
}

Snapshot::Options Cuts::snapshot_options(const CutOptions& cut, const Hold& hold) {
  engine::ShardSet& set = node_->set();
  const engine::EngineOptions& engine = set.options();
  const auto version = static_cast<unsigned>(engine.rdb_version);
  const unsigned version_max = cut.version_max.value_or(rdb::kReadVersionMax);
  Snapshot::Options options{.shards = set.size()};
  options.spill = {.ports = &set.ports(),
                   .bytes_max = node_->options().snapshot_spill_size,
                   .began = log_spilling};
  options.wake = [&set](size_t shard) { set.submit(shard, [](Shard&) {}); };
  options.write = {.version = std::min(version, version_max),
                   .access = access_note(engine.maxmemory_policy),
                   .now_ms = hold.now_ms(),
                   .lfu_decay_time_min = engine.lfu_decay_time_min};
  options.may_raise_version =
      version == rdb::kVersionUsual && version_max >= rdb::kVersionOfFieldDeadlines;
  return options;
}

Result<uint64_t> Cuts::write(Cut& cut, const std::string& path) {
  if (cut.snapshot == nullptr)
    return Error::literal("two snapshots are under way, or were given up just now");
  const PersistOptions now = node_->options();
  {
    const std::lock_guard guard(lock_);
    if (waits_->has_ended()) cut.snapshot->give_up("the server ends");
    writing_ = cut.snapshot;
    peak_bytes_ = 0;
  }
  const RdbFileOptions options{
      .is_compressed = cut.is_compressed,
      .has_checksum = now.rdbchecksum,
      .file = {.syncs_often = cut.facts.is_aof_base ? now.aof_rewrite_incremental_fsync
                                                    : now.rdb_save_incremental_fsync,
               .pace = pace(*cut.snapshot)}};
  Result<uint64_t> bytes =
      cut.is_rdb ? write_rdb_file(node_->disk(), path, *cut.snapshot, cut.facts, options)
                 : write_command_file(node_->disk(), path, *cut.snapshot, cut.facts, options.file,
                                      now.aof_timestamp_enabled);
  const std::lock_guard guard(lock_);
  turn_max_ns_ = cut.snapshot->progress().turn_max_ns;
  writing_ = nullptr;
  return bytes;
}

Status Cuts::send(Cut& cut, const TakeBytes& take) {
  ensure(cut.snapshot != nullptr);
  {
    const std::lock_guard guard(lock_);
    if (waits_->has_ended()) cut.snapshot->give_up("the server ends");
    sending_ = cut.snapshot;
  }
  Status done = write_rdb(
      *cut.snapshot, cut.facts,
      {.is_compressed = cut.is_compressed, .has_checksum = node_->options().rdbchecksum}, take);
  const std::lock_guard guard(lock_);
  sending_ = nullptr;
  return done;
}

// Returns what is done after each chunk that was written: the memory of the snapshot is noted.
std::function<void()> Cuts::pace(const Snapshot& snapshot) {
  return [this, &snapshot, seen = size_t{0}]() mutable {
    const uint64_t bytes = bytes_of(snapshot.progress());
    {
      const std::lock_guard guard(lock_);
      peak_bytes_ = std::max(peak_bytes_, bytes);
    }
    wait_for_keys(snapshot, seen);
  };
}

// rdb-key-save-delay: waits so many microseconds for each key that was written.
void Cuts::wait_for_keys(const Snapshot& snapshot, size_t& seen) {
  const size_t done = snapshot.progress().keys_done;
  for (; seen < done && !snapshot.is_given_up(); ++seen) {
    const int64_t delay_us = node_->options().rdb_key_save_delay_us;
    if (delay_us <= 0) {
      seen = done;
      return;
    }
    for (int64_t left = delay_us; left > 0 && !snapshot.is_given_up(); left -= kDelaySliceUs) {
      waits_->rest(std::chrono::microseconds(std::min(left, kDelaySliceUs)));
      if (node_->options().rdb_key_save_delay_us <= 0) break;
    }
  }
}

bool Cuts::step(Shard& shard, uint64_t turn_ns) {
  ShardSnapshots& snapshots = *snapshots_[shard.id()];
  if (snapshots.is_idle()) [[likely]]
    return false;
  snapshots.end_turn();
  const uint64_t allowed_ns =
      turn_ns < kWalkNsMin ? kIdleWalkNs : std::clamp(turn_ns / 3, kWalkNsMin, kWalkNsMax);
  const int64_t end_ns = node_->now_ns() + static_cast<int64_t>(allowed_ns);
  StepResult result = StepResult::kWorks;
  do {
    result = snapshots.step(Budget(kStepElements, kStepBytes));
  } while (result == StepResult::kWorks && node_->now_ns() < end_ns);
  return result == StepResult::kWorks;
}

void Cuts::give_up(std::string_view why) {
  const std::lock_guard guard(lock_);
  if (writing_ != nullptr) writing_->give_up(std::string(why));
}

void Cuts::give_up_sending(std::string_view why) {
  const std::lock_guard guard(lock_);
  if (sending_ != nullptr) sending_->give_up(std::string(why));
}

bool Cuts::is_writing() const {
  const std::lock_guard guard(lock_);
  return writing_ != nullptr;
}

size_t Cuts::bytes() const {
  const std::lock_guard guard(lock_);
  size_t bytes = 0;
  for (const auto& snapshot : {writing_, sending_})
    if (snapshot != nullptr) bytes += bytes_of(snapshot->progress());
  return bytes;
}

uint64_t Cuts::peak_bytes() const {
  const std::lock_guard guard(lock_);
  return peak_bytes_;
}

void Cuts::tell(PersistFacts& facts) const {
  const std::lock_guard guard(lock_);
  facts.snapshot_peak_bytes = peak_bytes_;
  facts.snapshot_turn_max_ns = turn_max_ns_;
  if (writing_ == nullptr) return;
  const Snapshot::Progress progress = writing_->progress();
  facts.keys_total = progress.keys_total;
  facts.keys_done = progress.keys_done;
  facts.snapshot_bytes = bytes_of(progress);
  facts.spilled_bytes = progress.spilled_bytes;
  facts.snapshot_turn_max_ns = progress.turn_max_ns;
}

void Cuts::finish() {
  for (const auto& snapshots : snapshots_) {
    while (snapshots->step(Budget(kStepElements, kStepBytes)) == StepResult::kWorks) {
    }
  }
}

}  // namespace kvstash::persist
