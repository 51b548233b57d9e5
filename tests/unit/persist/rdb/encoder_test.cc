#include "persist/rdb/encoder.h"

#include "base/lzf.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace std::string_literals;

namespace {

template <typename Write>
Encoded encoded(const Write& write) {
  Encoded result;
  Encoder encoder(result);
  write(encoder);
  return result;
}

std::string length_of(uint64_t length) {
  return encoded([&](Encoder& to) { to.length(length); }).bytes;
}

std::string string_of(store::PackedValue value) {
  return encoded([&](Encoder& to) { to.string(value); }).bytes;
}

std::string string_of(std::string_view text) {
  return string_of(store::PackedValue(text));
}

std::string written(std::string_view text) {
  return compress(encoded([&](Encoder& to) { to.string(text); }));
}

}  // namespace

TEST_CASE("encoder: a length takes the fewest bytes that Redis gives it") {
  CHECK(length_of(0) == "\x00"s);
  CHECK(length_of(63) == "\x3f");
  CHECK(length_of(64) == "\x40\x40");
  CHECK(length_of(16383) == "\x7f\xff");
  CHECK(length_of(16384) == "\x80\x00\x00\x40\x00"s);
  CHECK(length_of(UINT32_MAX) == "\x80\xff\xff\xff\xff");
  CHECK(length_of(uint64_t{1} << 32) == "\x81\x00\x00\x00\x01\x00\x00\x00\x00"s);
  CHECK(length_of(UINT64_MAX) == "\x81\xff\xff\xff\xff\xff\xff\xff\xff");
  for (const uint64_t length : {uint64_t{0}, uint64_t{63}, uint64_t{64}, uint64_t{16383},
                                uint64_t{16384}, uint64_t{UINT32_MAX}, uint64_t{1} << 32})
    CHECK(length_bytes(length) == length_of(length).size());
}

TEST_CASE("encoder: the text of a 32-bit integer is written as an integer") {
  CHECK(string_of("0") == "\xc0\x00"s);
  CHECK(string_of("-128") == "\xc0\x80");
  CHECK(string_of("128") == "\xc1\x80\x00"s);
  CHECK(string_of("-32768") == "\xc1\x00\x80"s);
  CHECK(string_of("32768") == "\xc2\x00\x80\x00\x00"s);
  CHECK(string_of("-2147483648") == "\xc2\x00\x00\x00\x80"s);
  CHECK(string_of("2147483648") ==
        "\x0a"
        "2147483648");
  CHECK(string_of("007") ==
        "\x03"
        "007");
  CHECK(string_of("-0") == "\x02-0");
  CHECK(string_of("") == "\x00"s);
}

TEST_CASE("encoder: an integer is written as its text would be") {
  for (const int64_t value : {int64_t{0}, int64_t{-129}, int64_t{65536}, int64_t{1} << 31,
                              std::numeric_limits<int64_t>::min()})
    CHECK(string_of(store::PackedValue(value)) ==
          string_of(std::string_view(std::to_string(value))));
}

TEST_CASE("encoder: numbers of fixed size stand in the format's order of bytes") {
  CHECK(encoded([](Encoder& to) { to.binary_double(1.0); }).bytes ==
        "\x00\x00\x00\x00\x00\x00\xf0\x3f"s);
  CHECK(encoded([](Encoder& to) { to.millis(258); }).bytes == "\x02\x01\x00\x00\x00\x00\x00\x00"s);
  CHECK(encoded([](Encoder& to) {
          to.stream_id({1, 2});
        }).bytes == "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02"s);
}

TEST_CASE("encoder: a string is compressed from 21 bytes on, if that makes it smaller") {
  const std::string text(21, 'a');
  const Encoded noted = encoded([&](Encoder& to) { to.string(text); });
  CHECK(noted.bytes == "\x15" + text);
  CHECK(noted.compressible.size() == 1);
  CHECK(encoded([](Encoder& to) { to.string(std::string(20, 'a')); }).compressible.empty());

  const std::string packed = written(text);
  REQUIRE(packed.size() > 3);
  CHECK(packed.size() < text.size());
  CHECK(packed[0] == '\xc3');
  CHECK(static_cast<size_t>(packed[1]) == packed.size() - 3);
  CHECK(static_cast<size_t>(packed[2]) == text.size());
  std::string unpacked(text.size(), '\0');
  CHECK(lzf_decompress(std::string_view(packed).substr(3), unpacked));
  CHECK(unpacked == text);

  CHECK(written("abcdefghijklmnopqrstuvwxyz") ==
        "\x1a"
        "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("encoder: what stands around compressed strings stays") {
  const std::string text(100, 'x');
  const Encoded both = encoded([&](Encoder& to) {
    to.type(Type::kList);
    to.length(3);
    to.string(text);
    to.string("abcdefghijklmnopqrstuvwxyz");
    to.string(text);
    to.opcode(Opcode::kEnd);
  });
  CHECK(both.compressible.size() == 3);
  CHECK(compress(Encoded(both)) == "\x01\x03" + written(text) +
                                       "\x1a"
                                       "abcdefghijklmnopqrstuvwxyz" +
                                       written(text) + "\xff");
}
