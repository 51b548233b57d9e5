#include "base/crc64.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#include <wmmintrin.h>
#endif

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

uint64_t crc64_by_tables(uint64_t crc, std::string_view bytes) {
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

#if defined(__x86_64__)

// Folding with carry-less multiplication, after Gopal et al., "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).
//
// All values are reflected: the lowest bit is the highest power of x. A block of 16 bytes stands
// for low * x^64 + high, and the product of two words comes out multiplied by x. So a block moves
// forward by n bits, modulo the polynomial, when its low word is multiplied by x^(n + 63) and its
// high word by x^(n - 1).

constexpr size_t kBlock = 16;
constexpr size_t kLanes = 4;

// Returns x^n modulo the polynomial.
constexpr uint64_t power_of_x(unsigned n) {
  uint64_t power = uint64_t{1} << 63;
  for (; n != 0; --n)
    power = (power >> 1) ^ ((power & 1) != 0 ? kReflectedPolynomial : 0);
  return power;
}

constexpr uint64_t kLowByLanes = power_of_x(kLanes * kBlock * 8 + 63);
constexpr uint64_t kHighByLanes = power_of_x(kLanes * kBlock * 8 - 1);
constexpr uint64_t kLowByBlock = power_of_x(kBlock * 8 + 63);
constexpr uint64_t kHighByBlock = power_of_x(kBlock * 8 - 1);

__m128i load(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Moves `block` forward onto `next`.
__attribute__((target("pclmul"))) __m128i fold(__m128i block, __m128i next, __m128i powers) {
  const __m128i low = _mm_clmulepi64_si128(block, powers, 0x00);
  const __m128i high = _mm_clmulepi64_si128(block, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// `bytes` has at least kLanes blocks.
__attribute__((target("pclmul"))) uint64_t crc64_by_folding(uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  __m128i lanes[kLanes];
  for (__m128i& lane : lanes) {
    lane = load(at);
    at += kBlock;
  }
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<int64_t>(crc)));
  const __m128i by_lanes =
      _mm_set_epi64x(static_cast<int64_t>(kHighByLanes), static_cast<int64_t>(kLowByLanes));
  const __m128i by_block =
      _mm_set_epi64x(static_cast<int64_t>(kHighByBlock), static_cast<int64_t>(kLowByBlock));
  for (; static_cast<size_t>(end - at) >= kLanes * kBlock; at += kLanes * kBlock) {
    for (size_t i = 0; i < kLanes; ++i)
      lanes[i] = fold(lanes[i], load(at + i * kBlock), by_lanes);
  }
  __m128i block = lanes[0];
  for (size_t i = 1; i < kLanes; ++i)
    block = fold(block, lanes[i], by_block);
  for (; static_cast<size_t>(end - at) >= kBlock; at += kBlock)
    block = fold(block, load(at), by_block);
  char rest[kBlock];
  std::memcpy(rest, &block, sizeof rest);
  return crc64_by_tables(crc64_by_tables(0, {rest, sizeof rest}),
                         {at, static_cast<size_t>(end - at)});
}

bool can_fold() {
  static const bool kCan = __builtin_cpu_supports("pclmul") != 0;
  return kCan;
}

#endif

}  // namespace

uint64_t crc64(uint64_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (bytes.size() >= kLanes * kBlock && can_fold()) return crc64_by_folding(crc, bytes);
#endif
  return crc64_by_tables(crc, bytes);
}

}  // namespace kvstash
