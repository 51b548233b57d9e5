#include "base/text.h"

#include "base/random.h"

#include <doctest/doctest.h>

using namespace kvstash;

namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view line) {
  const Result<Words> words = split_args(line);
  REQUIRE(words.ok());
  return *words;
}

}  // namespace

TEST_CASE("case is that of ASCII only") {
  CHECK(to_lower("GeT-Ä[") == "get-Ä[");
  CHECK(to_upper("GeT-ä{") == "GET-ä{");
  CHECK(equals_ignore_case("PexpireAT", "pEXPIREat"));
  CHECK_FALSE(equals_ignore_case("get", "gets"));
  CHECK_FALSE(equals_ignore_case("@", "`"));
  CHECK(equals_ignore_case("", ""));
}

TEST_CASE("splitting gives one piece more than there are separators") {
  CHECK(split("a,b,,c", ',') == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split(",", ',') == std::vector<std::string_view>{"", ""});
}

TEST_CASE("trimming takes the blanks at both ends and none between") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n ").empty());
}

TEST_CASE("quoting shows every byte that does not print") {
  CHECK(quote({"a\"\\\n\r\t\a\b\0\x7f\xff", 11}) == R"("a\"\\\n\r\t\a\b\x00\x7f\xff")");
  CHECK(quote("") == R"("")");
}

TEST_CASE("a line splits into words at blanks") {
  CHECK(words_of("  set  key\tvalue \r\n") == Words{"set", "key", "value"});
  CHECK(words_of("").empty());
  CHECK(words_of(" \v ").empty());
  CHECK(words_of("a\vb") == Words{"a\vb"});
}

TEST_CASE("quotes keep blanks, and double quotes know escapes") {
  CHECK(words_of(R"(set "a b" 'c d')") == Words{"set", "a b", "c d"});
  CHECK(words_of(R"("\n\r\t\a\b\\\"\q\x41\xfF")") == Words{"\n\r\t\a\b\\\"qA\xff"});
  CHECK(words_of(R"("\x4" "\xg1")") == Words{"x4", "xg1"});
  CHECK(words_of(R"('\'' '\n')") == Words{"'", "\\n"});
  CHECK(words_of(R"(foo"bar baz")") == Words{"foobar baz"});
  CHECK(words_of(R"("" '')") == Words{"", ""});
  CHECK(words_of("\"a\"\v'b'") == Words{"a", "b"});
}

TEST_CASE("a quote that does not end well is refused") {
  for (const char* bad : {"\"abc", "'abc", "\"a\"b", "'a'b", "x \"", "\"a\\\"", "\"a\\", "'a\\'"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(split_args(bad).ok());
    CHECK(split_args(bad).error().message() == "unbalanced quotes");
  }
}

TEST_CASE("a NUL ends the line") {
  CHECK(words_of({"a b\0c", 5}) == Words{"a", "b"});
  CHECK_FALSE(split_args({"\"a\0\"", 4}).ok());
}

TEST_CASE("what is quoted splits back into itself") {
  Random random(4);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes(random.below(20), '\0');
    for (char& c : bytes)
      c = static_cast<char>(random.next());
    REQUIRE(words_of("x " + quote(bytes) + " y") == Words{"x", bytes, "y"});
  }
}
