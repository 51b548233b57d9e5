#include "base/hash.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <string>
#include <unordered_set>
#include <vector>

using namespace kvstash;

namespace {

constexpr HashSeed kSeed{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0};

std::string numbered(size_t i) {
  return "key:" + std::to_string(i);
}

}  // namespace

TEST_CASE("the hash depends on the bytes, the length and the seed") {
  CHECK(keyed_hash("abc", kSeed) == keyed_hash(std::string("abc"), kSeed));
  std::unordered_set<uint64_t> seen;
  for (size_t size = 0; size < 200; ++size) {
    CHECK(seen.insert(keyed_hash(std::string(size, '\0'), kSeed)).second);
    CHECK(seen.insert(keyed_hash(std::string(size + 1, 'x'), kSeed)).second);
  }
  CHECK(keyed_hash("abc", kSeed) != keyed_hash("abc", HashSeed{1, 2, 3}));
}

TEST_CASE("a bit changed anywhere changes about half of the bits of the hash") {
  for (size_t size = 1; size <= 70; ++size) {
    CAPTURE(size);
    std::string text(size, 'k');
    const uint64_t before = keyed_hash(text, kSeed);
    double flipped = 0;
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
      flipped += std::popcount(before ^ keyed_hash(text, kSeed));
      text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    }
    const double average = flipped / static_cast<double>(8 * size);
    CHECK(average > 24);
    CHECK(average < 40);
  }
}

TEST_CASE("numbered keys spread evenly by the high bits and by the low bits") {
  constexpr size_t kKeys = 256 * 256;
  std::vector<int> by_high(256);
  std::vector<int> by_low(256);
  for (size_t i = 0; i < kKeys; ++i) {
    const uint64_t hash = keyed_hash(numbered(i), kSeed);
    ++by_high[hash >> 56];
    ++by_low[hash & 255];
  }
  // 256 a cell are expected, with a deviation of 16.
  for (size_t cell = 0; cell < 256; ++cell) {
    CAPTURE(cell);
    CHECK(std::abs(by_high[cell] - 256) < 96);
    CHECK(std::abs(by_low[cell] - 256) < 96);
  }
}

TEST_CASE("a million numbered keys do not collide") {
  std::unordered_set<uint64_t> seen;
  seen.reserve(1'000'000);
  for (size_t i = 0; i < 1'000'000; ++i)
    seen.insert(keyed_hash(numbered(i), kSeed));
  CHECK(seen.size() == 1'000'000);
}

TEST_CASE("seeds drawn twice differ") {
  const HashSeed first = HashSeed::draw();
  const HashSeed second = HashSeed::draw();
  CHECK(first.a != second.a);
  CHECK(first.b != second.b);
  CHECK(first.c != second.c);
}
