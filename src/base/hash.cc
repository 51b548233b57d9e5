#include "base/hash.h"

#include "base/random.h"

namespace kvstash {

HashSeed HashSeed::draw() {
  return {random_uint64(), random_uint64(), random_uint64()};
}

}  // namespace kvstash
