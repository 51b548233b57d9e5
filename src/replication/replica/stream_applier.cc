#include "replication/replica/stream_applier.h"

#include "base/ensure.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/reach.h"
#include "engine/execution/command_runner.h"
#include "engine/shard.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace kvstash::replication {
namespace {

using engine::Command;
using engine::DbIndex;
using engine::Hold;
using engine::Scope;
using engine::Shard;

constexpr uint64_t kUnitBytesMax = uint64_t{4} << 30;
// No more is read while shards have more than so many bytes still to apply.
constexpr uint64_t kUnderWayBytesMax = uint64_t{16} << 20;
constexpr int64_t kWaitNs = 50'000'000;  // A wait looks so often whether it is to be given up.

// What the records of a stream may be: changes, and what replicas are told. A primary that sends
// anything else, which may need a client's connection, or end the server, is not obeyed.
bool is_of_stream(const Command& command) {
  constexpr uint32_t kFlags = engine::kWrite | engine::kMayReplicate;
  const engine::CommandSpec& spec = *command.spec;
  const bool is_script =
      spec.group == engine::CommandGroup::kScripting && !command.has(engine::kWrite);
  return spec.run != nullptr && (spec.flags & kFlags) != 0 && !is_script &&
         spec.scope != Scope::kSession && spec.scope != Scope::kGather;
}

void tell_failure(std::string_view name, std::string_view why) {
  log(LogLevel::kWarning, "== CRITICAL == This replica is sending an error to its master: '" +
                              std::string(why) + "' after processing the command '" +
                              std::string(name) + "'");
}

// The shard of all keys of a record; nothing: it needs several, or it is not known.
std::optional<size_t> shard_of(engine::ShardSet& set, const Command& command,
                               std::span<const std::string_view> argv) {
  if (set.size() == 1) return 0;
  const bool finds = command.spec->find_scope != nullptr;
  if (finds || command.spec->scope == Scope::kAllShards) return std::nullopt;
  engine::Reach reach;
  reach.add(command, argv, set.at(0));
  const auto shards = reach.shards();
  if (reach.needs_all() || shards.empty()) return std::nullopt;
  const size_t first = shards.front();
  const bool is_one = std::ranges::all_of(shards, [first](size_t shard) { return shard == first; });
  return is_one ? std::optional<size_t>(first) : std::nullopt;
}

}  // namespace

// Records that are run one after the other.
struct StreamApplier::Batch {
  struct Record {
    const Command* command;
    DbIndex db;
    size_t words;
  };
  struct Word {
    size_t offset;
    size_t size;
  };

  void run(const Hold& hold) const {
    // What a replica applies stands in its own log, and its replicas read the primary's stream.
    engine::CommandRunner runner(hold,
                                 {.records = engine::RecordTarget::kAof, .tells_events = true});
    std::vector<std::string_view> argv;
    size_t at = 0;
    for (const Record& record : records) {
      argv.clear();
      for (size_t i = 0; i < record.words; ++i, ++at)
        argv.push_back(std::string_view(text).substr(words[at].offset, words[at].size));
      if (const Status done = runner.run(*record.command, record.db, argv); !done.ok())
        tell_failure(record.command->name, done.error().message());
    }
  }

  uint64_t begin;  // The end of the unit before its first one.
  std::string text;
  std::vector<Record> records;
  std::vector<Word> words;
};

// What the link's thread and the shards share.
struct StreamApplier::Shared {
  Shared(size_t shards, Parking& by) : queues(shards), parking(by) {}

  // ---- On a shard's thread.
  void run_next(Shard& here) {
    const Batch* batch = nullptr;
    {
      const std::lock_guard guard(lock);
      if (queues[here.id()].empty()) return;  // A hold of all shards has run it.
      batch = queues[here.id()].front().get();
    }
    batch->run(here.hold_here());
    pop(here.id());
  }

  // ---- Under a hold of all shards.
  void run_all(const Hold& all) {
    for (size_t shard = 0; shard < queues.size(); ++shard) {
      for (;;) {
        const Batch* batch = nullptr;
        {
          const std::lock_guard guard(lock);
          if (queues[shard].empty()) break;
          batch = queues[shard].front().get();
        }
        batch->run(all);
        pop(shard);
      }
    }
    std::vector<std::unique_ptr<Batch>> now;
    {
      const std::lock_guard guard(lock);
      now = std::move(held);
      held.clear();
    }
    for (const std::unique_ptr<Batch>& batch : now)
      batch->run(all);
    if (now.empty()) return;
    const std::lock_guard guard(lock);
    runs_held = false;
    tell_progress();
  }

  void pop(size_t shard) {
    const std::lock_guard guard(lock);
    under_way -= queues[shard].front()->text.size();
    queues[shard].pop_front();
    tell_progress();
  }
  void tell_progress() {
    progress.fetch_add(1);
    parking.wake(progress);
  }

  uint64_t applied() const {
    const std::lock_guard guard(lock);
    uint64_t least = handed.offset;
    for (const auto& queue : queues) {
      if (!queue.empty()) least = std::min(least, queue.front()->begin);
    }
    if (runs_held) least = std::min(least, held_begin);
    return least;
  }

  mutable std::mutex lock;                                 // Held for a few instructions.
  std::vector<std::deque<std::unique_ptr<Batch>>> queues;  // By shard.
  std::vector<std::unique_ptr<Batch>> held;                // Waits for a hold of all shards.
  bool runs_held = false;                                  // It waits, or runs.
  uint64_t held_begin = 0;
  StreamPosition handed;
  bool has_ended = false;
  uint64_t under_way = 0;  // Bytes in the queues.
  Parking& parking;
  std::atomic<uint32_t> progress{0};
};

StreamApplier::StreamApplier(engine::ShardSet& set, const std::atomic<bool>& gives_up)
    : set_(&set),
      gives_up_(&gives_up),
      shared_(std::make_shared<Shared>(set.size(), *set.ports().parking)),
      reader_(kUnitBytesMax),
      batches_(set.size()) {}

StreamApplier::~StreamApplier() = default;

void StreamApplier::begin(StreamPosition from) {
  drop_rest();
  const std::lock_guard guard(shared_->lock);
  ensure(shared_->under_way == 0 && !shared_->runs_held);
  shared_->handed = from;
  read_ = from.offset;
  db_ = from.db;
}

void StreamApplier::drop_rest() {
  ensure(held_.empty());
  reader_ = UnitReader(kUnitBytesMax);
  wishes_ack_ = false;
}

uint64_t StreamApplier::handed() const {
  const std::lock_guard guard(shared_->lock);
  return shared_->handed.offset;
}

uint64_t StreamApplier::applied() const {
  return shared_->applied();
}

bool StreamApplier::take_ack_wish() {
  return std::exchange(wishes_ack_, false);
}

StreamPosition StreamApplier::end(const Hold& all) {
  ensure(all.covers_all());
  shared_->run_all(all);
  const std::lock_guard guard(shared_->lock);
  shared_->has_ended = true;
  shared_->tell_progress();
  return shared_->handed;
}

// ---- Reading.

Status StreamApplier::take(std::string_view bytes) {
  reader_.feed(bytes);
  for (;;) {
    const Result<std::optional<StreamUnit>> unit = reader_.next();
    if (unit.ok() && *unit) {
      take_unit(**unit);
      continue;
    }
    hand_over();
    if (!unit.ok()) return unit.error();
    return {};
  }
}

void StreamApplier::take_unit(const StreamUnit& unit) {
  placed_.clear();
  std::optional<size_t> only;
  bool needs_hold = false;
  for (const StreamUnit::Record& argv : unit.records) {
    if (take_own(argv)) continue;
    const Command* command = set_->commands().lookup_own(argv);
    if (command == nullptr || !is_of_stream(*command) ||
        !engine::CommandTable::arity_fits(*command, argv.size())) {
      tell_failure(argv[0], "a command that no stream has, or with a wrong number of arguments");
      continue;
    }
    placed_.push_back({.command = command, .db = db_, .argv = argv});
    const std::optional<size_t> shard = shard_of(*set_, *command, argv);
    needs_hold = needs_hold || !shard || (only && *only != *shard);
    only = shard;
  }
  const uint64_t begin = std::exchange(read_, read_ + unit.bytes.size());
  if (placed_.empty()) return;
  if (!needs_hold) {
    add(batches_[*only], unit, begin);
    return;
  }
  gather_held();
  add(held_.emplace_back(), unit, begin);
  held_end_ = {.offset = read_, .db = db_};
}

// Takes what the stream has for the replica itself. False: it is a record for the shards.
bool StreamApplier::take_own(std::span<const std::string_view> record) {
  const std::string_view name = record[0];
  if (name.size() == 6 && equals_ignore_case(name, "select")) {
    const std::optional<uint64_t> db =
        record.size() == 2 ? parse_uint64(record[1]) : std::optional<uint64_t>();
    if (!db || *db > UINT32_MAX) {
      tell_failure(name, "a database that cannot be");
    } else {
      db_ = static_cast<DbIndex>(*db);
    }
    return true;
  }
  if (name.size() == 4 && equals_ignore_case(name, "ping")) return true;
  if (name.size() != 8 || !equals_ignore_case(name, "replconf")) return false;
  if (record.size() > 1 && equals_ignore_case(record[1], "getack")) wishes_ack_ = true;
  return true;
}

void StreamApplier::add(std::unique_ptr<Batch>& to, const StreamUnit& unit, uint64_t begin) {
  if (to == nullptr)
    to = std::make_unique<Batch>(Batch{.begin = begin, .text = {}, .records = {}, .words = {}});
  const size_t at = to->text.size();
  to->text += unit.bytes;
  for (const Placed& record : placed_) {
    to->records.push_back(
        {.command = record.command, .db = record.db, .words = record.argv.size()});
    for (const std::string_view word : record.argv) {
      to->words.push_back({.offset = at + static_cast<size_t>(word.data() - unit.bytes.data()),
                           .size = word.size()});
    }
  }
}

// What has come for single shards stands before the unit that needs a hold, and runs in it.
void StreamApplier::gather_held() {
  for (std::unique_ptr<Batch>& batch : batches_) {
    if (batch != nullptr) held_.push_back(std::move(batch));
  }
}

// ---- Handing over.

void StreamApplier::hand_over() {
  if (!held_.empty()) hand_held();
  std::vector<size_t> shards;
  {
    const std::lock_guard guard(shared_->lock);
    for (size_t shard = 0; shard < batches_.size(); ++shard) {
      std::unique_ptr<Batch> batch = std::move(batches_[shard]);
      if (batch == nullptr || shared_->has_ended) continue;
      shared_->under_way += batch->text.size();
      shared_->queues[shard].push_back(std::move(batch));
      shards.push_back(shard);
    }
    if (!shared_->has_ended) shared_->handed = {.offset = read_, .db = db_};
  }
  for (const size_t shard : shards)
    set_->submit_change(shard, [shared = shared_](Shard& here) { shared->run_next(here); });
  wait_while([this] { return shared_->under_way > kUnderWayBytesMax; });
}

// Nothing may be handed over before it has run: the shards would run that first.
void StreamApplier::hand_held() {
  {
    const std::lock_guard guard(shared_->lock);
    if (shared_->has_ended) {
      held_.clear();
      return;
    }
    shared_->held_begin = held_.front()->begin;
    for (const std::unique_ptr<Batch>& batch : held_)
      shared_->held_begin = std::min(shared_->held_begin, batch->begin);
    shared_->held = std::exchange(held_, {});
    shared_->runs_held = true;
    shared_->handed = held_end_;
  }
  set_->submit(0, [shared = shared_](Shard& first) {
    first.traffic().hold_all([shared](const Hold& all) { shared->run_all(all); });
  });
  wait_while([this] { return shared_->runs_held; });
}

void StreamApplier::wait_until_applied() {
  wait_while([this] { return shared_->under_way != 0 || shared_->runs_held; });
}

// Waits while the condition, which is looked at under the lock, is true.
void StreamApplier::wait_while(const std::function<bool()>& condition) {
  for (;;) {
    const uint32_t seen = shared_->progress;
    {
      const std::lock_guard guard(shared_->lock);
      if (!condition() || shared_->has_ended) return;
    }
    if (gives_up_->load(std::memory_order_relaxed)) return;
    shared_->parking.wait_for(shared_->progress, seen, kWaitNs);
  }
}

}  // namespace kvstash::replication
