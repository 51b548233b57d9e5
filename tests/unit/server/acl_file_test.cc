#include "server/acl_file.h"

#include "net/file.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace kvstash::server {
namespace {

struct Fixture {
  Fixture() {
    char path[] = "/tmp/kvstash-acl-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    folder = path;
    file = folder + "/users.acl";
  }
  ~Fixture() { std::filesystem::remove_all(folder); }

  void write(std::string_view text) { REQUIRE(net::write_file_atomically(file, text).ok()); }

  std::string folder;
  std::string file;
  engine::CommandTable table{test::engine_commands()};
  ServerOptions options;
  engine::Acl acl{table, options.engine};
};

TEST_CASE_FIXTURE(Fixture, "what is saved is loaded again") {
  const std::string_view rules[] = {"on", ">p", "~a*", "+get", "(~b +set)"};
  REQUIRE(acl.set_user("ann", rules).ok());
  const std::string before = acl_user_text(*acl.find("ann"));
  REQUIRE(save_acl_file(file, acl).ok());
  engine::Acl other{table, options.engine};
  REQUIRE(load_acl_file(file, other).ok());
  CHECK(acl_user_text(*other.find("ann")) == before);
  CHECK(other.users().size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a file with errors changes nothing, and all errors are told") {
  const std::string_view rules[] = {"on"};
  REQUIRE(acl.set_user("ann", rules).ok());
  write("# comment\n\nuser bob on\nnonsense\nuser cat +nosuch\nuser bob off\n");
  const Status loaded = load_acl_file(file, acl);
  REQUIRE_FALSE(loaded.ok());
  const std::string why(loaded.error().message());
  CHECK(why.find(":4: line should start with user keyword") != std::string::npos);
  CHECK(why.find(":5: ") != std::string::npos);
  CHECK(why.find(":6: Duplicate user 'bob' found") != std::string::npos);
  CHECK(acl.find("ann") != nullptr);
  CHECK(acl.find("bob") == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "users come from lines of the configuration, which tells them again") {
  options.users = {{"ann", "on", ">p", "+get"}};
  REQUIRE(load_users(options, acl).ok());
  CHECK(acl.authenticate("ann", "p") != nullptr);
  const auto lines = user_lines(acl);
  REQUIRE(lines.size() == 1);  // The default user is as it always is.
  CHECK(lines[0][0] == "ann");
  options.users = {{"ann", "+nosuch"}};
  CHECK_FALSE(load_users(options, acl).ok());
}

TEST_CASE_FIXTURE(Fixture, "a missing file is told by its name") {
  options.engine.aclfile = file;
  const Status loaded = load_users(options, acl);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().message().find(file) != std::string::npos);
}

}  // namespace
}  // namespace kvstash::server
