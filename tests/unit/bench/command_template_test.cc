#include "bench/command_template.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::bench {
namespace {

std::string first_of(std::string_view line, NumberSource& numbers) {
  const Result<CommandTemplate> made = CommandTemplate::parse(line, "xyz");
  REQUIRE(made.ok());
  std::string out;
  made->append_to(out, numbers);
  return out;
}

TEST_CASE("a command is encoded as an array of bulk strings") {
  NumberSource numbers(10, 1);
  CHECK(first_of("GET key", numbers) == "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  CHECK(first_of("SET \"a b\" {data}", numbers) == "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\nxyz\r\n");
}

TEST_CASE("each next number follows the one before, and starts again at the number of keys") {
  NumberSource numbers(3, 1);
  CHECK(first_of("DEL {next} {next}", numbers) ==
        "*3\r\n$3\r\nDEL\r\n$12\r\n000000000000\r\n$12\r\n000000000001\r\n");
  CHECK(first_of("DEL {next} {next}", numbers) ==
        "*3\r\n$3\r\nDEL\r\n$12\r\n000000000002\r\n$12\r\n000000000000\r\n");
}

TEST_CASE("random numbers stay below the number of keys and reach all of them") {
  NumberSource numbers(3, 7);
  bool seen[3] = {};
  for (int i = 0; i < 100; ++i) {
    const std::string command = first_of("{random}", numbers);
    REQUIRE(command.size() == std::string_view("*1\r\n$12\r\n000000000000\r\n").size());
    const int number = std::stoi(command.substr(9, 12));
    REQUIRE(number < 3);
    seen[number] = true;
  }
  CHECK((seen[0] && seen[1] && seen[2]));
}

TEST_CASE("a number of a thousand is below it, however many keys there are") {
  NumberSource numbers(1'000'000, 7);
  int largest = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string command = first_of("l:{thousand}", numbers);
    REQUIRE(command.starts_with("*1\r\n$14\r\nl:000000000"));
    largest = std::max(largest, std::stoi(command.substr(11, 12)));
  }
  CHECK(largest > 900);
}

TEST_CASE("places may stand inside a word") {
  NumberSource numbers(10, 1);
  CHECK(first_of("k:{next}:{data}", numbers) == "*1\r\n$18\r\nk:000000000000:xyz\r\n");
  const std::string deadline = first_of("{ms}", numbers);
  CHECK(deadline.starts_with("*1\r\n$3\r\n"));
  const int ms = std::stoi(deadline.substr(8, 3));
  CHECK(ms >= 100);
  CHECK(ms <= 999);
}

TEST_CASE("other braces are text") {
  NumberSource numbers(10, 1);
  CHECK(first_of("{tag}{", numbers) == "*1\r\n$6\r\n{tag}{\r\n");
}

TEST_CASE("no words and open quotes are refused") {
  CHECK_FALSE(CommandTemplate::parse("", "").ok());
  CHECK_FALSE(CommandTemplate::parse("GET \"key", "").ok());
}

}  // namespace
}  // namespace kvstash::bench
