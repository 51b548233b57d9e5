#include "lone_sentinel.h"
#include "sentinel/command.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

constexpr std::string_view kUsage =
    "-ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.\r\n";

Argv config_of(const std::string& line) {
  auto words = split_args("SENTINEL CONFIG " + line);
  REQUIRE(words.ok());
  return *words;
}

TEST_CASE("SENTINEL CONFIG refuses as Redis does") {
  LoneSentinel sentinel;
  for (const char* line : {"GET", "SET a", "foo bar", "foo bar baz"}) {
    CAPTURE(line);
    CHECK(sentinel.command(config_of(line)) == kUsage);
  }
  const struct {
    std::string line;
    std::string reply;
  } rows[] = {
      {"SET foo bar", "-ERR Invalid argument 'foo' to SENTINEL CONFIG SET\r\n"},
      {"SET announce-port abc",
       "-ERR Invalid value 'abc' to SENTINEL CONFIG SET 'announce-port'\r\n"},
      {"SET announce-port 70000",
       "-ERR Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'\r\n"},
      {"SET resolve-hostnames abc",
       "-ERR Invalid value 'abc' to SENTINEL CONFIG SET 'resolve-hostnames'\r\n"},
      {"SET loglevel loud", "-ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'\r\n"},
      {"SET announce-port 1 announce-ip", "-ERR Missing argument 'announce-ip' value\r\n"},
      {"SET announce-port 1 Announce-Port 2",
       "-ERR Duplicate argument 'Announce-Port' to SENTINEL CONFIG SET\r\n"},
      {"GET foo", "*0\r\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    CHECK(sentinel.command(config_of(row.line)) == row.reply);
  }
}

TEST_CASE("SENTINEL CONFIG GET takes patterns") {
  LoneSentinel sentinel("sentinel announce-port 7\n");
  CHECK(sentinel.command(config_of("GET announce-*")) ==
        "*6\r\n$18\r\nannounce-hostnames\r\n$2\r\nno\r\n$11\r\nannounce-ip\r\n$0\r\n\r\n"
        "$13\r\nannounce-port\r\n$1\r\n7\r\n");
  CHECK(sentinel.command(config_of("GET sentinel-user RESOLVE-*"), resp::RespVersion::k3) ==
        "%2\r\n$17\r\nresolve-hostnames\r\n$2\r\nno\r\n$13\r\nsentinel-user\r\n$0\r\n\r\n");
}

TEST_CASE("SENTINEL CONFIG SET changes several options and saves them") {
  LoneSentinel sentinel;
  CHECK(sentinel.command(config_of("SET announce-ip 1.2.3.4 announce-port 9 loglevel DEBUG "
                                   "resolve-hostnames yes announce-hostnames YES")) == "+OK\r\n");
  CHECK(sentinel.is_promise_to_save);
  CHECK(sentinel.state().options.announce_ip == "1.2.3.4");
  CHECK(sentinel.state().options.announce_port == 9);
  CHECK(sentinel.state().options.resolve_hostnames);
  CHECK(sentinel.state().options.announce_hostnames);
  CHECK(sentinel.all<SetLogLevel>() == std::vector<SetLogLevel>{{.level = "debug"}});
  CHECK(sentinel.file().find("sentinel announce-port 9\n") != std::string::npos);
}

TEST_CASE("a new password for peers closes the links to them") {
  using namespace std::chrono_literals;
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel known-sentinel mymaster 10.0.1.2 26379 " + kRunIdB + "\n");
  const LinkId link = *sentinel.commands_link("10.0.1.2:26379");
  sentinel.command(config_of("SET sentinel-pass secret"));
  CHECK(sentinel.all<Disconnect>() == std::vector<Disconnect>{{.link = link}});
  sentinel.pass(1'100ms);
  CHECK(sentinel.sent("10.0.1.2:26379")[0] == "AUTH secret");
}

}  // namespace
}  // namespace kvstash::sentinel::test
