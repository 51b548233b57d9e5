#include "sentinel/info_text.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::sentinel {
namespace {

TEST_CASE("the INFO of a primary names its replicas, in both forms of Redis") {
  const InfoText info = parse_info(
      "# Server\r\nrun_id:0123456789012345678901234567890123456789\r\n# Replication\r\n"
      "role:master\r\nconnected_slaves:3\r\n"
      "slave0:ip=10.0.0.2,port=6380,state=online,offset=7,lag=0\r\n"
      "slave1:10.0.0.3,6381,online\r\n"
      "slave2:ip=::1,port=99999,state=online\r\n");
  CHECK(info.run_id == "0123456789012345678901234567890123456789");
  CHECK(info.role == DataRole::kPrimary);
  CHECK(info.replicas == std::vector<ListedReplica>{{"10.0.0.2", 6380}, {"10.0.0.3", 6381}});
}

TEST_CASE("the INFO of a replica says what it follows, and how far it is") {
  const InfoText info = parse_info(
      "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
      "master_link_down_since_seconds:12\r\nslave_priority:50\r\nslave_repl_offset:1234\r\n"
      "replica_announced:0\r\n");
  CHECK(info.role == DataRole::kReplica);
  CHECK(info.primary_host == "10.0.0.1");
  CHECK(info.primary_port == 6379);
  CHECK(info.is_link_up == false);
  CHECK(info.link_down == std::chrono::seconds(12));
  CHECK(info.priority == 50);
  CHECK(info.offset == 1234);
  CHECK(info.is_announced == false);
}

TEST_CASE("a link that was never up is down since -1 second") {
  CHECK(parse_info("master_link_down_since_seconds:-1\r\n").link_down == std::chrono::seconds(-1));
}

TEST_CASE("what a primary says about following counts nothing") {
  const InfoText info = parse_info("role:master\r\nmaster_host:10.0.0.1\r\nslave_priority:1\r\n");
  CHECK_FALSE(info.primary_host);
  CHECK_FALSE(info.priority);
}

TEST_CASE("malformed lines leave their fields empty") {
  for (const char* bad : {"", "run_id:short", "slave0:", "slave0:ip=1.1.1.1", "slave0:1.1.1.1,x",
                          "slave0:ip=,port=1", "role", "slavex:ip=1.1.1.1,port=1"}) {
    CAPTURE(bad);
    CHECK(parse_info(bad) == InfoText{});
  }
}

TEST_CASE("a server that states a kvstash version is kvstash") {
  CHECK(is_kvstash_info("# Server\r\nredis_version:7.2.4\r\nkvstash_version:1.0\r\n"));
  CHECK_FALSE(is_kvstash_info("# Server\r\nredis_version:7.2.4\r\n"));
}

}  // namespace
}  // namespace kvstash::sentinel
