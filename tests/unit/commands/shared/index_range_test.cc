#include "commands/shared/index_range.h"

#include <doctest/doctest.h>

#include <limits>

namespace kvstash::commands {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

}  // namespace

TEST_CASE("a range of indexes holds both ends, and what is beyond the elements is cut off") {
  for (int64_t length = 0; length <= 4; ++length) {
    for (int64_t start = -6; start <= 6; ++start) {
      for (int64_t stop = -6; stop <= 6; ++stop) {
        const IndexRange range = index_range(start, stop, static_cast<size_t>(length));
        for (int64_t i = 0; i < length; ++i) {
          const bool is_in =
              (start < 0 ? start + length : start) <= i && i <= (stop < 0 ? stop + length : stop);
          const auto at = static_cast<size_t>(i);
          CHECK((at >= range.first && at < range.first + range.count) == is_in);
        }
        CHECK(range.first + range.count <= static_cast<size_t>(length));
        if (range.count == 0) CHECK(range == IndexRange{});
      }
    }
  }
}

TEST_CASE("a range may be given by the largest numbers there are") {
  CHECK(index_range(kMin, kMax, 3) == IndexRange{0, 3});
  CHECK(index_range(kMax, kMin, 3) == IndexRange{});
  CHECK(index_range(kMin, kMin, 3) == IndexRange{});
  CHECK(index_range(kMax, kMax, 3) == IndexRange{});
}

TEST_CASE("an index counts from either end, and names an element or nothing") {
  CHECK(index_at(0, 3) == 0);
  CHECK(index_at(2, 3) == 2);
  CHECK(index_at(3, 3) == std::nullopt);
  CHECK(index_at(-1, 3) == 2);
  CHECK(index_at(-3, 3) == 0);
  CHECK(index_at(-4, 3) == std::nullopt);
  CHECK(index_at(0, 0) == std::nullopt);
  CHECK(index_at(kMin, 3) == std::nullopt);
  CHECK(index_at(kMax, 3) == std::nullopt);
}

}  // namespace kvstash::commands
