#include "commands/client/client_filter.h"

#include "engine/acl/acl.h"
#include "engine/client/session.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

Result<ClientFilter> parse(std::vector<std::string_view> words) {
  static const engine::CommandTable table(test::engine_commands());
  static const engine::EngineOptions options;
  static const engine::Acl acl(table, options);
  return parse_kill_filter(words, acl);
}

std::string error_of(std::vector<std::string_view> words) {
  const Result<ClientFilter> parsed = parse(std::move(words));
  return parsed.ok() ? "none" : std::string(parsed.error().message());
}

void fill(engine::Session& session) {
  session.info.id = 7;
  session.info.address = "127.0.0.1:5000";
  session.info.local_address = "127.0.0.1:6379";
  session.info.created_ms = 10'000;
}

TEST_CASE("an address alone is the old form, which may hit the caller") {
  engine::Session session;
  fill(session);
  const Result<ClientFilter> filter = parse({"127.0.0.1:5000"});
  REQUIRE(filter.ok());
  CHECK_FALSE(filter->skips_caller);
  CHECK(filter->matches(session, 0));
  CHECK_FALSE(parse({"127.0.0.1:5001"})->matches(session, 0));
}

TEST_CASE("every option has to fit") {
  engine::Session session;
  fill(session);
  CHECK(parse({"id", "7", "type", "NORMAL", "user", "default"})->matches(session, 0));
  CHECK(parse({"ADDR", "127.0.0.1:5000", "LADDR", "127.0.0.1:6379"})->matches(session, 0));
  CHECK_FALSE(parse({"ID", "7", "TYPE", "pubsub"})->matches(session, 0));
  CHECK_FALSE(parse({"ID", "8"})->matches(session, 0));
  CHECK_FALSE(parse({"LADDR", "127.0.0.1:1", "ID", "7"})->matches(session, 0));
}

TEST_CASE("MAXAGE means connections at least that old") {
  engine::Session session;
  fill(session);
  const Result<ClientFilter> filter = parse({"MAXAGE", "5"});
  CHECK_FALSE(filter->matches(session, 14'999));
  CHECK(filter->matches(session, 15'000));
}

TEST_CASE("the caller is spared unless SKIPME says no") {
  CHECK(parse({"ID", "7"})->skips_caller);
  CHECK(parse({"ID", "7", "SKIPME", "yes"})->skips_caller);
  CHECK_FALSE(parse({"ID", "7", "SKIPME", "NO"})->skips_caller);
}

TEST_CASE("what cannot be meant is refused in Redis's words") {
  CHECK(error_of({"ID", "0"}) == "ERR client-id should be greater than 0");
  CHECK(error_of({"ID", "x"}) == "ERR client-id should be greater than 0");
  CHECK(error_of({"TYPE", "foo"}) == "ERR Unknown client type 'foo'");
  CHECK(error_of({"USER", "nobody"}) == "ERR No such user 'nobody'");
  CHECK(error_of({"SKIPME", "maybe"}) == "ERR syntax error");
  CHECK(error_of({"ID", "1", "ADDR"}) == "ERR syntax error");
  CHECK(error_of({"foo", "bar"}) == "ERR syntax error");
  CHECK(error_of({"MAXAGE", "0"}) == "ERR maxage should be greater than 0");
  CHECK(error_of({"MAXAGE", "x"}) == "ERR maxage is not an integer or out of range");
}

}  // namespace
}  // namespace kvstash::commands
