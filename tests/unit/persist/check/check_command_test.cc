#include "persist/check/check_command.h"

#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;

namespace {

Result<CheckAofArguments> parse(std::vector<std::string> arguments) {
  return parse_check_aof({.program = "kvstash-check-aof", .arguments = std::move(arguments)});
}

}  // namespace

TEST_CASE("a tool is asked for by the program's name or by the first word") {
  const auto find = [](std::vector<const char*> words) { return find_check_command(words); };
  CHECK_FALSE(find({"/bin/kvstash"}).has_value());
  CHECK_FALSE(find({"kvstash", "x", "--check-aof"}).has_value());
  CHECK_FALSE(find({}).has_value());
  const auto by_word = find({"kvstash", "--check-aof", "--fix", "f"});
  REQUIRE(by_word.has_value());
  CHECK(by_word->tool == CheckTool::kAof);
  CHECK(by_word->arguments == std::vector<std::string>{"--fix", "f"});
  const auto by_name = find({"/usr/bin/redis-check-aof", "f"});
  REQUIRE(by_name.has_value());
  CHECK(by_name->arguments == std::vector<std::string>{"f"});
  CHECK(find({"kvstash-check-rdb", "f"})->tool == CheckTool::kRdb);
  CHECK(find({"kvstash", "--check-rdb", "f"})->tool == CheckTool::kRdb);
}

TEST_CASE("the arguments are those of redis-check-aof, and --json and --yes") {
  CHECK(parse({"f"})->request.path == "f");
  CHECK(parse({"--fix", "f"})->request.fix);
  CHECK(parse({"--truncate-to-timestamp", "1700000000", "f"})->request.truncate_to == 1700000000);
  CHECK(parse({"--json", "--yes", "f"})->request.as_json);
  CHECK(parse({"--json", "--yes", "f"})->assumes_yes);
  CHECK(parse({}).error().message().starts_with("Usage: kvstash-check-aof [--fix|"));
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"--other", "f"}, {"f", "g"}, {"--fix"}, {"--fix", "--truncate-to-timestamp", "1", "f"}})
    CHECK_FALSE(parse(wrong).ok());
  CHECK(parse({"--truncate-to-timestamp", "x", "f"}).error().message() ==
        "Invalid timestamp, aborting...\n");
}

TEST_CASE("a file that is asked for and not there is an error") {
  test::SimDisk disk;
  std::string printed;
  const CheckConsole console{.print = [&](std::string_view text) { printed += text; },
                             .confirm = [] { return false; }};
  CHECK(run_check_command(disk, SystemClock(), {.program = "k", .arguments = {"no"}}, console) ==
        1);
  CHECK(printed == "Cannot open file no: No such file or directory\n");
  printed.clear();
  CHECK(run_check_command(disk, SystemClock(),
                          {.tool = CheckTool::kRdb, .program = "k", .arguments = {"no"}},
                          console) == 1);
  CHECK(printed == "Cannot open file: open no: No such file or directory\n");
  printed.clear();
  CHECK(run_check_command(disk, SystemClock(),
                          {.tool = CheckTool::kRdb, .program = "k", .arguments = {}},
                          console) == 1);
  CHECK(printed == "Usage: k [--json] <rdb-file-name>\n");
}
