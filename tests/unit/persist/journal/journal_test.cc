#include "persist/journal/journal.h"

#include "base/random.h"
#include "resp/request_text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kvstash::persist {
namespace {

using engine::DbIndex;
using engine::Lsn;
using engine::RecordTarget;

constexpr JournalPlace kBegin{.lsn = Lsn{1000}, .offset = 1000};

void write(Lane& lane, uint32_t db, std::vector<std::string_view> words,
           RecordTarget target = RecordTarget::kBoth) {
  lane.write({.db = DbIndex{db}, .argv = words, .raw = {}, .target = target});
}

// The bytes that a reader of `target` gets.
std::string bytes_for(RecordTarget target, const JournalPiece& piece) {
  std::string text(piece.bytes);
  for (size_t i = piece.marks.size(); i-- > 0;) {
    if (piece.marks[i].target != target) text.erase(piece.marks[i].offset, piece.marks[i].bytes);
  }
  return text;
}

// What a reader gets from its place on, as words: commands with spaces between their words.
std::string read(Journal::Reader& reader, RecordTarget target = RecordTarget::kAof) {
  std::string words;
  while (const std::optional<JournalPiece> piece = reader.take()) {
    const std::string text = bytes_for(target, *piece);
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find("\r\n", at);
      const std::string_view line(text.data() + at, end - at);
      if (line[0] == '*') words += words.empty() ? "" : ", ";
      if (line[0] != '*' && line[0] != '$') {
        if (!words.empty() && words.back() != ' ') words += ' ';
        words += line;
      }
      at = end + 2;
    }
  }
  std::string plain;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words.compare(i, 3, ",  ") == 0) {
      plain += ", ";
      i += 2;
    } else {
      plain += words[i];
    }
  }
  return plain;
}

TEST_CASE("a record joins the journal when its lane is flushed, behind a SELECT") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, kBegin);
  CHECK(lane.flush() == kBegin.lsn);
  write(lane, 3, {"SET", "k", "v"});
  CHECK(journal.end() == kBegin.lsn);
  CHECK(read(reader).empty());
  const Lsn end = lane.flush();
  CHECK(end == journal.end());
  const std::string_view select[] = {"select", "3"};
  const std::string_view set[] = {"SET", "k", "v"};
  CHECK(static_cast<uint64_t>(end) ==
        1000 + resp::request_bytes(select) + resp::request_bytes(set));
  CHECK(read(reader) == "select 3, SET k v");
  CHECK(lane.flush() == end);
}

TEST_CASE("a SELECT stands where the database changes, within a lane and between lanes") {
  Journal journal(kBegin, 0);
  Lane a(journal);
  Lane b(journal);
  Journal::Reader reader(journal, kBegin);
  write(a, 0, {"A"});
  write(a, 0, {"B"});
  write(a, 1, {"C"});
  write(b, 1, {"D"});
  write(b, 0, {"E"});
  a.flush();
  b.flush();
  write(a, 0, {"F"});
  a.flush();
  CHECK(read(reader) == "select 0, A, B, select 1, C, D, select 0, E, F");
}

TEST_CASE("a reader may begin where a select was asked for") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  write(lane, 2, {"A"});
  lane.flush();
  journal.select_again();
  CHECK_FALSE(journal.database());
  Journal::Reader reader(journal, journal.end_place());
  write(lane, 2, {"B"});
  lane.flush();
  CHECK(read(reader) == "select 2, B");
  CHECK(journal.database() == DbIndex{2});
}

TEST_CASE("several records of a unit stand between MULTI and EXEC, a single one stands alone") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, kBegin);
  {
    const engine::RecordUnit unit(&lane);
    write(lane, 0, {"A"});
  }
  {
    const engine::RecordUnit unit(&lane);
    write(lane, 0, {"B"});
    {
      const engine::RecordUnit nested(&lane);
      write(lane, 1, {"C"});
    }
    write(lane, 1, {"D"});
  }
  { const engine::RecordUnit empty(&lane); }
  write(lane, 1, {"E"});
  lane.flush();
  CHECK(read(reader) == "select 0, A, MULTI, B, select 1, C, D, EXEC, E");
}

TEST_CASE("a flush in the middle of a unit gives the records before it") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, kBegin);
  write(lane, 0, {"A"});
  {
    const engine::RecordUnit unit(&lane);
    lane.flush();
    CHECK(read(reader) == "select 0, A");
    write(lane, 0, {"B"});
    const Lsn before = lane.flush();
    CHECK(read(reader).empty());
    write(lane, 1, {"C"});
    CHECK(lane.flush() == before);
    CHECK(read(reader).empty());
  }
  lane.flush();
  CHECK(read(reader) == "MULTI, B, select 1, C, EXEC");
  write(lane, 1, {"D"});
  {
    const engine::RecordUnit unit(&lane);
    write(lane, 5, {"E"});
    write(lane, 5, {"F"});
    lane.flush();
    CHECK(read(reader) == "D");
    write(lane, 5, {"G"}, RecordTarget::kReplicas);
  }
  lane.flush();
  CHECK(read(reader) == "select 5, MULTI, select 5, E, F, EXEC");
}

TEST_CASE("each reader gets its own records, and offsets count what replicas get") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader disk(journal, kBegin);
  Journal::Reader replica(journal, kBegin);
  write(lane, 0, {"BOTH"});
  lane.flush();
  const JournalPlace before = journal.end_place();
  CHECK(before.offset == static_cast<uint64_t>(before.lsn));
  write(lane, 0, {"DISK"}, RecordTarget::kAof);
  write(lane, 0, {"STREAM"}, RecordTarget::kReplicas);
  lane.flush();
  const std::string_view words[] = {"STREAM"};
  CHECK(journal.end_place().offset == before.offset + resp::request_bytes(words));
  CHECK(read(disk, RecordTarget::kAof) == "select 0, BOTH, DISK");
  CHECK(read(replica, RecordTarget::kReplicas) == "select 0, BOTH, STREAM");
  CHECK(disk.place() == journal.end_place());
  CHECK(replica.place() == journal.end_place());
}

TEST_CASE("blocks stay as long as a reader needs them, then as the backlog") {
  constexpr size_t kBacklog = size_t{1} << 20;
  Journal journal(kBegin, kBacklog);
  Lane lane(journal);
  std::optional<Journal::Reader> reader(std::in_place, journal, kBegin);
  const std::string value(10'000, 'x');
  for (int i = 0; i < 1000; ++i) {
    write(lane, 0, {"SET", "k", value});
    lane.flush();
  }
  CHECK(journal.numbers().begin == kBegin);
  CHECK(journal.numbers().memory > 10'000'000);
  size_t bytes = 0;
  std::optional<JournalPiece> first = reader->take();
  const std::string copy(first->bytes);
  bytes += first->bytes.size();
  while (const std::optional<JournalPiece> piece = reader->take())
    bytes += piece->bytes.size();
  CHECK(bytes == static_cast<uint64_t>(journal.end()) - 1000);
  CHECK(journal.numbers().begin == kBegin);
  reader->release(reader->place());
  CHECK(journal.numbers().memory <= kBacklog + (size_t{512} << 10));
  CHECK(journal.numbers().memory >= kBacklog);
  // A piece outlives its block's place in the journal.
  CHECK(first->bytes == copy);
  reader.reset();
  journal.set_backlog_bytes(0);
  CHECK(journal.numbers().blocks == 1);
}

TEST_CASE("a record larger than a block is one piece") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, kBegin);
  const std::string value(3'000'000, 'x');
  write(lane, 0, {"A"});
  lane.flush();
  write(lane, 0, {"SET", "k", value});
  write(lane, 0, {"B"});
  lane.flush();
  CHECK(read(reader) == "select 0, A, SET k " + value + ", B");
}

TEST_CASE("a reader stops where it is told to, and goes back") {
  Journal journal(kBegin, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, kBegin);
  write(lane, 0, {"A"});
  const Lsn middle = lane.flush();
  const JournalPlace middle_place = journal.end_place();
  write(lane, 0, {"B"});
  lane.flush();
  const std::optional<JournalPiece> piece = reader.take(middle);
  REQUIRE(piece);
  CHECK(piece->end == middle_place);
  CHECK_FALSE(reader.take(middle));
  CHECK(read(reader) == "B");
  reader.seek(middle_place);
  CHECK(read(reader) == "B");
}

TEST_CASE("records of lanes on several threads are whole, and in each lane's order") {
  Journal journal(kBegin, 0);
  constexpr int kThreads = 3;
  constexpr int kRecords = 3000;
  std::vector<std::thread> threads;
  Journal::Reader reader(journal, kBegin);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&journal, t] {
      Lane lane(journal);
      for (int i = 0; i < kRecords; ++i) {
        const std::string number = std::to_string(i);
        const std::string name = std::to_string(t);
        write(lane, static_cast<uint32_t>(t), {"R", name, number});
        if (i % 3 == 0) lane.flush();
      }
      lane.flush();
    });
  }
  std::string text;
  const auto collect = [&] {
    while (const std::optional<JournalPiece> piece = reader.take()) {
      text += piece->bytes;
      reader.release(piece->end);
    }
  };
  while (text.size() < 100'000)
    collect();
  for (std::thread& thread : threads)
    thread.join();
  collect();
  std::map<std::string, int> next;
  size_t records = 0;
  for (size_t at = text.find("\r\nR\r\n"); at != std::string::npos;
       at = text.find("\r\nR\r\n", at + 1)) {
    const size_t name = text.find("\r\n", at + 5) + 2;
    const size_t number = text.find("\r\n", text.find("\r\n", name) + 2) + 2;
    const std::string thread = text.substr(name, 1);
    CHECK(text.compare(number, text.find("\r\n", number) - number,
                       std::to_string(next[thread]++)) == 0);
    ++records;
  }
  CHECK(records == kThreads * kRecords);
}

TEST_CASE("a reader begins at any offset that is in memory, past what replicas do not get") {
  Journal journal(kBegin, size_t{1} << 20);
  Lane lane(journal);
  write(lane, 0, {"SET", "a", "1"});
  lane.flush();
  const JournalPlace first = journal.end_place();
  write(lane, 0, {"SET", "log", "1"}, RecordTarget::kAof);
  write(lane, 0, {"SET", "b", "1"});
  lane.flush();
  const JournalPlace end = journal.end_place();
  REQUIRE(end.lsn > Lsn{end.offset});

  const auto from_first = journal.read_from(first.offset);
  REQUIRE(from_first != nullptr);
  CHECK(from_first->place() == first);
  CHECK(read(*from_first, RecordTarget::kReplicas) == "SET b 1");
  const auto from_begin = journal.read_from(kBegin.offset);
  REQUIRE(from_begin != nullptr);
  CHECK(read(*from_begin, RecordTarget::kReplicas) == "select 0, SET a 1, SET b 1");
  const auto from_end = journal.read_from(end.offset);
  REQUIRE(from_end != nullptr);
  CHECK_FALSE(from_end->take());
  CHECK(journal.read_from(kBegin.offset - 1) == nullptr);
  CHECK(journal.read_from(end.offset + 1) == nullptr);

  // Each offset between is a place as well: all that is behind it follows.
  for (Offset offset = kBegin.offset; offset <= end.offset; ++offset) {
    const auto reader = journal.read_from(offset);
    REQUIRE(reader != nullptr);
    CHECK(reader->place().offset == offset);
    size_t bytes = 0;
    while (const std::optional<JournalPiece> piece = reader->take())
      bytes += bytes_for(RecordTarget::kReplicas, *piece).size();
    CHECK(bytes == end.offset - offset);
  }
}

TEST_CASE("the LSN of an offset at a unit's end is the one of that end, and else at most too low") {
  Journal journal(kBegin, size_t{1} << 20);
  Lane lane(journal);
  std::vector<JournalPlace> ends{journal.end_place()};
  for (int i = 0; i < 20; ++i) {
    const RecordTarget target = i % 3 == 1 ? RecordTarget::kAof : RecordTarget::kBoth;
    write(lane, 0, {"SET", "k", std::string(static_cast<size_t>(i), 'v')}, target);
    lane.flush();
    ends.push_back(journal.end_place());
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    // Behind records that only the log gets the offset is the same as before: the later LSN counts.
    const bool is_last = i + 1 == ends.size() || ends[i + 1].offset != ends[i].offset;
    if (is_last) CHECK(journal.lsn_at(ends[i].offset) == ends[i].lsn);
  }
  for (Offset offset = kBegin.offset; offset <= ends.back().offset; ++offset) {
    const auto reader = journal.read_from(offset);
    REQUIRE(reader != nullptr);
    const auto next = std::ranges::upper_bound(ends, offset, {}, &JournalPlace::offset);
    CHECK(journal.lsn_at(offset) <= (next == ends.end() ? ends.back().lsn : next->lsn));
  }
  CHECK(journal.lsn_at(kBegin.offset - 1) == engine::kLsnNone);
  CHECK(journal.lsn_at(ends.back().offset + 100) == ends.back().lsn);
}

TEST_CASE("what only replicas get stands in any database") {
  Journal journal(kBegin, size_t{1} << 20);
  Journal::Reader replica(journal, kBegin);
  Journal::Reader log(journal, kBegin);
  Lane lane(journal);
  write(lane, 3, {"SET", "k", "v"});
  lane.flush();
  journal.append_for_replicas("*1\r\n$4\r\nPING\r\n");
  write(lane, 3, {"SET", "l", "v"});
  lane.flush();
  CHECK(read(replica, RecordTarget::kReplicas) == "select 3, SET k v, PING, SET l v");
  CHECK(read(log) == "select 3, SET k v, SET l v");
}

TEST_CASE("a primary's stream is kept as it came, and what clients write here is the log's alone") {
  Journal journal(kBegin, size_t{1} << 20);
  Journal::Reader replica(journal, kBegin);
  Journal::Reader log(journal, kBegin);
  Lane lane(journal);
  const auto follow = [&](std::string_view units, uint32_t db) {
    const Offset before = journal.end_place().offset;
    journal.append_stream({.bytes = std::string(units), .marks = {}}, DbIndex{db});
    CHECK(journal.end_place().offset == before + units.size());
  };
  const auto write_here = [&](uint32_t db, const std::vector<std::string_view>& argv) {
    const Offset before = journal.end_place().offset;
    lane.begin_unit();
    write(lane, db, argv, RecordTarget::kAof);
    write(lane, db + 1, argv, RecordTarget::kAof);
    lane.end_unit();
    lane.flush();
    CHECK(journal.end_place().offset == before);
  };

  journal.begin_following(DbIndex{2});
  CHECK(journal.database() == DbIndex{2});
  follow("*2\r\n$4\r\nINCR\r\n$1\r\na\r\n", 2);
  follow("*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n", 5);
  CHECK(journal.database() == DbIndex{5});
  CHECK(read(replica, RecordTarget::kReplicas) == "INCR a, SELECT 5, INCR b");
  CHECK(read(log) == "select 2, INCR a, SELECT 5, INCR b");

  write_here(0, {"SET", "m", "v"});
  CHECK(journal.database() == DbIndex{5});
  follow("*2\r\n$4\r\nINCR\r\n$1\r\nc\r\n", 5);
  CHECK(read(replica, RecordTarget::kReplicas) == "INCR c");
  CHECK(read(log) == "select 0, MULTI, SET m v, select 1, SET m v, EXEC, select 5, INCR c");

  // A file of the log begins here.
  journal.select_again();
  CHECK(journal.database() == DbIndex{5});
  follow("*2\r\n$4\r\nINCR\r\n$1\r\nd\r\n", 5);
  CHECK(read(replica, RecordTarget::kReplicas) == "INCR d");
  CHECK(read(log) == "select 5, INCR d");

  journal.end_following();
  write(lane, 5, {"SET", "n", "v"});
  lane.flush();
  CHECK(read(replica, RecordTarget::kReplicas) == "select 5, SET n v");
  CHECK(read(log) == "select 5, SET n v");
}

TEST_CASE("a stream that goes on elsewhere leaves nothing of before") {
  Journal journal(kBegin, size_t{1} << 20);
  Lane lane(journal);
  write(lane, 0, {"SET", "k", "v"});
  const Lsn before = lane.flush();
  journal.jump_to(7);
  const JournalPlace place = journal.end_place();
  CHECK(place.offset == 7);
  CHECK(place.lsn == before);
  CHECK(journal.read_from(kBegin.offset) == nullptr);
  journal.begin_following(DbIndex{0});
  const std::string_view unit = "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";
  journal.append_stream({.bytes = std::string(unit), .marks = {}}, DbIndex{0});
  const auto reader = journal.read_from(7);
  REQUIRE(reader != nullptr);
  CHECK(read(*reader, RecordTarget::kReplicas) == "INCR a");
  CHECK(journal.lsn_at(7 + unit.size()) == journal.end());
}

TEST_CASE("a reader that rests keeps nothing, until it needs something again") {
  Journal journal({}, 0);
  Lane lane(journal);
  Journal::Reader reader(journal, {});
  const std::string value(100'000, 'v');
  const auto fill = [&] {
    for (int i = 0; i < 10; ++i) {
      write(lane, 0, {"SET", "k", value});
      lane.flush();
    }
  };
  fill();
  CHECK(journal.numbers().begin.lsn == Lsn{0});
  reader.rest();
  CHECK(journal.numbers().blocks <= 2);
  const JournalPlace place = journal.end_place();
  reader.need(place);
  reader.seek(place);
  fill();
  CHECK(journal.numbers().begin.lsn <= place.lsn);
  size_t bytes = 0;
  while (const std::optional<JournalPiece> piece = reader.take())
    bytes += piece->bytes.size();
  CHECK(place.lsn < journal.end());
  CHECK(bytes == static_cast<uint64_t>(journal.end()) - static_cast<uint64_t>(place.lsn));
}

TEST_CASE("a journal without records may begin elsewhere") {
  Journal journal({}, 0);
  Lane lane(journal);
  journal.begin_at(kBegin, DbIndex{3});
  CHECK(journal.selected() == DbIndex{3});
  CHECK(journal.end_place() == kBegin);
  CHECK(journal.lsn_at(kBegin.offset) == kBegin.lsn);
  Journal::Reader reader(journal, kBegin);
  write(lane, 0, {"SET", "k", "v"});
  const Lsn end = lane.flush();
  CHECK(end == journal.end());
  CHECK(read(reader) == "select 0, SET k v");
}

}  // namespace
}  // namespace kvstash::persist
