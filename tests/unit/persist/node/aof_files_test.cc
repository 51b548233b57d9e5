// The changes of the files, each interrupted at any call; what the writer does with them is in
// tests/unit/persist/journal/aof_writer_test.cc.
#include "persist/node/aof_files.h"

#include "sim/sim_disk.h"
#include "sim/sim_entropy.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

namespace kvstash::persist {
namespace {

using test::SimDisk;
using test::SimEntropy;

const std::string kReplid(40, 'a');
const AofLayout kLayout;
const JournalPlace kPlace{.lsn = engine::Lsn{7}, .offset = 7};
const std::string kBase = test::as_resp({"SET", "k", "v"});

struct Files {
  explicit Files(SimDisk& disk) : entropy(1), files(disk, entropy, kLayout) {}
  SimEntropy entropy;
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
    REQUIRE(files.join_increment(increment(seq)).ok());
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
  CHECK_FALSE(own.files.join_increment(increment(3)).ok());
  REQUIRE(own.files.join_increment(increment(4)).ok());
  CHECK(own.files.has_increment(increment(4)));
}

TEST_CASE("a rewrite whose increment was replaced is refused") {
  SimDisk disk;
  Files own(disk);
  make_log(disk, own.files);
  REQUIRE(own.files.make_increment(kReplid)->name == increment(3));
  REQUIRE(own.files.join_increment(increment(3)).ok());
  disk.put(own.files.new_base_path(), kBase);
  REQUIRE(own.files.make_replacement(kReplid)->name == increment(4));
  CHECK_FALSE(own.files.finish_rewrite(increment(3), kPlace).ok());
  REQUIRE(own.files.replace_failed(increment(2), 0, increment(4)).ok());
  CHECK_FALSE(own.files.finish_rewrite(increment(3), kPlace).ok());
  CHECK(own.files.base_place() == JournalPlace());
  REQUIRE(own.files.finish_rewrite(increment(4), kPlace).ok());
  CHECK(own.files.base_place() == kPlace);
  CHECK_FALSE(own.files.has_increment(increment(2)));
  check_whole(disk);
}

}  // namespace
}  // namespace kvstash::persist
