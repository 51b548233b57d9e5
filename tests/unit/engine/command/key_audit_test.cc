#include "engine/command/key_audit.h"

#include <doctest/doctest.h>

#include <vector>

namespace kvstash::engine {
namespace {

Status nothing(Call&) {
  return {};
}

KeysFound find_nothing(std::span<const std::string_view>, std::vector<KeyAt>&) {
  return KeysFound::kUnknown;
}

constexpr KeySpec kFromTo[] = {key_at(1, kKeyRO | kKeyAccess), key_at(2, kKeyOW | kKeyUpdate)};
constexpr CommandSpec kRows[] = {
    {.name = "copy", .arity = 3, .keys = kFromTo, .run = nothing},
    {.name = "guess", .arity = -1, .find_keys = find_nothing, .run = nothing},
};

}  // namespace

TEST_CASE(
    "a command may use the keys that its arguments tell, and change those it says it changes") {
  const std::span<const CommandSpec> rows[] = {kRows};
  const CommandTable table(rows);
  const std::vector<std::string_view> argv = {"copy", "from", "to"};
  KeyAudit audit;
  CHECK(audit.allows(*table.find("copy"), argv, "from"));
  CHECK(audit.allows(*table.find("copy"), argv, "to"));
  CHECK_FALSE(audit.allows(*table.find("copy"), argv, "other"));
  CHECK_FALSE(audit.allows_change(*table.find("copy"), argv, "from"));
  CHECK(audit.allows_change(*table.find("copy"), argv, "to"));
}

TEST_CASE("a command whose keys cannot be found may use any") {
  const std::span<const CommandSpec> rows[] = {kRows};
  const CommandTable table(rows);
  const std::vector<std::string_view> argv = {"guess"};
  KeyAudit audit;
  CHECK(audit.allows(*table.find("guess"), argv, "any"));
  CHECK(audit.allows_change(*table.find("guess"), argv, "any"));
}

TEST_CASE("a key that is not named is let through until it is forgotten, and named ones stay") {
  const std::span<const CommandSpec> rows[] = {kRows};
  const CommandTable table(rows);
  const Command& copy = *table.find("copy");
  const std::vector<std::string_view> argv = {"copy", "from", "to"};
  KeyAudit audit;
  CHECK_FALSE(audit.excuse(copy, argv, "to"));
  CHECK(audit.excuse(copy, argv, "other"));
  CHECK(audit.allows(copy, argv, "other"));
  CHECK_FALSE(audit.allows_change(copy, argv, "other"));
  audit.forget("other");
  CHECK_FALSE(audit.allows(copy, argv, "other"));
  CHECK(audit.allows(copy, argv, "to"));
}

}  // namespace kvstash::engine
