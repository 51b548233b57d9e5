// The changes of the files, each interrupted at any call; what the writer does with them is in
// tests/unit/persist/journal/aof_writer_test.cc.
#include "persist/node/aof_files.h"

#include "persist/aof/increment_format.h"
#include "sim/sim_disk.h"
#include "sim/sim_entropy.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {
namespace {

using test::SimDisk;
using test::SimEntropy;

const std::string kReplid(40, 'a');
const AofLayout kLayout;
const JournalPlace kPlace{.lsn = engine::Lsn{7}, .offset = 7};
const std::optional<IncrementPart> kBefore;
const std::string kBase = test::as_resp({"SET", "k", "v"});

struct Files {
  explicit Files(SimDisk& disk) : entropy(1), files(disk, entropy, parking, kLayout) {}
  SimEntropy entropy;
  ThreadParking parking;
  AofFiles files;
};

std::string increment(int64_t seq) {
  return kLayout.increment_name(seq);
}

// Makes a log of two increments with a base.
void make_log(SimDisk& disk, AofFiles& files) {
  REQUIRE(files.open(true).ok());
  disk.put(files.new_base_path(), kBase);
  REQUIRE(files.replace_base().ok());
  for (int64_t seq = 1; seq <= 2; ++seq) {
    REQUIRE(files.make_increment(kReplid)->name == increment(seq));
    REQUIRE(files.join_increment(increment(seq), kBefore).ok());
  }
}

// All that the manifest names is there.
void check_whole(SimDisk& disk) {
  const Result<AofState> state = read_aof_state(disk, kLayout);
  REQUIRE(state.ok());
  if (state->manifest.base) CHECK(disk.content(kLayout.path(state->manifest.base->name)));
  for (const ManifestFile& file : state->manifest.increments)
    CHECK(disk.content(kLayout.path(file.name)));
}

TEST_CASE("an increment is no part of the log before it joins, and its number is not used again") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  REQUIRE(own.files.make_increment(kReplid)->name == increment(3));
  CHECK(own.files.is_made(increment(3)));
  CHECK_FALSE(own.files.has_increment(increment(3)));
  REQUIRE(own.files.make_replacement(kReplid)->name == increment(4));
  CHECK_FALSE(own.files.is_made(increment(3)));
  CHECK_FALSE(disk.content(kLayout.path(increment(3))).has_value());
  CHECK_FALSE(own.files.join_increment(increment(3), kBefore).ok());
  REQUIRE(own.files.join_increment(increment(4), kBefore).ok());
  CHECK(own.files.has_increment(increment(4)));
}

TEST_CASE("a rewrite whose increment was replaced is refused") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  REQUIRE(own.files.make_increment(kReplid)->name == increment(3));
  REQUIRE(own.files.join_increment(increment(3), kBefore).ok());
  disk.put(own.files.new_base_path(), kBase);
  REQUIRE(own.files.make_replacement(kReplid)->name == increment(4));
  CHECK_FALSE(own.files.finish_rewrite(increment(3), kPlace).ok());
  REQUIRE(own.files.replace_failed(IncrementPart{.seq = 2, .bytes = 0}, increment(4)).ok());
  CHECK_FALSE(own.files.finish_rewrite(increment(3), kPlace).ok());
  CHECK(own.files.base_place() == JournalPlace());
  REQUIRE(own.files.finish_rewrite(increment(4), kPlace).ok());
  CHECK(own.files.base_place() == kPlace);
  CHECK_FALSE(own.files.has_increment(increment(2)));
  check_whole(disk);
}

// Rewrites the log, so that everything before the increment `seq`, which is new, goes.
void rewrite_keeping(SimDisk& disk, AofFiles& files, int64_t seq, uint64_t kept_bytes_max) {
  REQUIRE(files.make_increment(kReplid)->name == increment(seq));
  REQUIRE(files.join_increment(increment(seq), kBefore).ok());
  disk.put(files.new_base_path(), kBase);
  REQUIRE(files
              .finish_rewrite(increment(seq), kPlace,
                              {.is_rdb = false, .kept_bytes_max = kept_bytes_max})
              .ok());
}

bool is_there(SimDisk& disk, int64_t seq) {
  return disk.content(kLayout.path(increment(seq))).has_value();
}

TEST_CASE("increments older than the base are kept for replicas up to a size, the newest of them") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  const auto fill = [&](int64_t seq) {
    const std::string header = print_increment_header(
        {.lsn = static_cast<uint64_t>(seq) * 100, .synced = 0, .replid = kReplid, .salt = 5});
    disk.put(kLayout.path(increment(seq)), header + std::string(1000, 'x'));
    return header.size() + 1000;
  };
  const uint64_t first = fill(1);
  const uint64_t second = fill(2);
  rewrite_keeping(disk, own.files, 3, 1 << 20);
  CHECK(own.files.kept_bytes() == first + second);
  const Result<AofState> state = read_aof_state(disk, kLayout);
  REQUIRE(state.ok());
  REQUIRE(state->kept.size() == 2);
  CHECK(state->kept[0].lsn_begin == 100);
  CHECK(state->kept[1].lsn_begin == 200);
  CHECK(state->manifest.base->name == kLayout.base_name(2, false));
  CHECK(state->manifest.increments.size() == 1);

  // They outlive a start, and go when they do not fit.
  Files again(disk);
  REQUIRE(again.files.open(true).ok());
  CHECK(again.files.kept_bytes() == first + second);
  const uint64_t third = fill(3);
  rewrite_keeping(disk, again.files, 4, second + third);
  CHECK_FALSE(is_there(disk, 1));
  CHECK(is_there(disk, 2));
  CHECK(is_there(disk, 3));
  CHECK(again.files.kept_bytes() == second + third);
  fill(4);
  rewrite_keeping(disk, again.files, 5, 0);
  for (int64_t seq = 1; seq <= 4; ++seq)
    CHECK_FALSE(is_there(disk, seq));
  CHECK(again.files.kept_bytes() == 0);
}

TEST_CASE("nothing is kept from before an increment that is not ours") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  disk.put(kLayout.path(increment(1)),
           print_increment_header({.lsn = 1, .synced = 0, .replid = kReplid, .salt = 5}));
  disk.put(kLayout.path(increment(2)), test::as_resp({"SET", "by", "redis"}));
  rewrite_keeping(disk, own.files, 3, 1 << 20);
  CHECK(own.files.kept_bytes() == 0);
  CHECK_FALSE(is_there(disk, 1));
}

using Change = std::function<Status(SimDisk&, AofFiles&)>;

// Writes a base, as a rewrite does, with calls that may fail.
Status write_base(SimDisk& disk, AofFiles& files) {
  Result<std::unique_ptr<DiskFile>> base = disk.open(files.new_base_path(), Disk::Access::kReplace);
  if (!base.ok()) return base.error();
  if (Status written = write_all(**base, kBase); !written.ok()) return written;
  return (*base)->sync();
}

Status join(SimDisk&, AofFiles& files) {
  const Result<OpenIncrement> made = files.make_increment(kReplid);
  return made.ok() ? files.join_increment(made->name, kBefore) : Status(made.error());
}

Status rewrite(SimDisk& disk, AofFiles& files) {
  const Result<OpenIncrement> made = files.make_increment(kReplid);
  if (!made.ok()) return made.error();
  if (Status joined = files.join_increment(made->name, kBefore); !joined.ok()) return joined;
  if (Status written = write_base(disk, files); !written.ok()) return written;
  return files.finish_rewrite(made->name, kPlace);
}

Status replace(SimDisk&, AofFiles& files) {
  const Result<OpenIncrement> made = files.make_replacement(kReplid);
  if (!made.ok()) return made.error();
  return files.replace_failed(IncrementPart{.seq = 1, .bytes = 0}, made->name);
}

Status begin(SimDisk& disk, AofFiles& files) {
  const Result<OpenIncrement> made = files.make_first_increment(kReplid);
  const auto run = [&]() -> Status {
    if (!made.ok()) return made.error();
    if (Status joined = files.join_increment(made->name, kBefore); !joined.ok()) return joined;
    if (Status written = write_base(disk, files); !written.ok()) return written;
    return files.begin_log();
  };
  Status done = run();
  if (!done.ok()) files.give_up_log();
  return done;
}

Status replace_base(SimDisk& disk, AofFiles& files) {
  if (Status written = write_base(disk, files); !written.ok()) return written;
  return files.replace_base();
}

const std::vector<Change> kChanges = {join, rewrite, replace, begin, replace_base};

TEST_CASE("whichever call of a change fails, the log stays whole and the next change succeeds") {
  for (const Change& change : kChanges) {
    for (uint64_t call = 1; call <= 40; ++call) {
      for (const bool has_power_cut : {false, true}) {
        CAPTURE(call);
        SimDisk disk(call);
        Files own(disk);
        make_log(disk, own.files);
        disk.begin_count();
        disk.inject({.call = call});
        static_cast<void>(change(disk, own.files).ok());
        disk.inject({});
        check_whole(disk);
        if (!has_power_cut) {
          // The change once more, and the next one, go on from what the failed one left.
          CHECK(change(disk, own.files).ok());
          CHECK(rewrite(disk, own.files).ok());
          check_whole(disk);
        }
        disk.crash();
        check_whole(disk);
        Files next(disk);
        REQUIRE(next.files.open(true).ok());
        check_whole(disk);
        CHECK(rewrite(disk, next.files).ok());
        check_whole(disk);
      }
    }
  }
}

// What the manifest names: "base 1, 2 3" and so on; or "none".
std::string describe(SimDisk& disk) {
  const Result<AofState> state = read_aof_state(disk, kLayout);
  REQUIRE(state.ok());
  std::string all = state->manifest.base ? "base " + std::to_string(state->manifest.base->seq) : "";
  for (const ManifestFile& file : state->manifest.increments)
    all += " " + std::to_string(file.seq);
  return all.empty() ? "none" : all;
}

TEST_CASE(
    "a process that dies, or a power cut, in any step of a change leaves the state before or "
    "the one after, and a start goes on from it") {
  for (const bool has_log : {true, false}) {
    for (size_t i = 0; i < kChanges.size(); ++i) {
      if (!has_log && kChanges.size() - i > 2) continue;  // Only a log that begins.
      CAPTURE(has_log);
      CAPTURE(i);
      const auto prepare = [&](SimDisk& disk, AofFiles& files) {
        if (has_log) return make_log(disk, files);
        REQUIRE(files.open(true).ok());
      };
      std::string before;
      std::string after;
      uint64_t calls = 0;
      {
        SimDisk disk;
        Files own(disk);
        prepare(disk, own.files);
        before = describe(disk);
        disk.begin_count();
        REQUIRE(kChanges[i](disk, own.files).ok());
        calls = disk.calls();
        after = describe(disk);
      }
      // A rewrite has two steps that count: its increment joins first.
      const std::string between = before + " 3";
      for (uint64_t call = 1; call <= calls; ++call) {
        for (const bool has_power_cut : {false, true}) {
          for (uint64_t seed = 1; seed <= 10; ++seed) {
            CAPTURE(call);
            CAPTURE(has_power_cut);
            CAPTURE(seed);
            SimDisk disk(seed);
            Files own(disk);
            prepare(disk, own.files);
            disk.begin_count();
            if (has_power_cut) {
              disk.cut_power_at(call);
            } else {
              disk.inject({.call = call, .count = 1'000'000});
            }
            CHECK_FALSE(kChanges[i](disk, own.files).ok());
            if (has_power_cut) disk.crash();
            disk.inject({});
            check_whole(disk);
            const std::string found = describe(disk);
            CHECK((found == before || found == after || found == between));
            Files next(disk);
            REQUIRE(next.files.open(true).ok());
            CHECK(describe(disk) == found);
            CHECK(begin(disk, next.files).ok());
            check_whole(disk);
          }
        }
      }
    }
  }
}

TEST_CASE("a base counts as durable only when the manifest that names it is on the disk") {
  for (uint64_t call = 1; call <= 40; ++call) {
    CAPTURE(call);
    SimDisk disk(call);
    Files own(disk);
    make_log(disk, own.files);
    disk.begin_count();
    disk.inject({.call = call});
    const bool is_done = rewrite(disk, own.files).ok();
    disk.inject({});
    const bool is_named = describe(disk).starts_with("base 2");
    if (own.files.base_place() == kPlace) CHECK(is_named);
    if (is_done) CHECK(own.files.base_place() == kPlace);
    REQUIRE(join(disk, own.files).ok());
    if (is_named) CHECK(own.files.base_place() == kPlace);
    disk.crash();
    CHECK(describe(disk).starts_with("base 2") == is_named);
  }
}

TEST_CASE("an increment that another one follows has its size in the manifest") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  REQUIRE(own.files.make_increment(kReplid)->name == increment(3));
  REQUIRE(own.files.join_increment(increment(3), IncrementPart{.seq = 2, .bytes = 77}).ok());
  CHECK(read_aof_state(disk, kLayout)->manifest.increments[1].bytes == 77);
  CHECK_FALSE(read_aof_state(disk, kLayout)->manifest.increments[2].bytes.has_value());
}

TEST_CASE("what was given up is removed once no manifest can name it") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  REQUIRE(own.files.make_increment(kReplid)->name == increment(3));
  // The directory is not synced, so the new manifest may be there after a crash.
  disk.set_hook([&](std::string_view what, const std::string&) {
    if (what == "rename") disk.inject({.call = disk.calls() + 2, .count = 1'000'000});
  });
  CHECK_FALSE(own.files.join_increment(increment(3), kBefore).ok());
  own.files.discard_increment(increment(3));
  CHECK(disk.content(kLayout.path(increment(3))).has_value());
  disk.set_hook({});
  disk.inject({});
  REQUIRE(own.files.make_replacement(kReplid).ok());
  CHECK(disk.content(kLayout.path(increment(3))).has_value() ==
        own.files.has_increment(increment(3)));
  check_whole(disk);
}

}  // namespace
}  // namespace kvstash::persist
