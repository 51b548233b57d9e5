#include "commands/server/hot_keys.h"

#include "commands/tables.h"
#include "support/command_server.h"

#include <doctest/doctest.h>

namespace kvstash::commands {
namespace {

struct Fixture {
  void use(std::string_view key, int times) {
    for (int i = 0; i < times; ++i)
      server.run({"GET", key});
  }

  const CommandRows rows[2] = {hot_keys_commands(), string_commands()};
  test::CommandServer server{rows};
};

// What a reply says of a key, up to its rate.
size_t place_of(const std::string& reply, std::string_view key) {
  return reply.find("$3\r\nkey\r\n$" + std::to_string(key.size()) + "\r\n" + std::string(key) +
                    "\r\n$2\r\ndb\r\n:0\r\n$3\r\nqps\r\n:");
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the keys that are used most come first, and COUNT limits them") {
  use("hot", 20'000);
  use("warm", 5000);
  use("cold", 10);
  const std::string all = server.run({"HOTKEYS", "GET"});
  CHECK(all.starts_with("*2\r\n*8\r\n"));
  CHECK(place_of(all, "hot") < place_of(all, "warm"));
  CHECK(place_of(all, "warm") != std::string::npos);
  CHECK(place_of(all, "cold") == std::string::npos);
  const std::string one = server.run({"HOTKEYS", "GET", "count", "1"}, resp::RespVersion::k3);
  CHECK(one.starts_with("*1\r\n%4\r\n$3\r\nkey\r\n$3\r\nhot\r\n"));
  CHECK(one.ends_with("$5\r\nerror\r\n:0\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "a reset forgets what was hot") {
  use("hot", 20'000);
  CHECK(server.run({"HOTKEYS", "RESET"}) == "+OK\r\n");
  CHECK(server.run({"HOTKEYS", "GET"}) == "*0\r\n");
}

}  // namespace kvstash::commands
