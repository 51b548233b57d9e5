#include "base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <cstring>

using namespace kvstash;

TEST_CASE("the same seed gives the same numbers, another seed others") {
  Random first(7);
  Random same(7);
  Random other(8);
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = first.next();
    REQUIRE(same.next() == value);
    REQUIRE(other.next() != value);
  }
}

TEST_CASE("numbers below a bound stay below it and are even") {
  Random random(9);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) {
    const uint64_t value = random.below(7);
    REQUIRE(value < 7);
    ++counts[value];
  }
  for (const int count : counts)
    CHECK(std::abs(count - 10000) < 500);
  CHECK(random.below(1) == 0);
  CHECK(random.below(uint64_t{1} << 63) < uint64_t{1} << 63);
}

TEST_CASE("the unit interval is covered and does not reach 1") {
  Random random(10);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.unit();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    sum += value;
  }
  CHECK(sum == doctest::Approx(5000).epsilon(0.05));
}

TEST_CASE("bytes from the system fill just what was asked for") {
  std::array<unsigned char, 66> bytes{};
  random_bytes(bytes.data() + 1, 64);
  CHECK(bytes.front() == 0);
  CHECK(bytes.back() == 0);
  int zeros = 0;
  for (const unsigned char byte : bytes)
    zeros += byte == 0 ? 1 : 0;
  CHECK(zeros < 16);
  CHECK(random_uint64() != random_uint64());
}

TEST_CASE("the system's entropy fills all bytes, and words drawn from a source are its bytes") {
  SystemEntropy system;
  std::array<unsigned char, 64> bytes{};
  system.fill(bytes.data(), bytes.size());
  CHECK(bytes != std::array<unsigned char, 64>{});
  CHECK(system.draw() != system.draw());

  class Ones final : public Entropy {
   public:
    void fill(void* out, size_t size) override { std::memset(out, 1, size); }
  } ones;
  CHECK(ones.draw() == 0x0101010101010101);
}
