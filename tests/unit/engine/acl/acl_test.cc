#include "engine/acl/acl.h"

#include "support/command_rooms.h"

#include <doctest/doctest.h>

namespace kvstash::engine {
namespace {

struct Fixture {
  CommandTable table{test::engine_commands()};
  EngineOptions options;
  Acl acl{table, options};

  Status set(std::string_view name, std::initializer_list<std::string_view> rules) {
    return acl.set_user(name, std::vector<std::string_view>(rules));
  }
};

TEST_CASE_FIXTURE(Fixture, "the default user may do all without a password, until one is set") {
  CHECK(acl.default_user()->is_open());
  CHECK(acl.default_user()->is_unlimited());
  acl.set_default_password("p");
  CHECK_FALSE(acl.default_user()->is_open());
  CHECK(acl.authenticate("default", "p") != nullptr);
  CHECK(acl.authenticate("default", "q") == nullptr);
  acl.set_default_password("");
  CHECK(acl.default_user()->is_open());
}

TEST_CASE_FIXTURE(Fixture, "of several rules all are applied, or none") {
  REQUIRE(set("ann", {"on", ">p", "+get"}).ok());
  const Status failed = set("ann", {"+set", "nonsense"});
  CHECK(failed.error().message() == "ERR Error in ACL SETUSER modifier 'nonsense': Syntax error");
  CHECK(acl_commands_text(acl.find("ann")->own) == "-@all +get");
  CHECK_FALSE(set("bob", {"nonsense"}).ok());
  CHECK(acl.find("bob") == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "a user that is off cannot log in") {
  REQUIRE(set("ann", {">p"}).ok());
  CHECK(acl.authenticate("ann", "p") == nullptr);
  REQUIRE(set("ann", {"on"}).ok());
  CHECK(acl.authenticate("ann", "p") != nullptr);
}

TEST_CASE_FIXTURE(Fixture, "changes reach those who act as the user already") {
  REQUIRE(set("ann", {"on", "nopass", "+get"}).ok());
  const Acl::UserPtr ann = acl.authenticate("ann", "");
  REQUIRE(set("ann", {"-get"}).ok());
  CHECK_FALSE(ann->own.allows(*table.find("get")));
}

TEST_CASE_FIXTURE(Fixture, "all users can be replaced, and a default user is always there") {
  REQUIRE(set("ann", {"on"}).ok());
  REQUIRE(set("bob", {"on"}).ok());
  const Acl::UserPtr ann = acl.find("ann");
  std::vector<AclUser> users;
  users.push_back(new_acl_user("ann", acl.context()));
  acl.replace(std::move(users));
  CHECK(acl.find("ann") == ann);
  CHECK_FALSE(ann->is_on);
  CHECK(acl.find("bob") == nullptr);
  CHECK(acl.find("default") == acl.default_user());
  CHECK_FALSE(acl.erase("default"));
}

}  // namespace
}  // namespace kvstash::engine
