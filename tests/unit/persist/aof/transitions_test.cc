#include "persist/aof/transitions.h"

#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using kvstash::test::SimDisk;

namespace {

const AofLayout kLayout;

std::string manifest_of(const SimDisk& disk) {
  return disk.content(kLayout.manifest_path()).value_or("none");
}

}  // namespace

TEST_CASE("a log begins with a directory, a manifest and an increment") {
  SimDisk disk;
  const Transition first = begin_increment(kLayout, {}, {.header = "head"});
  REQUIRE(run_steps(disk, first.steps).ok());
  CHECK(manifest_of(disk) == "file appendonly.aof.1.incr.aof seq 1 type i\n");
  CHECK(disk.content("appendonlydir/appendonly.aof.1.incr.aof") == "head");
  const Transition second = begin_increment(kLayout, first.after, {.header = "head"});
  REQUIRE(run_steps(disk, second.steps).ok());
  CHECK(manifest_of(disk) ==
        "file appendonly.aof.1.incr.aof seq 1 type i\n"
        "file appendonly.aof.2.incr.aof seq 2 type i\n");
}

TEST_CASE("a new increment can cut the one before, and leave out what followed on a hole") {
  SimDisk disk;
  AofState state;
  state.manifest.increments = {{.name = "a", .seq = 1}, {.name = "b", .seq = 2}};
  disk.put("appendonlydir/a", "0123456789");
  disk.put("appendonlydir/b", "x");
  const Transition change = begin_increment(
      kLayout, state,
      {.header = "head", .cuts = {{.name = "a", .bytes = 4, .unsure_begin = 2}}, .dropped = {"b"}});
  REQUIRE(run_steps(disk, change.steps).ok());
  REQUIRE(run_steps(disk, change.steps).ok());
  CHECK(disk.content("appendonlydir/a") == "0123");
  CHECK(manifest_of(disk) ==
        "file b seq 2 type h\nfile a seq 1 type i\nfile appendonly.aof.3.incr.aof seq 3 type i\n");
}

TEST_CASE("what a failed sync dropped is on the disk once it was settled") {
  const std::string content(40, 'x');
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SimDisk disk(seed, 4);
    AofState state;
    state.manifest.increments = {{.name = "a", .seq = 1}};
    disk.put(kLayout.manifest_path(), print_manifest(state.manifest));
    disk.put("appendonlydir/a", content.substr(0, 10));
    Result<std::unique_ptr<DiskFile>> file = disk.open("appendonlydir/a", Disk::Access::kAppend);
    REQUIRE(file.ok());
    REQUIRE(write_all(**file, content.substr(10)).ok());
    disk.inject({.call = disk.calls() + 1});
    REQUIRE_FALSE((*file)->sync().ok());
    const Transition change = settle_increments(
        kLayout, state, {.header = {}, .cuts = {{.name = "a", .bytes = 30, .unsure_begin = 10}}});
    REQUIRE(run_steps(disk, change.steps).ok());
    disk.crash();
    CHECK(disk.content("appendonlydir/a") == content.substr(0, 30));
  }
}

TEST_CASE("a rewrite replaces base and increments, and keeps the newest for replicas") {
  SimDisk disk;
  AofState state;
  state.manifest.base = ManifestFile{.name = "appendonly.aof.1.base.rdb", .seq = 1};
  disk.put(kLayout.path("appendonly.aof.1.base.rdb"), "old base");
  std::vector<KeptIncrement> candidates;
  for (int64_t seq = 1; seq <= 4; ++seq) {
    const ManifestFile file{.name = kLayout.increment_name(seq), .seq = seq};
    state.manifest.increments.push_back(file);
    disk.put(kLayout.path(file.name), "0123456789");
    if (seq < 4)
      candidates.push_back(
          {.file = file, .lsn_begin = static_cast<uint64_t>(10 * seq), .bytes = 10});
  }
  disk.put("appendonlydir/temp-rewriteaof-9.aof", "new base");
  const Transition change = finish_rewrite(kLayout, state,
                                           {.temporary_path = "appendonlydir/temp-rewriteaof-9.aof",
                                            .is_rdb = true,
                                            .first_left = 4,
                                            .kept_candidates = candidates,
                                            .kept_bytes_max = 25});
  REQUIRE(run_steps(disk, change.steps).ok());
  CHECK(manifest_of(disk) ==
        "file appendonly.aof.2.base.rdb seq 2 type b\n"
        "file appendonly.aof.4.incr.aof seq 4 type i\n");
  CHECK(*disk.list("appendonlydir") ==
        std::vector<std::string>{"appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof",
                                 "appendonly.aof.3.incr.aof", "appendonly.aof.4.incr.aof",
                                 "appendonly.aof.kept", "appendonly.aof.manifest"});
  CHECK(disk.content(kLayout.path("appendonly.aof.2.base.rdb")) == "new base");
  const std::string kept = *disk.content(kLayout.kept_path());
  CHECK(kept ==
        "# increments older than the base, kept for replicas\n"
        "file appendonly.aof.2.incr.aof seq 2 type k lsn 20 bytes 10\n"
        "file appendonly.aof.3.incr.aof seq 3 type k lsn 30 bytes 10\n");
  CHECK(*parse_kept(kept) == change.after.kept);

  // The next rewrite keeps the newest of all.
  disk.put("appendonlydir/temp-rewriteaof-9.aof", "newer base");
  const Transition next =
      finish_rewrite(kLayout, change.after,
                     {.temporary_path = "appendonlydir/temp-rewriteaof-9.aof",
                      .is_rdb = true,
                      .first_left = 5,
                      .kept_candidates = {{.file = {.name = kLayout.increment_name(4), .seq = 4},
                                           .lsn_begin = 40,
                                           .bytes = 10}},
                      .kept_bytes_max = 25});
  REQUIRE(run_steps(disk, next.steps).ok());
  CHECK(next.after.kept.size() == 2);
  CHECK_FALSE(disk.content(kLayout.path(kLayout.increment_name(2))).has_value());
  CHECK(disk.content(kLayout.path(kLayout.increment_name(4))).has_value());
  CHECK(manifest_of(disk) == "file appendonly.aof.3.base.rdb seq 3 type b\n");
  // Numbers of kept files are not given again.
  CHECK(begin_increment(kLayout, next.after, {}).after.manifest.increments.back().seq == 5);
}

TEST_CASE("leftovers of an interrupted transition go, and files that nobody knows stay") {
  SimDisk disk;
  AofState state;
  state.manifest.history = {{.name = "appendonly.aof.1.incr.aof", .seq = 1},
                            {.name = "appendonly.aof.2.incr.aof", .seq = 2}};
  state.manifest.increments = {{.name = "appendonly.aof.2.incr.aof", .seq = 2}};
  for (const char* name : {"appendonly.aof.1.incr.aof", "appendonly.aof.2.incr.aof",
                           "temp-appendonly.aof.manifest", "appendonly.aof.9.base.rdb", "notes"})
    disk.put(std::string("appendonlydir/") + name, "x");
  const Transition change = remove_leftovers(kLayout, state, *disk.list("appendonlydir"));
  REQUIRE(run_steps(disk, change.steps).ok());
  CHECK(*disk.list("appendonlydir") ==
        std::vector<std::string>{"appendonly.aof.2.incr.aof", "appendonly.aof.9.base.rdb",
                                 "appendonly.aof.manifest", "notes"});
  CHECK(change.after.manifest.history.empty());
}

TEST_CASE("a list of kept increments that is wrong is refused") {
  CHECK(parse_kept("")->empty());
  CHECK_FALSE(parse_kept("file x seq 1\n").ok());
  CHECK_FALSE(parse_kept("file x seq 0 type k lsn 1\n").ok());
  CHECK_FALSE(parse_kept("file ../x seq 1 type k\n").ok());
}

TEST_CASE("a failed increment is cut when the manifest names what replaces it") {
  SimDisk disk;
  AofState state;
  for (int64_t seq = 1; seq <= 3; ++seq) {
    state.manifest.increments.push_back({.name = kLayout.increment_name(seq), .seq = seq});
    disk.put(kLayout.path(kLayout.increment_name(seq)), "0123456789");
  }
  disk.put(kLayout.path(kLayout.increment_name(7)), "fresh");
  const ManifestFile fresh{.name = kLayout.increment_name(7), .seq = 7};
  const Transition change =
      replace_increment(kLayout, state, {.kept = {.seq = 2, .bytes = 4}, .fresh = fresh});
  CHECK(change.steps.back().kind == DiskStep::Kind::kCutFile);
  REQUIRE(run_steps(disk, change.steps).ok());
  CHECK(disk.content(kLayout.path(kLayout.increment_name(2))) == "0123");
  CHECK(manifest_of(disk) ==
        "file appendonly.aof.3.incr.aof seq 3 type h\n"
        "file appendonly.aof.1.incr.aof seq 1 type i\n"
        "file appendonly.aof.2.incr.aof seq 2 type i bytes 4\n"
        "file appendonly.aof.7.incr.aof seq 7 type i\n");
  // Once more, after nobody knew how far it came.
  const Transition again =
      replace_increment(kLayout, change.after, {.kept = {.seq = 2, .bytes = 4}, .fresh = fresh});
  CHECK(again.after == change.after);
  // The file that is kept is not a part of the log any more, or none is.
  const Transition none =
      replace_increment(kLayout, state, {.kept = {.seq = 0, .bytes = 9}, .fresh = fresh});
  CHECK(none.after.manifest.increments == std::vector<ManifestFile>{fresh});
  CHECK(none.after.manifest.history.size() == 3);
  CHECK(none.steps.back().kind != DiskStep::Kind::kCutFile);
}

TEST_CASE("a log that begins replaces all increments of the one before in one step") {
  SimDisk disk;
  AofState state;
  state.manifest.increments = {{.name = kLayout.increment_name(1), .seq = 1}};
  disk.put(kLayout.path(kLayout.increment_name(1)), "old");
  disk.put(kLayout.path(kLayout.increment_name(2)), "new");
  disk.put("appendonlydir/temp-rewriteaof-bg.aof", "base");
  const Transition change =
      finish_rewrite(kLayout, state,
                     {.temporary_path = "appendonlydir/temp-rewriteaof-bg.aof",
                      .first_left = 3,
                      .increments = {{.name = kLayout.increment_name(2), .seq = 2}}});
  REQUIRE(run_steps(disk, change.steps).ok());
  CHECK(manifest_of(disk) ==
        "file appendonly.aof.1.base.rdb seq 1 type b\n"
        "file appendonly.aof.2.incr.aof seq 2 type i\n");
  CHECK_FALSE(disk.content(kLayout.path(kLayout.increment_name(1))).has_value());
}
