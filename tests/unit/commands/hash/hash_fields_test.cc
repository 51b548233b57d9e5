#include "commands/hash/hash_fields.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;

constexpr int64_t kNow = 1'700'000'000'000;

std::string deadline(std::string_view text, FieldTime time) {
  const Result<int64_t> at_ms = field_deadline(text, time, "hexpire");
  return at_ms.ok() ? std::to_string(*at_ms) : std::string(at_ms.error().message());
}

}  // namespace

TEST_CASE("fields are listed with their number, and nothing behind them") {
  const Words words{"fields", "2", "a", "b"};
  const Result<FieldNames> fields = parse_fields(engine::ArgReader(words));
  REQUIRE(fields.ok());
  CHECK(Words(fields->begin(), fields->end()) == Words{"a", "b"});
}

TEST_CASE("a list of fields that is not what it says is refused") {
  const auto error_of = [](const Words& words) {
    return std::string(parse_fields(engine::ArgReader(words), "bad").error().message());
  };
  for (const Words& words : {Words{}, Words{"FIELD", "1", "a"}, Words{"1", "a"}})
    CHECK(error_of(words).starts_with("ERR Mandatory argument FIELDS is missing"));
  for (const Words& words : {Words{"FIELDS"}, Words{"FIELDS", "0", "a"}, Words{"FIELDS", "-1", "a"},
                             Words{"FIELDS", "x", "a"}, Words{"FIELDS", "9223372036854775808"}})
    CHECK(error_of(words) == "bad");
  for (const Words& words : {Words{"FIELDS", "1"}, Words{"FIELDS", "1", "a", "b"},
                             Words{"FIELDS", "9223372036854775807", "a"}})
    CHECK(error_of(words).starts_with("ERR The `numfields` parameter must match"));
}

TEST_CASE("a deadline of a field is counted from its base, and within what Redis stores") {
  constexpr FieldTime kInSeconds{.unit = TimeUnit::kSeconds, .base_ms = kNow};
  constexpr FieldTime kAtMs{.unit = TimeUnit::kMilliseconds, .base_ms = 0};
  const std::string too_late = "ERR invalid expire time in 'hexpire' command";
  CHECK(deadline("5", kInSeconds) == "1700000005000");
  CHECK(deadline("0", kInSeconds) == "1700000000000");
  CHECK(deadline("1700000000001", kAtMs) == "1700000000001");
  CHECK(deadline("70368744177663", kAtMs) == "70368744177663");
  CHECK(deadline("70368744177664", kAtMs) == too_late);
  CHECK(deadline("9223372036854775807", kAtMs) == too_late);
  CHECK(deadline("9223372036854775807", kInSeconds) == too_late);
  CHECK(deadline("-1", kInSeconds) == "ERR invalid expire time, must be >= 0");
  for (const std::string_view text : {"", "x", "1.5", "+1", " 1", "9223372036854775808"})
    CHECK(deadline(text, kInSeconds) == "ERR value is not an integer or out of range");
}

TEST_CASE("an expiry option is taken with its number, or left where it is none") {
  const auto take = [](const Words& words, size_t left) {
    engine::ArgReader args(words);
    const Result<std::optional<int64_t>> at_ms = take_field_expiry(args, kNow, "hsetex");
    CHECK(args.left() == left);
    if (!at_ms.ok()) return std::string(at_ms.error().message());
    return *at_ms ? std::to_string(**at_ms) : std::string("none");
  };
  CHECK(take({"ex", "2", "FIELDS"}, 1) == "1700000002000");
  CHECK(take({"PX", "2", "FIELDS"}, 1) == "1700000000002");
  CHECK(take({"EXAT", "2", "FIELDS"}, 1) == "2000");
  CHECK(take({"PXAT", "2"}, 0) == "2");
  CHECK(take({"KEEPTTL", "2"}, 2) == "none");
  CHECK(take({"EX"}, 1) == "none");
  CHECK(take({"EX", "-1"}, 0) == "ERR invalid expire time, must be >= 0");
}

}  // namespace kvstash::commands
