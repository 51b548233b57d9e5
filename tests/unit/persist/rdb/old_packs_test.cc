#include "persist/rdb/old_packs.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace std::string_literals;

namespace {

using Parts = std::vector<std::string>;

Parts parts_of(const std::optional<store::Listpack>& pack) {
  if (!pack) return {"damaged"};
  Parts parts;
  for (store::PackPosition at = pack->view().first(); at;) {
    char scratch[kInt64CharsMax];
    parts.emplace_back(pack->view().take(at).string(scratch));
  }
  return parts;
}

// A ziplist around entries without their first part, the length of the entry before.
std::string ziplist(const Parts& entries) {
  std::string bytes;
  size_t before = 0;
  size_t last = 10;
  for (const std::string& entry : entries) {
    last = 10 + bytes.size();
    if (before < 254) {
      bytes += static_cast<char>(before);
    } else {
      bytes += '\xfe';
      for (int i = 0; i < 4; ++i)
        bytes += static_cast<char>(before >> (8 * i) & 0xff);
    }
    bytes += entry;
    before = 10 + bytes.size() - last;
  }
  std::string head;
  for (const auto& [value, size] :
       {std::pair(11 + bytes.size(), 4), std::pair(last, 4), std::pair(entries.size(), 2)})
    for (int i = 0; i < size; ++i)
      head += static_cast<char>(value >> (8 * i) & 0xff);
  return head + bytes + "\xff";
}

}  // namespace

TEST_CASE("old packs: a ziplist's integers and texts of every form") {
  const std::string medium(300, 'm');
  const std::string large(20'000, 'l');
  CHECK(parts_of(listpack_of_ziplist(
            ziplist({"\xf1", "\xfd", "\xfe\xff", "\xc0\x00\x80"s, "\xf0\xff\xff\x7f",
                     "\xd0\x00\x00\x00\x80"s, "\xe0\x00\x00\x00\x00\x00\x00\x00\x80"s, "\x00"s,
                     "\x02hi", "\x41\x2c" + medium, "\x80\x00\x00\x4e\x20"s + large, "\xf2"}))) ==
        Parts{"0", "12", "-1", "-32768", "8388607", "-2147483648", "-9223372036854775808", "", "hi",
              medium, large, "1"});
  CHECK(parts_of(listpack_of_ziplist(ziplist({}))) == Parts{});
}

TEST_CASE("old packs: a ziplist that is damaged anywhere in its structure is refused") {
  const std::string sound = ziplist({"\x02hi", "\xc0\x01\x02", "\xf3"});
  REQUIRE(parts_of(listpack_of_ziplist(sound)) == Parts{"hi", "513", "2"});
  for (size_t size = 0; size < sound.size(); ++size)
    CHECK_FALSE(listpack_of_ziplist(std::string_view(sound).substr(0, size)).has_value());
  for (const size_t at : {0u, 4u, 8u, 10u, 14u, 18u}) {
    std::string damaged = sound;
    damaged[at] ^= 1;
    INFO(at);
    CHECK_FALSE(listpack_of_ziplist(damaged).has_value());
  }
  CHECK_FALSE(listpack_of_ziplist(ziplist({"\xff"})).has_value());
  CHECK_FALSE(listpack_of_ziplist(ziplist({"\xc1\x01"})).has_value());
  CHECK_FALSE(listpack_of_ziplist(ziplist({"\x80\xff\xff\xff\xffx"})).has_value());
}

TEST_CASE("old packs: a zipmap's fields, with free bytes and long lengths") {
  const std::string value(300, 'v');
  CHECK(parts_of(listpack_of_zipmap("\x02\x03"
                                    "foo\x03\x00"
                                    "bar\x05"
                                    "hello\x05\x02world..\xff"s)) ==
        Parts{"foo", "bar", "hello", "world"});
  CHECK(parts_of(listpack_of_zipmap("\x01\x01"
                                    "f\xfe\x2c\x01\x00\x00\x00"s +
                                    value + "\xff")) == Parts{"f", value});
  CHECK(parts_of(listpack_of_zipmap("\x00\xff"s)) == Parts{});
}

TEST_CASE("old packs: a damaged zipmap is refused") {
  const std::string sound =
      "\x01\x03"
      "foo\x03\x00"
      "bar\xff"s;
  for (size_t size = 0; size < sound.size(); ++size)
    CHECK_FALSE(listpack_of_zipmap(std::string_view(sound).substr(0, size)).has_value());
  CHECK_FALSE(listpack_of_zipmap("\x02" + sound.substr(1)).has_value());
  CHECK_FALSE(listpack_of_zipmap("\x01\x03"
                                 "foo\xff")
                  .has_value());
  CHECK_FALSE(listpack_of_zipmap("\x01\x03"
                                 "foo\x03\x09"
                                 "bar\xff")
                  .has_value());
  CHECK_FALSE(listpack_of_zipmap("\x01\xfe\xff\xff\xff\xff"
                                 "foo\xff")
                  .has_value());
}
