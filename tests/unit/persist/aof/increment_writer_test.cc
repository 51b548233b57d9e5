#include "persist/aof/increment_writer.h"

#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;

namespace {

size_t count_blocks(std::string_view file) {
  size_t count = 0;
  for (size_t at = file.find(kBlockMark); at != std::string_view::npos;
       at = file.find(kBlockMark, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("records are read as they were added, and count in the LSN") {
  IncrementWriter writer(increment_header(1000));
  const std::string records = as_resp({"SELECT", "0"}) + as_resp({"SET", "k", "v"});
  writer.add_records(records);
  CHECK(writer.lsn() == 1000 + records.size());
  const std::string file(writer.take());
  const ReadFile read = read_pieces(file, file.size());
  CHECK(read.records == std::vector<std::string>{"SELECT 0", "SET k v"});
  CHECK(read.sound_bytes == file.size());
  CHECK(read.sound_lsn == writer.lsn());
  CHECK(count_blocks(file) == 1);
}

TEST_CASE("what only the file has counts nothing, what only the stream has counts without bytes") {
  IncrementWriter writer(increment_header(0));
  writer.add_aof_only(as_resp({"SET", "a", "1"}));
  CHECK(writer.lsn() == 0);
  writer.add_stream_only(14);
  writer.add_records(as_resp({"SET", "b", "2"}));
  CHECK(writer.lsn() == 14 + as_resp({"SET", "b", "2"}).size());
  const std::string file(writer.take());
  const ReadFile read = read_pieces(file, file.size());
  CHECK(read.records == std::vector<std::string>{"SET a 1", "SET b 2"});
  CHECK(read.sound_lsn == writer.lsn());
}

TEST_CASE("bytes that were taken and cleared are not given again") {
  IncrementWriter writer(increment_header());
  writer.add_records(as_resp({"SET", "a", "1"}));
  std::string file(writer.take());
  writer.clear();
  CHECK(writer.take().empty());
  CHECK(writer.pending_bytes() == 0);
  writer.add_records(as_resp({"SET", "b", "2"}));
  file += writer.take();
  CHECK(count_blocks(file) == 2);
  CHECK(read_pieces(file, 1).records == std::vector<std::string>{"SET a 1", "SET b 2"});
}

TEST_CASE("a unit that ends in another block has a first block of its own") {
  IncrementWriter writer(increment_header());
  writer.add_records(as_resp({"SET", "a", "1"}));
  const std::string before_unit(IncrementWriter(writer).take());
  writer.begin_unit();
  writer.add_records(as_resp({"MULTI"}) + as_resp({"SET", "b", "2"}));
  std::string file(writer.take());
  CHECK(count_blocks(file) == 2);
  writer.clear();
  // As long as the unit is open, the file can be cut only before it.
  ReadFile read = read_pieces(file, file.size());
  CHECK(read.end.kind == IncrementStep::Kind::kTruncated);
  CHECK(read.sound_bytes == before_unit.size());
  CHECK(read.units == std::vector<std::string>{"SET a 1"});
  writer.add_records(as_resp({"SET", "c", "3"}) + as_resp({"EXEC"}));
  writer.end_unit();
  writer.add_records(as_resp({"SET", "d", "4"}));
  file += writer.take();
  CHECK(count_blocks(file) == 3);
  read = read_pieces(file, 7);
  CHECK(read.end.kind == IncrementStep::Kind::kEnd);
  CHECK(read.units ==
        std::vector<std::string>{"SET a 1", "MULTI; SET b 2; SET c 3; EXEC", "SET d 4"});
  CHECK(read.sound_lsn == writer.lsn());
}

TEST_CASE("units that begin and end within one taking share its block") {
  IncrementWriter writer(increment_header());
  for (int i = 0; i < 3; ++i) {
    writer.begin_unit();
    writer.add_records(as_resp({"MULTI"}) + as_resp({"SET", "k", "v"}) + as_resp({"EXEC"}));
    writer.end_unit();
  }
  const std::string file(writer.take());
  CHECK(count_blocks(file) == 1);
  CHECK(read_pieces(file, 100).units.size() == 3);
}

TEST_CASE("a unit that is open without records does not become part of a block") {
  IncrementWriter writer(increment_header());
  writer.add_records(as_resp({"SET", "a", "1"}));
  writer.begin_unit();
  std::string file(writer.take());
  writer.clear();
  writer.add_records(as_resp({"MULTI"}));
  file += writer.take();
  writer.clear();
  writer.add_records(as_resp({"EXEC"}));
  writer.end_unit();
  file += writer.take();
  const ReadFile read = read_pieces(file, 3);
  CHECK(read.units == std::vector<std::string>{"SET a 1", "MULTI; EXEC"});
  CHECK(read.end.kind == IncrementStep::Kind::kEnd);
}

TEST_CASE("a timestamp begins a block") {
  IncrementWriter writer(increment_header());
  writer.add_records(as_resp({"SET", "a", "1"}));
  writer.add_timestamp(1700000000);
  writer.add_records(as_resp({"SET", "b", "2"}));
  const std::string file(writer.take());
  CHECK(count_blocks(file) == 2);
  CHECK(file.find("\r\n#TS:1700000000\r\n") != std::string::npos);
  CHECK(read_pieces(file, 9).records.size() == 2);
}

TEST_CASE("a file says how far the log was known to be on the disk") {
  IncrementWriter writer(increment_header(1000, 900));
  writer.add_records(as_resp({"SET", "a", "1"}));
  std::string file(writer.take());
  writer.clear();
  CHECK(read_pieces(file, file.size()).synced == 900);
  const uint64_t synced = writer.lsn();
  writer.set_synced(synced);
  writer.set_synced(950);  // What is known is not forgotten.
  writer.add_records(as_resp({"SET", "b", "2"}));
  file += writer.take();
  writer.clear();
  CHECK(read_pieces(file, file.size()).synced == synced);
  writer.set_synced(writer.lsn());
  writer.add_synced_mark();
  file += writer.take();
  CHECK(read_pieces(file, file.size()).synced == writer.lsn());
  CHECK(read_pieces(file, file.size()).sound_bytes == file.size());
}

TEST_CASE("a file has the bytes that docs/formats/aof.md shows") {
  IncrementWriter writer(increment_header(1000));
  writer.add_records(as_resp({"SET", "a", "1"}));
  CHECK(writer.take() ==
        "#KVSTASH:1 lsn=1000 synced=0 replid=0123456789abcdef0123456789abcdef01234567 "
        "salt=0000000000005a17 head=a5027010ffb15575\r\n"
        "#BLOCK:27 lsn=1000 synced=0 crc=1a6e15e3b349f612 head=0a3ed22d474a4518\r\n"
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
}
