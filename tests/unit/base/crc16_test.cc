#include "base/crc16.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;

namespace {

// The definition, one bit at a time.
uint16_t crc16_by_bits(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
    crc &= 0xffff;
  }
  return static_cast<uint16_t>(crc);
}

}  // namespace

TEST_CASE("the checksum of 123456789 is the published one") {
  CHECK(crc16("123456789") == 0x31c3);
  CHECK(crc16("") == 0);
}

TEST_CASE("the checksum is the same for any length as bit by bit") {
  Random random(3);
  for (size_t size = 0; size < 100; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random.next());
    REQUIRE(crc16(bytes) == crc16_by_bits(bytes));
  }
}

TEST_CASE("keys land in the slots that Redis Cluster gives them") {
  CHECK(to_index(key_slot("foo")) == 12182);
  CHECK(to_index(key_slot("bar")) == 5061);
  CHECK(to_index(key_slot("")) == 0);
}

TEST_CASE("keys with the same tag share a slot") {
  CHECK(key_slot("{user1000}.following") == key_slot("user1000"));
  CHECK(key_slot("foo{{bar}}zap") == key_slot("{bar"));
  CHECK(key_slot("foo{bar}{zap}") == key_slot("bar"));
  CHECK(to_index(key_slot("foo{}{bar}")) == (crc16("foo{}{bar}") & 16383));
  CHECK(to_index(key_slot("foo{bar")) == (crc16("foo{bar") & 16383));
}
