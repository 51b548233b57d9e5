#include "admin/snapshot.h"

#include <doctest/doctest.h>

namespace kvstash::admin {
namespace {

ShardCounters shard_with(uint64_t scale) {
  ShardCounters shard;
  shard.stats.commands = 10 * scale;
  shard.stats.park_ns = 3 * scale;
  shard.stats.errors["ERR"] = scale;
  shard.stats.turn_time.add(1000 * scale);
  shard.commands = {{.calls = scale, .usec = 2 * scale, .rejected = 0, .failed = 1}};
  shard.latencies[0].add(100);
  shard.connections = scale;
  shard.commands_per_s = 0.5;
  shard.clients = {.input_max_bytes = 5 * scale, .output_max_bytes = 7, .bytes = scale};
  return shard;
}

}  // namespace

TEST_CASE("a total adds the counters of all shards") {
  const ShardCounters sum = total({shard_with(1), shard_with(2)});
  CHECK(sum.stats.commands == 30);
  CHECK(sum.stats.park_ns == 9);
  CHECK(sum.stats.errors.at("ERR") == 3);
  CHECK(sum.stats.turn_time.total() == 2);
  CHECK(sum.stats.turn_time.sum_ns() == 3000);
  REQUIRE(sum.commands.size() == 1);
  CHECK(sum.commands[0].calls == 3);
  CHECK(sum.commands[0].usec == 6);
  CHECK(sum.commands[0].failed == 2);
  CHECK(sum.latencies.at(0).total() == 2);
  CHECK(sum.connections == 3);
  CHECK(sum.commands_per_s == 1);
  CHECK(sum.clients.input_max_bytes == 10);
  CHECK(sum.clients.output_max_bytes == 7);
  CHECK(sum.clients.bytes == 3);
}

TEST_CASE("databases are added by number, and times to live weighted by their keys") {
  ShardCounters a;
  a.dbs = {{.db = 0, .keys = 10, .expires = 1, .avg_ttl_ms = 1000, .table_bytes = 64},
           {.db = 5, .keys = 1}};
  ShardCounters b;
  b.dbs = {{.db = 0, .keys = 5, .expires = 3, .avg_ttl_ms = 5000, .table_bytes = 64},
           {.db = 3, .keys = 2}};
  const ShardCounters sum = total({a, b});
  REQUIRE(sum.dbs.size() == 3);
  CHECK(sum.dbs[0].keys == 15);
  CHECK(sum.dbs[0].expires == 4);
  CHECK(sum.dbs[0].avg_ttl_ms == 4000);
  CHECK(sum.dbs[0].table_bytes == 128);
  CHECK(sum.dbs[1].db == 3);
  CHECK(sum.dbs[2].db == 5);
}

TEST_CASE("the newest entry of the slow log is the newest of any shard") {
  ShardCounters none;
  ShardCounters a;
  a.slowlog_length = 2;
  a.slowlog_last_id = 7;
  ShardCounters b;
  b.slowlog_length = 1;
  b.slowlog_last_id = 4;
  CHECK_FALSE(total({none, none}).slowlog_last_id.has_value());
  const ShardCounters sum = total({none, a, b});
  CHECK(sum.slowlog_length == 3);
  CHECK(sum.slowlog_last_id == 7);
}

}  // namespace kvstash::admin
