#include "base/random.h"

#include "base/ensure.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>

namespace kvstash {
namespace {

// Spreads a seed over the state (splitmix64), so that seeds such as 1 and 2 give unrelated states.
uint64_t spread(uint64_t& seed) {
  uint64_t z = seed += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_)
    word = spread(seed);
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// The result is the high word of next() * bound. A few low words would favour some results; for
// those another number is drawn. The division to find them is needed with probability bound / 2^64
// only.
uint64_t Random::below(uint64_t bound) {
  ensure(bound != 0);
  auto product = static_cast<unsigned __int128>(next()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t unfair = (0 - bound) % bound;
    while (static_cast<uint64_t>(product) < unfair) {
      product = static_cast<unsigned __int128>(next()) * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

void random_bytes(void* out, size_t size) {
  auto* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t drawn = getrandom(at, size, 0);
    if (drawn < 0 && errno == EINTR) continue;
    ensure(drawn > 0);
    at += drawn;
    size -= static_cast<size_t>(drawn);
  }
}

uint64_t random_uint64() {
  return SystemEntropy().draw();
}

uint64_t Entropy::draw() {
  uint64_t word = 0;
  fill(&word, sizeof word);
  return word;
}

}  // namespace kvstash
