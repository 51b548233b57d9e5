#include "sentinel/config_text.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::sentinel {
namespace {

const CanExecute kAny = [](const std::string&) { return true; };
const std::string kId(40, 'a');

std::string error_of(std::string_view text) {
  const auto read = parse_config(text, [](const std::string& path) { return path != "/missing"; });
  return read.ok() ? "" : std::string(read.error().message());
}

ConfigState read(std::string_view text) {
  auto state = parse_config(text, kAny);
  INFO(std::string(state.ok() ? "" : state.error().message()));
  REQUIRE(state.ok());
  return *std::move(state);
}

TEST_CASE("every directive is read, in any order and case") {
  const ConfigState state = read(
      "port 26379\n"
      "sentinel auth-pass m secret\n"
      "SENTINEL Monitor m node-1 6379 2\n"
      "sentinel down-after-milliseconds m 1000\n"
      "sentinel failover-timeout m 5000\n"
      "sentinel parallel-syncs m 3\n"
      "sentinel notification-script m /n.sh\n"
      "sentinel client-reconfig-script m '/r s.sh'\n"
      "sentinel auth-user m bob\n"
      "sentinel config-epoch m 3\n"
      "sentinel leader-epoch m 9\n"
      "sentinel current-epoch 7\n"
      "sentinel master-reboot-down-after-period m 20\n"
      "sentinel rename-command m config guessme\n"
      "sentinel known-replica m 10.0.0.2 6380\n"
      "sentinel known-slave m 10.0.0.3 6381\n"
      "sentinel known-sentinel m 10.0.1.2 26379 " +
      kId +
      "\n"
      "sentinel known-sentinel m 10.0.1.3 26379\n"  // Of an old Redis: without an id.
      "sentinel myid " +
      kId +
      "\n"
      "sentinel deny-scripts-reconfig no\n"
      "sentinel announce-hostnames yes\n"
      "sentinel announce-ip 1.2.3.4\n"
      "sentinel announce-port 1234\n"
      "sentinel sentinel-user joe\n"
      "sentinel sentinel-pass word\n"
      "sentinel resolve-hostnames yes\n");
  CHECK(state.my_id == kId);
  CHECK(state.current_epoch == 9);  // No epoch in the file is above it.
  CHECK(state.options == SentinelOptions{.deny_scripts_reconfig = false,
                                         .resolve_hostnames = true,
                                         .announce_hostnames = true,
                                         .announce_ip = "1.2.3.4",
                                         .announce_port = 1234,
                                         .sentinel_user = "joe",
                                         .sentinel_pass = "word"});
  REQUIRE(state.monitors.size() == 1);
  const MonitorState& monitor = state.monitors[0];
  CHECK(monitor.name == "m");
  CHECK(monitor.host == "node-1");
  CHECK(monitor.options == MonitorOptions{.quorum = 2,
                                          .down_after = Duration(1000),
                                          .failover_timeout = Duration(5000),
                                          .parallel_syncs = 3,
                                          .notification_script = "/n.sh",
                                          .client_reconfig_script = "/r s.sh",
                                          .auth_user = "bob",
                                          .auth_pass = "secret",
                                          .reboot_down_after = Duration(20),
                                          .renamed = {{"CONFIG", "guessme"}}});
  CHECK(monitor.config_epoch == 3);
  CHECK(monitor.leader_epoch == 9);
  CHECK(monitor.replicas == std::vector<ListedReplica>{{"10.0.0.2", 6380}, {"10.0.0.3", 6381}});
  CHECK(monitor.sentinels == std::vector<KnownSentinel>{{"10.0.1.2", 26379, kId}});
}

TEST_CASE("a wrong line refuses the start, with its number and Redis's reason") {
  const std::string monitor = "sentinel monitor m 10.0.0.1 6379 2\n";
  const struct {
    std::string line;
    std::string why;
  } rows[] = {
      {"sentinel monitor m2 10.0.0.1 6379 0", "Quorum must be 1 or greater."},
      {"sentinel monitor m 10.0.0.1 6379 1", "Duplicate master name."},
      {"sentinel monitor m2 10.0.0.1 70000 1", "Invalid port number."},
      {"sentinel monitor m2 nowhere 6379 1", "Can't resolve instance hostname."},
      {"sentinel monitor m2 10.0.0.1 6379", "Unrecognized sentinel configuration statement."},
      {"sentinel frobnicate m", "Unrecognized sentinel configuration statement."},
      {"sentinel", "Unrecognized sentinel configuration statement."},
      {"sentinel \"x", "Unbalanced quotes in configuration line"},
      {"sentinel quorum m 1", "Unrecognized sentinel configuration statement."},
      {"sentinel down-after-milliseconds x 1", "No such master with specified name."},
      {"sentinel down-after-milliseconds m 0", "negative or zero time parameter."},
      {"sentinel failover-timeout m -1", "negative or zero time parameter."},
      {"sentinel master-reboot-down-after-period m -1", "negative time parameter."},
      {"sentinel notification-script m /missing",
       "Notification script seems non existing or non executable."},
      {"sentinel client-reconfig-script m /missing",
       "Client reconfiguration script seems non existing or non executable."},
      {"sentinel myid short", "Malformed Sentinel id in myid option."},
      {"sentinel deny-scripts-reconfig x",
       "Please specify yes or no for the deny-scripts-reconfig options."},
      {"sentinel resolve-hostnames x",
       "Please specify yes or no for the resolve-hostnames option."},
      {"sentinel announce-hostnames x",
       "Please specify yes or no for the announce-hostnames option."},
      {"sentinel rename-command m config a\nsentinel rename-command m CONFIG b",
       "Same command renamed multiple times with rename-command."},
      {"sentinel known-replica m 10.0.0.2 1\nsentinel known-replica m 10.0.0.2 1",
       "Duplicate hostname and port for replica."},
      {"sentinel known-sentinel m 10.0.0.2 1 x\nsentinel known-sentinel m 10.0.0.3 1 x",
       "Duplicate runid for sentinel."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    const std::string error = error_of(monitor + row.line + "\n");
    const bool has_two = row.line.find('\n') != std::string::npos;
    const std::string wrong = row.line.substr(has_two ? row.line.find('\n') + 1 : 0);
    CHECK(error == "Reading the configuration file, at line " + std::to_string(has_two ? 3 : 2) +
                       "\n>>> '" + wrong + "'\n" + row.why);
  }
}

TEST_CASE("lines that are not ours are for others to judge") {
  CHECK(error_of("bogus \"unbalanced\n# sentinel frobnicate\n\n  port x\n").empty());
}

TEST_CASE("a rewritten file keeps comments and order, and gets what is new at its end") {
  ConfigState state = read(
      "sentinel monitor m 10.0.0.1 6379 2\n"
      "sentinel down-after-milliseconds m 1000\n");
  state.my_id = kId;
  state.monitors[0].host = "10.0.0.9";
  state.monitors[0].options.failover_timeout = Duration(7000);
  const std::string once = rewrite_config(
      "# Mine.\n"
      "port 26379\n"
      "\n"
      "# The primary.\n"
      "  SENTINEL monitor   m 10.0.0.1 6379 2\n"
      "sentinel down-after-milliseconds m 1000\n"
      "sentinel auth-pass m gone\n",
      state);
  CHECK(once ==
        "# Mine.\n"
        "port 26379\n"
        "\n"
        "# The primary.\n"
        "sentinel monitor m 10.0.0.9 6379 2\n"
        "sentinel down-after-milliseconds m 1000\n"
        "\n"
        "# Generated by CONFIG REWRITE\n"
        "sentinel myid " +
            kId +
            "\n"
            "sentinel failover-timeout m 7000\n"
            "sentinel config-epoch m 0\n"
            "sentinel leader-epoch m 0\n"
            "sentinel current-epoch 0\n");
  state.monitors[0].replicas.push_back({"10.0.0.2", 6379});
  const std::string twice = rewrite_config(once, state);
  CHECK(twice == once + "\nsentinel known-replica m 10.0.0.2 6379\n");
  CHECK(read(twice) == state);
}

TEST_CASE("lines of a primary that is watched no more go away") {
  ConfigState state = read("sentinel monitor m 10.0.0.1 6379 2\nsentinel monitor n 10.0.0.2 1 1\n");
  state.my_id = kId;
  const std::string both = rewrite_config("", state);
  state.monitors.erase(state.monitors.begin());
  const std::string one = rewrite_config(both, state);
  CHECK(one.find("10.0.0.1") == std::string::npos);
  CHECK(read(one) == state);
}

TEST_CASE("a default stays where an operator wrote it") {
  ConfigState state = read("sentinel resolve-hostnames no\n");
  state.my_id = kId;
  CHECK(rewrite_config("sentinel resolve-hostnames no\n", state)
            .starts_with("sentinel resolve-hostnames no\n"));
  CHECK(rewrite_config("", state).find("resolve-hostnames") == std::string::npos);
}

TEST_CASE("words that need it are quoted, so that they are read back") {
  ConfigState state = read("sentinel monitor m 10.0.0.1 6379 2\n");
  state.my_id = kId;
  state.monitors[0].name = "my \"own\" name";
  state.monitors[0].options.auth_pass = "#two words\n";
  state.options.announce_ip = "::1";
  const std::string text = rewrite_config("", state);
  CHECK(read(text) == state);
  CHECK(text.find("sentinel announce-ip \"::1\"\n") != std::string::npos);  // As Redis writes it.
}

TEST_CASE("a line that was broken since the start becomes a comment") {
  CHECK(rewrite_config("dir \"x\nport 1\n", {.my_id = kId}).starts_with("# ??? dir \"x\nport 1\n"));
}

}  // namespace
}  // namespace kvstash::sentinel
