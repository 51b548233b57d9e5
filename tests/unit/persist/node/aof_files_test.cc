// The changes of the files, each interrupted at any call; what the writer does with them is in
// tests/unit/persist/journal/aof_writer_test.cc.
#include "persist/node/aof_files.h"

#include "sim/sim_disk.h"
#include "sim/sim_entropy.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>

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
  explicit Files(SimDisk& disk) : entropy(1), files(disk, entropy, kLayout) {}
  SimEntropy entropy;
  AofFiles files;
};

std::string increment(int64_t seq) { return kLayout.increment_name(seq); }

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

TEST_CASE("whichever call of a change fails, the log stays whole and the next change succeeds") {
  using Change = std::function<Status(SimDisk&, AofFiles&)>;
  const Change join = [](SimDisk&, AofFiles& files) -> Status {
    const Result<OpenIncrement> made = files.make_increment(kReplid);
    return made.ok() ? files.join_increment(made->name, kBefore) : Status(made.error());
  };
  const Change rewrite = [](SimDisk& disk, AofFiles& files) -> Status {
    const Result<OpenIncrement> made = files.make_increment(kReplid);
    if (!made.ok()) return made.error();
    if (Status joined = files.join_increment(made->name, kBefore); !joined.ok()) return joined;
    disk.put(files.new_base_path(), kBase);
    return files.finish_rewrite(made->name, kPlace);
  };
  const Change replace = [](SimDisk&, AofFiles& files) -> Status {
    const Result<OpenIncrement> made = files.make_replacement(kReplid);
    if (!made.ok()) return made.error();
    return files.replace_failed(IncrementPart{.seq = 1, .bytes = 0}, made->name);
  };
  const Change begin = [](SimDisk& disk, AofFiles& files) -> Status {
    const Result<OpenIncrement> made = files.make_first_increment(kReplid);
    const auto run = [&]() -> Status {
      if (!made.ok()) return made.error();
      if (Status joined = files.join_increment(made->name, kBefore); !joined.ok()) return joined;
      disk.put(files.new_base_path(), kBase);
      return files.begin_log();
    };
    Status done = run();
    if (!done.ok()) files.give_up_log();
    return done;
  };
  for (const Change& change : {join, rewrite, replace, begin}) {
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

}  // namespace
}  // namespace kvstash::persist
