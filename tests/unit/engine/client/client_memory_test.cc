#include "engine/client/client_memory.h"

#include "engine/shard_set.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::engine {
namespace {

struct Set {
  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set{2, table, options};
  ClientMemory first{set, 0};
  ClientMemory second{set, 1};
};

}  // namespace

TEST_CASE("what connections hold is summed over a shard, and over all shards") {
  Set node;
  Session a;
  Session b;
  a.replies.out().append(std::string(1000, 'x'));
  b.replies.out().append(std::string(500, 'x'));
  b.sent = 200;
  node.first.count(a);
  node.second.count(b);
  CHECK(node.first.unsent() == 1000);
  CHECK(node.second.unsent() == 300);
  CHECK(node.set.client_bytes().unsent == 1300);
  CHECK(node.first.memory() == a.total_bytes());
  CHECK(node.set.client_bytes().memory == a.total_bytes() + b.total_bytes());

  b.sent = 500;
  node.second.count(b);
  node.first.count(a);  // Counted twice, it is the same.
  CHECK(node.set.client_bytes().unsent == 1000);
}

TEST_CASE(
    "who may not be evicted does not count as memory, and who is gone does not count at all") {
  Set node;
  Session session;
  session.replies.out().append("some");
  session.no_evict = true;
  node.first.count(session);
  CHECK(node.first.memory() == 0);
  CHECK(node.first.unsent() == 4);
  session.no_evict = false;
  node.first.count(session);
  CHECK(node.first.memory() == session.total_bytes());
  session.is_killed = true;
  node.first.count(session);
  CHECK(node.set.client_bytes().memory == 0);
  CHECK(node.set.client_bytes().unsent == 0);
}

TEST_CASE(
    "the bound on unread replies follows from the directive, else from maxmemory, else from "
    "memory") {
  Set node;
  CHECK(node.set.unsent_limit() == UINT64_MAX);
  node.set.set_usable_memory(uint64_t{4} << 30);
  CHECK(node.set.unsent_limit() == uint64_t{1} << 30);
  node.options.maxmemory_bytes = uint64_t{100} << 20;
  CHECK(node.set.unsent_limit() == uint64_t{25} << 20);
  node.options.maxmemory_bytes = 1;
  CHECK(node.set.unsent_limit() == uint64_t{1} << 20);
  node.options.client_unsent_total_limit_bytes = 5000;
  CHECK(node.set.unsent_limit() == 5000);
}

TEST_CASE(
    "each client may have its share of unread replies, less where there are very many clients") {
  Set node;
  node.options.client_unsent_total_limit_bytes = uint64_t{64} << 20;
  CHECK(node.set.unsent_share() == size_t{64} << 10);
  node.set.session_count = 4095;
  CHECK(node.set.unsent_share() == size_t{16} << 10);
  node.set.session_count = 1'000'000;
  CHECK(node.set.unsent_share() == size_t{4} << 10);
}

TEST_CASE("the limit of maxmemory-clients is bytes, or a part of maxmemory") {
  Set node;
  CHECK(node.set.client_memory_limit() == 0);
  node.options.maxmemory_clients = 1000;
  CHECK(node.set.client_memory_limit() == 1000);
  node.options.maxmemory_clients = -5;
  node.options.maxmemory_bytes = 10'000;
  CHECK(node.set.client_memory_limit() == 500);
}

}  // namespace kvstash::engine
