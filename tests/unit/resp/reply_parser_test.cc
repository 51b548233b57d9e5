#include "resp/reply_parser.h"

#include "base/random.h"
#include "resp/reply_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

using namespace kvstash;
using namespace kvstash::resp;
using Kind = ReplyOutcome::Kind;
using Type = Reply::Type;

namespace {

Reply reply_of(std::string_view bytes) {
  CAPTURE(bytes);
  ReplyParser parser;
  Reply reply;
  const ReplyOutcome outcome = parser.parse(bytes, reply);
  REQUIRE(outcome.kind == Kind::kComplete);
  REQUIRE(outcome.consumed == bytes.size());
  return reply;
}

// The reply in `bytes` when they come one at a time, or the error.
struct Read {
  std::optional<Reply> reply;
  std::string error;

  bool operator==(const Read&) const = default;
};

Read read_in_steps(std::string_view bytes, size_t step, const ReplyLimits& limits = {}) {
  ReplyParser parser(limits);
  for (size_t size = std::min(step, bytes.size());; size = std::min(size + step, bytes.size())) {
    const std::string unread(bytes.substr(0, size));
    Reply reply;
    const ReplyOutcome outcome = parser.parse(unread, reply);
    if (outcome.kind == Kind::kComplete) return {reply, ""};
    if (outcome.kind == Kind::kError) return {std::nullopt, std::string(outcome.error)};
    REQUIRE(outcome.bytes_needed > size);
    if (size == bytes.size()) return {};
  }
}

std::string error_of(std::string_view bytes, const ReplyLimits& limits = {}) {
  const std::string whole = read_in_steps(bytes, bytes.size(), limits).error;
  CHECK(read_in_steps(bytes, 1, limits).error == whole);
  return whole;
}

std::string random_reply(Random& random, int depth) {
  ReplyBuffer out;
  ReplyWriter writer(out, RespVersion::k3);
  switch (random.below(depth > 0 ? 13 : 9)) {
    case 0:
      writer.simple("text");
      break;
    case 1:
      writer.error("ERR why");
      break;
    case 2:
      writer.integer(static_cast<int64_t>(random.next()));
      break;
    case 3:
      writer.bulk(std::string(random.below(40), '\r'));
      break;
    case 4:
      writer.null();
      break;
    case 5:
      writer.raw("*-1\r\n");
      break;
    case 6:
      writer.dbl(random.unit());
      break;
    case 7:
      writer.boolean(random.one_in(2));
      break;
    case 8:
      writer.verbatim("txt", "some");
      break;
    default: {
      const uint64_t pairs = random.below(4);
      const uint64_t kind = random.below(4);
      if (kind == 0) writer.array(2 * pairs);
      if (kind == 1) writer.map(pairs);
      if (kind == 2) writer.set(2 * pairs);
      if (kind == 3) writer.attribute(pairs);
      for (uint64_t i = 0; i < 2 * pairs + (kind == 3 ? 1 : 0); ++i)
        writer.raw(random_reply(random, depth - 1));
    }
  }
  return std::string(out.view());
}

}  // namespace

TEST_CASE("every type of reply is understood") {
  CHECK(reply_of("+OK\r\n") == Reply{.type = Type::kSimple, .text = "OK"});
  CHECK(reply_of("-ERR no\r\n") == Reply{.type = Type::kError, .text = "ERR no"});
  CHECK(reply_of("!6\r\nERR\r\n!\r\n") == Reply{.type = Type::kError, .text = "ERR\r\n!"});
  CHECK(reply_of(":-7\r\n") == Reply{.type = Type::kInteger, .integer = -7});
  CHECK(reply_of("$4\r\na\r\nb\r\n") == Reply{.type = Type::kBulk, .text = "a\r\nb"});
  CHECK(reply_of("$0\r\n\r\n") == Reply{.type = Type::kBulk});
  CHECK(reply_of("$-1\r\n") == Reply{.type = Type::kNull});
  CHECK(reply_of("_\r\n") == Reply{.type = Type::kNull});
  CHECK(reply_of("*-1\r\n") == Reply{.type = Type::kNullArray});
  CHECK(reply_of(",1.5\r\n") == Reply{.type = Type::kDouble, .text = "1.5", .number = 1.5});
  CHECK(reply_of(",-inf\r\n").number == -HUGE_VAL);
  CHECK(std::isnan(reply_of(",nan\r\n").number));
  CHECK(reply_of("#t\r\n") == Reply{.type = Type::kBoolean, .integer = 1});
  CHECK(reply_of("#f\r\n") == Reply{.type = Type::kBoolean, .integer = 0});
  CHECK(reply_of("(-123456789012345678901234567890\r\n") ==
        Reply{.type = Type::kBigNumber, .text = "-123456789012345678901234567890"});
  CHECK(reply_of("=6\r\ntxt:hi\r\n") ==
        Reply{.type = Type::kVerbatim, .text = "hi", .format = "txt"});
  CHECK(reply_of("*0\r\n") == Reply{.type = Type::kArray});
}

TEST_CASE("aggregates hold their elements in order") {
  const Reply one{.type = Type::kInteger, .integer = 1};
  const Reply two{.type = Type::kInteger, .integer = 2};
  CHECK(reply_of("*2\r\n:1\r\n:2\r\n") == Reply{.type = Type::kArray, .items = {one, two}});
  CHECK(reply_of("%1\r\n:1\r\n:2\r\n") == Reply{.type = Type::kMap, .items = {one, two}});
  CHECK(reply_of("~1\r\n:1\r\n") == Reply{.type = Type::kSet, .items = {one}});
  CHECK(reply_of(">1\r\n:2\r\n") == Reply{.type = Type::kPush, .items = {two}});
  CHECK(reply_of("*2\r\n*1\r\n:1\r\n:2\r\n") ==
        Reply{.type = Type::kArray, .items = {Reply{.type = Type::kArray, .items = {one}}, two}});
}

TEST_CASE("attributes belong to the reply that follows them") {
  const Reply key{.type = Type::kSimple, .text = "ttl"};
  const Reply one{.type = Type::kInteger, .integer = 1};
  CHECK(reply_of("|1\r\n+ttl\r\n:1\r\n:1\r\n") ==
        Reply{.type = Type::kInteger, .integer = 1, .attributes = {key, one}});
  CHECK(reply_of("*1\r\n|0\r\n:1\r\n") == Reply{.type = Type::kArray, .items = {one}});
}

TEST_CASE("one reply is taken and the bytes after it are left") {
  ReplyParser parser;
  Reply reply;
  CHECK(parser.parse("+a\r\n+b\r\n", reply).consumed == 4);
  CHECK(reply.text == "a");
  CHECK(parser.parse("+b\r\n", reply).consumed == 4);
  CHECK(reply.text == "b");
}

TEST_CASE("malformed replies are refused") {
  for (const char* bad :
       {"?1\r\n", "\r\n", ":x\r\n", ":\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", "%-1\r\n", "=-1\r\n",
        "+a\rb\r\n", "$1\r\nabc", "#x\r\n", "_x\r\n", ",1.5x\r\n", "(12a\r\n", "(\r\n",
        "=3\r\ntxt\r\n", "=4\r\ntxtx\r\n", "*1\r\n*1\r\n:z\r\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(error_of(bad).empty());
  }
}

TEST_CASE("length, depth and lines of a reply are bounded") {
  CHECK(error_of("$11\r\n", {.bulk_bytes_max = 10}) == "bulk string is too long");
  CHECK(error_of("*11\r\n", {.items_max = 10}) == "aggregate is too long");
  CHECK(error_of("+" + std::string(20, 'x') + "\r\n", {.line_bytes_max = 10}) ==
        "line is too long");
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "*1\r\n";
  CHECK(read_in_steps(deep, deep.size()).error == "reply is nested too deeply");
  CHECK(reply_of("*1\r\n*1\r\n*1\r\n:1\r\n").items[0].items[0].items[0].integer == 1);
}

TEST_CASE("an incomplete bulk string says how many bytes it needs") {
  ReplyParser parser;
  Reply reply;
  CHECK(parser.parse("*1\r\n$1000\r\nab", reply).bytes_needed == 4 + 7 + 1000 + 2);
  parser.reset();
  CHECK(parser.parse("+a\r\n", reply).kind == Kind::kComplete);
}

TEST_CASE("what the writer writes the parser reads, however it is cut") {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::string bytes = random_reply(random, 4);
    const Read whole = read_in_steps(bytes, bytes.size());
    REQUIRE(whole.reply.has_value());
    REQUIRE(read_in_steps(bytes, 1) == whole);
    REQUIRE(read_in_steps(bytes, 7) == whole);

    bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    REQUIRE(read_in_steps(bytes, 1) == read_in_steps(bytes, bytes.size()));
  }
}
