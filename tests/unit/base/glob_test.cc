#include "base/glob.h"

#include "base/cpu_time.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;

namespace {

struct Case {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

}  // namespace

TEST_CASE("patterns match as KEYS of Redis matches") {
  const Case cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"a*", "a", true},
      {"a**", "a", true},
      {"*a", "bca", true},
      {"*a", "bcab", false},
      {"a*b*c", "a1b2b3c", true},
      {"a*b*c", "a1b2b3", false},
      {"h?llo", "hello", true},
      {"h?llo", "hllo", false},
      {"?", "", false},
      {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false},
      {"h[^e]llo", "hallo", true},
      {"h[^e]llo", "hello", false},
      {"[a-c]", "b", true},
      {"[c-a]", "b", true},
      {"[a-c]", "d", false},
      {"[a\\-c]", "-", true},
      {"[a\\-c]", "b", false},
      {"[\\]]", "]", true},
      {"[]", "a", false},
      {"[^]", "a", true},
      {"[^", "a", true},
      {"[", "a", false},
      {"[abc", "b", true},
      {"[a-", "-", true},
      {"[a-]", "]", true},
      {"[a-]x", "ax", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\", "\\", true},
      {"a\\", "a\\", true},
      {"*\\", "b\\", true},
      {"A", "a", false},
      {"*[0-9]*", "abc7def", true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.pattern);
    CAPTURE(one.text);
    CHECK(glob_match(one.pattern, one.text) == one.matches);
  }
}

TEST_CASE("case can be ignored, except after a backslash within brackets") {
  CHECK(glob_match("HeLLo*", "hEllO!", true));
  CHECK(glob_match("[A-C]x", "bX", true));
  CHECK(glob_match("[ABC]", "b", true));
  CHECK_FALSE(glob_match("[\\B]", "b", true));
  CHECK(glob_match("\\B", "b", true));
}

TEST_CASE("a pattern of many stars against a long text takes no time to speak of") {
  std::string pattern;
  for (int i = 0; i < 100; ++i)
    pattern += "a*";
  pattern += "b";
  const std::string text(20000, 'a');
  const int64_t begin_ns = thread_cpu_ns();
  CHECK_FALSE(glob_match(pattern, text));
  CHECK(thread_cpu_ns() - begin_ns < 1'000'000'000);
}
