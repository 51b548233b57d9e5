#include "persist/aof/increment_scan.h"

#include "sim/sim_disk.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;

namespace {

IncrementScan scan(const std::string& content) {
  SimDisk disk;
  disk.put("f", content);
  Result<IncrementScan> scanned = scan_increment(**disk.open("f", Disk::Access::kRead));
  REQUIRE(scanned.ok());
  return *std::move(scanned);
}

}  // namespace

TEST_CASE("a scan finds what was on the disk behind the damage") {
  IncrementWriter writer(increment_header(1000));
  writer.add_records(as_resp({"SET", "a", "1"}));
  std::string file(writer.take());
  writer.clear();
  const size_t first_bytes = file.size();
  writer.set_synced(writer.lsn());
  writer.add_records(as_resp({"SET", "b", "2"}));
  file += writer.take();
  CHECK(scan(file).ending == IncrementScan::Ending::kWhole);
  CHECK(scan(file).units == 2);
  file[first_bytes - 3] = '9';
  const IncrementScan damaged = scan(file);
  CHECK(damaged.ending == IncrementScan::Ending::kDamaged);
  CHECK(damaged.error_lsn == 1000);
  CHECK(damaged.synced == 1027);
  CHECK(damaged.units == 0);
}

TEST_CASE("the records of a sound part are read with their places, until the reader has enough") {
  IncrementWriter writer(increment_header(0));
  writer.add_records(as_resp({"MULTI"}) + as_resp({"SET", "a", "1"}) + as_resp({"EXEC"}));
  writer.add_aof_only(as_resp({"PING"}));
  const std::string content(writer.take());
  SimDisk disk;
  disk.put("f", content);
  const auto file = *disk.open("f", Disk::Access::kRead);
  std::vector<std::string> seen;
  uint64_t end_offset = 0;
  const auto note = [&](std::span<const std::string_view> argv,
                        const RecordPlace& place) -> Status {
    end_offset = place.end_offset;
    seen.push_back(std::string(argv[0]) + " " + std::to_string(place.lsn_end) +
                   (place.in_unit ? " open" : "") + (place.is_aof_only ? " alone" : ""));
    return {};
  };
  CHECK(read_increment(*file, 0, content.size(), note).ok());
  CHECK(end_offset == content.size());
  CHECK(seen ==
        std::vector<std::string>{"MULTI 15 open", "SET 42 open", "EXEC 56", "PING 56 alone"});
  CHECK_FALSE(read_increment(*file, 0, content.size() - 1, note).ok());
  const auto refuse = [](std::span<const std::string_view>, const RecordPlace&) -> Status {
    return Error::literal("enough");
  };
  CHECK(read_increment(*file, 0, content.size(), refuse).error().message() == "enough");
}
