#include "persist/rdb/value_writer.h"

#include "support/rdb_values.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;
using namespace std::string_literals;

namespace {

// Writes every value under some limits, reads it under others, and returns the first difference
// from the value itself. Encodings are compared only where the limits are the same.
std::string lost_on_the_way(Extreme written_with, Extreme read_with, unsigned version,
                            bool is_compressed) {
  RdbSpace from(written_with);
  from.fill();
  if (version >= kVersionOfFieldDeadlines) from.fill_field_deadlines();
  RdbSpace to(read_with);
  from.for_each([&](const store::Entry& entry) {
    const RdbBytes bytes = rdb_bytes_of(entry, version, is_compressed);
    Result<Value> value = read_value(bytes.type, Dialect::kRedis, bytes.bytes, to.options());
    INFO(entry.key());
    REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : std::string(value.error().message())));
    CHECK_FALSE(value->is_empty());
    to.put(entry.key(), *std::move(value),
           entry.has_deadline() ? std::optional(entry.deadline_ms()) : std::nullopt);
  });
  KeyspaceImage copy = image_of(to.space());
  KeyspaceImage real = image_of(from.space());
  if (written_with != read_with) {
    for (auto* images : {&copy, &real})
      for (auto& [key, image] : *images)
        image.encoding = store::Encoding::kRaw;
  }
  return difference(copy, real);
}

store::Entry& list_with_a_gathering_piece(RdbSpace& space) {
  store::List list;
  const auto push = [&](store::ListEnd end, std::string_view text) {
    const std::array one{text};
    list.push(end, one, space.options().list);
  };
  for (int i = 0; i < 4000; ++i)
    push(store::ListEnd::kTail, "element-" + std::to_string(i));
  for (int i = 0; i < 20; ++i)
    push(store::ListEnd::kHead, "head-" + std::to_string(i));
  return space.put("gathers", Value::object(std::move(list)));
}

}  // namespace

TEST_CASE("value writer: what is written is read again, with the same encoding") {
  for (const Extreme extreme :
       {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kAllPacked, Extreme::kCompressed}) {
    for (const unsigned version : {11u, 12u}) {
      CHECK(lost_on_the_way(extreme, extreme, version, false) == "");
      CHECK(lost_on_the_way(extreme, extreme, version, true) == "");
    }
  }
}

TEST_CASE("value writer: other limits change the encoding, but nothing else") {
  for (const Extreme written : {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kAllPacked})
    for (const Extreme read :
         {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kAllPacked, Extreme::kCompressed})
      CHECK(lost_on_the_way(written, read, 12, true) == "");
}

TEST_CASE("value writer: version 10 has no type that Redis 7.0 does not know") {
  for (const Extreme extreme : {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kAllPacked}) {
    RdbSpace space(extreme);
    space.fill();
    space.for_each([](const store::Entry& entry) {
      CHECK(type_of(entry, kVersionForRedis70) <= Type::kStream2);
    });
  }
}

TEST_CASE("value writer: a type follows from type, encoding and version") {
  RdbSpace space;
  const auto types = [](const store::Entry& entry) {
    return std::pair(type_of(entry, 10), type_of(entry, 11));
  };
  const auto both = [](Type type) { return std::pair(type, type); };
  space.fill();
  space.fill_field_deadlines();
  const auto of = [&](std::string_view key) {
    return types(*space.space().find(RdbSpace::ref(key)));
  };
  CHECK(of("string-0") == both(Type::kString));
  CHECK(of("list-1-short") == both(Type::kListQuicklist2));
  CHECK(of("set-20-short") == std::pair(Type::kSet, Type::kSetListpack));
  CHECK(of("set-129-short") == both(Type::kSet));
  CHECK(of("ints-20") == both(Type::kSetIntset));
  CHECK(of("zset-20-short") == both(Type::kSortedSetListpack));
  CHECK(of("zset-129-short") == both(Type::kSortedSet));
  CHECK(of("hash-20-short") == both(Type::kHashListpack));
  CHECK(of("hash-600-short") == both(Type::kHash));
  CHECK(of("deadlines-all") == both(Type::kHashFieldDeadlines));
  CHECK(of("stream-20-short") == std::pair(Type::kStream2, Type::kStream3));
}

TEST_CASE("value writer: only version 12 holds deadlines of fields, and others name the key") {
  RdbSpace space;
  space.fill_field_deadlines();
  const store::Entry& entry = *space.space().find(RdbSpace::ref("deadlines-some"));
  CHECK(version_for(entry) == 12);
  CHECK(check_writable(entry, 12).ok());
  CHECK(check_writable(entry, 10).error().message() ==
        "The hash \"deadlines-some\" has fields with deadlines, which RDB version 10 cannot hold");
  const store::Entry& plain = space.put("plain", Value::string(std::string_view("x")));
  CHECK(version_for(plain) == 11);
  CHECK(check_writable(plain, 10).ok());
}

TEST_CASE("value writer: an entry begins with its deadline, its access, its type and its key") {
  RdbSpace space;
  store::Entry& entry = space.put("k", Value::string(std::string_view("7")), 258);
  entry.set_access(store::lru_clock(1'000'000));
  const auto written = [&](const WriteOptions& options) {
    Encoded encoded;
    Encoder to(encoded);
    write_entry(to, entry, options);
    return encoded.bytes;
  };
  const std::string deadline = "\xfc\x02\x01\x00\x00\x00\x00\x00\x00"s;
  const std::string rest = "\x00\x01k\xc0\x07"s;
  CHECK(written({}) == deadline + rest);
  CHECK(written({.access = AccessNote::kIdle, .now_ms = 1'030'000}) ==
        deadline + "\xf8\x1e" + rest);
  entry.set_access(store::lfu_fresh(1'000'000));
  CHECK(written({.access = AccessNote::kFrequency, .now_ms = 1'000'000}) ==
        deadline + "\xf9\x05" + rest);
}

TEST_CASE("value writer: a sorted set is written from the highest score down") {
  RdbSpace space(Extreme::kNothingPacked);
  store::SortedSet set;
  for (const auto& [member, score] : {std::pair("a", 1.0), std::pair("b", 2.0)})
    set.add(member, score, space.options().sorted_set);
  const store::Entry& entry = space.put("z", Value::object(std::move(set)));
  CHECK(rdb_bytes_of(entry, 11, false).bytes ==
        "\x02\x01"
        "b"
        "\x00\x00\x00\x00\x00\x00\x00\x40\x01"
        "a"
        "\x00\x00\x00\x00\x00\x00\xf0\x3f"s);
}

TEST_CASE("value writer: elements that gather before a list's first piece are written within it") {
  RdbSpace space;
  const store::Entry& entry = list_with_a_gathering_piece(space);
  const RdbBytes bytes = rdb_bytes_of(entry, 11, true);
  RdbSpace copy;
  Result<Value> value = read_value(bytes.type, Dialect::kRedis, bytes.bytes, copy.options());
  REQUIRE(value.ok());
  copy.put("gathers", *std::move(value));
  CHECK(difference(image_of(copy.space()), image_of(space.space())) == "");
  const RdbBytes again = rdb_bytes_of(*copy.space().find(RdbSpace::ref("gathers")), 11, true);
  CHECK((again.bytes == bytes.bytes));
}
