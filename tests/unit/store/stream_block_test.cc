#include "store/stream_block.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;

namespace {

using Words = std::vector<std::string_view>;

std::string text_of(PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

// "5-1 a=1 b=2", and in brackets if it is deleted.
std::string shown(const BlockReader& reader) {
  char id[kStreamIdCharsMax];
  std::string text(id, format_stream_id(id, reader.id()));
  reader.for_each([&](PackedValue field, PackedValue value) {
    text += " " + text_of(field) + "=" + text_of(value);
  });
  return reader.is_deleted() ? "[" + text + "]" : text;
}

std::vector<std::string> forwards(StreamId id, const Listpack& pack) {
  std::vector<std::string> entries;
  BlockReader reader(id, pack.view());
  for (bool there = reader.first(); there; there = reader.next())
    entries.push_back(shown(reader));
  return entries;
}

std::vector<std::string> backwards(StreamId id, const Listpack& pack) {
  std::vector<std::string> entries;
  BlockReader reader(id, pack.view());
  for (bool there = reader.last(); there; there = reader.prev())
    entries.insert(entries.begin(), shown(reader));
  return entries;
}

constexpr StreamId kId{1000, 5};

Listpack three_entries() {
  Listpack pack = StreamBlock::make(Words{"a", "1", "b", "x"});
  StreamBlock block(kId, pack);
  block.append({1000, 6}, Words{"a", "2", "b", "y"});
  block.append({1001, 0}, Words{"c", "3"});
  return pack;
}

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes)
    text += static_cast<char>(byte);
  return text;
}

}  // namespace

TEST_CASE("a block of one entry has the bytes that Redis gives it") {
  // Count, deleted, fields, "a", the end of the master entry; flags, deltas, "1", four elements.
  const std::string expected = bytes_of({31, 0, 0, 0, 10, 0}) +
                               bytes_of({1, 1, 0, 1, 1, 1, 0x81, 'a', 2, 0, 1}) +
                               bytes_of({2, 1, 0, 1, 0, 1, 0x81, 'v', 2, 4, 1}) + "\xff";
  Listpack pack = StreamBlock::make(Words{"a", "v"});
  CHECK(pack.view().raw().substr(6) == expected.substr(6));
  CHECK(pack.size() == 10);
}

TEST_CASE("entries are read as they were written, from either end") {
  const Listpack pack = three_entries();
  const std::vector<std::string> expected = {"1000-5 a=1 b=x", "1000-6 a=2 b=y", "1001-0 c=3"};
  CHECK(forwards(kId, pack) == expected);
  CHECK(backwards(kId, pack) == expected);
  CHECK(is_valid_stream_block(kId, pack.view().raw(), true));
}

TEST_CASE("an entry with the fields of the first leaves their names out") {
  Listpack pack = StreamBlock::make(Words{"name", "1"});
  const size_t before = pack.size();
  StreamBlock(kId, pack).append({1000, 6}, Words{"name", "2"});
  CHECK(pack.size() == before + 5);
  StreamBlock(kId, pack).append({1000, 7}, Words{"nama", "2"});
  CHECK(pack.size() == before + 5 + 7);
}

TEST_CASE("a deleted entry stays where it was and is not counted as living") {
  Listpack pack = three_entries();
  BlockReader reader(kId, pack.view());
  REQUIRE(reader.seek_at_or_after({1000, 6}));
  StreamBlock(kId, pack).erase(reader.flags_position());
  CHECK(forwards(kId, pack)[1] == "[1000-6 a=2 b=y]");
  CHECK(BlockReader(kId, pack.view()).live() == 2);
  CHECK(BlockReader(kId, pack.view()).deleted() == 1);
  StreamBlock(kId, pack).erase_front(1);
  CHECK(backwards(kId, pack) ==
        std::vector<std::string>{"[1000-5 a=1 b=x]", "[1000-6 a=2 b=y]", "1001-0 c=3"});
  CHECK(is_valid_stream_block(kId, pack.view().raw(), true));
}

TEST_CASE("erasing from the front passes over what is deleted already") {
  Listpack pack = three_entries();
  BlockReader reader(kId, pack.view());
  REQUIRE(reader.first());
  StreamBlock(kId, pack).erase(reader.flags_position());
  StreamBlock(kId, pack).erase_front(1);
  CHECK(forwards(kId, pack) ==
        std::vector<std::string>{"[1000-5 a=1 b=x]", "[1000-6 a=2 b=y]", "1001-0 c=3"});
}

TEST_CASE("seeking finds the nearest entry on either side") {
  Listpack pack = StreamBlock::make(Words{"f", "v"});
  for (uint64_t i = 1; i < 300; ++i)
    StreamBlock(kId, pack).append({1000 + 2 * i, 5}, Words{"f", std::to_string(i)});
  BlockReader reader(kId, pack.view());
  for (uint64_t i = 1; i < 300; ++i) {
    const StreamId id{1000 + 2 * i, 5};
    CAPTURE(i);
    REQUIRE(reader.seek_at_or_after(id));
    REQUIRE(reader.id() == id);
    REQUIRE(reader.seek_at_or_before(id));
    REQUIRE(reader.id() == id);
    REQUIRE(reader.seek_at_or_after(*id.previous()));
    REQUIRE(reader.id() == id);
    REQUIRE(reader.seek_at_or_before(*id.previous()));
    REQUIRE(reader.id() == StreamId{id.ms - 2, 5});
  }
  CHECK(reader.seek_at_or_after(StreamId::min()));
  CHECK(reader.id() == kId);
  CHECK(!reader.seek_at_or_before(*kId.previous()));
  CHECK(!reader.seek_at_or_after({5000, 0}));
  CHECK(reader.seek_at_or_before(StreamId::max()));
  CHECK(reader.id() == StreamId{1598, 5});
}

TEST_CASE("deltas wrap, so that any later id can follow") {
  Listpack pack = StreamBlock::make(Words{"f", "v"});
  const StreamId id{1, UINT64_MAX};
  StreamBlock(id, pack).append({2, 0}, Words{"f", "v"});
  StreamBlock(id, pack).append(StreamId::max(), Words{"f", "v"});
  CHECK(backwards(id, pack) ==
        std::vector<std::string>{"1-18446744073709551615 f=v", "2-0 f=v",
                                 "18446744073709551615-18446744073709551615 f=v"});
  CHECK(is_valid_stream_block(id, pack.view().raw(), true));
}

TEST_CASE("a block is full by bytes or by entries, deleted ones too") {
  Listpack pack = three_entries();
  const StreamBlock block(kId, pack);
  CHECK(block.has_room(10, {}));
  CHECK(!block.has_room(10, {.block_bytes_max = pack.total_bytes() + 10}));
  CHECK(block.has_room(9, {.block_bytes_max = pack.total_bytes() + 10}));
  CHECK(!block.has_room(1, {.block_entries_max = 3}));
  CHECK(block.has_room(1, {.block_entries_max = 4}));
  CHECK(block.has_room(5000, {.block_bytes_max = 0, .block_entries_max = 0}));
  CHECK(!block.has_room(kStreamEntryBytesMax, {.block_bytes_max = 0, .block_entries_max = 0}));
  StreamBlock(kId, pack).erase_front(2);
  CHECK(!block.has_room(1, {.block_entries_max = 3}));
}

TEST_CASE("very many fields are one entry") {
  std::vector<std::string> texts;
  for (int i = 0; i < 70000; ++i)
    texts.push_back("t" + std::to_string(i));
  const Words fields(texts.begin(), texts.end());
  Listpack pack = StreamBlock::make(fields);
  StreamBlock(kId, pack).append({2000, 0}, fields);
  BlockReader reader(kId, pack.view());
  REQUIRE(reader.last());
  size_t seen = 0;
  reader.for_each([&](PackedValue field, PackedValue value) {
    REQUIRE(field.text() == texts[2 * seen]);
    REQUIRE(value.text() == texts[2 * seen + 1]);
    ++seen;
  });
  CHECK(seen == 35000);
  CHECK(reader.prev());
  CHECK(is_valid_stream_block(kId, pack.view().raw(), true));
}

TEST_CASE("a block whose counts, order or lengths are wrong is not valid") {
  const Listpack good = three_entries();
  const ListpackView view = good.view();
  const auto with = [&](int64_t index, PackedValue value) {
    Listpack pack{view};
    pack.replace(pack.view().seek(index), value);
    return is_valid_stream_block(kId, pack.view().raw(), true);
  };
  // 0 count, 1 deleted, 2 fields, 3 a, 4 b, 5 end; 6 flags, 7 ms, 8 seq, 9 1, 10 x, 11 lp-count;
  // 12 flags ...; 18 flags, 19 ms, 20 seq, 21 fields, 22 c, 23 3, 24 lp-count.
  CHECK(with(0, int64_t{3}));
  CHECK(!with(0, int64_t{2}));
  CHECK(!with(0, int64_t{-3}));
  CHECK(!with(1, int64_t{1}));
  CHECK(!with(2, int64_t{1}));
  CHECK(!with(2, int64_t{1} << 40));
  CHECK(!with(2, std::string_view("two")));
  CHECK(!with(5, int64_t{1}));
  CHECK(!with(6, int64_t{3}));  // Deleted, but counted as living.
  CHECK(!with(6, int64_t{4}));
  CHECK(!with(6, int64_t{0}));
  CHECK(!with(7, int64_t{1}));  // The first entry's id is the block's.
  CHECK(!with(13, int64_t{-1}));
  CHECK(!with(14, int64_t{0}));  // The same id twice.
  CHECK(with(14, int64_t{7}));
  CHECK(!with(21, int64_t{2}));
  CHECK(!with(21, int64_t{UINT32_MAX}));
  CHECK(!with(24, int64_t{5}));
  CHECK(!with(24, std::string_view("six")));
  for (int64_t index = 0; index < 25; ++index) {
    CAPTURE(index);
    Listpack pack{view};
    pack.erase(pack.view().seek(index));
    CHECK(!is_valid_stream_block(kId, pack.view().raw(), true));
    CHECK(is_valid_stream_block(kId, pack.view().raw(), false));
  }
}

TEST_CASE("a block of which all entries are deleted is valid: Redis may write one") {
  Listpack pack = StreamBlock::make(Words{"f", "v"});
  pack.replace(pack.view().seek(0), int64_t{0});
  pack.replace(pack.view().seek(1), int64_t{1});
  CHECK(!is_valid_stream_block(kId, pack.view().raw(), true));
  pack.replace(pack.view().seek(5), int64_t{3});
  CHECK(is_valid_stream_block(kId, pack.view().raw(), true));
}
