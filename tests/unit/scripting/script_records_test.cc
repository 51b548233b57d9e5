// What the journal gets for scripts: what they did, as one unit, for those whom they chose.

#include "support/script_shard.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::scripting {
namespace {

using Records = std::vector<std::string>;

struct Node : test::ScriptShard {
  Records records_of(std::string_view body) {
    shards().forget_journal(0);
    eval(body);
    return shards().journal(0);
  }
};

}  // namespace

TEST_CASE("what a script changes and publishes is one unit") {
  Node node;
  CHECK(node.records_of("redis.call('set', 'k', 'v') redis.call('incr', 'n')") ==
        Records{"<", "0 set k v", "0 incr n", ">"});
  CHECK(node.records_of("redis.call('publish', 'c', 'm') redis.call('incr', 'n')") ==
        Records{"<", "replicas:0 publish c m", "0 incr n", ">"});
  CHECK(node.records_of("return redis.call('get', 'k')") == Records{});
  CHECK(node.records_of("redis.call('setnx', 'k', 'w')") == Records{});
  CHECK(node.records_of("redis.call('incr', 'n') error('no')") == Records{"<", "0 incr n", ">"});
}

TEST_CASE("redis.set_repl says who gets the records that follow") {
  Node node;
  CHECK(node.records_of("redis.set_repl(redis.REPL_AOF) redis.call('set', 'k', 'a') "
                        "redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'k', 'r') "
                        "redis.set_repl(redis.REPL_NONE) redis.call('set', 'k', 'n') "
                        "redis.set_repl(redis.REPL_ALL) redis.call('set', 'k', 'b')") ==
        Records{"<", "aof:0 set k a", "replicas:0 set k r", "0 set k b", ">"});
  CHECK(node.records_of("redis.set_repl(redis.REPL_AOF) redis.call('publish', 'c', 'm')") ==
        Records{});
}

}  // namespace kvstash::scripting
