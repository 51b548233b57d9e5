// Hash: the keyed hash of all our tables, made for short keys.
//
// The hash is the 128-bit product of two words that both depend on the secret seed and the text,
// folded to 64 bits. All bits of the result are well mixed: tables take the bucket from the high
// bits and a fingerprint from the low bits. It is no cryptographic hash; clients cannot choose keys
// that collide because every process draws a new seed and never shows it. Never store or send a
// hash. Pure; any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace kvstash {

class Entropy;

struct HashSeed {
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t c = 0;

  static HashSeed draw();  // From the system's random source.
  static HashSeed draw(Entropy& entropy);
};

namespace hash_detail {

inline constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio.

inline uint64_t fold(uint64_t x, uint64_t y) {
  const auto product = static_cast<unsigned __int128>(x) * y;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t load64(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

inline uint64_t load32(const char* from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace hash_detail

// A text of up to 16 bytes is read as two words that overlap in the middle. A longer text is folded
// 16 bytes at a time; its last 16 bytes come at the end.
inline uint64_t keyed_hash(std::string_view bytes, const HashSeed& seed) {
  using namespace hash_detail;
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t low = 0;
  uint64_t high = 0;
  uint64_t state = seed.c;
  if (left > 16) {
    for (; left > 16; at += 16, left -= 16) {
      state = fold(load64(at) ^ seed.a ^ state, load64(at + 8) ^ seed.b);
    }
    low = load64(at + left - 16);
    high = load64(at + left - 8);
  } else if (left >= 8) {
    low = load64(at);
    high = load64(at + left - 8);
  } else if (left >= 4) {
    low = load32(at);
    high = load32(at + left - 4);
  } else if (left > 0) {
    low = static_cast<uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
          static_cast<uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
          static_cast<unsigned char>(at[left - 1]);
  }
  return fold(fold(low ^ seed.a, high ^ seed.b) ^ state, bytes.size() ^ kOdd);
}

}  // namespace kvstash
