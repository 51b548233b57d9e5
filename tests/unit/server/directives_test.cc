#include "server/directives.h"

#include "base/text.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace kvstash::server {
namespace {

// The reason why `value` is refused for `name`; empty if it is not.
std::string refusal(std::string_view name, std::string_view value) {
  const std::string_view pairs[] = {name, value};
  const Result<ServerOptions> changed = apply({}, pairs, {.protected_allowed = true});
  if (changed.ok()) return "";
  const std::string message(changed.error().message());
  const std::string before = config_set_error(name, "").message().data();
  return message.starts_with(before) ? message.substr(before.size()) : message;
}

// What CONFIG GET answers after CONFIG SET; the error if that failed.
std::string after_set(std::string_view name, std::string_view value) {
  const std::string_view pairs[] = {name, value};
  const Result<ServerOptions> changed = apply({}, pairs, {.protected_allowed = true});
  if (!changed.ok()) return std::string(changed.error().message());
  return get(*changed, *find_directive(name));
}

std::string apply_error(const std::vector<std::string_view>& pairs, SetRights rights = {}) {
  const Result<ServerOptions> changed = apply({}, pairs, rights);
  return changed.ok() ? "" : std::string(changed.error().message());
}

std::vector<std::string> matched(const ServerOptions& options,
                                 const std::vector<std::string_view>& patterns) {
  std::vector<std::string> lines;
  for (const NamedValue& found : match(options, patterns))
    lines.push_back(found.name + '=' + found.value);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("CONFIG GET * answers what Redis 7.0 started without configuration does") {
  std::set<std::string> ours;
  for (const NamedValue& found : match({}, std::vector<std::string_view>{"*"}))
    ours.insert(found.value.empty() ? found.name : found.name + ' ' + found.value);

  std::ifstream file("tests/unit/server/redis_config_defaults.txt");
  REQUIRE(file.is_open());
  size_t compared = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    CHECK(ours.count(line) == 1);
    ++compared;
  }
  CHECK(compared == 191);
}

TEST_CASE("a value that cannot be is refused in Redis's words") {
  struct Case {
    const char* name;
    const char* value;
    const char* reason;
  };
  const Case cases[] = {
      {"rdbcompression", "1", "argument must be 'yes' or 'no'"},
      {"timeout", "abc", "argument couldn't be parsed into an integer"},
      {"timeout", "", "argument couldn't be parsed into an integer"},
      {"timeout", " 1", "argument couldn't be parsed into an integer"},
      {"timeout", "01", "argument couldn't be parsed into an integer"},
      {"timeout", "-1", "argument must be between 0 and 2147483647 inclusive"},
      {"port", "65536", "argument must be between 0 and 65535 inclusive"},
      {"list-max-listpack-size", "9999999999",
       "argument must be between -2147483648 and 2147483647 inclusive"},
      {"slowlog-log-slower-than", "-2",
       "argument must be between -1 and 9223372036854775807 inclusive"},
      {"maxmemory", "-1", "argument must be a memory value"},
      {"maxmemory", "1.5gb", "argument must be a memory value"},
      {"maxmemory", "1t", "argument must be a memory value"},
      {"maxmemory", "17179869184gb", "argument must be a memory value"},
      {"client-query-buffer-limit", "1kb",
       "argument must be between 1048576 and 9223372036854775807 inclusive"},
      {"maxmemory-clients", "-1", "argument must be a memory or percent value"},
      {"maxmemory-clients", "%", "argument must be a memory or percent value"},
      {"maxmemory-clients", "101%", "percentage argument must be less or equal to 100"},
      {"appendfsync", "no always",
       "argument(s) must be one of the following: everysec, always, no"},
      {"shutdown-on-sigint", "",
       "argument(s) must be one of the following: default, save, nosave, now, force"},
      {"shutdown-on-sigint", "save nosave",
       "shutdown options SAVE and NOSAVE can't be used simultaneously"},
      {"notify-keyspace-events", "KEy", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
      {"save", "100 1 200", "Invalid save parameters"},
      {"save", "0 1", "Invalid save parameters"},
      {"save", "1 -1", "Invalid save parameters"},
      {"save", " 100 1", "Invalid save parameters"},
      {"oom-score-adj-values", "1 2", "wrong number of arguments"},
      {"oom-score-adj-values", "1 2 2001",
       "Invalid oom-score-adj-values, elements must be between -2000 and 2000."},
      {"latency-tracking-info-percentiles", "x",
       "Invalid latency-tracking-info-percentiles parameters"},
      {"latency-tracking-info-percentiles", "101",
       "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
      {"client-output-buffer-limit", "normal 1 2",
       "Wrong number of arguments in buffer limit configuration."},
      {"client-output-buffer-limit", "master 1 2 3",
       "Invalid client class specified in buffer limit configuration."},
      {"client-output-buffer-limit", "normal -1 2 3",
       "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
      {"proc-title-template", "{bad}", "template format is invalid or contains unknown variables"},
      {"proc-title-template", "{title", "template format is invalid or contains unknown variables"},
      {"cluster-announce-hostname", "a_b",
       "Hostnames may only contain alphanumeric characters, hyphens or dots"},
      {"cluster-announce-human-nodename", "a b",
       "Announced human node name contained invalid character"},
      {"dbfilename", "a/b", "dbfilename can't be a path, just a filename"},
      {"dir", "/nowhere/at/all", "No such file or directory"},
      {"dir", "/dev/null", "Not a directory"},
      {"daemonize", "yes", "can't set immutable config"},
      {"activedefrag", "yes",
       "Active defragmentation cannot be enabled: values are not moved in memory"},
  };
  for (const Case& tried : cases) {
    CAPTURE(tried.name);
    CAPTURE(tried.value);
    CHECK(refusal(tried.name, tried.value) == tried.reason);
  }
}

TEST_CASE("a value that is set is shown in its canonical form") {
  struct Case {
    const char* name;
    const char* value;
    const char* shown;
  };
  const Case cases[] = {
      {"rdbcompression", "No", "no"},
      {"maxmemory", "1k", "1000"},
      {"maxmemory", "1KB", "1024"},
      {"maxmemory", "1gB", "1073741824"},
      {"maxmemory", "18446744073709551615", "18446744073709551615"},
      {"maxmemory", "", "0"},
      {"maxmemory-clients", "10%", "10%"},
      {"maxmemory-clients", "0%", "0"},
      {"maxmemory-clients", "10mb", "10485760"},
      {"maxmemory-policy", "ALLKEYS-LRU", "allkeys-lru"},
      {"oom-score-adj", "relative", "yes"},
      {"notify-keyspace-events", "KEA", "AKE"},
      {"notify-keyspace-events", "g$lshzxetd", "A"},
      {"notify-keyspace-events", "mnEK", "nKEm"},
      {"notify-keyspace-events", "tlK", "ltK"},
      {"shutdown-on-sigint", "force now save", "save now force"},
      {"shutdown-on-sigint", "default now", "now"},
      {"shutdown-on-sigint", "default", "default"},
      {"save", "100 1 100 1", "100 1 100 1"},
      {"save", "+5 1", "5 1"},
      {"save", "", ""},
      {"latency-tracking-info-percentiles", "0 99.9 33.333333333333", "0 99.9 33.333333"},
      {"latency-tracking-info-percentiles", "", ""},
      {"client-output-buffer-limit", "replica 1mb 6 7",
       "normal 0 0 0 slave 1048576 6 7 pubsub 33554432 8388608 60"},
      {"client-output-buffer-limit", "",
       "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},
      {"hz", "0", "1"},
      {"hz", "1000", "500"},
      {"bind", "127.0.0.1 ::1", "127.0.0.1 ::1"},
      {"bind", "", ""},
      {"dir", "/tmp/../usr", "/usr"},
  };
  for (const Case& tried : cases) {
    CAPTURE(tried.name);
    CAPTURE(tried.value);
    CHECK(after_set(tried.name, tried.value) == tried.shown);
  }
}

TEST_CASE("permissions are read and shown in octal") {
  ServerOptions options;
  const Directive& row = *find_directive("unixsocketperm");
  const auto write = [&](std::string_view text) {
    const Status done = set(options, row, std::vector{text}, SetFrom::kFile);
    return done.ok() ? get(options, row) : std::string(done.error().message());
  };
  CHECK(write("0770") == "770");
  CHECK(options.net.unixsocketperm == 0770);
  CHECK(write("888") == "argument couldn't be parsed as an octal number");
  CHECK(write("1777") == "argument must be between 0 and 777 inclusive");
}

TEST_CASE("CONFIG SET changes all of its arguments or none") {
  const std::string_view good[] = {"timeout", "7", "slave-priority", "1", "MAXMEMORY", "1mb"};
  const Result<ServerOptions> changed = apply({}, good, {});
  REQUIRE(changed.ok());
  CHECK(changed->net.timeout_s == 7);
  CHECK(changed->replication.replica_priority == 1);
  CHECK(changed->engine.maxmemory_bytes == 1048576);

  CHECK(apply_error({"timeout", "7", "port", "abc"}) ==
        "ERR CONFIG SET failed (possibly related to argument 'port') - argument couldn't be parsed "
        "into an integer");
}

TEST_CASE("CONFIG SET says what is wrong with its arguments before it looks at any value") {
  CHECK(apply_error({"a", "b", "c"}) == "ERR syntax error");
  CHECK(apply_error({"timeout", "x", "nosuch", "2"}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  CHECK(apply_error({"include", "x"}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'include'");
  CHECK(apply_error({"timeout", "1", "Timeout", "2"}) ==
        "ERR CONFIG SET failed (possibly related to argument 'Timeout') - duplicate parameter");
  CHECK(apply_error({"timeout", "x", "daemonize", "yes"}) ==
        "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable "
        "config");
}

TEST_CASE("protected directives can be set by those who may") {
  CHECK(apply_error({"dbfilename", "x"}) ==
        "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected "
        "config");
  CHECK(apply_error({"dbfilename", "x"}, {.protected_allowed = true}) == "");
  CHECK(is_allowed(engine::Allowed::kLocal, true));
  CHECK_FALSE(is_allowed(engine::Allowed::kLocal, false));
  CHECK_FALSE(is_allowed(engine::Allowed::kNo, true));
  CHECK(is_allowed(engine::Allowed::kYes, false));
}

TEST_CASE("some directives have to wait until the data is loaded") {
  CHECK(apply_error({"appendonly", "yes"}, {.loading = true}) ==
        "LOADING Redis is loading the dataset in memory");
  CHECK(apply_error({"timeout", "1"}, {.loading = true}) == "");
}

TEST_CASE("CONFIG GET with patterns answers each matching name once, aliases too") {
  CHECK(matched({}, {"slave-prio*", "replica-prio*", "*lave-priority"}) ==
        Lines{"slave-priority=100", "replica-priority=100"});
  CHECK(matched({}, {"MAXMEMORY-sam*"}) == Lines{"maxmemory-samples=5"});
  CHECK(matched({}, {"nosuch", "no*such"}).empty());
}

TEST_CASE("CONFIG GET with a name answers under the name that was asked for") {
  CHECK(matched({}, {"TimeOut", "timeout"}) == Lines{"TimeOut=0"});
}

TEST_CASE("hidden directives answer to their own name only") {
  CHECK(matched({}, {"key-load*"}).empty());
  CHECK(matched({}, {"key-load-delay"}) == Lines{"key-load-delay=0"});
}

TEST_CASE("no two directives share a name") {
  std::set<std::string_view> names;
  for (const DirectiveGroup& group : directive_groups()) {
    for (const Directive& row : group.rows) {
      CAPTURE(row.name);
      CHECK(names.insert(row.name).second);
      if (!row.alias.empty()) CHECK(names.insert(row.alias).second);
      CHECK(to_lower(row.name) == row.name);
      CHECK(row.about.ends_with('.'));
    }
  }
}

TEST_CASE("every directive takes its own default back from a file") {
  for (const DirectiveGroup& group : directive_groups()) {
    for (const Directive& row : group.rows) {
      CAPTURE(row.name);
      const std::string standard = get({}, row);
      if (row.name == "dir" || row.name == "replicaof") continue;  // Resolved; unset.
      ServerOptions options;
      options.persist.save.clear();
      const std::string_view words[] = {standard};
      CHECK(set(options, row, words, SetFrom::kFile).ok());
      if (row.name != "save") options.persist.save = ServerOptions{}.persist.save;
      CHECK(options == ServerOptions{});
    }
  }
}

TEST_CASE("a refused value leaves the options as they were") {
  ServerOptions options;
  options.persist.save = {{1, 2}};
  const ServerOptions before = options;
  const std::string_view bad[] = {"5", "6", "7", "x"};
  for (const char* name : {"save", "client-output-buffer-limit", "oom-score-adj-values",
                           "shutdown-on-sigint", "replicaof"}) {
    CAPTURE(name);
    CHECK_FALSE(set(options, *find_directive(name), bad, SetFrom::kFile).ok());
    CHECK(options == before);
  }
}

TEST_CASE("addresses with blanks in them are refused, for they would be two when written") {
  CHECK(refusal("bind", "a  b") == "Invalid bind address");
  ServerOptions options;
  const std::string_view words[] = {"a b", "6379"};
  CHECK_FALSE(set(options, *find_directive("replicaof"), words, SetFrom::kFile).ok());
}

}  // namespace kvstash::server
