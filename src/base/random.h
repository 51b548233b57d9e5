// Random: a small fast generator for sampling (eviction, SPOP, RANDOMKEY, tests), and the system's
// source for secrets.
//
// Random is deterministic from its seed (xoshiro256**), so simulations repeat. It is not for
// secrets and not thread-safe: each shard has its own. `random_bytes` is for seeds, identifiers and
// passwords; a node gets those from the Entropy that it was given.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash {

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  uint64_t below(uint64_t bound);  // Uniform in 0 .. bound - 1. `bound` is not 0.
  double unit();                   // Uniform in [0, 1).
  bool one_in(uint64_t n) { return below(n) == 0; }

 private:
  uint64_t state_[4];
};

// Fills `out` from getrandom(2). Panics if the system has no random source. Any thread.
void random_bytes(void* out, size_t size);
uint64_t random_uint64();

// A node's port for seeds, identifiers and passwords: from the system, or from a simulation, which
// repeats from its seed. Any thread that belongs to the node.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(void* out, size_t size) = 0;
  uint64_t draw();
};

class SystemEntropy final : public Entropy {
 public:
  void fill(void* out, size_t size) override { random_bytes(out, size); }
};

}  // namespace kvstash
