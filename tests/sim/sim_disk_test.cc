#include "sim/sim_disk.h"

#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace kvstash;
using namespace kvstash::test;

namespace {

std::unique_ptr<DiskFile> open(SimDisk& disk, const std::string& path, Disk::Access access) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(path, access);
  REQUIRE(file.ok());
  return *std::move(file);
}

}  // namespace

TEST_CASE("a simulated disk without a crash behaves as a disk") {
  SimDisk disk;
  REQUIRE(disk.make_directory("d").ok());
  const auto file = open(disk, "d/f", Disk::Access::kCreate);
  REQUIRE(write_all(*file, "0123456789").ok());
  REQUIRE(file->truncate(4).ok());
  REQUIRE(write_all(*file, "x").ok());
  CHECK(*read_whole(disk, "./d/f", 100) == "0123x");
  CHECK(disk.open("d/f", Disk::Access::kCreate).error().message() == "open d/f: File exists");
  CHECK(disk.open("no", Disk::Access::kRead).error().message() ==
        "open no: No such file or directory");
  REQUIRE(disk.link("d/f", "d/g").ok());
  REQUIRE(disk.rename("d/f", "h").ok());
  CHECK(*disk.list("d") == std::vector<std::string>{"g"});
  CHECK(*disk.list(".") == std::vector<std::string>{"d", "h"});
  REQUIRE(disk.remove("h").ok());
  CHECK_FALSE(disk.find("h")->has_value());
  CHECK((*disk.find("d/g"))->size == 5);
  CHECK((*disk.find("d"))->is_directory);
  CHECK(open(disk, "d/g", Disk::Access::kReplace)->size().ok());
  CHECK(disk.content("d/g") == "");
}

TEST_CASE("a crash keeps what was synced, and any part of the rest") {
  std::set<std::string> seen;
  for_seeds("what a crash keeps", 400, [&seen](uint64_t seed) {
    SimDisk disk(seed, 2);
    const auto file = open(disk, "f", Disk::Access::kCreate);
    REQUIRE(write_all(*file, "aaaaa").ok());
    REQUIRE(file->sync().ok());
    REQUIRE(disk.sync_directory(".").ok());
    REQUIRE(write_all(*file, "bbbb").ok());
    REQUIRE(write_all(*file, "cccc").ok());
    disk.crash();
    const std::string kept = *disk.content("f");
    CHECK(kept.substr(0, 5) == "aaaaa");
    CHECK(kept.size() <= 13);
    seen.insert(kept);
    CHECK(file->write("x").error().message() == "write f: Bad file descriptor");
  });
  if (model_seed()) return;
  CHECK(seen.contains("aaaaa"));
  CHECK(seen.contains("aaaaabbbbcccc"));
  const auto saw = [&seen](auto&& is_such) {
    return std::any_of(seen.begin(), seen.end(), is_such);
  };
  // Later bytes without earlier ones, and bytes that nobody wrote.
  CHECK(saw([](const std::string& kept) {
    return kept.size() == 13 && kept[7] == '\0' && kept[12] == 'c';
  }));
  CHECK(saw([](const std::string& kept) {
    return kept.find_first_not_of(std::string("abc\0", 4)) != std::string::npos;
  }));
}

TEST_CASE("names survive a crash when their directory was synced, otherwise perhaps") {
  bool was_lost = false;
  bool was_kept = false;
  bool was_reordered = false;
  for_seeds("names that a crash keeps", 100, [&](uint64_t seed) {
    SimDisk disk(seed);
    REQUIRE(disk.make_directory("d").ok());
    disk.put("d/a", "old a");
    REQUIRE(replace_file(disk, "d/a", "d/t", "new a").ok());
    disk.put("d/t2", "newer a");
    REQUIRE(disk.rename("d/t2", "d/a").ok());
    REQUIRE(open(disk, "d/b", Disk::Access::kCreate)->sync().ok());
    REQUIRE(open(disk, "e", Disk::Access::kCreate)->sync().ok());
    REQUIRE(disk.sync_directory(".").ok());
    disk.crash();
    CHECK_FALSE(disk.content("d/t").has_value());
    CHECK(disk.content("e").has_value());
    const bool has_renamed = disk.content("d/a") == "newer a";
    CHECK((has_renamed || disk.content("d/a") == "new a"));
    CHECK(disk.content("d/t2").has_value() == !has_renamed);
    const bool has_b = disk.content("d/b").has_value();
    was_lost |= !has_renamed;
    was_kept |= has_renamed;
    was_reordered |= has_b && !has_renamed;
  });
  if (model_seed()) return;
  CHECK((was_lost && was_kept && was_reordered));
}

TEST_CASE("a cut that was not synced may come undone, and writes behind it stand beside old ones") {
  std::set<std::string> seen;
  for_seeds("cuts that a crash undoes", 200, [&seen](uint64_t seed) {
    SimDisk disk(seed, 2);
    disk.put("f", "aaaaaa");
    const auto file = open(disk, "f", Disk::Access::kAppend);
    REQUIRE(file->truncate(2).ok());
    REQUIRE(write_all(*file, "bb").ok());
    disk.crash();
    CHECK(disk.content("f")->starts_with("aa"));
    seen.insert(*disk.content("f"));
  });
  if (model_seed()) return;
  CHECK(seen.contains("aaaaaa"));
  CHECK(seen.contains("aabb"));
  CHECK(seen.contains("aabbaa"));
}

TEST_CASE("after a failed sync a later one that succeeds may have written nothing") {
  bool was_lost = false;
  for_seeds("pages that a failed sync drops", 50, [&was_lost](uint64_t seed) {
    SimDisk disk(seed, 4);
    disk.put("f", "");
    const auto file = open(disk, "f", Disk::Access::kAppend);
    REQUIRE(write_all(*file, "aaaabbbb").ok());
    disk.inject({.call = disk.calls() + 1, .fault = SimDisk::Fault::kInputOutput});
    CHECK(file->sync().error().message() == "fdatasync f: Input/output error");
    CHECK(file->sync().ok());
    CHECK(disk.content("f") == "aaaabbbb");
    disk.crash();
    was_lost |= disk.content("f") != "aaaabbbb";
  });
  if (!model_seed()) CHECK(was_lost);
}

TEST_CASE("the n-th call fails as it is told to, and the calls beside it do not") {
  SimDisk disk;
  const auto file = open(disk, "f", Disk::Access::kCreate);
  disk.begin_count();
  disk.inject({.call = 2, .fault = SimDisk::Fault::kNoSpace, .count = 2});
  CHECK(file->write("a").ok());
  CHECK(disk.rename("f", "g").error().message() == "rename f: No space left on device");
  CHECK_FALSE(disk.sync_directory(".").ok());
  CHECK(file->sync().ok());
  disk.inject({.call = disk.calls() + 1, .fault = SimDisk::Fault::kShortWrite});
  const Result<size_t> put = file->write("0123456789");
  CHECK((*put >= 1 && *put <= 10));
  CHECK(disk.content("f")->size() == 1 + *put);
}

TEST_CASE("a full disk takes what fits and then refuses") {
  SimDisk disk;
  const auto file = open(disk, "f", Disk::Access::kCreate);
  disk.set_space(3);
  CHECK(write_all(*file, "12345").error().message() == "write f: No space left on device");
  CHECK(disk.content("f") == "123");
  disk.set_space(100);
  CHECK(write_all(*file, "45").ok());
}

TEST_CASE("from the call at which the power goes everything fails until the crash") {
  SimDisk disk;
  REQUIRE(replace_file(disk, "f", "t", "old").ok());
  disk.begin_count();
  disk.cut_power_at(2);
  CHECK_FALSE(replace_file(disk, "f", "t", "new").ok());
  CHECK_FALSE(disk.find("f").ok());
  disk.crash();
  CHECK(*read_whole(disk, "f", 100) == "old");
}

TEST_CASE("a replaced file is the old or the new one, wherever the power goes") {
  for_seeds("replacing a file", 300, [](uint64_t seed) {
    for (uint64_t call = 1;; ++call) {
      SimDisk disk(seed * 100 + call);
      disk.put("f", "old content");
      disk.begin_count();
      disk.cut_power_at(call);
      const bool done = replace_file(disk, "f", "t", "the new content").ok();
      disk.crash();
      const std::string kept = *disk.content("f");
      CHECK((kept == "the new content" || (!done && kept == "old content")));
      if (done) break;
    }
  });
}

TEST_CASE("a test can see each call before it happens") {
  SimDisk disk;
  std::string seen;
  disk.set_hook([&seen](std::string_view what, const std::string& path) {
    seen.append(what).append(" ").append(path).append(";");
  });
  REQUIRE(replace_file(disk, "f", "t", "x").ok());
  CHECK(seen == "open t;write t;fdatasync t;close t;rename t;fsync .;");
}

TEST_CASE("a scratch file takes space while it is there, and a crash takes it") {
  SimDisk disk;
  disk.set_space(8);
  {
    const std::unique_ptr<ScratchFile> file = *disk.open_scratch(".");
    CHECK(disk.scratch_files() == 1);
    CHECK(disk.list(".")->empty());
    REQUIRE(write_all(*file, 0, "012345").ok());
    REQUIRE(write_all(*file, 2, "ab").ok());
    CHECK(write_all(*file, 4, "cdefgh").error().message() ==
          "write scratch: No space left on device");
    char out[9] = {};
    REQUIRE(read_all(*file, 0, out, 8).ok());
    CHECK(std::string(out) == "01abcdef");
  }
  CHECK(disk.scratch_files() == 0);
  const std::unique_ptr<ScratchFile> file = *disk.open_scratch(".");
  REQUIRE(write_all(*file, 0, "01234567").ok());
  disk.crash();
  char out[8] = {};
  CHECK_FALSE(file->read(0, out, sizeof(out)).ok());
}

TEST_CASE("reads and writes of a scratch file are short when they are told to be") {
  SimDisk disk;
  const std::unique_ptr<ScratchFile> file = *disk.open_scratch(".");
  disk.inject({.call = 1, .fault = SimDisk::Fault::kShortWrite, .count = 1000});
  disk.begin_count();
  REQUIRE(write_all(*file, 0, std::string(1000, 'x')).ok());
  CHECK(disk.calls() > 1);
  disk.inject({.call = 1, .fault = SimDisk::Fault::kShortRead, .count = 1000});
  disk.begin_count();
  std::string out(1000, ' ');
  REQUIRE(read_all(*file, 0, out.data(), out.size()).ok());
  CHECK(out == std::string(1000, 'x'));
  CHECK(disk.calls() > 1);
}
