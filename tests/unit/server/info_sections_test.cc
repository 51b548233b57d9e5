#include "server/info_sections.h"

#include "server/info_text.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace kvstash::server {
namespace {

using namespace engine;

constexpr CommandSpec kRows[] = {
    {.name = "get", .arity = 2},
    {.name = "set", .arity = -3},
};

struct Fixture {
  std::span<const CommandSpec> tables[1] = {kRows};
  CommandTable commands{tables};
  ServerOptions options;
  RunInfo run{.run_id = std::string(40, 'a'), .started_ms = 0, .pid = 42, .executable = "/bin/x"};
  admin::Snapshot snapshot;

  Fixture() {
    snapshot.commands = &commands;
    snapshot.redis_version = "7.2.4";
    snapshot.percentiles = {50, 99.9};
    snapshot.tcp_port = 7000;
    snapshot.process.used_memory = 3 << 20;
    snapshot.process.now_ms = 2 * 86'400'000 + 5000;
    snapshot.shards.resize(2);
    snapshot.shards[0].dbs = {{.db = 0, .keys = 2, .expires = 1, .avg_ttl_ms = 500}};
    snapshot.shards[1].dbs = {{.db = 0, .keys = 1}, {.db = 9, .keys = 4}};
    snapshot.shards[0].commands.resize(commands.size());
    snapshot.shards[0].commands[0] = {.calls = 2, .usec = 5, .rejected = 1, .failed = 0};
    snapshot.shards[1].stats.errors["B:AD"] = 3;
    snapshot.shards[1].stats.errors["ALSO"] = 1;
    snapshot.shards[1].stats.hops_sent = 8;
    snapshot.shards[1].latencies[0].add(10);
  }

  std::string text(std::vector<std::string_view> words) {
    const admin::ShardCounters sum = admin::total(snapshot.shards);
    return info_text({.options = options,
                      .run = run,
                      .snapshot = snapshot,
                      .sum = sum,
                      .sentinel_lines = "sentinel_masters:3\r\n"},
                     InfoChoice::of(words, options.is_sentinel));
  }
};

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\r\n" + line + "\r\n") != std::string::npos;
}

std::vector<std::string> titles(const std::string& text) {
  std::vector<std::string> found;
  for (size_t at = text.find("# "); at != std::string::npos; at = text.find("# ", at + 1))
    found.push_back(text.substr(at + 2, text.find('\r', at) - at - 2));
  return found;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "sections come in one order, whatever the order of the words") {
  CHECK(titles(text({"keyspace", "SERVER", "nonsense", "cpu"})) ==
        std::vector<std::string>{"Server", "CPU", "Keyspace"});
  CHECK(text({"nonsense"}).empty());
}

TEST_CASE_FIXTURE(Fixture, "without words come the default sections, and all means all") {
  const auto usual = titles(text({}));
  CHECK(usual == titles(text({"default"})));
  CHECK(std::ranges::find(usual, "Commandstats") == usual.end());
  CHECK(std::ranges::find(usual, "Errorstats") != usual.end());
  const auto all = titles(text({"all"}));
  CHECK(all == titles(text({"EVERYTHING"})));
  CHECK(all == std::vector<std::string>{"Server", "Clients", "Memory", "Persistence", "Stats",
                                        "Replication", "CPU", "Modules", "Commandstats",
                                        "Errorstats", "Latencystats", "Cluster", "Keyspace",
                                        "Shards", "Hotkeys", "Bigkeys"});
}

TEST_CASE_FIXTURE(Fixture, "a sentinel has a section of its own, and none about data") {
  options.is_sentinel = true;
  const std::vector<std::string> sections = {"Server", "Clients", "Stats", "CPU", "Sentinel"};
  CHECK(titles(text({})) == sections);
  CHECK(titles(text({"everything"})) == sections);
  CHECK(text({"keyspace"}).empty());
  CHECK(text({"sentinel"}) == "# Sentinel\r\nsentinel_masters:3\r\n");
  CHECK(has_line(text({"server"}), "redis_mode:sentinel"));
  options.is_sentinel = false;
  CHECK(text({"sentinel"}).empty());
}

TEST_CASE_FIXTURE(Fixture, "histograms are asked for only where they are shown") {
  const std::string_view all[] = {"all"};
  const std::string_view stats[] = {"latencystats"};
  CHECK(InfoChoice::of(all).wants_latencies());
  CHECK(InfoChoice::of(stats).wants_latencies());
  CHECK_FALSE(InfoChoice::of({}).wants_latencies());
}

TEST_CASE_FIXTURE(Fixture, "names of keys are asked for only where they are shown") {
  for (const std::string_view word : {"all", "hotkeys", "BIGKEYS"})
    CHECK(InfoChoice::of(std::span(&word, 1)).wants_keys());
  CHECK_FALSE(InfoChoice::of({}).wants_keys());
}

TEST_CASE_FIXTURE(Fixture, "hot keys of all shards come hottest first, with their bytes escaped") {
  snapshot.shards[0].hot_keys = {{.name = "cool", .db = 0, .per_second = 5, .error = 1}};
  snapshot.shards[1].hot_keys = {{.name = "a\r\n,b\"", .db = 3, .per_second = 900, .error = 0}};
  CHECK(text({"hotkeys"}) ==
        "# Hotkeys\r\n"
        "hotkey_0:db=3,qps=900,error=0,key=\"a\\r\\n,b\\\"\"\r\n"
        "hotkey_1:db=0,qps=5,error=1,key=\"cool\"\r\n");
}

TEST_CASE_FIXTURE(Fixture, "big keys come once by bytes and once by elements") {
  using Big = admin::BigKeyCounters;
  snapshot.shards[0].big_keys = {
      Big{.db = 0, .type = "string", .name = "s", .bytes = 900, .elements = 800},
      Big{.db = 0, .type = "list", .name = "l", .bytes = 50, .elements = 7}};
  snapshot.shards[1].big_keys = {
      Big{.db = 1, .type = "hash", .name = "h", .bytes = 60, .elements = 6}};
  CHECK(text({"bigkeys"}) ==
        "# Bigkeys\r\n"
        "bigkey_bytes_0:db=0,type=string,bytes=900,elements=800,key=\"s\"\r\n"
        "bigkey_bytes_1:db=1,type=hash,bytes=60,elements=6,key=\"h\"\r\n"
        "bigkey_bytes_2:db=0,type=list,bytes=50,elements=7,key=\"l\"\r\n"
        "bigkey_elements_0:db=0,type=list,bytes=50,elements=7,key=\"l\"\r\n"
        "bigkey_elements_1:db=1,type=hash,bytes=60,elements=6,key=\"h\"\r\n");
}

TEST_CASE_FIXTURE(Fixture, "sections are separated by an empty line") {
  CHECK(text({"cluster", "keyspace"}) ==
        "# Cluster\r\ncluster_enabled:0\r\n\r\n"
        "# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=500\r\ndb9:keys=4,expires=0,avg_ttl=0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "the server tells both versions and how to reach it") {
  const std::string server = text({"server"});
  CHECK(server.starts_with("# Server\r\nredis_version:7.2.4\r\nserver_name:kvstash\r\n"));
  CHECK(has_line(server, "tcp_port:7000"));
  CHECK(has_line(server, "uptime_in_seconds:172805"));
  CHECK(has_line(server, "uptime_in_days:2"));
  CHECK(has_line(server, "listener0:name=tcp,bind=*,bind=-::*,port=7000"));
  CHECK(has_line(server, "shards:2"));
  CHECK(server.find("tls_cert_not_after") == std::string::npos);
  snapshot.process.tls_not_after_ms = 9000;
  CHECK(has_line(text({"server"}), "tls_cert_not_after:9"));
}

TEST_CASE_FIXTURE(Fixture, "commands that were used have a line") {
  CHECK(text({"commandstats"}) ==
        "# Commandstats\r\n"
        "cmdstat_get:calls=2,usec=5,usec_per_call=2.50,rejected_calls=1,failed_calls=0\r\n");
  CHECK(text({"latencystats"}) ==
        "# Latencystats\r\nlatency_percentiles_usec_get:p50=0.010,p99.9=0.010\r\n");
}

TEST_CASE_FIXTURE(Fixture, "codes of errors are sorted and cannot break their line") {
  CHECK(text({"errorstats"}) ==
        "# Errorstats\r\nerrorstat_ALSO:count=1\r\nerrorstat_B_AD:count=3\r\n");
}

TEST_CASE_FIXTURE(Fixture, "each shard has a line of its own") {
  const std::string shards = text({"shards"});
  CHECK(shards.find("shard0:keys=2,connections=0,hops=0,") != std::string::npos);
  CHECK(shards.find("shard1:keys=5,connections=0,hops=8,") != std::string::npos);
}

TEST_CASE("bytes for people have two digits behind the point, from a kilobyte on") {
  CHECK(human_bytes(0) == "0B");
  CHECK(human_bytes(1023) == "1023B");
  CHECK(human_bytes(1024) == "1.00K");
  CHECK(human_bytes(1017504) == "993.66K");
  CHECK(human_bytes(25276514304) == "23.54G");
  CHECK(human_bytes(uint64_t{3} << 60) == "3072.00P");
}

}  // namespace kvstash::server
