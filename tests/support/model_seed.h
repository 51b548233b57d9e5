// The seed that a random test is told to run again.
#pragma once

#include "base/numbers.h"

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace kvstash::test {

// The seed in the environment's KVSTASH_MODEL_SEED; none: the test chooses.
inline std::optional<uint64_t> model_seed() {
  const char* seed = std::getenv("KVSTASH_MODEL_SEED");
  return seed == nullptr ? std::nullopt : parse_uint64(seed);
}

}  // namespace kvstash::test
