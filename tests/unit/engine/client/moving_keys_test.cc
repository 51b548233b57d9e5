#include "engine/client/moving_keys.h"

#include <doctest/doctest.h>

namespace kvstash::engine {

TEST_CASE("moving keys: names are there from the beginning of a move to its end") {
  MovingKeys keys;
  CHECK_FALSE(keys.any());
  keys.begin({"a", "b", "a"});
  CHECK(keys.any());
  CHECK(keys.has("a"));
  CHECK(keys.has("b"));
  CHECK_FALSE(keys.has("c"));
  const uint64_t before = keys.moves_over();
  keys.end();
  CHECK_FALSE(keys.any());
  CHECK_FALSE(keys.has("a"));
  CHECK(keys.moves_over() == before + 1);
  keys.begin({});
  CHECK_FALSE(keys.any());
}

}  // namespace kvstash::engine
