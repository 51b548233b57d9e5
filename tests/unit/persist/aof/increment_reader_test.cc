#include "persist/aof/increment_reader.h"

#include "base/random.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;
using Kind = IncrementStep::Kind;

namespace {

// A file of five units in four blocks, one of which holds a unit's second half.
std::string small_file() {
  IncrementWriter writer(increment_header(1000));
  std::string file;
  const auto write = [&] {
    file += writer.take();
    writer.clear();
  };
  writer.add_timestamp(1700000000);
  writer.add_records(as_resp({"select", "0"}));
  writer.add_records(as_resp({"SET", "a", "1"}));
  write();
  writer.set_synced(writer.lsn());
  writer.begin_unit();
  writer.add_records(as_resp({"MULTI"}));
  writer.add_records(as_resp({"SET", "b", "2"}));
  write();
  writer.add_aof_only(as_resp({"SET", "c", "3"}));
  writer.add_records(as_resp({"EXEC"}));
  writer.end_unit();
  write();
  writer.add_stream_only(14);
  writer.add_records(as_resp({"DEL", "a"}));
  write();
  return file;
}

const std::vector<std::string> kUnits = {"select 0", "SET a 1", "MULTI; SET b 2; SET c 3; EXEC",
                                         "DEL a"};

bool is_prefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// What can be read of the file up to its last sound place: as after a restart.
std::vector<std::string> sound_units(const std::string& file) {
  const ReadFile read = read_pieces(file, file.size());
  return read_pieces(file.substr(0, read.sound_bytes), file.size()).units;
}

// Wherever the file ends behind `from`, or is damaged there, the place for a cut leaves a whole
// file.
void check_cuts(const std::string& file, size_t from) {
  for (size_t at = from; at < file.size(); ++at) {
    CAPTURE(at);
    std::string damaged = file;
    damaged[at] = '<';
    for (const std::string& bad : {file.substr(0, at), damaged}) {
      const std::string cut = bad.substr(0, read_pieces(bad, 50).sound_bytes);
      CHECK(read_pieces(cut, 50).end.kind == Kind::kEnd);
    }
  }
}

}  // namespace

TEST_CASE("a file is read the same in pieces of any size") {
  const std::string file = small_file();
  for (size_t piece = 1; piece <= file.size(); ++piece) {
    CAPTURE(piece);
    const ReadFile read = read_pieces(file, piece);
    CHECK(read.end.kind == Kind::kEnd);
    CHECK(read.units == kUnits);
    CHECK(read.sound_bytes == file.size());
    CHECK(read.is_ours);
    CHECK_FALSE(read.is_foreign_at_end);
  }
}

TEST_CASE("a file of ours that is cut anywhere is sound up to its last whole unit before the cut") {
  const std::string file = small_file();
  size_t most = 0;
  for (size_t size = print_increment_header(increment_header()).size(); size < file.size();
       ++size) {
    CAPTURE(size);
    const std::string part = file.substr(0, size);
    const ReadFile read = read_pieces(part, 5);
    CHECK(read.sound_bytes <= size);
    CHECK(is_prefix(sound_units(part), kUnits));
    most = std::max(most, sound_units(part).size());
    if (read.end.kind == Kind::kEnd) CHECK(read.sound_bytes == size);
    // A place that is sound stays sound: it is not further away after a cut there.
    const ReadFile again = read_pieces(part.substr(0, read.sound_bytes), 5);
    CHECK(again.end.kind == Kind::kEnd);
    CHECK(again.sound_lsn == read.sound_lsn);
  }
  CHECK(most == 3);
  CHECK(read_pieces(file.substr(0, 20), 5).end.kind == Kind::kDamaged);
}

TEST_CASE("a flipped bit anywhere in a file of ours is found, and what it touches is not served") {
  const std::string file = small_file();
  const size_t header_bytes = print_increment_header(increment_header()).size();
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const ReadFile read = read_pieces(flipped, 64);
    CHECK(read.end.kind != Kind::kEnd);
    CHECK(is_prefix(sound_units(flipped), kUnits));
    CHECK(is_prefix(read.units, kUnits));
    // A header that is no longer one looks like a note in a file of Redis's: then the blocks
    // behind it are refused.
    if (bit / 8 >= kIncrementMark.size()) CHECK(read.sound_bytes <= bit / 8);
    if (bit / 8 < header_bytes) CHECK(read.units.empty());
  }
}

TEST_CASE("damage of any kind in a file of ours leaves only units that were written") {
  const std::string file = small_file();
  const size_t header_bytes = print_increment_header(increment_header()).size();
  Random random(7);
  int checked = 0;
  for (int round = 0; round < 20'000; ++round) {
    CAPTURE(round);
    std::string damaged = file;
    // A file without its beginning is not known to be ours.
    const size_t begin = header_bytes + random.below(file.size() - header_bytes);
    const size_t size = 1 + random.below(file.size() - begin);
    const uint64_t kind = random.below(4);
    switch (kind) {
      case 0:
        std::fill_n(damaged.begin() + static_cast<ptrdiff_t>(begin), size, '\0');
        break;
      case 1:
        damaged.erase(begin, size);
        break;
      case 2:
        damaged.insert(begin, damaged.substr(random.below(file.size()), size));
        break;
      default:
        for (size_t i = 0; i < size; ++i)
          damaged[begin + i] = static_cast<char>(random.below(256));
    }
    const ReadFile read = read_pieces(damaged, damaged.size());
    // Records that stand between two blocks are read as Redis's. Then blocks behind them are damage
    // that is never cut; and what an inserted record says, nobody can tell from what Redis says.
    if (read.is_foreign_at_end && (read.end.kind == Kind::kDamaged || kind == 2)) continue;
    CAPTURE(kind);
    CAPTURE(damaged);
    CHECK(is_prefix(sound_units(damaged), kUnits));
    ++checked;
  }
  CHECK(checked > 15'000);
}

TEST_CASE("the highest synced LSN is found behind damage, wherever it stands") {
  const std::string file = small_file();
  const uint64_t synced = read_pieces(file, file.size()).synced;
  CHECK(synced > 1000);
  for (size_t piece : {size_t{1}, size_t{7}, size_t{300}, file.size()}) {
    SyncedSearch search(increment_header().salt);
    for (size_t at = 0; at < file.size(); at += piece)
      search.feed(std::string_view(file).substr(at, piece));
    CHECK(search.synced() == synced);
  }
  SyncedSearch other(increment_header().salt + 1);
  other.feed(file);
  CHECK(other.synced() == 0);
}

TEST_CASE("a file of Redis's is read, with its annotations also between MULTI and EXEC") {
  const std::string file = "#TS:1700000000\r\n" + as_resp({"SELECT", "0"}) + as_resp({"multi"}) +
                           "#note\n" + as_resp({"SET", "a", "1"}) + as_resp({"Exec"});
  for (size_t piece = 1; piece <= file.size(); ++piece) {
    const ReadFile read = read_pieces(file, piece);
    CHECK(read.end.kind == Kind::kEnd);
    CHECK(read.units == std::vector<std::string>{"SELECT 0", "multi; SET a 1; Exec"});
    CHECK_FALSE(read.is_ours);
    CHECK(read.sound_bytes == file.size());
  }
}

TEST_CASE("a file of Redis's that is cut anywhere is truncated, not damaged") {
  const std::string file = "#TS:1700000000\r\n" + as_resp({"SELECT", "0"}) + as_resp({"MULTI"}) +
                           as_resp({"SET", "a", "1"}) + as_resp({"EXEC"}) + as_resp({"DEL", "a"});
  const std::vector<std::string> units = {"SELECT 0", "MULTI; SET a 1; EXEC", "DEL a"};
  for (size_t size = 0; size < file.size(); ++size) {
    CAPTURE(size);
    const std::string part = file.substr(0, size);
    const ReadFile read = read_pieces(part, 3);
    CHECK((read.end.kind == Kind::kTruncated || read.end.kind == Kind::kEnd));
    CHECK(is_prefix(sound_units(part), units));
    CHECK(read_pieces(part.substr(0, read.sound_bytes), 3).end.kind == Kind::kEnd);
  }
}

TEST_CASE("what is wrong in a file of Redis's is said with its offset") {
  struct Row {
    std::string file;
    Kind kind;
    std::string_view error;
    uint64_t offset;
  };
  const std::string ping = as_resp({"PING"});
  for (const Row& row : {
           Row{"xyz", Kind::kDamaged, "format error", 0},
           Row{ping + "x", Kind::kDamaged, "format error", ping.size()},
           Row{ping + std::string(9, '\0'), Kind::kDamaged, "format error", ping.size()},
           Row{as_resp({"MULTI"}), Kind::kTruncated, "Reached EOF before reading EXEC for MULTI",
               8},
           Row{as_resp({"MULTI"}) + as_resp({"MULTI"}), Kind::kDamaged, "Unexpected MULTI", 23},
           Row{as_resp({"EXEC"}), Kind::kDamaged, "Unexpected EXEC", 8},
           Row{"*1\r\n$4\r\nPI", Kind::kTruncated, "Expected to read 6 bytes, got 2 bytes", 8},
           Row{"#" + std::string(2000, 'x') + "\n", Kind::kDamaged,
               "Expected the end of an annotation", 0},
       }) {
    CAPTURE(row.error);
    for (const size_t piece : {size_t{1}, size_t{5000}}) {
      const ReadFile read = read_pieces(row.file, piece);
      CHECK(read.end.kind == row.kind);
      CHECK(read.end.error == row.error);
      CHECK(read.end.error_offset == row.offset);
    }
  }
}

TEST_CASE("what Redis appended to a file of ours is read as Redis's") {
  const std::string ours = small_file();
  const std::string file = ours + "#TS:1700000001\r\n" + as_resp({"SET", "x", "1"});
  ReadFile read = read_pieces(file, 11);
  CHECK(read.end.kind == Kind::kEnd);
  CHECK(read.units.back() == "SET x 1");
  CHECK(read.is_foreign_at_end);
  CHECK(read.sound_bytes == file.size());
  read = read_pieces(file.substr(0, file.size() - 3), 11);
  CHECK(read.end.kind == Kind::kTruncated);
  CHECK(read.sound_bytes == ours.size() + 16);
}

TEST_CASE("a block behind records of Redis's is damage, and so is one behind no header") {
  const std::string ours = small_file();
  const std::string header = print_increment_header(increment_header());
  CHECK(read_pieces(ours + as_resp({"PING"}) + ours.substr(header.size()), 100).end.kind ==
        Kind::kDamaged);
  CHECK(read_pieces(ours.substr(header.size()), 100).end.kind == Kind::kDamaged);
  CHECK(read_pieces(ours + ours, 100).end.kind == Kind::kDamaged);
}

TEST_CASE("a block that stands at another LSN than its line says is damage") {
  IncrementWriter writer(increment_header(1000));
  const std::string header(writer.take());
  writer.clear();
  writer.add_records(as_resp({"SET", "a", "1"}));
  const std::string block(writer.take());
  const ReadFile read = read_pieces(header + block + block, 100);
  CHECK(read.end.kind == Kind::kDamaged);
  CHECK(read.end.error == "A block begins at LSN 1000 in place of 1027");
  CHECK(read.units == std::vector<std::string>{"SET a 1"});
}

TEST_CASE("a size that only a damaged or hostile file names asks for no memory at once") {
  IncrementWriter writer(increment_header(0));
  const std::string file =
      std::string(writer.take()) +
      print_block_header({.bytes = UINT64_MAX, .lsn = 0, .synced = 0, .crc = 0},
                         increment_header().salt) +
      "x";
  const ReadFile read = read_pieces(file, file.size());
  CHECK(read.end.kind == Kind::kTruncated);
  CHECK(read.end.error == "Expected a block of 18446744073709551615 bytes, got 1 bytes");
}

TEST_CASE(
    "what Redis appended in the middle of our last block is read, behind what it left of it") {
  IncrementWriter writer(increment_header(1000));
  const std::vector<std::string> ours = {as_resp({"select", "0"}), as_resp({"SET", "a", "1"}),
                                         as_resp({"MULTI"}) + as_resp({"SET", "b", "2"}) +
                                             as_resp({"select", "1"}) + as_resp({"SET", "c", "3"}) +
                                             as_resp({"EXEC"}),
                                         as_resp({"SET", "d", std::string(30, 'x')})};
  std::vector<std::string> units = {"select 0", "SET a 1",
                                    "MULTI; SET b 2; select 1; SET c 3; EXEC",
                                    "SET d " + std::string(30, 'x')};
  std::string file(writer.take());
  writer.clear();
  std::string block;
  for (const std::string& unit : ours)
    block += unit;
  writer.add_records(block);
  const std::string whole = file + std::string(writer.take());
  const size_t line = whole.size() - file.size() - block.size();
  for (const std::string& begin :
       {as_resp({"SELECT", "0"}), "#TS:1700000000\r\n" + as_resp({"SELECT", "0"})}) {
    for (const size_t values : {size_t{1}, size_t{5}}) {
      std::string redis = begin;
      for (size_t i = 0; i < values; ++i)
        redis += as_resp({"SET", "redis", std::string(40, 'y')});
      size_t kept = file.size() + line;
      for (size_t count = 1; count <= ours.size(); ++count) {
        kept += ours[count - 1].size();
        CAPTURE(count);
        const std::string mixed = whole.substr(0, kept) + redis;
        std::vector<std::string> expected(units.begin(),
                                          units.begin() + static_cast<ptrdiff_t>(count));
        expected.emplace_back("SELECT 0");
        for (size_t i = 0; i < values; ++i)
          expected.push_back("SET redis " + std::string(40, 'y'));
        for (size_t piece = 1; piece <= mixed.size(); ++piece) {
          const ReadFile read = read_pieces(mixed, piece);
          CHECK(read.end.kind == Kind::kEnd);
          CHECK(read.units == expected);
          CHECK(read.is_foreign_at_end);
        }
        // Redis, too, may be ended in the middle.
        for (size_t size = kept + 1; size < mixed.size(); ++size)
          CHECK(is_prefix(sound_units(mixed.substr(0, size)), expected));
        CHECK(sound_units(mixed.substr(0, mixed.size() - 1)).size() == expected.size() - 1);
      }
    }
  }
}

TEST_CASE("a transaction that Redis appended in the middle of our last block is read whole") {
  IncrementWriter writer(increment_header(1000));
  const std::string unit = as_resp({"MULTI"}) + as_resp({"SET", "b", "2"}) + as_resp({"EXEC"});
  writer.add_records(as_resp({"select", "0"}) + unit + as_resp({"SET", "c", "3"}));
  const std::string whole(writer.take());
  const std::string kept = whole.substr(0, whole.size() - as_resp({"SET", "c", "3"}).size());
  const std::string redis = as_resp({"MULTI"}) + as_resp({"SELECT", "0"}) +
                            as_resp({"SET", "r", "9"}) + as_resp({"EXEC"});
  for (const size_t piece : {size_t{1}, size_t{50}, size_t{1000}}) {
    const ReadFile read = read_pieces(kept + redis, piece);
    CHECK(read.end.kind == Kind::kEnd);
    CHECK(read.units == std::vector<std::string>{"select 0", "MULTI; SET b 2; EXEC",
                                                 "MULTI; SELECT 0; SET r 9; EXEC"});
    CHECK(read.is_foreign_at_end);
  }
  check_cuts(kept + redis, kept.size());
}

TEST_CASE("bytes of an older file behind our last block are damage, not Redis's writing") {
  const std::string ours = small_file();
  for (const std::string stale :
       {"*", "*\x1b\xdf", "*x\r\n", "*1\r\nx", "#TS:", "#TS:x\r\n", "x"}) {
    CAPTURE(stale);
    const ReadFile read = read_pieces(ours + stale, 3);
    CHECK(read.end.kind == Kind::kDamaged);
    CHECK_FALSE(read.is_foreign_at_end);
    CHECK(read.sound_bytes == ours.size());
  }
}

TEST_CASE("what Redis appended to an unfinished line of ours is read") {
  IncrementWriter writer(increment_header(1000));
  writer.add_records(as_resp({"select", "0"}));
  std::string file(writer.take());
  const size_t sound = file.size();
  writer.clear();
  writer.add_timestamp(1700000000);
  writer.add_records(as_resp({"SET", "a", "1"}));
  file += writer.take();
  const size_t block = file.find("#TS:");
  for (size_t kept = sound; kept < block + 5; ++kept) {
    for (const std::string& begin : {std::string(), std::string("#TS:1700000001\r\n")}) {
      CAPTURE(kept);
      const std::string mixed =
          file.substr(0, kept) + begin + as_resp({"SELECT", "0"}) + as_resp({"SET", "r", "2"});
      for (const size_t piece : {size_t{1}, size_t{50}, mixed.size()}) {
        const ReadFile read = read_pieces(mixed, piece);
        CHECK(read.end.kind == Kind::kEnd);
        CHECK(read.units == std::vector<std::string>{"select 0", "SELECT 0", "SET r 2"});
      }
      check_cuts(mixed, kept);
    }
  }
}

TEST_CASE("a flipped bit or a lost end of our last block is not taken for Redis's writing") {
  const std::string file = small_file();
  const size_t last = file.rfind("#BLOCK");
  for (size_t at = file.find('\n', last) + 1; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      CHECK(read_pieces(damaged, 7).end.kind == Kind::kDamaged);
    }
    CHECK(read_pieces(file.substr(0, at), 7).end.kind == Kind::kTruncated);
  }
}
