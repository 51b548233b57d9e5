#include "resp/request_text.h"

#include "resp/request_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::resp {
namespace {

using Words = std::vector<std::string_view>;

// Whether the parser takes these bytes, and they are what would be written.
bool is_canonical(std::string_view bytes) {
  RequestParser parser;
  Words argv;
  const ParseOutcome outcome = parser.parse(bytes, {}, argv);
  REQUIRE(outcome.kind == ParseOutcome::Kind::kComplete);
  REQUIRE(outcome.consumed == bytes.size());
  return is_request_text(bytes, argv);
}

}  // namespace

TEST_CASE("a command is written as its count and its words, each behind its length") {
  const Words argv{"SET", "", std::string_view("a\r\nb\0c", 6)};
  std::string text = "x";
  append_request(text, argv);
  CHECK(text == std::string("x*3\r\n$3\r\nSET\r\n$0\r\n\r\n$6\r\na\r\nb\0c\r\n", 32));
  CHECK(request_bytes(argv) == text.size() - 1);
  const std::string word(1000, 'w');
  const Words many(120, word);
  text.clear();
  append_request(text, many);
  CHECK(request_bytes(many) == text.size());
  CHECK(is_canonical(text));
}

TEST_CASE("only bytes that are as they would be written may stand for a command") {
  CHECK(is_canonical("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"));
  CHECK(is_canonical("*1\r\n$4\r\n\r\n\r\n\r\n"));
  CHECK_FALSE(
      is_canonical("*2\r\n$3\r\nGETxx$1\r\nk\r\n"));  // What follows a word is not looked at.
  CHECK_FALSE(is_canonical("*2\r\n$3\r\nGET\r\n$1\r\nkxx"));
  CHECK_FALSE(is_canonical("*2\rx$3\r\nGET\r\n$1\r\nk\r\n"));  // Nor what follows a CR.
  CHECK_FALSE(is_canonical("*2\r\n$3\rxGET\r\n$1\r\nk\r\n"));
  CHECK_FALSE(is_canonical("GET k\r\n"));
  CHECK_FALSE(is_canonical("GET k\n"));
}

}  // namespace kvstash::resp
