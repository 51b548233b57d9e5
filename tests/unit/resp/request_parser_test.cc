#include "resp/request_parser.h"

#include "base/cpu_time.h"
#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>

using namespace kvstash;
using namespace kvstash::resp;
using Kind = ParseOutcome::Kind;

namespace {

using Command = std::vector<std::string>;

// Everything that a stream of bytes says, up to its first error.
struct Transcript {
  std::vector<Command> commands;
  std::string error;
  size_t left = 0;  // Bytes of an incomplete command at the end.

  bool operator==(const Transcript&) const = default;
};

// Parses `bytes` as they come in pieces that end at the offsets `cuts`, moving them in memory each
// time as a connection's buffer may.
Transcript parse_all(std::string_view bytes, const std::vector<size_t>& cuts,
                     const ParseLimits& limits = {}) {
  RequestParser parser;
  Transcript transcript;
  std::vector<std::string_view> argv;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    while (begin < cut) {
      const std::string unread(bytes.substr(begin, cut - begin));
      argv.clear();
      const ParseOutcome outcome = parser.parse(unread, limits, argv);
      if (outcome.kind == Kind::kError) {
        transcript.error = outcome.error;
        return transcript;
      }
      if (outcome.kind == Kind::kIncomplete) {
        REQUIRE(argv.empty());
        REQUIRE(outcome.bytes_needed > unread.size());
        break;
      }
      REQUIRE(outcome.consumed > 0);
      REQUIRE(argv.empty() == (outcome.kind == Kind::kNothing));
      if (!argv.empty()) transcript.commands.emplace_back(argv.begin(), argv.end());
      begin += outcome.consumed;
    }
  }
  transcript.left = bytes.size() - begin;
  return transcript;
}

Transcript parse_all(std::string_view bytes, const ParseLimits& limits = {}) {
  return parse_all(bytes, {bytes.size()}, limits);
}

std::vector<size_t> every_byte(size_t size) {
  std::vector<size_t> cuts;
  for (size_t i = 1; i <= size; ++i)
    cuts.push_back(i);
  return cuts;
}

std::vector<size_t> random_cuts(Random& random, size_t size) {
  std::vector<size_t> cuts;
  for (size_t at = 0; at < size;) {
    at = std::min(size, at + 1 + random.below(1 + random.below(40)));
    cuts.push_back(at);
  }
  return cuts;
}

std::string error_of(std::string_view bytes, const ParseLimits& limits = {}) {
  const std::string whole = parse_all(bytes, limits).error;
  CHECK(parse_all(bytes, every_byte(bytes.size()), limits).error == whole);
  return whole;
}

std::string request(const Command& command) {
  std::string bytes = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string& argument : command) {
    bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return bytes;
}

// Mostly valid streams with a little damage, so that errors come at interesting places.
std::string random_stream(Random& random) {
  constexpr std::string_view kPieces[] = {
      "*1\r\n$4\r\nPING\r\n",
      "*0\r\n",
      "*-1\r\n",
      "\r\n",
      "\n",
      "PING\r\n",
      "set k \"a b\"\n",
      "'x' y\n",
      "*2\r\n$1\r\na\r\n$0\r\n\r\n",
      "*",
      "$",
      "\r",
      "1",
      std::string_view("\0", 1),
      "\"",
      "$3\r\nabc\r\n",
  };
  std::string bytes;
  for (uint64_t i = 1 + random.below(12); i > 0; --i) {
    if (random.one_in(3)) {
      bytes += request(
          {"SET", std::string(random.below(40), 'k'), std::string(random.below(300), '\r')});
    } else {
      bytes += kPieces[random.below(random.one_in(3) ? std::size(kPieces) : 9)];
    }
  }
  if (random.one_in(3)) bytes[random.below(bytes.size())] = static_cast<char>(random.below(128));
  return bytes;
}

}  // namespace

TEST_CASE("a command is the arguments that its lengths count, whatever bytes they are") {
  const Transcript transcript = parse_all("*3\r\n$3\r\nSET\r\n$1\r\n\r\r\n$4\r\n\r\n*1\r\n");
  CHECK(transcript.commands == std::vector<Command>{{"SET", "\r", "\r\n*1"}});
  CHECK(transcript.left == 0);
}

TEST_CASE("arguments are views into the caller's bytes, appended to what is there") {
  const std::string bytes = "*1\r\n$4\r\nPING\r\n";
  RequestParser parser;
  std::vector<std::string_view> argv = {"before"};
  const ParseOutcome outcome = parser.parse(bytes, {}, argv);
  REQUIRE(outcome.kind == Kind::kComplete);
  CHECK(outcome.consumed == bytes.size());
  CHECK_FALSE(outcome.borrows_parser);
  REQUIRE(argv.size() == 2);
  CHECK(argv[1].data() == bytes.data() + 8);
}

TEST_CASE("a pipeline is one command after another") {
  const Transcript transcript =
      parse_all("*1\r\n$4\r\nPING\r\nget k\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4");
  CHECK(transcript.commands == std::vector<Command>{{"PING"}, {"get", "k"}, {"GET", "k"}});
  CHECK(transcript.left == 6);
}

TEST_CASE("empty requests are skipped in silence") {
  for (const char* nothing : {"*0\r\n", "*-1\r\n", "*-7\r\n", "\r\n", "\n", "   \t\r\n"}) {
    CAPTURE(nothing);
    CHECK(parse_all(nothing) == Transcript{});
  }
}

TEST_CASE("line ends are looked at no closer than Redis looks") {
  CHECK(parse_all("*1\rx$4\rxPINGxx").commands == std::vector<Command>{{"PING"}});
  CHECK(parse_all("PING\n").commands == std::vector<Command>{{"PING"}});
  CHECK(parse_all("a\rb\r\r\n").commands == std::vector<Command>{{"a", "b"}});
}

TEST_CASE("an inline command is split at blanks and understands quotes") {
  CHECK(parse_all(" set  k\t'a \\' b' \"\\x41\\n\" \r\n").commands ==
        std::vector<Command>{{"set", "k", "a ' b", "A\n"}});
  CHECK(parse_all("\"\"\r\n").commands == std::vector<Command>{{""}});
  CHECK(parse_all("a\vb \fc\r\n").commands == std::vector<Command>{{"a\vb", "c"}});
}

TEST_CASE("a quoted inline command says that its arguments are the parser's") {
  RequestParser parser;
  std::vector<std::string_view> argv;
  CHECK(parser.parse("echo \"hi\"\r\n", {}, argv).borrows_parser);
  CHECK(argv[1] == "hi");
  CHECK(parser.memory_bytes() > 0);
  argv.clear();
  CHECK_FALSE(parser.parse("echo hi\r\n", {}, argv).borrows_parser);
}

TEST_CASE("a NUL hides the rest of an inline line until the line is too long") {
  const std::string bytes("PING\0\n", 6);
  CHECK(parse_all(bytes).left == 6);
  CHECK(error_of(bytes + std::string(20, '\n'), {.inline_bytes_max = 16}) ==
        "ERR Protocol error: too big inline request");
}

TEST_CASE("malformed requests get the words of Redis") {
  struct Case {
    std::string_view bytes;
    std::string_view error;
  };
  const Case cases[] = {
      {"*abc\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"*1 \r\n", "invalid multibulk length"},
      {"*3000000000\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*1\r\nPING\r\n", "expected '$', got 'P'"},
      {"*1\r\n\r\n", "expected '$', got ' '"},
      {"*1\r\n\nx\r\n", "expected '$', got ' '"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$\r\n", "invalid bulk length"},
      {"*1\r\n$04\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"*1\r\n$4x\r\n", "invalid bulk length"},
      {"set \"k\r\n", "unbalanced quotes in request"},
      {"set 'k'x\r\n", "unbalanced quotes in request"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.bytes);
    CHECK(error_of(one.bytes) == "ERR Protocol error: " + std::string(one.error));
  }
}

TEST_CASE("a header or an inline line has a longest length, however it arrives") {
  const ParseLimits limits{.inline_bytes_max = 64};
  CHECK(error_of(std::string(65, 'a'), limits) == "ERR Protocol error: too big inline request");
  CHECK(error_of(std::string(65, 'a') + "\r\n", limits) ==
        "ERR Protocol error: too big inline request");
  CHECK(error_of("*" + std::string(64, '1'), limits) ==
        "ERR Protocol error: too big mbulk count string");
  CHECK(error_of("*1\r\n$" + std::string(64, '1'), limits) ==
        "ERR Protocol error: too big bulk count string");
  CHECK(parse_all(std::string(64, 'a') + "\n", limits).commands.size() == 1);
}

TEST_CASE("before authentication a command is small") {
  const ParseLimits limits{.authenticated = false};
  CHECK(error_of("*11\r\n", limits) == "ERR Protocol error: unauthenticated multibulk length");
  CHECK(error_of("*1\r\n$16385\r\n", limits) == "ERR Protocol error: unauthenticated bulk length");
  CHECK(error_of("*1\r\n$536870913\r\n", limits) == "ERR Protocol error: invalid bulk length");
  CHECK(parse_all(request(Command(10, std::string(16384, 'x'))), limits).commands.size() == 1);
}

TEST_CASE("the limits given are the limits kept") {
  const ParseLimits limits{.bulk_bytes_max = 5, .args_max = 2};
  CHECK(parse_all(request({"12345", "12345"}), limits).commands.size() == 1);
  CHECK(error_of(request({"123456"}), limits) == "ERR Protocol error: invalid bulk length");
  CHECK(error_of(request({"1", "2", "3"}), limits) ==
        "ERR Protocol error: invalid multibulk length");
}

TEST_CASE(
    "a command may have as many arguments as an int counts, and memory comes with their bytes") {
  RequestParser parser;
  std::vector<std::string_view> argv;
  CHECK(parser.parse("*2147483647\r\n", {}, argv).kind == Kind::kIncomplete);
  CHECK(parser.memory_bytes() == 0);
  CHECK(error_of("*2147483648\r\n", {}) == "ERR Protocol error: invalid multibulk length");
  CHECK(parse_all(request(Command(1'100'000, "x"))).commands.at(0).size() == 1'100'000);
}

TEST_CASE("an incomplete command says how many bytes it needs at least") {
  RequestParser parser;
  std::vector<std::string_view> argv;
  CHECK(parser.parse("", {}, argv).bytes_needed == 1);
  const ParseOutcome outcome = parser.parse("*2\r\n$3\r\nGET\r\n$100000\r\nabc", {}, argv);
  CHECK(outcome.kind == Kind::kIncomplete);
  CHECK(outcome.bytes_needed == 13 + 9 + 100000 + 2);
  CHECK(parser.has_partial());
  CHECK(argv.empty());
  parser.reset();
  CHECK_FALSE(parser.has_partial());
  CHECK(parser.memory_bytes() == 0);
  CHECK(parser.parse("*1\r\n$4\r\nPING\r\n", {}, argv).kind == Kind::kComplete);
}

TEST_CASE("after an error the parser is as new once reset") {
  RequestParser parser;
  std::vector<std::string_view> argv;
  CHECK(parser.parse("*2\r\n$1\r\na\r\n+", {}, argv).kind == Kind::kIncomplete);
  CHECK(parser.parse("*2\r\n$1\r\na\r\n+\r\n", {}, argv).kind == Kind::kError);
  parser.reset();
  CHECK(parser.parse("*1\r\n$4\r\nPING\r\n", {}, argv).kind == Kind::kComplete);
  CHECK(argv == std::vector<std::string_view>{"PING"});
}

TEST_CASE("a command of many arguments that arrives in small pieces is parsed in linear time") {
  const std::string bytes = request(Command(200'000, "0123456789"));
  std::vector<size_t> cuts;
  for (size_t at = 0; at < bytes.size();)
    cuts.push_back(at = std::min(at + 997, bytes.size()));

  // As parse_all, but in place: what is measured is the parser's own work.
  RequestParser parser;
  std::vector<std::string_view> argv;
  size_t incomplete = 0;
  const int64_t begin_ns = thread_cpu_ns();
  for (const size_t cut : cuts) {
    const ParseOutcome outcome = parser.parse({bytes.data(), cut}, {}, argv);
    if (outcome.kind == Kind::kIncomplete) ++incomplete;
  }
  // Some milliseconds; beginning anew with each piece would take many seconds.
  CHECK(thread_cpu_ns() - begin_ns < 1'000'000'000);
  CHECK(incomplete == cuts.size() - 1);
  CHECK(argv.size() == 200'000);
}

TEST_CASE("cutting the bytes anywhere changes nothing") {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::string bytes = random_stream(random);
    const ParseLimits limits{.inline_bytes_max = random.one_in(2) ? 30 : kInlineBytesMax,
                             .authenticated = random.one_in(2)};
    const Transcript whole = parse_all(bytes, limits);
    REQUIRE(parse_all(bytes, every_byte(bytes.size()), limits) == whole);
    REQUIRE(parse_all(bytes, random_cuts(random, bytes.size()), limits) == whole);
  }
}
