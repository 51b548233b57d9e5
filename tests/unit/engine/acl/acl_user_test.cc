#include "engine/acl/acl_user.h"

#include "base/sha256.h"
#include "engine/acl/acl_rules.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace kvstash::engine {
namespace {

struct Fixture {
  CommandTable table{test::engine_commands()};
  AclContext context{.commands = &table};

  AclUser user(std::initializer_list<std::string_view> rules) {
    AclUser made = new_acl_user("ann", context);
    for (const std::string_view rule : rules)
      REQUIRE(apply_acl_rule(made, rule, context).ok());
    return made;
  }
  std::optional<AclDenial> check(const AclUser& who, std::initializer_list<std::string_view> argv) {
    const std::vector<std::string_view> args(argv);
    const auto command = table.resolve(args);
    REQUIRE(command.ok());
    return who.check(**command, args);
  }
};

TEST_CASE_FIXTURE(Fixture, "a new user may do nothing but log in") {
  const AclUser nobody = user({});
  CHECK(check(nobody, {"GET", "k"})->reason == AclReason::kCommand);
  CHECK_FALSE(check(nobody, {"AUTH", "x"}).has_value());
  CHECK_FALSE(nobody.is_open());
}

TEST_CASE_FIXTURE(Fixture, "keys are checked for what the command does to them") {
  const AclUser ann = user({"+@all", "%R~r:*", "%W~w:*"});
  CHECK_FALSE(check(ann, {"GET", "r:1"}).has_value());
  CHECK_FALSE(check(ann, {"SET", "w:1", "v"}).has_value());
  const auto denied = check(ann, {"SET", "r:1", "v"});
  REQUIRE(denied.has_value());
  CHECK(denied->reason == AclReason::kKey);
  CHECK(denied->object == "r:1");
  CHECK(check(ann, {"GETSET", "w:1", "v"}).has_value());
  CHECK(check(ann, {"MGET", "r:1", "x"})->index == 2);
}

TEST_CASE_FIXTURE(Fixture, "one selector must allow all of a command") {
  AclUser ann = user({"~a*", "+get"});
  REQUIRE(apply_acl_rule(ann, "(~b* +set)", context).ok());
  CHECK_FALSE(check(ann, {"GET", "a"}).has_value());
  CHECK_FALSE(check(ann, {"SET", "b", "v"}).has_value());
  CHECK(check(ann, {"GET", "b"})->reason == AclReason::kKey);
  CHECK(check(ann, {"SET", "a", "v"})->reason == AclReason::kKey);
  CHECK(check(ann, {"DEL", "a"})->reason == AclReason::kCommand);
}

TEST_CASE_FIXTURE(Fixture, "a first argument may be allowed by itself") {
  const AclUser ann = user({"~*", "+select|0"});
  CHECK_FALSE(check(ann, {"SELECT", "0"}).has_value());
  CHECK(check(ann, {"SELECT", "1"}).has_value());
}

TEST_CASE_FIXTURE(Fixture, "patterns of channels are allowed only as they stand") {
  const AclUser ann = user({"resetchannels", "&news.*"});
  CHECK(ann.may_use_channel("news.sport", false));
  CHECK_FALSE(ann.may_use_channel("weather", false));
  CHECK(ann.may_use_channel("news.*", true));
  CHECK_FALSE(ann.may_use_channel("news.s*", true));
}

TEST_CASE_FIXTURE(Fixture, "any of several passwords fits") {
  const AclUser ann = user({">one", ">two", "on"});
  CHECK(ann.has_password("one"));
  CHECK(ann.has_password("two"));
  CHECK_FALSE(ann.has_password("three"));
  CHECK_FALSE(ann.has_password(sha256_hex("one")));
}

TEST_CASE("denials are told in Redis's words, with names only where asked") {
  const AclDenial key{AclReason::kKey, "k"};
  CHECK(acl_message(key, "ann", false) == "No permissions to access a key");
  CHECK(acl_message(key, "ann", true) == "User ann has no permissions to access the 'k' key");
  CHECK(acl_message({AclReason::kCommand, "config|get"}, "ann", false) ==
        "User ann has no permissions to run the 'config|get' command");
}

}  // namespace
}  // namespace kvstash::engine
