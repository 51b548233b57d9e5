#include "base/result.h"

#include <doctest/doctest.h>

#include <memory>

using namespace kvstash;

namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error::literal("ERR odd");
  return value / 2;
}

Status refuse(std::string why) {
  return Error::text(std::move(why));
}

}  // namespace

TEST_CASE("a result is a value or an error") {
  const Result<int> value = half(4);
  REQUIRE(value.ok());
  CHECK(*value == 2);

  const Result<int> error = half(3);
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().message() == "ERR odd");
}

TEST_CASE("a value can be moved out of a result") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  CHECK(**result == 7);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);
}

TEST_CASE("a status is success until an error is given") {
  CHECK(Status().ok());
  const Status failed = refuse("ERR no room for key 7");
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message() == "ERR no room for key 7");
}

TEST_CASE("a status moved from is a success, and moving twice frees nothing twice") {
  Status first = refuse("ERR one");
  Status second = std::move(first);
  CHECK_FALSE(second.ok());
  Status third = refuse("ERR three");
  third = std::move(second);
  CHECK(third.error().message() == "ERR one");
}

TEST_CASE("an error keeps an owned message when copied") {
  Error copy = Error::literal("");
  {
    const Error original = Error::text(std::string(100, 'x'));
    copy = original;
  }
  CHECK(copy.message() == std::string(100, 'x'));
}
