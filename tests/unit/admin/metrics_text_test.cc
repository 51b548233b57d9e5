#include "admin/metrics_text.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <sstream>

namespace kvstash::admin {
namespace {

using namespace engine;

constexpr CommandSpec kRows[] = {
    {.name = "get", .arity = 2},
    {.name = "set", .arity = -3},
};

// Samples by name and labels, as in the text.
std::map<std::string, double> samples_of(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.rfind(' ');
    CHECK(samples.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second);
  }
  return samples;
}

struct Fixture {
  std::span<const CommandSpec> tables[1] = {kRows};
  CommandTable commands{tables};
  Snapshot snapshot;

  Fixture() {
    snapshot.commands = &commands;
    snapshot.version = "0.1.0";
    snapshot.redis_version = "7.2.4";
    snapshot.percentiles = {50, 99};
    snapshot.max_memory = 1000;
    snapshot.process.used_memory = 200;
    snapshot.process.resident_memory = 300;
    snapshot.process.started_ms = 5000;
    snapshot.process.now_ms = 65'000;
    ShardCounters& shard = snapshot.shards.emplace_back();
    shard.dbs = {{.db = 0, .keys = 7, .expires = 2, .avg_ttl_ms = 1500}};
    shard.commands.resize(commands.size());
    shard.commands[0] = {.calls = 4, .usec = 2'000'000, .rejected = 1, .failed = 2};
    for (const uint64_t ns : {500u, 1500u, 1500u, 3000u})
      shard.latencies[0].add(ns);
    shard.stats.keyspace_hits = 3;
    shard.stats.errors["ERR"] = 2;
    shard.stats.hops_sent = 11;
    snapshot.shards.emplace_back().dbs = {{.db = 0, .keys = 3}};
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "hot keys have their names escaped, big keys only their sizes") {
  snapshot.shards[0].hot_keys = {{.name = "a\xff", .db = 2, .per_second = 70, .error = 1}};
  snapshot.shards[0].big_keys = {
      {.db = 0, .type = "list", .name = "x", .bytes = 500, .elements = 3}};
  snapshot.shards[1].big_keys = {
      {.db = 0, .type = "list", .name = "y", .bytes = 400, .elements = 9}};
  const auto samples = samples_of(metrics_text(snapshot));
  CHECK(samples.at(R"(kvstash_hotkeys{db="db2",key="a\\xff"})") == 70);
  CHECK(samples.at(R"(kvstash_big_key_bytes{db="db0",type="list"})") == 500);
  CHECK(samples.at(R"(kvstash_big_key_elements{db="db0",type="list"})") == 9);
}

TEST_CASE_FIXTURE(Fixture, "a sentinel tells of what it watches, and nothing of data") {
  snapshot.sentinel = SentinelCounters{.is_tilted = true,
                                       .running_scripts = 1,
                                       .queued_scripts = 2,
                                       .simulated_failures = 0,
                                       .primaries = {{.name = "m",
                                                      .address = "10.0.0.1:6379",
                                                      .status = "sdown",
                                                      .replicas = 3,
                                                      .replicas_ok = 2,
                                                      .sentinels = 5,
                                                      .sentinels_ok = 4,
                                                      .can_fail_over = true,
                                                      .quorum = 2,
                                                      .down_after_ms = 1000,
                                                      .failover_timeout_ms = 60'000,
                                                      .parallel_syncs = 1}}};
  const auto samples = samples_of(metrics_text(snapshot));
  const std::string labels = R"({master_name="m",master_address="10.0.0.1:6379"})";
  CHECK(samples.at("redis_sentinel_masters") == 1);
  CHECK(samples.at("redis_sentinel_tilt") == 1);
  CHECK(samples.at("redis_sentinel_scripts_queue_length") == 2);
  CHECK(samples.at("redis_sentinel_master_slaves" + labels) == 3);
  CHECK(samples.at("redis_sentinel_master_ok_slaves" + labels) == 2);
  CHECK(samples.at("redis_sentinel_master_ok_sentinels" + labels) == 4);
  CHECK(samples.at("redis_sentinel_master_setting_down_after_milliseconds" + labels) == 1000);
  CHECK(samples.at(R"(redis_sentinel_master_ckquorum_status{master_name="m"})") == 1);
  CHECK(samples.at("redis_sentinel_master_status{master_name=\"m\",master_address="
                   "\"10.0.0.1:6379\",master_status=\"sdown\"}") == 1);
  CHECK(samples.contains("redis_memory_used_bytes"));
  CHECK_FALSE(samples.contains("redis_db_keys{db=\"db0\"}"));
}

TEST_CASE_FIXTURE(Fixture, "metrics have the names and labels of redis_exporter") {
  const auto samples = samples_of(metrics_text(snapshot));
  CHECK(samples.at("redis_up") == 1);
  CHECK(samples.at("redis_uptime_in_seconds") == 60);
  CHECK(samples.at("redis_memory_used_bytes") == 200);
  CHECK(samples.at("redis_memory_max_bytes") == 1000);
  CHECK(samples.at("redis_mem_fragmentation_ratio") == 1.5);
  CHECK(samples.at("redis_keyspace_hits_total") == 3);
  CHECK(samples.at("redis_errors_total{err=\"ERR\"}") == 2);
  CHECK(samples.at("redis_db_keys{db=\"db0\"}") == 10);
  CHECK(samples.at("redis_db_keys_expiring{db=\"db0\"}") == 2);
  CHECK(samples.at("redis_db_avg_ttl_seconds{db=\"db0\"}") == 1.5);
  CHECK(samples.at("redis_commands_total{cmd=\"get\"}") == 4);
  CHECK(samples.at("redis_commands_duration_seconds_total{cmd=\"get\"}") == 2);
  CHECK(samples.at("redis_commands_failed_calls_total{cmd=\"get\"}") == 2);
  CHECK(samples.at("redis_commands_rejected_calls_total{cmd=\"get\"}") == 1);
  CHECK_FALSE(samples.contains("redis_commands_total{cmd=\"set\"}"));
}

TEST_CASE_FIXTURE(Fixture, "histograms are cumulative and end with everything") {
  const auto samples = samples_of(metrics_text(snapshot));
  const std::string name = "redis_commands_latencies_usec_";
  CHECK(samples.at(name + "bucket{cmd=\"get\",le=\"1.024\"}") == 1);
  CHECK(samples.at(name + "bucket{cmd=\"get\",le=\"2.048\"}") == 3);
  CHECK(samples.at(name + "bucket{cmd=\"get\",le=\"4.096\"}") == 4);
  CHECK(samples.at(name + "bucket{cmd=\"get\",le=\"+Inf\"}") == 4);
  CHECK(samples.at(name + "count{cmd=\"get\"}") == 4);
  CHECK(samples.at(name + "sum{cmd=\"get\"}") == doctest::Approx(6.5));
}

TEST_CASE_FIXTURE(Fixture, "every shard has its own numbers") {
  const auto samples = samples_of(metrics_text(snapshot));
  CHECK(samples.at("kvstash_shards") == 2);
  CHECK(samples.at("kvstash_shard_keys{shard=\"0\"}") == 7);
  CHECK(samples.at("kvstash_shard_keys{shard=\"1\"}") == 3);
  CHECK(samples.at("kvstash_shard_hops_total{shard=\"0\"}") == 11);
  CHECK(samples.at("kvstash_shard_hops_total{shard=\"1\"}") == 0);
}

TEST_CASE_FIXTURE(Fixture, "the certificate's end is there only with a certificate") {
  const std::string name = "kvstash_tls_cert_not_after_timestamp_seconds";
  CHECK_FALSE(samples_of(metrics_text(snapshot)).contains(name));
  snapshot.process.tls_not_after_ms = 12'500;
  CHECK(samples_of(metrics_text(snapshot)).at(name) == 12.5);
}

TEST_CASE_FIXTURE(Fixture, "every metric has one help line and one type") {
  std::istringstream lines(metrics_text(snapshot));
  std::set<std::string> helped;
  std::set<std::string> typed;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string what;
    std::string name;
    words >> hash >> what >> name;
    if (hash != "#") continue;
    CHECK((what == "HELP" ? helped : typed).insert(name).second);
  }
  CHECK(helped == typed);
  CHECK(helped.size() > 60);
}

}  // namespace kvstash::admin
