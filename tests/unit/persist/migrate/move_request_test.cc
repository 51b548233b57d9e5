#include "persist/migrate/move_request.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <iterator>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;

namespace {

using Words = std::vector<std::string_view>;

std::string error_of(const Words& words) {
  const Result<MoveRequest> request = parse_move(words);
  return request.ok() ? "" : std::string(request.error().message());
}

std::vector<uint32_t> keys_in(const Words& words, engine::KeysFound expected) {
  std::vector<engine::KeyAt> keys;
  CHECK(migrate_keys(words, keys) == expected);
  std::vector<uint32_t> at;
  for (const engine::KeyAt& key : keys)
    at.push_back(key.index);
  return at;
}

}  // namespace

TEST_CASE("move request: one key, or several behind KEYS") {
  const Result<MoveRequest> one = parse_move(Words{"MIGRATE", "h", "7", "k", "2", "0"});
  REQUIRE(one.ok());
  CHECK(one->host == "h");
  CHECK(one->port == 7);
  CHECK(one->keys == std::vector<std::string>{"k"});
  CHECK(one->db == 2);
  CHECK(one->timeout.count() == 1000);
  CHECK_FALSE(one->is_copy);
  CHECK_FALSE(one->replaces);

  const Result<MoveRequest> more =
      parse_move(Words{"MIGRATE", "h", "x", "", "-1", "250", "Copy", "replace", "AUTH2", "u", "p",
                       "auth", "keys", "KEYS", "a", "copy", "b"});
  REQUIRE(more.ok());
  CHECK(more->port == 0);
  CHECK(more->keys == std::vector<std::string>{"a", "copy", "b"});
  CHECK(more->timeout.count() == 250);
  CHECK(more->is_copy);
  CHECK(more->replaces);
  CHECK(more->user == "u");
  CHECK(more->password == "keys");
}

TEST_CASE("move request: what is refused") {
  const std::string syntax = "ERR syntax error";
  const std::string number = "ERR value is not an integer or out of range";
  CHECK(error_of({"MIGRATE", "h", "1", "k", "0", "1", "WHAT"}) == syntax);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "0", "1", "AUTH"}) == syntax);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "0", "1", "AUTH2", "u"}) == syntax);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "x", "1"}) == number);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "0", "1.5"}) == number);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "x", "1", "WHAT"}) == syntax);
  CHECK(error_of({"MIGRATE", "h", "1", "k", "0", "1", "KEYS", "a"}) ==
        "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
  CHECK(error_of({"MIGRATE", "h", "1", "", "0", "1", "KEYS"}).empty());
}

TEST_CASE("move request: the keys among the arguments") {
  using enum engine::KeysFound;
  CHECK(keys_in({"MIGRATE", "h", "1", "k", "0", "1", "COPY"}, kAll) == std::vector<uint32_t>{3});
  CHECK(keys_in({"MIGRATE", "h", "1", "", "0", "1", "AUTH", "KEYS", "KEYS", "a", "b"}, kAll) ==
        std::vector<uint32_t>{9, 10});
  CHECK(keys_in({"MIGRATE", "h", "1", "k", "0", "1", "KEYS", "a"}, kRefused).empty());
  CHECK(keys_in({"MIGRATE", "h", "1", "k", "0", "1", "WHAT"}, kRefused) ==
        std::vector<uint32_t>{3});
}

TEST_CASE("move request: the keys that are moved are those that were found") {
  constexpr std::string_view kWords[] = {"",        "k",    "keys",  "KEYS", "copy",
                                         "Replace", "auth", "auth2", "x"};
  Random random(7);
  size_t parsed = 0;
  for (int i = 0; i < 100'000; ++i) {
    Words words{"MIGRATE", "h", "1", kWords[random.below(2)], "0", "1"};
    for (uint64_t more = random.below(6); more != 0; --more)
      words.push_back(kWords[random.below(std::size(kWords))]);
    std::vector<engine::KeyAt> found;
    const engine::KeysFound kind = migrate_keys(words, found);
    const Result<MoveRequest> request = parse_move(words);
    CHECK(request.ok() == (kind == engine::KeysFound::kAll));
    if (!request.ok()) continue;
    ++parsed;
    std::vector<std::string> keys;
    for (const engine::KeyAt& key : found)
      keys.emplace_back(words[key.index]);
    CHECK(keys == request->keys);
  }
  CHECK(parsed > 10'000);
}
