// SimEntropy: seeds, identifiers and passwords that are the same for the same seed.
#pragma once

#include "base/random.h"

#include <cstddef>
#include <cstdint>

namespace kvstash::test {

class SimEntropy final : public Entropy {
 public:
  explicit SimEntropy(uint64_t seed) : random_(seed) {}

  void fill(void* out, size_t size) override {
    auto* bytes = static_cast<unsigned char*>(out);
    for (size_t i = 0; i < size; ++i)
      bytes[i] = static_cast<unsigned char>(random_.next() >> 56);
  }

 private:
  Random random_;
};

}  // namespace kvstash::test
