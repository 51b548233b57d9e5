#include "base/spares.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace kvstash {
namespace {

TEST_CASE("the last one back is the first one out") {
  Spares<int> spares;
  spares.push(1);
  spares.push(2);
  CHECK(spares.pop() == 2);
  spares.push(3);
  CHECK(spares.pop() == 3);
  CHECK(spares.pop() == 1);
  CHECK(spares.empty());
}

TEST_CASE("what is needed between two calls is not idle") {
  Spares<int> spares;
  for (int i = 0; i < 8; ++i)
    spares.push(i);
  spares.take_idle();  // These came just now.
  REQUIRE(spares.size() == 8);
  for (int i = 0; i < 8; ++i)
    spares.pop();
  for (int i = 0; i < 8; ++i)
    spares.push(i);
  CHECK(spares.take_idle().empty());
  CHECK(spares.size() == 8);
}

TEST_CASE("half of what nobody needed is idle, and of that the oldest") {
  Spares<int> spares;
  for (int i = 0; i < 8; ++i)
    spares.push(i);
  spares.take_idle();
  spares.push(spares.pop());
  spares.push(spares.pop());  // One is in use at a time: seven are not needed.
  CHECK(spares.take_idle() == std::vector<int>{0, 1, 2, 3});
  CHECK(spares.size() == 4);
}

TEST_CASE("nothing stays for ever") {
  Spares<std::unique_ptr<int>> spares;
  for (int i = 0; i < 1000; ++i)
    spares.push(std::make_unique<int>(i));
  int calls = 0;
  for (; !spares.empty(); ++calls)
    spares.take_idle();
  CHECK(calls <= 12);
}

}  // namespace
}  // namespace kvstash
