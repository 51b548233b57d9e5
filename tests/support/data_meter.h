// DataMeter: memory as a node has it that is alone in its process and needs little beside its data.
// Else what other tests of the process take would count.
//
// Any thread.
#pragma once

#include "base/alloc.h"

#include <cstddef>

namespace kvstash::test {

class DataMeter final : public MemoryMeter {
 public:
  static constexpr size_t kBesideBytes = size_t{1} << 20;

  size_t allocated(size_t known_bytes) const override { return known_bytes + kBesideBytes; }
};

}  // namespace kvstash::test
