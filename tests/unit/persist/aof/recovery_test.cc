#include "persist/aof/recovery.h"

#include "sim/sim_disk.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;

namespace {

const AofLayout kLayout;

// Files 1, 2, ... with a manifest that names them. `kept`: how much of the first is a part of the
// log.
void put_increments(SimDisk& disk, const std::vector<std::string>& contents,
                    std::optional<uint64_t> kept = std::nullopt) {
  Manifest manifest;
  for (const std::string& content : contents) {
    const auto seq = static_cast<int64_t>(manifest.increments.size()) + 1;
    manifest.increments.push_back({.name = kLayout.increment_name(seq), .seq = seq});
    disk.put(kLayout.path(kLayout.increment_name(seq)), content);
  }
  manifest.increments[0].bytes = kept;
  disk.put(kLayout.manifest_path(), print_manifest(manifest));
}

RecoveryPlan plan(SimDisk& disk, bool load_truncated = true) {
  Result<RecoveryPlan> made = plan_recovery(disk, kLayout, {.load_truncated = load_truncated});
  REQUIRE(made.ok());
  return *std::move(made);
}

std::string refusal(SimDisk& disk, bool load_truncated = true) {
  const Result<RecoveryPlan> made =
      plan_recovery(disk, kLayout, {.load_truncated = load_truncated});
  REQUIRE_FALSE(made.ok());
  return std::string(made.error().message());
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// An increment of ours of `units` SETs of 27 bytes, in a block each.
std::string ours(uint64_t lsn, int units, uint64_t synced) {
  IncrementWriter writer(increment_header(lsn, 0));
  std::string file(writer.take());
  writer.clear();
  for (int i = 0; i < units; ++i) {
    if (synced <= writer.lsn()) writer.set_synced(synced);
    writer.add_records(as_resp({"SET", "k", std::to_string(i % 10)}));
    file += writer.take();
    writer.clear();
  }
  return file;
}

}  // namespace

TEST_CASE("without files there is nothing to load") {
  SimDisk disk;
  const RecoveryPlan empty = plan(disk);
  CHECK_FALSE(empty.base.has_value());
  CHECK(empty.increments.empty());
  CHECK_FALSE(empty.position.has_value());
}

TEST_CASE("data without a manifest is refused, other files are not") {
  SimDisk disk;
  disk.put("appendonlydir/notes", "x");
  CHECK(plan(disk).increments.empty());
  disk.put("appendonlydir/appendonly.aof.1.base.rdb", "x");
  CHECK(refusal(disk) ==
        "The append only directory appendonlydir holds appendonly.aof.1.base.rdb but no manifest "
        "appendonlydir/appendonly.aof.manifest. Restore the manifest from a backup, or move the "
        "files of the directory away to start without them.");
}

TEST_CASE("whole increments of ours are loaded to their end, and the log goes on there") {
  SimDisk disk;
  put_increments(disk, {ours(0, 2, 0), ours(54, 1, 54)});
  const RecoveryPlan made = plan(disk);
  CHECK(made.increments.size() == 2);
  CHECK(made.increments[1].end == made.increments[1].file_bytes);
  CHECK(made.position->lsn == 81);
  CHECK(made.position->replid == increment_header().replid);
  CHECK(made.notices.empty());
  CHECK(made.cuts.size() == 2);
}

TEST_CASE("a torn tail is cut and told of, or refused if the operator wants that") {
  SimDisk disk;
  const std::string whole = ours(0, 3, 27);
  put_increments(disk, {whole.substr(0, whole.size() - 5)});
  const RecoveryPlan made = plan(disk);
  CHECK(made.position->lsn == 54);
  REQUIRE(made.notices.size() == 1);
  CHECK(has(made.notices[0], "Truncating the AOF appendonlydir/appendonly.aof.1.incr.aof at"));
  CHECK(
      has(refusal(disk, false), "kvstash --check-aof --fix appendonlydir/appendonly.aof.manifest"));
}

TEST_CASE("damage below what was on the disk is refused, in whatever file that is said") {
  SimDisk disk;
  std::string damaged = ours(0, 3, 0);
  damaged[damaged.size() - 3] = '\0';
  put_increments(disk, {damaged, ours(81, 1, 81)});
  const std::string said = refusal(disk);
  CHECK(has(said,
            "appendonlydir/appendonly.aof.1.incr.aof: A block does not match its checksum at "
            "offset "));
  CHECK(has(said, "below what was known to be on the disk"));
  // The same damage, when no file says so, is a torn tail; the file behind it goes too.
  put_increments(disk, {damaged, ours(81, 1, 0)});
  const RecoveryPlan made = plan(disk);
  CHECK(made.position->lsn == 54);
  CHECK(made.dropped == std::vector<std::string>{"appendonly.aof.2.incr.aof"});
}

TEST_CASE("records that are missing between two increments are refused if they were on the disk") {
  SimDisk disk;
  put_increments(disk, {ours(0, 2, 0), ours(81, 1, 81)});
  CHECK(has(refusal(disk), "begins at LSN 81, but what stands before it ends at LSN 54"));
  put_increments(disk, {ours(0, 2, 0), ours(81, 1, 0)});
  CHECK(plan(disk).dropped.size() == 1);
}

TEST_CASE("what no increment says was on the disk is unsure") {
  SimDisk disk;
  const auto unsure = [&](const std::vector<std::string>& contents, size_t file = 0) {
    put_increments(disk, contents);
    const NewIncrement::Cut cut = plan(disk).cuts.at(file);
    return std::pair(cut.unsure_begin, cut.bytes);
  };
  const std::string head = ours(0, 0, 0);
  const std::string all = ours(0, 9, 0);
  CHECK(unsure({all}) == std::pair<uint64_t, uint64_t>(0, all.size()));
  // Behind the very LSN there may be records that have none of their own.
  CHECK(unsure({ours(0, 9, 54)}).first == head.size());
  CHECK(unsure({all, ours(243, 1, 243)}).first == 0);
  CHECK(unsure({all, ours(243, 2, 270)}).first == all.size());
  CHECK(unsure({all, ours(243, 2, 270)}, 1).first == ours(243, 0, 0).size());
  // Redis says nothing of that.
  const std::string redis = as_resp({"SELECT", "0"});
  CHECK(unsure({all, redis, ours(0, 3, 27)}).first == 0);
  CHECK(unsure({redis}).first == redis.size());
  // A file of many blocks is unsure from a place a little before the LSN.
  const std::string large = ours(0, 5000, 27 * 4000);
  const auto [begin, bytes] = unsure({large});
  CHECK(begin > ours(0, 3000, 0).size());
  CHECK(begin < ours(0, 4000, 0).size());
}

TEST_CASE("of an increment only what the manifest says is a part of the log") {
  SimDisk disk;
  const std::string first = ours(0, 3, 0);
  const uint64_t kept = ours(0, 2, 0).size();
  put_increments(disk, {first, ours(54, 2, 54)}, kept);
  RecoveryPlan made = plan(disk);
  CHECK(made.increments[0].end == kept);
  CHECK(made.cuts[0].bytes == kept);
  CHECK(made.position->lsn == 108);
  CHECK(made.notices.empty());
  // Nor does it count how what is no part of it ends, nor what that says was on the disk.
  put_increments(disk, {first.substr(0, first.size() - 4), ours(54, 2, 54)}, kept);
  CHECK(plan(disk).increments[0].end == kept);
  put_increments(disk, {ours(0, 3, 54), ours(54, 2, 0).substr(0, 200)}, kept);
  CHECK(plan(disk).increments.size() == 2);
}

TEST_CASE("a part that is not there to its end is torn, or refused if it was on the disk") {
  SimDisk disk;
  const uint64_t kept = ours(0, 3, 0).size();
  put_increments(disk, {ours(0, 2, 0), ours(81, 2, 0)}, kept);
  const RecoveryPlan made = plan(disk);
  CHECK(made.increments.size() == 1);
  CHECK(made.dropped.size() == 1);
  put_increments(disk, {ours(0, 2, 0), ours(81, 2, 81)}, kept);
  CHECK(has(refusal(disk), "below what was known to be on the disk"));
  // Also if only a record is missing that the stream of replicas does not have.
  IncrementWriter writer(increment_header(0, 0));
  writer.add_records(as_resp({"SET", "k", "1"}));
  const std::string one(writer.take());
  writer.add_aof_only(as_resp({"SET", "k", "2"}));
  const std::string two(writer.take());
  put_increments(disk, {one, ours(27, 2, 0)}, two.size());
  CHECK(plan(disk).dropped.size() == 1);
}

TEST_CASE("records that stand in two increments are refused") {
  SimDisk disk;
  put_increments(disk, {ours(0, 3, 0), ours(54, 2, 54)});
  CHECK(has(refusal(disk), "begins at LSN 54, but what stands before it ends at LSN 81"));
  CHECK(has(refusal(disk), "records stand there twice"));
}

TEST_CASE("in files of Redis's only the end of the last is a tail") {
  SimDisk disk;
  const std::string whole = as_resp({"SET", "a", "1"});
  put_increments(disk, {whole, whole + "*1\r\n"});
  const RecoveryPlan made = plan(disk);
  CHECK(made.increments[1].end == whole.size());
  CHECK_FALSE(made.position.has_value());
  put_increments(disk, {whole + "*1\r\n", whole});
  CHECK(has(refusal(disk), "the truncated file is not the last file"));
  put_increments(disk, {whole + "x"});
  CHECK(has(refusal(disk), "Bad file format reading the append only file"));
  put_increments(disk, {ours(0, 1, 0) + whole});
  CHECK_FALSE(plan(disk).position.has_value());
}

TEST_CASE("a base is known by its first bytes, and a manifest that names no file is refused") {
  SimDisk disk;
  disk.put(kLayout.manifest_path(), "file b seq 1 type b\n");
  CHECK(has(refusal(disk), "can't open the append log file for reading"));
  disk.put("appendonlydir/b", "REDIS0011");
  CHECK(plan(disk).base->begins_with_rdb);
  disk.put("appendonlydir/b", "VALKEY080");
  CHECK(plan(disk).base->begins_with_rdb);
  disk.put("appendonlydir/b", as_resp({"SET", "a", "1"}));
  CHECK_FALSE(plan(disk).base->begins_with_rdb);
  disk.put(kLayout.manifest_path(), "nonsense\n");
  CHECK(has(refusal(disk), "Invalid AOF manifest file format"));
}

TEST_CASE("a single file of Redis before 7.0 is to be taken over first") {
  SimDisk disk;
  disk.put("appendonly.aof", as_resp({"SET", "a", "1"}));
  CHECK(plan(disk).adopts_old_file);
  REQUIRE(run_steps(disk, adopt_old_file(kLayout).steps).ok());
  const RecoveryPlan made = plan(disk);
  CHECK_FALSE(made.adopts_old_file);
  CHECK(made.base->name == "appendonly.aof");
  // Beside a log of the new layout an old file is nobody's.
  disk.put("appendonly.aof", "other");
  CHECK_FALSE(plan(disk).adopts_old_file);
}

TEST_CASE("a torn increment before an empty one is cut: nothing was written behind it") {
  SimDisk disk;
  const std::string file = ours(1000, 4, 1000);
  put_increments(disk, {file.substr(0, file.size() - 5), ""});
  const RecoveryPlan cut = plan(disk);
  REQUIRE(cut.increments.size() == 1);
  CHECK(cut.increments[0].end < file.size());
  CHECK(cut.dropped == std::vector<std::string>{kLayout.increment_name(2)});
  REQUIRE(cut.position.has_value());
  // What was on the disk once must still be there.
  const std::string other = ours(1000, 4, 1000);
  put_increments(disk, {other.substr(0, other.size() - 5), "", as_resp({"SET", "k", "v"})});
  CHECK(has(refusal(disk), "Bad file format"));
}
