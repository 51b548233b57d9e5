#include "lone_sentinel.h"
#include "sentinel/command.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

const std::string kMayScript =
    std::string(LoneSentinel::kMonitor) + "sentinel deny-scripts-reconfig no\n";

SentinelSetup setup_with_scripts() {
  return {.config_text = kMayScript, .seed = 1, .can_execute = [](const std::string& path) {
            return path == "/bin/true";
          }};
}

Argv set_of(const std::string& line) {
  auto words = split_args("SENTINEL SET " + line);
  REQUIRE(words.ok());
  return *words;
}

TEST_CASE("SENTINEL SET refuses as Redis does") {
  const struct {
    std::string line;
    std::string reply;
  } rows[] = {
      {"mymaster", "-ERR wrong number of arguments for 'sentinel|set' command\r\n"},
      {"x a b", "-ERR No such master with that name\r\n"},
      {"mymaster foo bar", "-ERR Unknown option or number of arguments for SENTINEL SET 'foo'\r\n"},
      {"mymaster quorum 0", "-ERR Invalid argument '0' for SENTINEL SET 'quorum'\r\n"},
      {"mymaster quorum abc", "-ERR Invalid argument 'abc' for SENTINEL SET 'quorum'\r\n"},
      {"mymaster Parallel-Syncs 0",
       "-ERR Invalid argument '0' for SENTINEL SET 'Parallel-Syncs'\r\n"},
      {"mymaster parallel-syncs 1 foo",
       "-ERR Unknown option or number of arguments for SENTINEL SET 'foo'\r\n"},
      {"mymaster down-after-milliseconds 0",
       "-ERR Invalid argument '0' for SENTINEL SET 'down-after-milliseconds'\r\n"},
      {"mymaster rename-command a",
       "-ERR Unknown option or number of arguments for SENTINEL SET 'rename-command'\r\n"},
      {"mymaster rename-command CONFIG ''",
       "-ERR Invalid argument '' for SENTINEL SET 'rename-command'\r\n"},
      {"mymaster master-reboot-down-after-period -1",
       "-ERR Invalid argument '-1' for SENTINEL SET 'master-reboot-down-after-period'\r\n"},
      {"mymaster notification-script /no/such",
       "-ERR Notification script seems non existing or non executable\r\n"},
      {"mymaster client-reconfig-script /no/such",
       "-ERR Client reconfiguration script seems non existing or non executable\r\n"},
  };
  LoneSentinel sentinel(setup_with_scripts());
  for (const auto& row : rows) {
    CAPTURE(row.line);
    CHECK(sentinel.command(set_of(row.line)) == row.reply);
    CHECK_FALSE(sentinel.is_promise_to_save);
  }
}

TEST_CASE("scripts cannot be changed unless the file allows it") {
  LoneSentinel sentinel;
  CHECK(sentinel.command(set_of("mymaster notification-script /bin/true")) ==
        "-ERR Reconfiguration of scripts path is denied for security reasons. Check the "
        "deny-scripts-reconfig configuration directive in your Sentinel configuration\r\n");
}

TEST_CASE("SENTINEL SET changes several options, says so, and saves them") {
  LoneSentinel sentinel(setup_with_scripts());
  CHECK(sentinel.command(set_of("mymaster quorum 5 down-after-milliseconds 700 failover-timeout 9 "
                                "parallel-syncs 2 auth-user bob auth-pass secret rename-command "
                                "config guess notification-script /bin/true "
                                "master-reboot-down-after-period 3")) == "+OK\r\n");
  CHECK(sentinel.is_promise_to_save);
  CHECK(sentinel.group().options == MonitorOptions{.quorum = 5,
                                                   .down_after = Duration(700),
                                                   .failover_timeout = Duration(9),
                                                   .parallel_syncs = 2,
                                                   .notification_script = "/bin/true",
                                                   .client_reconfig_script = "",
                                                   .auth_user = "bob",
                                                   .auth_pass = "secret",
                                                   .reboot_down_after = Duration(3),
                                                   .renamed = {{"CONFIG", "guess"}}});
  CHECK(sentinel.group().primary.down_after == Duration(700));
  const std::vector<std::string> events = sentinel.events();
  REQUIRE(events.size() == 9);
  CHECK(events[0] == "+set master mymaster 10.0.0.1 6379 quorum 5");
  CHECK(events[5] == "+set master mymaster 10.0.0.1 6379 auth-pass ******");
  CHECK(events[6] == "+set master mymaster 10.0.0.1 6379 rename-command config guess");
  CHECK(sentinel.file().find("sentinel rename-command mymaster CONFIG guess\n") !=
        std::string::npos);
}

TEST_CASE("what was set before a wrong option stays, and is saved") {
  LoneSentinel sentinel;
  CHECK(sentinel.command(set_of("mymaster quorum 4 quorum x")).starts_with("-ERR Invalid"));
  CHECK(sentinel.group().options.quorum == 4);
  CHECK(sentinel.file().find("sentinel monitor mymaster 10.0.0.1 6379 4\n") != std::string::npos);
}

TEST_CASE("new credentials for data nodes close the links to them") {
  using namespace std::chrono_literals;
  LoneSentinel sentinel;
  sentinel.command(set_of("mymaster auth-pass secret"));
  CHECK(sentinel.all<Disconnect>().size() == 2);
  sentinel.pass(1'100ms);
  CHECK(sentinel.sent("10.0.0.1:6379")[0] == "AUTH secret");
}

TEST_CASE("a command that is renamed to itself is not renamed any more") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel rename-command mymaster CONFIG guess\n");
  sentinel.command(set_of("mymaster rename-command config CONFIG"));
  CHECK(sentinel.group().options.renamed.empty());
}

}  // namespace
}  // namespace kvstash::sentinel::test
