#include "base/hash.h"

#include "base/random.h"

namespace kvstash {

HashSeed HashSeed::draw() {
  SystemEntropy system;
  return draw(system);
}

HashSeed HashSeed::draw(Entropy& entropy) {
  return {entropy.draw(), entropy.draw(), entropy.draw()};
}

}  // namespace kvstash
