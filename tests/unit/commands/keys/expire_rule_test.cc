#include "commands/keys/expire_rule.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;

Result<ExpireCondition> parse(const Words& words) {
  return parse_expire_condition(engine::ArgReader(words));
}

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST_CASE("the conditions of EXPIRE are read in any case and may repeat") {
  const auto condition = parse({"xx", "GT", "XX"});
  REQUIRE(condition.ok());
  CHECK(condition->if_some);
  CHECK(condition->if_later);
  CHECK(!condition->if_none);
  CHECK(!condition->if_earlier);
}

TEST_CASE("conditions that exclude each other are refused, unknown words first") {
  struct Row {
    Words words;
    std::string message;
  };
  const std::string nx = "ERR NX and XX, GT or LT options at the same time are not compatible";
  const std::string gt_lt = "ERR GT and LT options at the same time are not compatible";
  const Row rows[] = {
      {{"NX", "XX"}, nx},
      {{"GT", "NX"}, nx},
      {{"LT", "NX"}, nx},
      {{"GT", "LT", "NX"}, nx},
      {{"LT", "GT"}, gt_lt},
      {{"XX", "LT", "GT"}, gt_lt},
      {{"foo"}, "ERR Unsupported option foo"},
      {{"NX", "XX", "Bar"}, "ERR Unsupported option Bar"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const auto condition = parse(row.words);
    REQUIRE(!condition.ok());
    CHECK(condition.error().message() == row.message);
  }
}

TEST_CASE("no deadline counts as the latest of all") {
  struct Row {
    ExpireCondition condition;
    bool with_none;
    bool with_earlier;  // The key's deadline is before the new one.
    bool with_same;
    bool with_later;
  };
  const Row rows[] = {
      {{}, true, true, true, true},
      {{.if_none = true}, true, false, false, false},
      {{.if_some = true}, false, true, true, true},
      {{.if_later = true}, false, true, false, false},
      {{.if_earlier = true}, true, false, false, true},
      {{.if_some = true, .if_later = true}, false, true, false, false},
      {{.if_some = true, .if_earlier = true}, false, false, false, true},
  };
  for (const Row& row : rows) {
    CHECK(is_met(row.condition, std::nullopt, 100) == row.with_none);
    CHECK(is_met(row.condition, 99, 100) == row.with_earlier);
    CHECK(is_met(row.condition, 100, 100) == row.with_same);
    CHECK(is_met(row.condition, 101, 100) == row.with_later);
  }
}

TEST_CASE("a deadline that does not fit 64 bits is none") {
  CHECK(deadline_after(1000, 5, TimeUnit::kSeconds) == 6000);
  CHECK(deadline_after(1000, 5, TimeUnit::kMilliseconds) == 1005);
  CHECK(deadline_after(1000, -5, TimeUnit::kSeconds) == -4000);
  CHECK(deadline_after(0, kMax, TimeUnit::kMilliseconds) == kMax);
  CHECK(deadline_after(1000, kMin, TimeUnit::kMilliseconds) == kMin + 1000);
  CHECK(deadline_after(0, kMax / 1000, TimeUnit::kSeconds) == kMax / 1000 * 1000);
  CHECK(!deadline_after(1, kMax, TimeUnit::kMilliseconds));
  CHECK(!deadline_after(0, kMax / 1000 + 1, TimeUnit::kSeconds));
  CHECK(!deadline_after(1000, kMin, TimeUnit::kSeconds));
  CHECK(!deadline_after(1000, kMax / 1000, TimeUnit::kSeconds));
}

TEST_CASE("TTL in seconds is rounded to the nearest, at the end of the range as well") {
  CHECK(in_unit(0, TimeUnit::kSeconds) == 0);
  CHECK(in_unit(499, TimeUnit::kSeconds) == 0);
  CHECK(in_unit(500, TimeUnit::kSeconds) == 1);
  CHECK(in_unit(1499, TimeUnit::kSeconds) == 1);
  CHECK(in_unit(1499, TimeUnit::kMilliseconds) == 1499);
  CHECK(in_unit(kMax, TimeUnit::kSeconds) == 9223372036854776);
}

}  // namespace
}  // namespace kvstash::commands
