// No name that was added is ever said to be absent.

#include "persist/snapshot/name_filter.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <vector>

namespace kvstash::persist {

TEST_CASE("what was added may be there, and most of what was not is known to be absent") {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{1023}, size_t{1024}, size_t{20'000}}) {
    CAPTURE(count);
    Random random(count + 1);
    NameFilter filter;
    std::vector<uint64_t> added;
    for (size_t i = 0; i < count; ++i) {
      added.push_back(random.next());
      filter.add(added.back());
    }
    for (const uint64_t hash : added)
      REQUIRE(filter.may_have(hash));
    size_t wrong = 0;
    for (int i = 0; i < 1000; ++i)
      wrong += filter.may_have(random.next()) ? 1u : 0u;
    if (count == 0) CHECK(wrong == 0);
    if (count >= 1024) CHECK(wrong < 100);
  }
}

}  // namespace kvstash::persist
