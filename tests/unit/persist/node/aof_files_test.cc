// The changes of the files, each interrupted at any call; what the writer does with them is in
// tests/unit/persist/journal/aof_writer_test.cc.
#include "persist/node/aof_files.h"

#include "persist/aof/increment_format.h"
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

// Rewrites the log, so that everything before the increment `seq`, which is new, goes.
void rewrite(SimDisk& disk, AofFiles& files, int64_t seq, uint64_t kept_bytes_max) {
  REQUIRE(files.make_increment(kReplid)->name == increment(seq));
  REQUIRE(files.join_increment(increment(seq)).ok());
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
  rewrite(disk, own.files, 3, 1 << 20);
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
  rewrite(disk, again.files, 4, second + third);
  CHECK_FALSE(is_there(disk, 1));
  CHECK(is_there(disk, 2));
  CHECK(is_there(disk, 3));
  CHECK(again.files.kept_bytes() == second + third);
  fill(4);
  rewrite(disk, again.files, 5, 0);
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
  rewrite(disk, own.files, 3, 1 << 20);
  CHECK(own.files.kept_bytes() == 0);
  CHECK_FALSE(is_there(disk, 1));
}

}  // namespace
}  // namespace kvstash::persist
