// The writer with its journal and its files on a simulated disk: each call of the disk fails, once
// and for a while; the process dies, and the power goes, at any of them. Then a start finds what
// was released, in order, each unit whole and nothing twice.
#include "persist/journal/aof_writer.h"

#include "base/random.h"
#include "persist/aof/increment_scan.h"
#include "persist/journal/lane.h"
#include "persist/node/aof_files.h"
#include "sim/sim_disk.h"
#include "sim/sim_entropy.h"
#include "sim/sim_seeds.h"
#include "support/aof_files.h"
#include "support/silence.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using engine::DbIndex;
using engine::Lsn;
using engine::RecordTarget;
using test::SimDisk;
using test::SimEntropy;

constexpr int64_t kMs = 1'000'000;
constexpr FsyncPolicy kPolicies[] = {FsyncPolicy::kAlways, FsyncPolicy::kEverysec,
                                     FsyncPolicy::kNo};

// What clients of all processes know. Units are numbered from 1; each is one record or several.
struct Known {
  uint64_t written = 0;                      // The last unit that was given to the journal.
  uint64_t released = 0;                     // The last one whose reply left.
  uint64_t durable = 0;                      // The last one that the writer said was on the disk.
  std::map<uint64_t, int64_t> released_at;   // Unit -> time. Of the present process.
  std::set<std::pair<uint64_t, Offset>> at;  // Offsets at which units ended.
};

// One process.
class Log final : public AofPort {
 public:
  Log(SimDisk& disk, Known& known, FsyncPolicy policy, uint64_t seed)
      : disk_(&disk), known_(&known), policy_(policy), random_(seed), entropy_(seed) {}

  // Loads what is there and begins to write. False: the disk fails.
  bool start(bool after_power_cut) {
    files_ = std::make_unique<AofFiles>(*disk_, entropy_, parking_, AofLayout());
    const Result<RecoveryPlan> plan = files_->open(true);
    if (!plan.ok()) return is_disk_error(plan.error());
    const std::optional<uint64_t> loaded = load(*plan);
    if (!loaded) return false;
    check_loaded(*loaded, after_power_cut);
    Offset offset = 0;
    if (plan->position) offset = plan->position->lsn;
    if (plan->position && *loaded != 0) CHECK(known_->at.contains({*loaded, offset}));
    known_->written = *loaded;
    if (after_power_cut) begin_at(*loaded);
    if (const Status settled = files_->settle(*plan); !settled.ok())
      return is_disk_error(settled.error());
    begin_at(*loaded);
    Result<OpenIncrement> first = files_->make_increment(std::string(40, 'a'));
    if (!first.ok()) return is_disk_error(first.error());
    const JournalPlace begin{.lsn = Lsn{offset}, .offset = offset};
    journal_ = std::make_unique<Journal>(begin, 0);
    writer_ = std::make_unique<AofWriter>(*journal_, *this, begin);
    writer_->set_policy(policy_);
    writer_->set_timestamps(random_.one_in(2));
    for (auto& lane : lanes_)
      lane = std::make_unique<Lane>(*journal_);
    note(known_->written);
    writer_->begin_file(*std::move(first), begin);
    return true;
  }

  // Gives a unit to the journal, as far as writes are not refused.
  void write() {
    if (is_failing_) return;
    Lane& lane = *lanes_[random_.below(2)];
    const uint64_t unit = ++known_->written;
    {
      const engine::RecordUnit open(&lane);
      const size_t records = random_.one_in(3) ? 1 + random_.below(4) : 1;
      for (size_t i = 0; i < records; ++i)
        add(lane, unit, random_.one_in(8) ? RecordTarget::kAof : RecordTarget::kBoth);
    }
    if (random_.one_in(12)) {
      const std::string_view words[] = {"X"};
      lane.write({.db = db_, .argv = words, .raw = {}, .target = RecordTarget::kReplicas});
    }
    lane.flush();
    note(unit);
    lsns_.push_back({unit, journal_->end()});
    if (random_.one_in(5)) db_ = DbIndex{static_cast<uint32_t>(random_.below(3))};
  }

  void step() {
    const std::optional<int64_t> due = writer_->step(now_ns_, now_ns_ / 1'000'000'000);
    if (due && *due <= now_ns_) writer_->step(now_ns_, now_ns_ / 1'000'000'000);
    take_numbers();
  }
  void sync_step() { writer_->sync_step(); }
  void pass(int64_t ns) { now_ns_ += ns; }
  bool is_failing() const { return is_failing_; }
  const std::string& reason() const { return reason_; }
  bool has_doubt() const { return writer_->numbers().doubt.has_value(); }
  bool is_all_released() const { return known_->released == known_->written; }
  bool is_all_durable() const { return known_->durable == known_->written; }
  void set_policy(FsyncPolicy policy) { writer_->set_policy(policy); }
  void pause_syncs(bool are_paused) { writer_->pause_syncs(are_paused); }
  bool finish() {
    const bool is_done = writer_->finish(now_ns_ / 1'000'000'000).ok();
    take_numbers();
    return is_done;
  }

  // The beginning and the end of a rewrite, between which records go on.
  void begin_rewrite() {
    if (rewrite_) return;
    Result<OpenIncrement> next = files_->make_increment(std::string(40, 'a'));
    if (!next.ok()) return;
    rewrite_ = next->name;
    base_ = known_->written;
    base_end_ = journal_->end_place();
    journal_->select_again();
    writer_->begin_file(*std::move(next), journal_->end_place());
  }
  void end_rewrite() {
    if (!rewrite_ || files_->is_made(*rewrite_)) return;
    const std::string name = *std::exchange(rewrite_, std::nullopt);
    Result<std::unique_ptr<DiskFile>> base =
        disk_->open(files_->new_base_path(), Disk::Access::kReplace);
    if (!base.ok() || !write_all(**base, test::as_resp({"BASE", std::to_string(base_)})).ok() ||
        !(*base)->sync().ok())
      return;
    static_cast<void>(files_->finish_rewrite(name, base_end_).ok());
  }

  // What Redis would read of the files: all records of all files of the manifest.
  void check_as_redis() {
    const Result<AofState> state = read_aof_state(*disk_, AofLayout());
    REQUIRE(state.ok());
    uint64_t last = 0;
    std::vector<std::string> names;
    if (state->manifest.base) names.push_back(state->manifest.base->name);
    for (const ManifestFile& file : state->manifest.increments)
      names.push_back(file.name);
    for (const std::string& name : names) {
      std::string text = disk_->content(AofLayout().path(name)).value_or("#");
      std::string plain;
      for (size_t at = 0; at < text.size();) {
        const size_t line = text.find('\n', at);
        const size_t end = line == std::string::npos ? text.size() : line + 1;
        if (text[at] != '#') plain += text.substr(at, end - at);
        at = end;
      }
      uint32_t db = 0;
      for (const std::string& words : test::read_pieces(plain, plain.size() + 1).records)
        take_words(words, last, db);
    }
    CHECK(last == known_->written);
  }

 private:
  // ---- AofPort.
  void release(Lsn lsn) override {
    while (!lsns_.empty() && lsns_.front().second <= lsn) {
      known_->released = std::max(known_->released, lsns_.front().first);
      known_->released_at[lsns_.front().first] = now_ns_;
      released_lsns_.push_back(lsns_.front());
      lsns_.erase(lsns_.begin());
    }
  }
  Status join_increment(const std::string& name,
                        const std::optional<IncrementPart>& before) override {
    return files_->join_increment(name, before);
  }
  Result<OpenIncrement> make_increment() override {
    return files_->make_replacement(std::string(40, 'a'));
  }
  JournalPlace base_place() override { return files_->base_place(); }
  void discard_increment(const std::string& name) override { files_->discard_increment(name); }
  Status replace_failed(const std::optional<IncrementPart>& kept,
                        const std::string& fresh) override {
    return files_->replace_failed(kept, fresh);
  }
  void disk_fails(const std::string& reason) override {
    CHECK_FALSE(reason.empty());
    reason_ = reason;
    is_failing_ = true;
  }
  void pass_unwritten(Lsn) override { CHECK(is_failing_); }
  void disk_works() override { is_failing_ = false; }

  // The manifest, and our lines of each file.
  std::string describe_files() const {
    std::string all = disk_->content(AofLayout().manifest_path()).value_or("none\n");
    for (int64_t seq = 1; seq < 30; ++seq) {
      const std::string name = AofLayout().increment_name(seq);
      const std::optional<std::string> text = disk_->content(AofLayout().path(name));
      if (!text) continue;
      all += name + ", " + std::to_string(text->size()) + " bytes\n";
      for (size_t at = text->find("#"); at != std::string::npos; at = text->find("\n#", at + 1))
        all += "  " + text->substr(at, text->find('\r', at) - at) + "\n";
    }
    std::ranges::replace_if(
        all, [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
    return all;
  }

  bool is_disk_error(const Error& error) const {
    const std::string text = std::string(error.message()) + "\n" + describe_files();
    INFO(text);
    const bool is_of_disk = text.find("the power is off") != std::string::npos ||
                            text.find("No space left") != std::string::npos ||
                            text.find("Input/output error") != std::string::npos;
    CHECK(is_of_disk);
    return false;
  }

  void add(Lane& lane, uint64_t unit, RecordTarget target) {
    const std::string number = std::to_string(unit);
    const std::string db = std::to_string(static_cast<uint32_t>(db_));
    const std::string_view words[] = {"W", number, db};
    lane.write({.db = db_, .argv = words, .raw = {}, .target = target});
  }

  void note(uint64_t unit) { known_->at.insert({unit, journal_->end_place().offset}); }

  void take_numbers() {
    const AofWriter::Numbers numbers = writer_->numbers();
    for (const auto* list : {&released_lsns_, &lsns_}) {
      for (const auto& [unit, lsn] : *list) {
        if (lsn <= numbers.synced.lsn) known_->durable = std::max(known_->durable, unit);
      }
    }
  }

  // What was loaded is on the disk.
  void begin_at(uint64_t unit) {
    known_->released = known_->durable = unit;
    known_->released_at.clear();
  }

  void check_loaded(uint64_t loaded, bool after_power_cut) {
    CAPTURE(loaded);
    CHECK(loaded <= known_->written);
    CHECK(loaded >= known_->durable);
    if (!after_power_cut || policy_ == FsyncPolicy::kAlways) CHECK(loaded >= known_->released);
    if (policy_ == FsyncPolicy::kEverysec && loaded < known_->released) {
      const std::map<uint64_t, int64_t>& at = known_->released_at;
      CHECK(at.at(known_->released) - at.at(loaded + 1) <= 2000 * kMs);
    }
  }

  void take_words(const std::string& words, uint64_t& last, uint32_t& db) {
    CAPTURE(words);
    CAPTURE(last);
    if (words == "MULTI" || words == "EXEC") return;
    const size_t blank = words.find(' ');
    REQUIRE(blank != std::string::npos);
    const std::string name = words.substr(0, blank);
    const uint64_t number = std::stoull(words.substr(blank + 1));
    if (name == "select") {
      db = static_cast<uint32_t>(number);
    } else if (name == "BASE") {
      CHECK(last == 0);
      last = number;
    } else {
      CHECK((number == last + 1 || number == last));
      CHECK(std::stoull(words.substr(words.rfind(' ') + 1)) == db);
      last = number;
    }
  }

  std::optional<uint64_t> load(const RecoveryPlan& plan) {
    const std::string found = describe_files();
    CAPTURE(found);
    uint64_t last = 0;
    std::vector<RecoveredFile> files = plan.increments;
    if (plan.base) files.insert(files.begin(), *plan.base);
    for (const RecoveredFile& file : files) {
      Result<std::unique_ptr<DiskFile>> opened =
          disk_->open(AofLayout().path(file.name), Disk::Access::kRead);
      if (!opened.ok()) return std::nullopt;
      uint32_t db = 0;
      bool in_unit = false;
      const Status read = read_increment(
          **opened, 0, file.end,
          [&](std::span<const std::string_view> argv, const RecordPlace& place) -> Status {
            in_unit = place.in_unit;
            std::string words;
            for (const std::string_view word : argv)
              words.append(words.empty() ? "" : " ").append(word);
            take_words(words, last, db);
            return {};
          });
      if (!read.ok()) return std::nullopt;
      CHECK_FALSE(in_unit);
    }
    return last;
  }

  test::Silence silence_;
  SimDisk* disk_;
  Known* known_;
  FsyncPolicy policy_;
  Random random_;
  SimEntropy entropy_;
  ThreadParking parking_;
  std::unique_ptr<AofFiles> files_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<AofWriter> writer_;
  std::unique_ptr<Lane> lanes_[2];
  DbIndex db_{};
  int64_t now_ns_ = 1000 * kMs;
  bool is_failing_ = false;
  std::string reason_;
  std::vector<std::pair<uint64_t, Lsn>> lsns_;  // Not released: unit -> its LSN.
  std::vector<std::pair<uint64_t, Lsn>> released_lsns_;
  std::optional<std::string> rewrite_;
  uint64_t base_ = 0;
  JournalPlace base_end_;
};

void act(Log& log, Random& random) {
  switch (random.below(12)) {
    case 0:
      return log.begin_rewrite();
    case 1:
      return log.end_rewrite();
    case 2:
    case 3:
      return log.sync_step();
    case 4:
    case 5:
      return log.step();
    case 6:
      return log.pass(static_cast<int64_t>(random.below(700)) * kMs);
    default:
      return log.write();
  }
}

// Runs a process until it has made `actions` of random ones.
void run(Log& log, Random& random, int actions) {
  for (int i = 0; i < actions; ++i)
    act(log, random);
}

// The disk works: within a second everything is written, and soon on the disk.
void settle(Log& log, FsyncPolicy policy) {
  for (int i = 0; i < 50; ++i) {
    log.pass(20 * kMs);
    log.sync_step();
    log.step();
  }
  INFO(log.reason());
  CHECK_FALSE(log.is_failing());
  CHECK(log.is_all_released());
  for (int i = 0; i < 100; ++i) {
    log.pass(20 * kMs);
    log.sync_step();
    log.step();
  }
  if (policy != FsyncPolicy::kNo) CHECK(log.is_all_durable());
}

constexpr int kActions = 60;

// How many calls of the disk a run makes.
uint64_t count_calls(FsyncPolicy policy, uint64_t seed) {
  SimDisk disk(seed);
  Known known;
  Random random(seed);
  Log log(disk, known, policy, seed);
  REQUIRE(log.start(false));
  run(log, random, kActions);
  return disk.calls();
}

// One process whose disk has a fault, and the next one on a sound disk.
void run_with_fault(FsyncPolicy policy, uint64_t seed, const SimDisk::Injection& injection,
                    bool has_power_cut) {
  SimDisk disk(seed);
  Known known;
  {
    Random random(seed);
    Log log(disk, known, policy, seed);
    disk.inject(injection);
    if (log.start(false)) {
      run(log, random, kActions);
      if (seed % 2 == 0) {
        disk.inject({});
        settle(log, policy);
        log.end_rewrite();
        log.check_as_redis();
        run(log, random, 10);
      }
    }
    disk.inject({});
  }
  if (has_power_cut) disk.crash();
  Log next(disk, known, policy, seed + 1);
  REQUIRE(next.start(has_power_cut));
  Random random(seed + 1);
  run(next, random, 20);
  settle(next, policy);
  next.end_rewrite();
  next.check_as_redis();
}

std::string describe(FsyncPolicy policy, const SimDisk::Injection& injection) {
  return "policy " + std::to_string(static_cast<int>(policy)) + ", fault " +
         std::to_string(static_cast<int>(injection.fault)) + " at call " +
         std::to_string(injection.call) + " for " + std::to_string(injection.count);
}

TEST_CASE("a log survives any fault of the disk, of any length, at any call") {
  test::for_seeds("a log survives any fault of the disk", 6, [](uint64_t seed) {
    for (const FsyncPolicy policy : kPolicies) {
      const uint64_t calls = count_calls(policy, seed);
      for (const auto fault :
           {SimDisk::Fault::kNoSpace, SimDisk::Fault::kInputOutput, SimDisk::Fault::kShortWrite}) {
        for (uint64_t call = 1; call <= calls; ++call) {
          for (const uint64_t count : {1, 2, 5, 40}) {
            const SimDisk::Injection injection{.call = call, .fault = fault, .count = count};
            const std::string what = describe(policy, injection);
            CAPTURE(what);
            run_with_fault(policy, seed, injection, false);
            run_with_fault(policy, seed, injection, true);
          }
        }
      }
    }
  });
}

TEST_CASE("a log survives a power cut at any call, and another one while it starts") {
  test::for_seeds("a log survives a power cut", 20, [](uint64_t seed) {
    for (const FsyncPolicy policy : kPolicies) {
      const uint64_t calls = count_calls(policy, seed);
      for (uint64_t call = 1; call <= calls; ++call) {
        CAPTURE(static_cast<int>(policy));
        CAPTURE(call);
        SimDisk disk(seed * 1000 + call);
        Known known;
        {
          Random random(seed);
          Log log(disk, known, policy, seed);
          disk.cut_power_at(call);
          if (log.start(false)) run(log, random, kActions);
        }
        disk.crash();
        for (int again = 0; again < 2; ++again) {
          Log next(disk, known, policy, seed + 1);
          disk.cut_power_at(disk.calls() + 1 + (seed * 7 + call) % 25);
          if (next.start(true)) {
            Random random(seed + call);
            run(next, random, 10);
          }
          disk.crash();
        }
        Log last(disk, known, policy, seed + 2);
        REQUIRE(last.start(true));
        settle(last, policy);
        last.check_as_redis();
      }
    }
  });
}

TEST_CASE("a log survives a power cut at any call of a start behind the death of a process") {
  test::for_seeds("a log survives a power cut of a start", 60, [](uint64_t seed) {
    for (const FsyncPolicy policy : kPolicies) {
      for (uint64_t call = 1; call <= 60; ++call) {
        CAPTURE(static_cast<int>(policy));
        CAPTURE(call);
        SimDisk disk(seed * 1000 + call);
        Known known;
        {
          Random random(seed);
          Log log(disk, known, policy, seed);
          REQUIRE(log.start(false));
          // No fault: what a failed sync left in memory alone looks sound to the next process.
          run(log, random, 20 + static_cast<int>(call));
        }
        {
          Log next(disk, known, policy, seed + 1);
          disk.cut_power_at(disk.calls() + call);
          if (next.start(false)) {
            Random random(seed + call);
            run(next, random, 20);
          }
        }
        disk.crash();
        Log last(disk, known, policy, seed + 2);
        REQUIRE(last.start(true));
        settle(last, policy);
        last.check_as_redis();
      }
    }
  });
}

TEST_CASE("a full disk stops nothing for good") {
  for (const FsyncPolicy policy : kPolicies) {
    CAPTURE(static_cast<int>(policy));
    SimDisk disk;
    Known known;
    Random random(7);
    {
      Log log(disk, known, policy, 7);
      REQUIRE(log.start(false));
      run(log, random, 40);
      settle(log, policy);
      disk.set_space(50);
      for (int i = 0; i < 300 && !log.is_failing(); ++i) {
        log.write();
        log.step();
      }
      CHECK(log.is_failing());
      const uint64_t released = known.released;
      for (int i = 0; i < 100; ++i) {
        log.pass(20 * kMs);
        log.sync_step();
        log.step();
      }
      CHECK(log.is_failing());
      CHECK(known.released == released);
      disk.set_space(1'000'000);
      settle(log, policy);
      log.check_as_redis();
    }
    Log next(disk, known, policy, 8);
    REQUIRE(next.start(false));
  }
}

TEST_CASE("under the policy `no` a failure leaves a doubt that a base ends") {
  SimDisk disk;
  Known known;
  Log log(disk, known, FsyncPolicy::kNo, 3);
  REQUIRE(log.start(false));
  log.write();
  log.step();
  CHECK_FALSE(log.has_doubt());
  disk.inject({.call = disk.calls() + 1});
  log.write();
  log.step();
  CHECK_FALSE(log.is_failing());
  CHECK(log.is_all_released());
  CHECK(log.has_doubt());
  log.begin_rewrite();
  log.step();
  CHECK(log.has_doubt());
  log.end_rewrite();
  log.step();
  CHECK_FALSE(log.has_doubt());
  log.check_as_redis();
}

TEST_CASE("policies may change, and syncs may pause, at any time") {
  test::for_seeds("policies may change", 200, [](uint64_t seed) {
    SimDisk disk(seed);
    Known known;
    Random random(seed);
    {
      Log log(disk, known, FsyncPolicy::kEverysec, seed);
      REQUIRE(log.start(false));
      if (seed % 3 == 0)
        disk.inject({.call = disk.calls() + random.below(100),
                     .fault = SimDisk::Fault::kInputOutput,
                     .count = 1 + random.below(10)});
      for (int i = 0; i < 300; ++i) {
        act(log, random);
        if (random.one_in(8)) log.set_policy(kPolicies[random.below(3)]);
        if (random.one_in(8)) log.pause_syncs(random.one_in(2));
        log.step();
      }
      disk.inject({});
      log.pause_syncs(false);
      log.set_policy(FsyncPolicy::kEverysec);
      settle(log, FsyncPolicy::kEverysec);
      log.check_as_redis();
      if (seed % 2 == 0) CHECK(log.finish());
    }
    disk.crash();
    Log next(disk, known, FsyncPolicy::kAlways, seed);
    REQUIRE(next.start(true));
  });
}

TEST_CASE("the end of a process writes and syncs everything, also past a failure") {
  for (const FsyncPolicy policy : kPolicies) {
    CAPTURE(static_cast<int>(policy));
    for (uint64_t fault = 0; fault < 12; ++fault) {
      CAPTURE(fault);
      SimDisk disk(fault + 1);
      Known known;
      {
        Log log(disk, known, policy, 3);
        REQUIRE(log.start(false));
        for (int i = 0; i < 5; ++i)
          log.write();
        log.step();
        for (int i = 0; i < 5; ++i)
          log.write();
        if (fault != 0) disk.inject({.call = disk.calls() + fault});
        const bool is_done = log.finish();
        if (fault == 0) CHECK(is_done);
        if (!is_done) continue;
        // After a failure nobody knows of what the policy `no` had written before.
        if (policy == FsyncPolicy::kNo && fault != 0) continue;
        CHECK(log.is_all_durable());
      }
      disk.crash();
      Log next(disk, known, policy, 4);
      REQUIRE(next.start(true));
      CHECK(known.written == 10);
    }
  }
}

}  // namespace
}  // namespace kvstash::persist
