#include "commands/shared/counted_keys.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;

std::string error_of(const Words& args, size_t behind) {
  const Result<size_t> count = count_keys(args, behind, Error::literal("too many"));
  return count.ok() ? "" : std::string(count.error().message());
}

}  // namespace

TEST_CASE("keys are counted as far as they are there") {
  CHECK(*count_keys(Words{"2", "a", "b"}, 0, Error::literal("too many")) == 2);
  CHECK(*count_keys(Words{"1", "a", "b"}, 1, Error::literal("too many")) == 1);
  CHECK(error_of({"3", "a", "b"}, 0) == "too many");
  CHECK(error_of({"2", "a", "b"}, 1) == "too many");
  CHECK(error_of({"9223372036854775807", "a"}, 0) == "too many");
  for (const std::string_view wrong : {"0", "-1", "x", "", "1.5", "9223372036854775808"})
    CHECK(error_of({wrong, "a"}, 0) == "ERR numkeys should be greater than 0");
}

TEST_CASE("counted keys are those behind their number, or none that is known") {
  std::vector<engine::KeyAt> keys;
  CHECK(append_counted(Result<size_t>(size_t{2}), 3, engine::kKeyRO, keys) ==
        engine::KeysFound::kAll);
  CHECK(append_counted(Result<size_t>(size_t{2}), 2, engine::kKeyOW, keys, 2) ==
        engine::KeysFound::kAll);
  CHECK(append_counted(Result<size_t>(Error::literal("wrong")), 2, engine::kKeyOW, keys) ==
        engine::KeysFound::kRefused);
  std::vector<uint32_t> places;
  for (const engine::KeyAt& key : keys)
    places.push_back(key.index);
  CHECK(places == std::vector<uint32_t>{3, 4, 2, 4});
}

}  // namespace kvstash::commands
