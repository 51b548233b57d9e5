#include "base/crc64.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash {

// The check value of the catalogue of parametrised CRC algorithms: CRC-64/REDIS, and Redis's own.
TEST_CASE("CRC-64 (Jones) of nine digits") {
  CHECK(crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);
}

TEST_CASE("a CRC-64 can be taken in parts") {
  CHECK(crc64(crc64(0, "1234"), "56789") == crc64(0, "123456789"));
  CHECK(crc64(0, "") == 0);
}

TEST_CASE("a CRC-64 of many bytes is that of its bytes one by one") {
  Random random(1);
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += static_cast<char>(random.next());
  for (size_t size = 0; size < 600; ++size) {
    const size_t offset = random.below(1000);
    const std::string_view bytes = std::string_view(text).substr(offset, size);
    const uint64_t begin = random.next();
    uint64_t one_by_one = begin;
    for (size_t i = 0; i < size; ++i)
      one_by_one = crc64(one_by_one, bytes.substr(i, 1));
    CHECK(crc64(begin, bytes) == one_by_one);
  }
}

}  // namespace kvstash
