// The fields of instances, in Redis's order. Names and order were taken from redis-sentinel 7.0.15.
#include "sentinel/report.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

const std::string kPeerA(40, 'd');

// "name value" of each field of a reply that is a map in RESP3.
std::vector<std::string> fields_of(const resp::Reply& map) {
  std::vector<std::string> lines;
  for (size_t i = 0; i + 1 < map.items.size(); i += 2)
    lines.push_back(map.items[i].text + " " + map.items[i + 1].text);
  return lines;
}

resp::Reply parse(const std::string& bytes) {
  resp::ReplyParser parser;
  resp::Reply reply;
  REQUIRE(parser.parse(bytes, reply).kind == resp::ReplyOutcome::Kind::kComplete);
  return reply;
}

struct Known : LoneSentinel {
  Known()
      : LoneSentinel("sentinel myid " + kRunIdA + "\n" + std::string(kMonitor) +
                     "sentinel client-reconfig-script mymaster /r\n"
                     "sentinel known-sentinel mymaster 10.0.1.2 26379 " +
                     kPeerA + "\n") {
    open("10.0.0.1:6379");
    answer_all("10.0.0.1:6379", primary_info({"10.0.0.2:6379"}));
    pass(100ms);
    open("10.0.0.2:6379");
    answer_all("10.0.0.2:6379", replica_info(1234));
    open("10.0.1.2:26379");
    answer_all("10.0.1.2:26379", "kvstash_version:1\r\n");
    skip(25ms);
  }
};

TEST_CASE("SENTINEL MASTER shows the fields of Redis") {
  Known sentinel;
  const resp::Reply reply =
      parse(sentinel.command({"SENTINEL", "MASTER", "mymaster"}, resp::RespVersion::k3));
  CHECK(reply.type == resp::Reply::Type::kMap);
  CHECK(fields_of(reply) == std::vector<std::string>{
                                "name mymaster",
                                "ip 10.0.0.1",
                                "port 6379",
                                "runid " + kRunIdA,
                                "flags master",
                                "link-pending-commands 0",
                                "link-refcount 1",
                                "last-ping-sent 0",
                                "last-ok-ping-reply 125",
                                "last-ping-reply 125",
                                "down-after-milliseconds 30000",
                                "info-refresh 125",
                                "role-reported master",
                                "role-reported-time 125",
                                "config-epoch 0",
                                "num-slaves 1",
                                "num-other-sentinels 1",
                                "quorum 2",
                                "failover-timeout 180000",
                                "parallel-syncs 1",
                                "client-reconfig-script /r",
                            });
  const resp::Reply masters = parse(sentinel.command({"SENTINEL", "MASTERS"}));
  REQUIRE(masters.items.size() == 1);
  CHECK(masters.items[0].items.size() == 42);
}

TEST_CASE("SENTINEL REPLICAS shows the fields of Redis") {
  Known sentinel;
  const resp::Reply reply = parse(sentinel.command({"SENTINEL", "REPLICAS", "mymaster"}));
  REQUIRE(reply.items.size() == 1);
  CHECK(fields_of(reply.items[0]) == std::vector<std::string>{
                                         "name 10.0.0.2:6379",
                                         "ip 10.0.0.2",
                                         "port 6379",
                                         "runid " + kRunIdB,
                                         "flags slave",
                                         "link-pending-commands 0",
                                         "link-refcount 1",
                                         "last-ping-sent 0",
                                         "last-ok-ping-reply 25",
                                         "last-ping-reply 25",
                                         "down-after-milliseconds 30000",
                                         "info-refresh 25",
                                         "role-reported slave",
                                         "role-reported-time 125",
                                         "master-link-down-time 0",
                                         "master-link-status ok",
                                         "master-host 10.0.0.1",
                                         "master-port 6379",
                                         "slave-priority 100",
                                         "slave-repl-offset 1234",
                                         "replica-announced 1",
                                     });
}

TEST_CASE("SENTINEL SENTINELS shows the fields of Redis") {
  Known sentinel;
  const resp::Reply reply = parse(sentinel.command({"SENTINEL", "SENTINELS", "mymaster"}));
  REQUIRE(reply.items.size() == 1);
  CHECK(fields_of(reply.items[0]) == std::vector<std::string>{
                                         "name " + kPeerA,
                                         "ip 10.0.1.2",
                                         "port 26379",
                                         "runid " + kPeerA,
                                         "flags sentinel",
                                         "link-pending-commands 0",
                                         "link-refcount 1",
                                         "last-ping-sent 0",
                                         "last-ok-ping-reply 25",
                                         "last-ping-reply 25",
                                         "down-after-milliseconds 30000",
                                         "last-hello-message 125",
                                         "voted-leader ?",
                                         "voted-leader-epoch 0",
                                     });
}

TEST_CASE("SENTINEL INFO-CACHE gives the INFO of a primary and its replicas, with its age") {
  Known sentinel;
  const resp::Reply reply =
      parse(sentinel.command({"SENTINEL", "INFO-CACHE", "mymaster", "unknown"}));
  REQUIRE(reply.items.size() == 2);
  CHECK(reply.items[0].text == "mymaster");
  REQUIRE(reply.items[1].items.size() == 2);
  CHECK(reply.items[1].items[0] == array({integer(125), bulk(primary_info({"10.0.0.2:6379"}))}));
  CHECK(reply.items[1].items[1] == array({integer(25), bulk(replica_info(1234))}));
  LoneSentinel fresh;
  CHECK(fresh.command({"SENTINEL", "INFO-CACHE", "mymaster"}) ==
        "*2\r\n$8\r\nmymaster\r\n*1\r\n*2\r\n:0\r\n$-1\r\n");
}

TEST_CASE("INFO and ROLE answer as Redis") {
  const Known sentinel;
  CHECK(sentinel.core().info_lines(sentinel.now()) ==
        "sentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n"
        "sentinel_running_scripts:0\r\nsentinel_scripts_queue_length:0\r\n"
        "sentinel_simulate_failure_flags:0\r\n"
        "master0:name=mymaster,status=ok,address=10.0.0.1:6379,slaves=1,sentinels=2\r\n");
  resp::ReplyBuffer buffer;
  resp::ReplyWriter writer(buffer, resp::RespVersion::k2);
  sentinel.core().write_role(writer);
  CHECK(buffer.view() == "*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n");
}

}  // namespace
}  // namespace kvstash::sentinel::test
