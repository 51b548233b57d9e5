#include "engine/telemetry/telemetry.h"

#include "engine/client/session.h"
#include "engine/shard_set.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

struct Node {
  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set{1, table, options};
  Telemetry telemetry{set};

  const Command& command(std::string_view name) const { return *table.find(name); }
};

}  // namespace

TEST_CASE("a command that is over is counted with its time, and remembered if it was slow") {
  Node node;
  node.options.slowlog_log_slower_than_us = 10;
  const Command& get = node.command("get");
  CHECK(node.telemetry.count_call(get, 9'999).slowlog_id == CallEnd::kNotSlow);
  const CallEnd slow = node.telemetry.count_call(get, 10'000);
  CHECK(slow.slowlog_id != CallEnd::kNotSlow);
  CHECK(node.telemetry.count_call(get, 10'000, false).slowlog_id == CallEnd::kNotSlow);
  CHECK(node.telemetry.of(get).calls == 3);
  CHECK(node.telemetry.of(get).ns == 29'999);
  CHECK(node.telemetry.stats().commands == 3);
  Session session;
  session.info.address = "1.2.3.4:5";
  const std::vector<std::string_view> argv{"get", "k"};
  node.telemetry.note_end(session, get, argv, slow, 7'000);
  REQUIRE(node.telemetry.slowlog().entries().size() == 1);
}

TEST_CASE("a reply that is an error counts as a failure, by its code") {
  Node node;
  const Command& get = node.command("get");
  node.telemetry.count_failure(get, "$1\r\nv\r\n");
  CHECK(node.telemetry.of(get).failed == 0);
  node.telemetry.count_failure(get, "-WRONGTYPE Operation against a key\r\n");
  CHECK(node.telemetry.of(get).failed == 1);
  CHECK(node.telemetry.stats().errors.at("WRONGTYPE") == 1);
  CHECK(node.telemetry.stats().error_replies == 1);
}

TEST_CASE("an error without a code within the first bytes is an ERR") {
  Node node;
  node.telemetry.count_error(std::string(40, 'x') + " word");
  node.telemetry.count_error("nospace");
  CHECK(node.telemetry.stats().errors.at("ERR") == 2);
}

TEST_CASE("error codes beyond the bound share one counter") {
  Node node;
  for (int i = 0; i < 300; ++i)
    node.telemetry.count_error("E" + std::to_string(i) + " something");
  const auto& errors = node.telemetry.stats().errors;
  CHECK(errors.size() == 129);
  CHECK(errors.at("ERRORSTATS_OVERFLOW") == 172);
}

TEST_CASE("a reset forgets what was counted, but not what a save would have to write") {
  Node node;
  node.telemetry.count_call(node.command("get"), 5);
  node.telemetry.stats().dirty = 12;
  node.telemetry.reset();
  CHECK(node.telemetry.stats().commands == 0);
  CHECK(node.telemetry.of(node.command("get")).calls == 0);
  CHECK(node.telemetry.stats().dirty == 12);
}

TEST_CASE("the slow log is cut to a smaller length at once") {
  Node node;
  node.options.slowlog_log_slower_than_us = 0;
  Session session;
  const Command& get = node.command("get");
  const std::vector<std::string_view> argv{"get", "k"};
  for (int i = 0; i < 10; ++i)
    node.telemetry.note_end(session, get, argv, node.telemetry.count_call(get, 1'000'000), 0);
  CHECK(node.telemetry.slowlog().entries().size() == 10);
  node.options.slowlog_max_len = 3;
  node.telemetry.take_up_options();
  CHECK(node.telemetry.slowlog().entries().size() == 3);
}

}  // namespace kvstash::engine
