// A log on a simulated disk, whose process dies and whose machine loses its power at any call:
// after each start the log holds what was on the disk, and nothing that was not written.
#include "base/random.h"
#include "persist/aof/increment_scan.h"
#include "persist/aof/increment_writer.h"
#include "persist/aof/recovery.h"
#include "persist/aof/transitions.h"
#include "sim/sim_disk.h"
#include "sim/sim_seeds.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;

namespace {

// The smallest journal that there can be. The units of its log are numbered from 1; a base says up
// to which number it goes.
class SmallLog {
 public:
  SmallLog(SimDisk& disk, uint64_t seed) : disk_(disk), random_(seed) {}

  // How many units were written, and how many a sync made durable.
  uint64_t written() const { return written_; }
  uint64_t durable() const { return durable_; }

  // Reads the log and begins an increment. Returns false if the disk fails.
  bool start() {
    Result<RecoveryPlan> plan = plan_recovery(disk_, layout_, {});
    if (plan.ok() && plan->adopts_old_file) {
      if (!run_steps(disk_, adopt_old_file(layout_).steps).ok()) return false;
      plan = plan_recovery(disk_, layout_, {});
    }
    if (!plan.ok()) {
      INFO(plan.error().message());
      CHECK(plan.error().message().find("the power is off") != std::string::npos);
      return false;
    }
    const std::optional<uint64_t> loaded = load(*plan);
    if (!loaded) return false;
    CHECK(*loaded >= durable_);
    CHECK(*loaded <= written_);
    written_ = *loaded;
    const Result<std::vector<std::string>> names = disk_.list(layout_.directory_path());
    state_ = plan->state;
    if (names.ok()) {
      const Transition cleaned = remove_leftovers(layout_, state_, *names);
      if (!run_steps(disk_, cleaned.steps).ok()) return false;
      state_ = cleaned.after;
    }
    lsn_ = plan->position ? plan->position->lsn : 0;
    NewIncrement increment{.header = {}, .cuts = plan->cuts, .dropped = plan->dropped};
    if (!begin(std::move(increment))) return false;
    durable_ = written_;
    return true;
  }

  // Does something at random. Returns false if the disk fails.
  bool step() {
    switch (random_.below(12)) {
      case 0:
        return sync();
      case 1:
        return rewrite();
      case 2:
        return begin({.header = {}});
      default:
        return write();
    }
  }

 private:
  std::optional<uint64_t> load(const RecoveryPlan& plan) {
    uint64_t last = 0;
    bool is_first = true;
    std::vector<RecoveredFile> files = plan.increments;
    if (plan.base) files.insert(files.begin(), *plan.base);
    for (const RecoveredFile& file : files) {
      Result<std::unique_ptr<DiskFile>> opened =
          disk_.open(layout_.path(file.name), Disk::Access::kRead);
      if (!opened.ok()) return std::nullopt;
      bool in_unit = false;
      const Status read = read_increment(
          **opened, 0, file.end,
          [&](std::span<const std::string_view> argv, const RecordPlace& place) -> Status {
            in_unit = place.in_unit;
            if (argv[0] == "MULTI" || argv[0] == "EXEC") return {};
            const uint64_t number = std::stoull(std::string(argv[1]));
            if (argv[0] == "BASE") {
              CHECK(is_first);
              last = number;
            } else {
              CHECK((number == last + 1 || (argv[0] == "MORE" && number == last)));
              last = number;
            }
            is_first = false;
            return {};
          });
      if (!read.ok()) return std::nullopt;
      CHECK_FALSE(in_unit);
    }
    return last;
  }

  bool begin(NewIncrement increment) {
    if (file_ && !flush()) return false;
    IncrementHeader header{.lsn = writer_ ? writer_->lsn() : lsn_,
                           .synced = 0,
                           .replid = std::string(40, 'a'),
                           .salt = random_.next()};
    // What was cut to its end and synced at a start is on the disk up to here.
    header.synced = writer_ ? synced_lsn_ : header.lsn;
    IncrementWriter writer(header);
    increment.header = std::string(writer.take());
    writer.clear();
    const Transition change = begin_increment(layout_, state_, increment);
    if (!run_steps(disk_, change.steps).ok()) return false;
    Result<std::unique_ptr<DiskFile>> file = disk_.open(
        layout_.path(change.after.manifest.increments.back().name), Disk::Access::kAppend);
    if (!file.ok()) return false;
    if (file_) unsynced_.push_back(std::move(file_));
    state_ = change.after;
    file_ = *std::move(file);
    synced_lsn_ = header.synced;
    in_file_lsn_ = header.lsn;
    writer_.emplace(std::move(writer));
    return true;
  }

  bool write() {
    const std::string number = std::to_string(written_ + 1);
    if (random_.one_in(3)) {
      writer_->begin_unit();
      writer_->add_records(as_resp({"MULTI"}) + as_resp({"SET", number}));
      if (random_.one_in(2) && !flush()) return false;
      writer_->add_records(as_resp({"MORE", number}));
      if (random_.one_in(2) && !flush()) return false;
      if (random_.one_in(4) && !sync_files()) return false;
      writer_->add_records(as_resp({"EXEC"}));
      writer_->end_unit();
    } else if (random_.one_in(5)) {
      writer_->add_aof_only(as_resp({"SET", number}));
      writer_->add_stream_only(9);
    } else {
      if (random_.one_in(4)) writer_->add_timestamp(static_cast<int64_t>(written_));
      writer_->add_records(as_resp({"SET", number}));
    }
    ++written_;
    return random_.one_in(3) || flush();
  }

  bool flush() {
    const bool done = write_all(*file_, writer_->take()).ok();
    writer_->clear();
    in_file_lsn_ = writer_->lsn();
    return done;
  }

  // All that is in the files is on the disk afterwards.
  bool sync_files() {
    for (const auto& file : unsynced_) {
      if (!file->sync().ok()) return false;
    }
    unsynced_.clear();
    if (!file_->sync().ok()) return false;
    writer_->set_synced(in_file_lsn_);
    synced_lsn_ = in_file_lsn_;
    return true;
  }

  bool sync() {
    if (!flush() || !sync_files()) return false;
    durable_ = written_;
    return true;
  }

  bool rewrite() {
    const uint64_t count = written_;
    if (!begin({.header = {}})) return false;
    const int64_t first_left = state_.manifest.increments.back().seq;
    for (uint64_t i = random_.below(4); i > 0; --i) {
      if (!write()) return false;
    }
    const std::string temporary = layout_.path("temp-rewriteaof-1.aof");
    Result<std::unique_ptr<DiskFile>> file = disk_.open(temporary, Disk::Access::kReplace);
    if (!file.ok() || !write_all(**file, as_resp({"BASE", std::to_string(count)})).ok() ||
        !(*file)->sync().ok())
      return false;
    FinishedRewrite finished{.temporary_path = temporary,
                             .is_rdb = false,
                             .first_left = first_left,
                             .kept_bytes_max = random_.below(3000)};
    for (const ManifestFile& old : state_.manifest.increments) {
      if (old.seq < first_left)
        finished.kept_candidates.push_back({.file = old, .lsn_begin = 0, .bytes = 500});
    }
    const Transition change = finish_rewrite(layout_, state_, finished);
    if (!run_steps(disk_, change.steps).ok()) return false;
    state_ = change.after;
    durable_ = std::max(durable_, count);
    return true;
  }

  SimDisk& disk_;
  Random random_;
  AofLayout layout_;
  AofState state_;
  uint64_t lsn_ = 0;
  uint64_t in_file_lsn_ = 0;
  uint64_t synced_lsn_ = 0;
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  std::optional<IncrementWriter> writer_;
  std::unique_ptr<DiskFile> file_;
  std::vector<std::unique_ptr<DiskFile>> unsynced_;

 public:
  // The process is gone; what it wrote is still in the machine's memory.
  void die() {
    writer_.reset();
    file_.reset();
    unsynced_.clear();
  }
};

void check_names(SimDisk& disk) {
  const AofLayout layout;
  const Result<AofState> state = read_aof_state(disk, layout);
  REQUIRE(state.ok());
  const auto exists = [&disk, &layout](const ManifestFile& file) {
    return disk.content(layout.path(file.name)).has_value();
  };
  if (state->manifest.base) CHECK(exists(*state->manifest.base));
  for (const ManifestFile& file : state->manifest.increments)
    CHECK(exists(file));
}

}  // namespace

TEST_CASE("a log loses nothing that was synced, wherever the power goes or the process dies") {
  for_seeds("a log on a failing disk", 300, [](uint64_t seed) {
    Random random(seed);
    SimDisk disk(random.next(), random.one_in(2) ? 16 : 64);
    SmallLog log(disk, random.next());
    for (int life = 0; life < 12; ++life) {
      CAPTURE(life);
      disk.begin_count();
      const bool loses_power = !random.one_in(3);
      if (loses_power) disk.cut_power_at(1 + random.below(60));
      if (log.start()) {
        const uint64_t steps = random.below(30);
        for (uint64_t i = 0; loses_power || i < steps; ++i) {
          if (!log.step()) break;
        }
      }
      log.die();
      if (loses_power) {
        disk.crash();
        check_names(disk);
      }
    }
    CHECK(log.start());
    CHECK(log.written() >= log.durable());
  });
}

TEST_CASE("Redis's single file is taken over whole, wherever the power goes") {
  const AofLayout layout;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    SimDisk disk(seed);
    disk.put("appendonly.aof", as_resp({"BASE", "7"}));
    for (uint64_t call = 1 + seed % 25; call > 0;) {
      disk.begin_count();
      disk.cut_power_at(call);
      const bool done = run_steps(disk, adopt_old_file(layout).steps).ok();
      disk.crash();
      const Result<RecoveryPlan> plan = plan_recovery(disk, layout, {});
      REQUIRE(plan.ok());
      const bool is_moved = disk.content(layout.path("appendonly.aof")) == as_resp({"BASE", "7"});
      CHECK(plan->adopts_old_file == !is_moved);
      CHECK((is_moved || disk.content("appendonly.aof") == as_resp({"BASE", "7"})));
      if (is_moved) {
        CHECK(plan->base->end == as_resp({"BASE", "7"}).size());
        break;
      }
      CHECK_FALSE(done);
      ++call;
    }
  }
}

TEST_CASE(
    "after a call that failed the log's files are whole, and the same transition can follow") {
  const AofLayout layout;
  for (const SimDisk::Fault fault :
       {SimDisk::Fault::kNoSpace, SimDisk::Fault::kInputOutput, SimDisk::Fault::kShortWrite}) {
    for (uint64_t call = 1; call < 60; ++call) {
      CAPTURE(call);
      SimDisk disk(call);
      AofState state;
      IncrementWriter writer(increment_header(0));
      const NewIncrement increment{.header = std::string(writer.take())};
      disk.inject({.call = call, .fault = fault});
      for (int round = 0; round < 4; ++round) {
        const Transition change = begin_increment(layout, state, increment);
        if (run_steps(disk, change.steps).ok()) state = change.after;
        const Result<AofState> found = read_aof_state(disk, layout);
        if (!found.ok()) continue;  // The call that fails may be one of this look.
        CHECK((*found == state || found->manifest == change.after.manifest));
        state = *found;
      }
      CHECK(state.manifest.increments.size() >= 3);
      CHECK(plan_recovery(disk, layout, {}).ok());
    }
  }
}
