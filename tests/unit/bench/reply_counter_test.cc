#include "bench/reply_counter.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash::bench {
namespace {

struct Case {
  std::string_view bytes;
  size_t replies;
  uint64_t errors;
};

constexpr Case kCases[] = {
    {"+OK\r\n:1\r\n", 2, 0},
    {"$5\r\nhello\r\n$0\r\n\r\n$-1\r\n", 3, 0},
    {"$4\r\n\r\n\r\n\r\n+OK\r\n", 2, 0},  // Line ends inside a value are bytes like others.
    {"*2\r\n$1\r\na\r\n:1\r\n*0\r\n*-1\r\n", 3, 0},
    {"*2\r\n*2\r\n+a\r\n+b\r\n*0\r\n+OK\r\n", 2, 0},
    {"%1\r\n+k\r\n$1\r\nv\r\n~1\r\n,1.5\r\n_\r\n#t\r\n(12\r\n", 5, 0},
    {"=7\r\ntxt:abc\r\n!3\r\nERR\r\n", 2, 1},
    {"-ERR one\r\n-ERR two\r\n", 2, 2},
    {"*2\r\n-ERR inside\r\n+OK\r\n", 1, 0},  // Not an error as a whole.
};

TEST_CASE("every reply is counted once, however the bytes are cut up") {
  for (const Case& expected : kCases) {
    CAPTURE(expected.bytes);
    for (size_t step = 1; step <= expected.bytes.size(); ++step) {
      ReplyCounter counter;
      size_t replies = 0;
      for (size_t at = 0; at < expected.bytes.size(); at += step)
        replies += counter.feed(expected.bytes.substr(at, step));
      REQUIRE(replies == expected.replies);
      REQUIRE(counter.errors() == expected.errors);
      REQUIRE_FALSE(counter.is_malformed());
    }
  }
}

TEST_CASE("an incomplete reply is not counted") {
  for (const std::string_view bytes : {"+OK\r", "$5\r\nhell", "$5\r\nhello", "*2\r\n+OK\r\n"}) {
    ReplyCounter counter;
    CHECK(counter.feed(bytes) == 0);
  }
}

TEST_CASE("the first error is kept for the report") {
  ReplyCounter counter;
  counter.feed("+OK\r\n-ERR one\r\n-ERR two\r\n");
  CHECK(counter.first_error() == "ERR one");
}

TEST_CASE("what is no reply is noticed, and nothing after it is counted") {
  for (const std::string_view bytes :
       {"HTTP/1.1 400\r\n", "\r\n", "+OK\n", "$x\r\n", "$-2\r\n", "*9999999999999\r\n"}) {
    CAPTURE(bytes);
    ReplyCounter counter;
    CHECK(counter.feed(bytes) == 0);
    CHECK(counter.is_malformed());
    CHECK(counter.feed("+OK\r\n") == 0);
  }
}

TEST_CASE("a line without an end is given up at its limit") {
  ReplyCounter counter;
  counter.feed("+" + std::string(ReplyCounter::kLineBytesMax - 1, 'x'));
  CHECK_FALSE(counter.is_malformed());
  counter.feed("x");
  CHECK(counter.is_malformed());
}

}  // namespace
}  // namespace kvstash::bench
