#include "base/crc64.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace kvstash {
namespace {

constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;
constexpr size_t kStride = 8;  // Bytes processed in one step.

using Table = std::array<uint64_t, 256>;

// tables[n][b] is what byte b contributes to the checksum if n zero bytes follow it.
constexpr std::array<Table, kStride> make_tables() {
  std::array<Table, kStride> tables{};
  for (size_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t n = 1; n < kStride; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr std::array<Table, kStride> kTables = make_tables();

}  // namespace

uint64_t crc64(uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= kStride; at += kStride, left -= kStride) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < kStride; ++i)
      crc ^= kTables[kStride - 1 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; ++at, --left)
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  return crc;
}

}  // namespace kvstash
