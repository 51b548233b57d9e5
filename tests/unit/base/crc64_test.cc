#include "base/crc64.h"

#include <doctest/doctest.h>

namespace kvstash {

// The check value of the catalogue of parametrised CRC algorithms: CRC-64/REDIS, and Redis's own.
TEST_CASE("CRC-64 (Jones) of nine digits") {
  CHECK(crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);
}

TEST_CASE("a CRC-64 can be taken in parts") {
  CHECK(crc64(crc64(0, "1234"), "56789") == crc64(0, "123456789"));
  CHECK(crc64(0, "") == 0);
}

}  // namespace kvstash
