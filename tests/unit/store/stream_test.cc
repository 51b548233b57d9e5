#include "store/stream.h"

#include "base/random.h"
#include "store/object.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;

namespace {

using Fields = std::vector<std::string>;
using Model = std::map<StreamId, Fields>;

std::vector<std::string_view> views(const Fields& fields) {
  return {fields.begin(), fields.end()};
}

void add(Stream& stream, StreamId id, const Fields& fields = {"f", "v"},
         const StreamLimits& limits = {}) {
  stream.append(id, views(fields), limits);
}

Stream of_length(uint64_t length, const StreamLimits& limits = {}) {
  Stream stream;
  for (uint64_t i = 1; i <= length; ++i)
    add(stream, {i, 0}, {"n", std::to_string(i)}, limits);
  return stream;
}

Fields fields_of(const BlockReader& entry) {
  Fields fields;
  char scratch[kInt64CharsMax];
  entry.for_each([&](PackedValue field, PackedValue value) {
    fields.emplace_back(field.string(scratch));
    fields.emplace_back(value.string(scratch));
  });
  return fields;
}

bool reads_alike(const Stream& stream, const Model& model, StreamId from, StreamId to) {
  const auto begin = model.lower_bound(from);
  const auto end = from > to ? begin : model.upper_bound(to);
  StreamCursor at(stream, from, to);
  for (auto it = begin; it != end; ++it) {
    if (!at.next() || at.id() != it->first || fields_of(at.entry()) != it->second) return false;
  }
  if (at.next() || at.next()) return false;
  StreamCursor back(stream, from, to, StreamCursor::Direction::kBackward);
  for (auto it = end; it != begin;) {
    --it;
    if (!back.next() || back.id() != it->first) return false;
    if (back.entry().field_count() != it->second.size() / 2) return false;
  }
  return !back.next();
}

// Exact trimming takes away just these; trimming whole blocks, some of them.
bool trim_agrees(Stream& stream, Model& model, const StreamTrim& rule) {
  std::vector<StreamId> may_go;
  for (const auto& [id, fields] : model) {
    const bool goes =
        rule.min_id ? id < *rule.min_id : model.size() - may_go.size() > rule.length_max;
    if (goes) may_go.push_back(id);
  }
  const uint64_t gone = stream.trim(rule);
  if (rule.whole_blocks_only ? gone > may_go.size() : gone != may_go.size()) return false;
  if (rule.limit != 0 && gone > rule.limit) return false;
  for (uint64_t i = 0; i < gone; ++i)
    model.erase(may_go[i]);
  return true;
}

// Mostly one that is there: the first, the last or any.
StreamId id_to_erase(const Model& model, StreamId any, Random& random) {
  if (model.empty() || random.one_in(4)) return any;
  if (random.one_in(3)) return model.rbegin()->first;
  const auto it = model.lower_bound(any);
  return it == model.end() ? model.begin()->first : it->first;
}

}  // namespace

static_assert(Container<Stream>);

TEST_CASE("an empty stream is a value, and costs one allocation") {
  Stream stream;
  CHECK(stream.size() == 0);
  CHECK(stream.bytes() == allocation_bytes(stream.bytes()));
  CHECK(!stream.first_entry());
  CHECK(!stream.last_entry());
  CHECK(!stream.contains({1, 0}));
  CHECK(!stream.erase({1, 0}));
  CHECK(stream.trim({}) == 0);
  CHECK(stream.is_sound());
}

TEST_CASE("a stream remembers its last id and what was deleted when it is empty again") {
  Stream stream = of_length(3);
  CHECK(stream.counters().first_id == StreamId{1, 0});
  CHECK(stream.erase({2, 0}));
  CHECK(!stream.erase({2, 0}));
  CHECK(stream.counters().first_id == StreamId{1, 0});
  CHECK(stream.counters().max_deleted_id == StreamId{2, 0});
  CHECK(stream.erase({1, 0}));
  CHECK(stream.counters().first_id == StreamId{3, 0});
  CHECK(stream.counters().max_deleted_id == StreamId{2, 0});
  CHECK(stream.erase({3, 0}));
  CHECK(stream.counters().first_id.is_zero());
  CHECK(stream.last_id() == StreamId{3, 0});
  CHECK(stream.counters().entries_added == 3);
  CHECK(stream.blocks().empty());
  add(stream, {3, 1});
  CHECK(stream.counters().first_id == StreamId{3, 1});
}

TEST_CASE("a block ends at the limit of entries, or of bytes") {
  CHECK(of_length(100).blocks().size() == 1);
  CHECK(of_length(101).blocks().size() == 2);
  CHECK(of_length(10, {.block_entries_max = 3}).blocks().size() == 4);
  CHECK(of_length(10, {.block_bytes_max = 1}).blocks().size() == 10);
  CHECK(of_length(5000, {.block_bytes_max = 0, .block_entries_max = 0}).blocks().size() == 1);
}

TEST_CASE("trimming whole blocks leaves the block that straddles the border") {
  const StreamLimits limits{.block_entries_max = 10};
  Stream stream = of_length(100, limits);
  CHECK(stream.trim({.length_max = 55, .whole_blocks_only = true}) == 40);
  CHECK(stream.trim({.length_max = 55, .whole_blocks_only = true}) == 0);
  CHECK(stream.trim({.length_max = 55}) == 5);
  CHECK(stream.counters().first_id == StreamId{46, 0});
  CHECK(stream.trim({.min_id = StreamId{56, 0}, .whole_blocks_only = true}) == 5);
  CHECK(stream.trim({.min_id = StreamId{57, 0}, .whole_blocks_only = true}) == 0);
  CHECK(stream.trim({.length_max = 0, .whole_blocks_only = true, .limit = 35}) == 30);
  CHECK(stream.size() == 20);
  CHECK(stream.counters().max_deleted_id.is_zero());
  CHECK(stream.is_sound());
}

TEST_CASE("trimming drops a block when all that was left in it had been deleted") {
  Stream stream = of_length(10, {.block_entries_max = 5});
  stream.erase({5, 0});
  CHECK(stream.trim({.min_id = StreamId{5, 0}, .whole_blocks_only = true}) == 0);
  CHECK(stream.trim({.min_id = StreamId{5, 0}}) == 4);
  CHECK(stream.blocks().size() == 1);
  CHECK(stream.is_sound());
}

TEST_CASE("the lag of a group is known as long as no deletion lies ahead of it") {
  Stream stream;
  ConsumerGroup& group = stream.create_group("g");
  CHECK(stream.lag(group) == 0);
  for (uint64_t i = 1; i <= 5; ++i)
    add(stream, {i, 0});
  CHECK(stream.lag(group) == 5);
  group.set_last_id({1, 0});
  CHECK(stream.lag(group) == 4);
  group.set_last_id({3, 0});
  CHECK(!stream.lag(group));
  group.set_entries_read(3);
  CHECK(stream.lag(group) == 2);
  stream.erase({4, 0});
  CHECK(!stream.lag(group));
  group.set_last_id({5, 0});
  CHECK(stream.lag(group) == 2);  // As it was told: it is believed.
  group.set_entries_read(ConsumerGroup::kUnknown);
  CHECK(stream.lag(group) == 0);
  stream.trim({.length_max = 0});
  group.set_last_id({2, 0});
  CHECK(stream.lag(group) == 0);
}

TEST_CASE("what a group takes is counted, and given back") {
  Stream stream = of_length(10);
  const size_t before = stream.bytes();
  ConsumerGroup& group = stream.create_group("g");
  const size_t with_group = stream.bytes();
  Consumer& consumer = group.create_consumer("c", 0);
  for (uint64_t i = 1; i <= 1000; ++i)
    group.add_pending({i, 0}, {.delivered_ms = 0, .deliveries = 1, .consumer = &consumer});
  CHECK(stream.bytes() > with_group + 50000);
  group.destroy_consumer(consumer);
  CHECK(stream.bytes() == with_group);
  stream.destroy_group(group);
  CHECK(stream.bytes() < before + 64);
}

TEST_CASE("blocks are taken over only in order") {
  Stream stream;
  const Fields fields{"f", "v"};
  CHECK(stream.append_block({5, 0}, StreamBlock::make(views(fields))));
  CHECK(!stream.append_block({5, 0}, StreamBlock::make(views(fields))));
  CHECK(stream.append_block({5, 1}, StreamBlock::make(views(fields))));
  stream.set_counters({.last_id = {5, 1}, .first_id = {5, 0}, .entries_added = 2, .length = 2});
  CHECK(stream.is_sound());
}

TEST_CASE("a copy is another stream with the same entries and groups") {
  Stream stream = of_length(250);
  stream.erase({7, 0});
  ConsumerGroup& group = stream.create_group("g");
  Consumer& consumer = group.create_consumer("c", 1);
  group.add_pending({3, 0}, {.delivered_ms = 4, .deliveries = 5, .consumer = &consumer});
  Stream copy = stream.copy();
  stream = Stream();
  CHECK(copy.size() == 249);
  CHECK(copy.last_id() == StreamId{250, 0});
  CHECK(copy.counters().max_deleted_id == StreamId{7, 0});
  REQUIRE(copy.find_group("g") != nullptr);
  CHECK(copy.find_group("g")->find_pending({3, 0})->deliveries == 5);
  CHECK(copy.is_sound());
}

TEST_CASE("a stream does what a map does") {
  Random random(77);
  for (const StreamLimits limits :
       {StreamLimits{.block_entries_max = 1}, StreamLimits{.block_entries_max = 4},
        StreamLimits{.block_bytes_max = 60, .block_entries_max = 0}, StreamLimits{}}) {
    Stream stream;
    Model model;
    for (int step = 0; step < 6000; ++step) {
      const uint64_t top = stream.last_id().ms + 2;
      const auto any_id = [&] { return StreamId{random.below(top), random.below(3)}; };
      const uint64_t choice = random.below(100);
      if (choice < 60) {
        StreamId id = stream.last_id();
        id = random.one_in(3) ? StreamId{id.ms, id.seq + 1 + random.below(2)}
                              : StreamId{id.ms + 1 + random.below(2), random.below(3)};
        Fields fields{"a", std::to_string(random.below(1000))};
        if (random.one_in(4)) fields.insert(fields.end(), {"b" + fields[1], "text"});
        add(stream, id, fields, limits);
        model.emplace(id, fields);
      } else if (choice < 85) {
        const StreamId id = id_to_erase(model, any_id(), random);
        REQUIRE(stream.contains(id) == model.contains(id));
        REQUIRE(stream.erase(id) == (model.erase(id) != 0));
      } else if (choice < 97) {
        REQUIRE(reads_alike(stream, model, any_id(), any_id()));
      } else {
        StreamTrim rule{.whole_blocks_only = random.one_in(2)};
        if (random.one_in(2)) {
          rule.min_id = model.empty() ? any_id() : model.begin()->first;
          rule.min_id->ms += random.below(60);
        } else {
          rule.length_max = model.size() - std::min<size_t>(model.size(), random.below(30));
        }
        if (rule.whole_blocks_only && random.one_in(2)) rule.limit = 1 + random.below(20);
        REQUIRE(trim_agrees(stream, model, rule));
      }
      REQUIRE(stream.size() == model.size());
      if (step % 500 == 0) {
        REQUIRE(stream.is_sound());
        REQUIRE(reads_alike(stream, model, StreamId::min(), StreamId::max()));
      }
    }
    while (!model.empty()) {
      REQUIRE(stream.erase(model.begin()->first));
      model.erase(model.begin());
    }
    CHECK(stream.bytes() == Stream().bytes());
  }
}
