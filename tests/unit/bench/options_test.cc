#include "bench/options.h"

#include <doctest/doctest.h>

namespace kvstash::bench {
namespace {

Result<LoadOptions> parse(std::vector<std::string_view> args) {
  return parse_load_options(args);
}

TEST_CASE("options and commands are read in any order") {
  const Result<LoadOptions> options =
      parse({"--port",  "7000",      "GET a",   "--pipeline", "16",     "--seconds", "0.5",
             "SET a b", "--clients", "2",       "--keys",     "9",      "--data",    "0",
             "--seed",  "0",         "--count", "5",          "--host", "127.0.0.2"});
  REQUIRE(options.ok());
  CHECK(options->port == 7000);
  CHECK(options->pipeline == 16);
  CHECK(options->duration == std::chrono::milliseconds(500));
  CHECK(options->clients == 2);
  CHECK(options->keys == 9);
  CHECK(options->data_bytes == 0);
  CHECK(options->seed == 0);
  CHECK(options->count == 5);
  CHECK(options->host == "127.0.0.2");
  CHECK(options->commands == std::vector<std::string>{"GET a", "SET a b"});
}

TEST_CASE("what makes no sense is refused with a sentence") {
  const auto why = [](std::vector<std::string_view> args) {
    const Result<LoadOptions> options = parse(std::move(args));
    return options.ok() ? std::string() : std::string(options.error().message());
  };
  CHECK(why({}) == "there is no command to send");
  CHECK(why({"PING", "--port"}) == "--port needs a value");
  CHECK(why({"PING", "--colour", "red"}) == "there is no option --colour");
  CHECK(why({"PING", "--port", "0"}) == "--port cannot be '0'");
  CHECK(why({"PING", "--port", "65536"}) == "--port cannot be '65536'");
  CHECK(why({"PING", "--clients", "0"}) == "--clients cannot be '0'");
  CHECK(why({"PING", "--clients", "20001"}) == "--clients cannot be '20001'");
  CHECK(why({"PING", "--pipeline", "x"}) == "--pipeline cannot be 'x'");
  CHECK(why({"PING", "--keys", "0"}) == "--keys cannot be '0'");
  CHECK(why({"PING", "--seconds", "0"}) == "--seconds cannot be '0'");
  CHECK(why({"PING", "--seconds", "nan"}) == "--seconds cannot be 'nan'");
}

TEST_CASE("the usage names every option") {
  const std::string usage = load_usage();
  for (const char* option : {"--host", "--port", "--clients", "--pipeline", "--count", "--seconds",
                             "--keys", "--data", "--seed"}) {
    CAPTURE(option);
    CHECK(usage.find(option) != usage.npos);
  }
}

}  // namespace
}  // namespace kvstash::bench
