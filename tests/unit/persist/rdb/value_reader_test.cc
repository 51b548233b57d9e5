#include "persist/rdb/value_reader.h"

#include "base/random.h"
#include "support/model_seed.h"
#include "support/rdb_values.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;
using namespace std::string_literals;

namespace {

using Parts = std::vector<std::string>;

Result<Value> read(Type type, std::string_view bytes, Extreme extreme = Extreme::kUsual,
                   Dialect dialect = Dialect::kRedis) {
  return read_value(type, dialect, bytes, rdb_options(extreme));
}

// What a key would hold that gets this value.
ValueImage image_of_value(Value value, Extreme extreme = Extreme::kUsual) {
  RdbSpace space(extreme);
  return image_of(space.put("k", std::move(value)));
}

ValueImage image(Type type, std::string_view bytes, Extreme extreme = Extreme::kUsual,
                 Dialect dialect = Dialect::kRedis) {
  Result<Value> value = read(type, bytes, extreme, dialect);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : std::string(value.error().message())));
  return image_of_value(*std::move(value), extreme);
}

std::string refusal(Type type, std::string_view bytes, Dialect dialect = Dialect::kRedis) {
  const Result<Value> value = read(type, bytes, Extreme::kUsual, dialect);
  return value.ok() ? "accepted" : std::string(value.error().message());
}

bool is_empty(Type type, std::string_view bytes) {
  const Result<Value> value = read(type, bytes);
  return value.ok() && value->is_empty();
}

// A string of the format around the bytes.
std::string wrapped(std::string_view bytes) {
  Encoded encoded;
  Encoder(encoded).string(bytes);
  return encoded.bytes;
}

std::string pack_of(const Parts& parts) {
  store::Listpack pack;
  for (const std::string& part : parts)
    pack.push_back(std::string_view(part));
  return wrapped(pack.view().raw());
}

// A ziplist of short texts.
std::string ziplist_of(const Parts& parts) {
  std::string entries;
  size_t before = 0;
  size_t last = 10;
  for (const std::string& part : parts) {
    last = 10 + entries.size();
    const std::string entry = static_cast<char>(before) + (static_cast<char>(part.size()) + part);
    entries += entry;
    before = entry.size();
  }
  const auto little = [](size_t value, size_t bytes) {
    std::string text;
    for (size_t i = 0; i < bytes; ++i)
      text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
  };
  return wrapped(little(11 + entries.size(), 4) + little(last, 4) + little(parts.size(), 2) +
                 entries + "\xff");
}

}  // namespace

TEST_CASE("value reader: strings of every form") {
  CHECK(image(Type::kString,
              "\x03"
              "abc")
            .parts == Parts{"abc"});
  CHECK(image(Type::kString, "\xc0\xff").parts == Parts{"-1"});
  CHECK(image(Type::kString, "\xc0\xff").encoding == store::Encoding::kInt);
  CHECK(image(Type::kString, "\xc1\x00\x80"s).parts == Parts{"-32768"});
  CHECK(image(Type::kString, "\xc2\x00\x00\x00\x80"s).parts == Parts{"-2147483648"});
  CHECK(image(Type::kString,
              "\xc3\x05\x0a\x00"
              "a\xe0\x00\x00"s)
            .parts == Parts{"aaaaaaaaaa"});
  CHECK(image(Type::kString, "\x00"s).parts == Parts{""});
  CHECK(image(Type::kString, "\xc3\x00\x00"s).parts == Parts{""});
}

TEST_CASE("value reader: old lists, sets, sorted sets and hashes are converted") {
  CHECK(image(Type::kListZiplist, ziplist_of({"a", "b"})).parts == Parts{"a", "b"});
  CHECK(image(Type::kListQuicklist, "\x02" + ziplist_of({"a"}) + ziplist_of({"b", "c"})).parts ==
        Parts{"a", "b", "c"});
  CHECK(image(Type::kListQuicklist, "\x02" + ziplist_of({}) + ziplist_of({"b"})).parts ==
        Parts{"b"});
  const ValueImage hash = image(Type::kHashZiplist, ziplist_of({"f", "v", "g", "12"}));
  CHECK(hash == image(Type::kHash,
                      "\x02\x01"
                      "f\x01v\x01g\xc0\x0c"));
  CHECK(hash.encoding == store::Encoding::kListpack);
  CHECK(image(Type::kHashZiplist, ziplist_of({"f", "v"}), Extreme::kNothingPacked).encoding ==
        store::Encoding::kHashtable);
  const ValueImage scored = image(Type::kSortedSetZiplist, ziplist_of({"a", "1", "b", "2.5"}));
  CHECK(scored == image(Type::kSortedSetText,
                        "\x02\x01"
                        "b\x03"
                        "2.5\x01"
                        "a\x01"
                        "1"));
  CHECK(image(Type::kHashZipmap, wrapped("\x01\x01"
                                         "f\x01\x02v..\xff")) == image(Type::kHash,
                                                                       "\x01\x01"
                                                                       "f\x01v"));
}

TEST_CASE("value reader: a zipmap with a long value becomes a table") {
  const std::string value(100, 'v');
  const std::string zipmap =
      "\x01\x01"
      "f\x64\x00"s +
      value + "\xff";
  CHECK(image(Type::kHashZipmap, wrapped(zipmap)).encoding == store::Encoding::kHashtable);
}

TEST_CASE("value reader: the limits at load time decide the encoding") {
  const std::string set =
      "\x03\x01"
      "a\x01"
      "b\xc0\x01";
  CHECK(image(Type::kSet, set).encoding == store::Encoding::kListpack);
  CHECK(image(Type::kSet, set, Extreme::kNothingPacked).encoding == store::Encoding::kHashtable);
  CHECK(image(Type::kSet, "\x02\xc0\x01\xc0\x02").encoding == store::Encoding::kIntset);
  CHECK(image(Type::kSetListpack, pack_of({"a", "1"})).encoding == store::Encoding::kListpack);
  CHECK(image(Type::kSetListpack, pack_of({"a", "1"}), Extreme::kNothingPacked).encoding ==
        store::Encoding::kHashtable);
  CHECK(image(Type::kHashListpack, pack_of({"a", "1"}), Extreme::kNothingPacked).encoding ==
        store::Encoding::kHashtable);
  CHECK(image(Type::kSortedSetListpack, pack_of({"a", "1"}), Extreme::kNothingPacked).encoding ==
        store::Encoding::kSkiplist);
  CHECK(image(Type::kList,
              "\x01\x01"
              "a")
            .encoding == store::Encoding::kListpack);
  CHECK(image(Type::kListQuicklist2,
              "\x01\x01\x01"
              "a")
            .encoding == store::Encoding::kQuicklist);
}

TEST_CASE("value reader: fields with deadlines, of Redis in four forms and of Valkey") {
  const std::string base = "\xe8\x03\x00\x00\x00\x00\x00\x00"s;  // 1000
  const ValueImage wanted = image(Type::kHashFieldDeadlines, base +
                                                                 "\x02\x06\x01"
                                                                 "f\x01v\x00\x01g\x01w"s);
  CHECK(wanted.encoding == store::Encoding::kHashtable);
  CHECK(wanted.parts.size() == 2);
  CHECK(wanted.parts[0].find("1005") != std::string::npos);
  CHECK(image(Type::kHashFieldDeadlinesEarly,
              "\x02\x43\xed\x01"
              "f\x01v\x00\x01g\x01w"s) == wanted);
  const std::string triples = pack_of({"f", "v", "1005", "g", "w", "0"});
  CHECK(image(Type::kHashListpackEx, base + triples) == wanted);
  CHECK(image(Type::kHashListpackEarly, triples) == wanted);
  CHECK(image(kValkeyHash2,
              "\x02\x01"
              "f\x01v\xed\x03\x00\x00\x00\x00\x00\x00\x01g\x01w"s +
                  std::string(8, '\xff'),
              Extreme::kUsual, Dialect::kValkey) == wanted);
  CHECK(image(Type::kHashFieldDeadlines, base + "\x01\x00\x01"
                                                "f\x01v"s)
            .encoding == store::Encoding::kListpack);
}

TEST_CASE("value reader: a stream of the first version tells less, and the rest is estimated") {
  RdbSpace space;
  space.fill();
  const store::Entry& entry = *space.space().find(RdbSpace::ref("stream-3-short"));
  Encoded encoded;
  Encoder to(encoded);
  look_into<store::Stream>(entry.object(), [&](const store::Stream& stream) {
    to.length(stream.blocks().size());
    for (auto at = stream.blocks().first(); !at.at_end(); at.next())
      write_stream_block(to, at.id(), store::ListpackView(at.value()));
    to.length(stream.size());
    to.length(1002);
    to.length(2);
    to.raw("\x01\x01g\x43\xea\x02\x00"s);  // A group whose last id is the stream's.
    to.raw(
        "\x01\x01"
        "c\x05\x00\x00\x00\x00\x00\x00\x00\x00"s);
  });
  Result<Value> value = read(Type::kStream, encoded.bytes);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : std::string(value.error().message())));
  look_into<store::Stream>(value->word(), [](const store::Stream& stream) {
    CHECK(stream.size() == 2);
    CHECK(stream.counters().entries_added == 2);
    CHECK(stream.counters().first_id == store::StreamId{1001, 1});
    CHECK(stream.last_id() == store::StreamId{1002, 2});
    CHECK(stream.find_group("g")->entries_read() == 2);
    CHECK(stream.find_group("g")->find_consumer("c")->active_ms() == 5);
  });
}

TEST_CASE("value reader: values without elements are told apart") {
  CHECK(is_empty(Type::kList, "\x00"s));
  CHECK(is_empty(Type::kSet, "\x00"s));
  CHECK(is_empty(Type::kHash, "\x00"s));
  CHECK(is_empty(Type::kSortedSet, "\x00"s));
  CHECK(is_empty(Type::kListZiplist, ziplist_of({})));
  CHECK(is_empty(Type::kHashZiplist, ziplist_of({})));
  CHECK(is_empty(Type::kHashListpack, pack_of({})));
  CHECK(is_empty(Type::kSetListpack, pack_of({})));
  CHECK(is_empty(Type::kSortedSetListpack, pack_of({})));
  CHECK_FALSE(is_empty(Type::kString, "\x00"s));
  CHECK_FALSE(is_empty(Type::kStream, "\x00\x00\x00\x00\x00"s));
}

TEST_CASE("value reader: what repeats is refused") {
  CHECK(refusal(Type::kSet,
                "\x02\x01"
                "a\x01"
                "a") == "At byte 5 of the value a member of a set repeats");
  CHECK(refusal(Type::kSetListpack, pack_of({"a", "a"})).ends_with("a member of a set repeats"));
  CHECK(refusal(Type::kHash,
                "\x02\x01"
                "a\x01v\x01"
                "a\x01w")
            .ends_with("a field of a hash repeats"));
  CHECK(refusal(Type::kHashListpack, pack_of({"a", "1", "a", "2"}))
            .ends_with("a field of a hash repeats"));
  CHECK(refusal(Type::kSortedSetText,
                "\x02\x01"
                "a\x01"
                "1\x01"
                "a\x01"
                "2")
            .ends_with("a member of a sorted set repeats"));
  CHECK(refusal(Type::kSortedSetListpack, pack_of({"a", "1", "a", "2"})).find("repeats") !=
        std::string::npos);
}

TEST_CASE("value reader: what does not fit together is refused") {
  CHECK(refusal(Type::kHashListpack, pack_of({"a"})).ends_with("has no value"));
  CHECK(refusal(Type::kSortedSetListpack, pack_of({"a"})).find("no score") != std::string::npos);
  CHECK(refusal(Type::kSortedSetListpack, pack_of({"a", "2", "b", "1"})).find("not in order") !=
        std::string::npos);
  CHECK(refusal(Type::kSortedSetText,
                "\x01\x01"
                "a\xfd")
            .ends_with("a score is not a number"));
  CHECK(refusal(Type::kSetIntset, wrapped("\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\x05\x00"s))
            .ends_with("an intset is damaged"));
  CHECK(refusal(Type::kListQuicklist2,
                "\x01\x03\x01"
                "a")
            .ends_with("has an unknown kind"));
  CHECK(refusal(Type::kListQuicklist2, "\x01\x01\x00"s).ends_with("a piece of a list is empty"));
  CHECK(refusal(Type::kSet,
                "\x80\x7f\xff\xff\xff"
                "a")
            .ends_with("more elements are promised than there are bytes"));
  CHECK(refusal(Type::kString,
                "\xc3\x01\x80\x7f\xff\xff\xff"
                "a")
            .ends_with("a compressed string promises more than its bytes can hold"));
  CHECK(refusal(Type::kHashFieldDeadlines, std::string(8, '\xff') + "\x01\x01\x01"
                                                                    "f\x01v")
            .ends_with("the deadline of a field is out of range"));
  CHECK(
      refusal(Type::kStream, "\x00\x01\x00\x00\x00"s).ends_with("the length of a stream is wrong"));
}

TEST_CASE("value reader: other writers' types are refused by name") {
  CHECK(refusal(Type::kModule2, "") == "The value belongs to a module");
  CHECK(refusal(static_cast<Type>(8), "") == "The type 8 is unknown");
  CHECK(refusal(Type::kHashFieldDeadlines, "", Dialect::kValkey) == "The type 24 is unknown");
}

TEST_CASE("value reader: damaged bytes are refused, or make a value that is safe to use") {
  Random random(test::model_seed().value_or(17));
  for (const RdbBytes& sample : rdb_samples()) {
    if (sample.bytes.empty()) continue;
    for (int round = 0; round < 20; ++round) {
      std::string bytes = sample.bytes;
      for (uint64_t flips = random.below(3);; --flips) {
        bytes[random.below(bytes.size())] ^= static_cast<char>(1u << random.below(8));
        if (flips == 0) break;
      }
      if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
      Result<Value> value = read(sample.type, bytes);
      if (!value.ok() || value->is_empty()) continue;
      RdbSpace space;
      const store::Entry& entry = space.put("k", *std::move(value));
      static_cast<void>(image_of(entry));
      const RdbBytes again = rdb_bytes_of(entry, 12, true);
      Result<Value> copy = read(again.type, again.bytes);
      REQUIRE_MESSAGE(copy.ok(), (copy.ok() ? "" : std::string(copy.error().message())));
      CHECK(image_of_value(*std::move(copy)).parts == image_of(entry).parts);
    }
  }
}
