#include "base/crc16.h"

#include "base/limits.h"

#include <array>

namespace kvstash {
namespace {

using Table = std::array<uint16_t, 256>;

// tables[n][byte] is the checksum of `byte` followed by n zero bytes. The checksum is linear, so
// that of eight bytes is the exclusive or of eight independent look-ups; most keys take one or two
// such steps.
constexpr size_t kStride = 8;

constexpr auto kTables = [] {
  constexpr unsigned kPolynomial = 0x1021;
  std::array<Table, kStride> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? kPolynomial : 0);
    }
    tables[0][byte] = static_cast<uint16_t>(crc);
  }
  for (size_t n = 1; n < kStride; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const unsigned shorter = tables[n - 1][byte];
      tables[n][byte] = static_cast<uint16_t>((shorter << 8) ^ tables[0][shorter >> 8]);
    }
  }
  return tables;
}();

std::string_view hashed_part(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

}  // namespace

uint16_t crc16(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  unsigned crc = 0;
  for (; left >= kStride; at += kStride, left -= kStride) {
    unsigned next = kTables[7][at[0] ^ (crc >> 8)] ^ kTables[6][at[1] ^ (crc & 0xff)];
    for (size_t i = 2; i < kStride; ++i)
      next ^= kTables[kStride - 1 - i][at[i]];
    crc = next;
  }
  for (; left > 0; ++at, --left)
    crc = ((crc << 8) & 0xffff) ^ kTables[0][(crc >> 8) ^ *at];
  return static_cast<uint16_t>(crc);
}

Slot key_slot(std::string_view key) {
  return static_cast<Slot>(crc16(hashed_part(key)) & (kSlotCount - 1));
}

}  // namespace kvstash
