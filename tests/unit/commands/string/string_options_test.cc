#include "commands/string/string_options.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;

constexpr int64_t kNow = 1'700'000'000'000;

std::string error_of(const Words& words) {
  SetOptions options;
  const Status status = parse_set_options(engine::ArgReader(words), options);
  return status.ok() ? "" : std::string(status.error().message());
}

SetOptions set_options(const Words& words) {
  SetOptions options;
  REQUIRE(parse_set_options(engine::ArgReader(words), options).ok());
  return options;
}

std::string getex_error_of(const Words& words) {
  const Result<GetexOptions> options = parse_getex_options(engine::ArgReader(words));
  return options.ok() ? "" : std::string(options.error().message());
}

std::string deadline_error(const Expiry& expiry) {
  const Result<int64_t> deadline = deadline_from(expiry, kNow, "set");
  return deadline.ok() ? "" : std::string(deadline.error().message());
}

}  // namespace

TEST_CASE("the options of SET are read in any order and any case") {
  const SetOptions options = set_options({"get", "Px", "100", "nX"});
  CHECK(options.return_old);
  CHECK(options.condition == SetCondition::kIfAbsent);
  CHECK_FALSE(options.keep_deadline);
  REQUIRE(options.expiry.has_value());
  CHECK(options.expiry->unit == Expiry::Unit::kMilliseconds);
  CHECK(options.expiry->amount == "100");
  CHECK(set_options({"KEEPTTL", "XX"}).keep_deadline);
  CHECK(set_options({"XX"}).condition == SetCondition::kIfPresent);
  CHECK_FALSE(set_options({}).expiry.has_value());
}

TEST_CASE("each unit of an expiry has its word") {
  CHECK(set_options({"EX", "1"}).expiry->unit == Expiry::Unit::kSeconds);
  CHECK(set_options({"PX", "1"}).expiry->unit == Expiry::Unit::kMilliseconds);
  CHECK(set_options({"EXAT", "1"}).expiry->unit == Expiry::Unit::kUnixSeconds);
  CHECK(set_options({"PXAT", "1"}).expiry->unit == Expiry::Unit::kUnixMilliseconds);
}

TEST_CASE("a word given twice is fine, and its last number counts") {
  CHECK(set_options({"EX", "1", "EX", "2"}).expiry->amount == "2");
  CHECK(set_options({"NX", "NX", "GET", "GET"}).condition == SetCondition::kIfAbsent);
}

TEST_CASE("options that contradict each other are a syntax error") {
  const Words contradictions[] = {
      {"NX", "XX"},           {"XX", "NX"},
      {"EX", "1", "PX", "1"}, {"PXAT", "1", "EXAT", "1"},
      {"KEEPTTL", "EX", "1"}, {"EX", "1", "KEEPTTL"},
  };
  for (const Words& words : contradictions) {
    CAPTURE(words.front());
    CHECK(error_of(words) == "ERR syntax error");
  }
}

TEST_CASE("a comparison takes the next word, whatever it says, and stands alone") {
  CHECK(set_options({"ifeq", "GET"}).condition == SetCondition::kIfEqual);
  CHECK(set_options({"ifeq", "GET"}).expected == "GET");
  CHECK_FALSE(set_options({"ifeq", "GET"}).return_old);
  CHECK(set_options({"EX", "1", "IFNE", "", "GET"}).condition == SetCondition::kIfNotEqual);
  CHECK(set_options({"IFEQ", "x"}).compares());
  CHECK_FALSE(set_options({"XX"}).compares());
  for (const Words& words :
       {Words{"IFEQ"}, Words{"IFNE"}, Words{"IFEQ", "a", "NX"}, Words{"NX", "IFEQ", "a"},
        Words{"IFNE", "a", "XX"}, Words{"IFEQ", "a", "IFEQ", "a"}, Words{"IFEQ", "a", "IFNE", "b"}})
    CHECK(error_of(words) == "ERR syntax error");
}

TEST_CASE("MSETEX has the options of SET but GET and comparisons") {
  CHECK(parse_msetex_options(engine::ArgReader(Words{"XX", "KEEPTTL"}))->keep_deadline);
  CHECK(parse_msetex_options(engine::ArgReader(Words{"EX", "5"}))->expiry->amount == "5");
  for (const Words& words : {Words{"GET"}, Words{"IFEQ", "a"}, Words{"NX", "GET"}, Words{"EX"}})
    CHECK(parse_msetex_options(engine::ArgReader(words)).error().message() == "ERR syntax error");
}

TEST_CASE("unknown words, missing numbers and words of the other command are a syntax error") {
  for (const Words& words : {Words{"FOO"}, Words{""}, Words{"EX"}, Words{"GET", "PX"},
                             Words{"PERSIST"}, Words{"EX", "1", "2"}})
    CHECK(error_of(words) == "ERR syntax error");
  for (const Words& words : {Words{"NX"}, Words{"GET"}, Words{"KEEPTTL"}, Words{"EX"},
                             Words{"PERSIST", "EX", "1"}, Words{"EX", "1", "PERSIST"}})
    CHECK(getex_error_of(words) == "ERR syntax error");
  CHECK(getex_error_of({"PERSIST", "PERSIST"}).empty());
  CHECK(getex_error_of({"exat", "1"}).empty());
}

TEST_CASE("a wrong number is not looked at before it is needed") {
  CHECK(set_options({"EX", "nonsense"}).expiry->amount == "nonsense");
}

TEST_CASE("deadlines are counted from now, or from 1970, in milliseconds") {
  CHECK(*deadline_from({Expiry::Unit::kSeconds, "10"}, kNow, "set") == kNow + 10'000);
  CHECK(*deadline_from({Expiry::Unit::kMilliseconds, "10"}, kNow, "set") == kNow + 10);
  CHECK(*deadline_from({Expiry::Unit::kUnixSeconds, "10"}, kNow, "set") == 10'000);
  CHECK(*deadline_from({Expiry::Unit::kUnixMilliseconds, "10"}, kNow, "set") == 10);
}

TEST_CASE("an expiry must be an integer, positive, and end within 64 bits") {
  const std::string invalid = "ERR invalid expire time in 'set' command";
  CHECK(deadline_error({Expiry::Unit::kSeconds, "x"}) ==
        "ERR value is not an integer or out of range");
  CHECK(deadline_error({Expiry::Unit::kSeconds, "0"}) == invalid);
  CHECK(deadline_error({Expiry::Unit::kUnixMilliseconds, "-1"}) == invalid);
  CHECK(deadline_error({Expiry::Unit::kSeconds, "9223372036854775807"}) == invalid);
  CHECK(deadline_error({Expiry::Unit::kMilliseconds, "9223372036854775807"}) == invalid);
  CHECK(deadline_error({Expiry::Unit::kUnixSeconds, "9223372036854776"}) == invalid);
  CHECK(deadline_error({Expiry::Unit::kUnixSeconds, "9223372036854775"}).empty());
  CHECK(*deadline_from({Expiry::Unit::kUnixMilliseconds, "9223372036854775807"}, kNow, "set") ==
        std::numeric_limits<int64_t>::max());
}

}  // namespace kvstash::commands
