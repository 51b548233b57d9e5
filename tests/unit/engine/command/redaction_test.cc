#include "engine/command/redaction.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

namespace kvstash::engine {
namespace {

std::string shown(std::string name, std::initializer_list<std::string_view> argv) {
  Command command;
  command.name = std::move(name);
  std::string line;
  for (const std::string_view word : redacted(command, {argv.begin(), argv.size()}))
    line += (line.empty() ? "" : " ") + std::string(word);
  return line;
}

TEST_CASE("AUTH shows neither user nor password, unless it has too many arguments to be one") {
  CHECK(shown("auth", {"AUTH", "secret"}) == "AUTH (redacted)");
  CHECK(shown("auth", {"auth", "me", "secret"}) == "auth (redacted) (redacted)");
  CHECK(shown("auth", {"AUTH", "a", "b", "c"}) == "AUTH a b c");
}

TEST_CASE("HELLO hides what follows AUTH, wherever it stands") {
  CHECK(shown("hello", {"HELLO", "3"}) == "HELLO 3");
  CHECK(shown("hello", {"HELLO", "3", "AUTH", "me", "secret"}) ==
        "HELLO 3 AUTH (redacted) (redacted)");
  CHECK(shown("hello", {"HELLO", "3", "SETNAME", "auth", "auth", "me", "secret"}) ==
        "HELLO 3 SETNAME auth auth (redacted) (redacted)");
  CHECK(shown("hello", {"HELLO", "3", "AUTH", "me"}) == "HELLO 3 AUTH me");
}

TEST_CASE("CONFIG SET hides the values of secret directives") {
  CHECK(shown("config|set", {"CONFIG", "SET", "hz", "10", "RequirePass", "secret"}) ==
        "CONFIG SET hz 10 RequirePass (redacted)");
  CHECK(shown("config|set", {"CONFIG", "SET", "masterauth"}) == "CONFIG SET masterauth");
}

TEST_CASE("other commands are shown as they are") {
  CHECK(shown("set", {"SET", "requirepass", "AUTH"}) == "SET requirepass AUTH");
}

}  // namespace
}  // namespace kvstash::engine
