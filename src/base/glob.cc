#include "base/glob.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace kvstash {
namespace {

// The result of matching one element of the pattern, other than '*', against one byte.
struct ElementMatch {
  bool matches;
  size_t size;  // Bytes of the element in the pattern.
};

bool same(char a, char b, bool ignore_case) {
  return ignore_case ? to_lower(a) == to_lower(b) : a == b;
}

// Whether `c` is in the range of `first` and `last`, which may be in either order. Bytes above 127
// sort first, as they do in Redis.
bool in_range(char c, char first, char last, bool ignore_case) {
  const auto rank = [](char x) { return static_cast<int>(static_cast<signed char>(x)); };
  if (rank(first) > rank(last)) std::swap(first, last);
  if (!ignore_case) return rank(c) >= rank(first) && rank(c) <= rank(last);
  return rank(to_lower(c)) >= rank(to_lower(first)) && rank(to_lower(c)) <= rank(to_lower(last));
}

// Matches a pattern that begins with '['. An escaped byte in it is compared with regard to case.
ElementMatch match_set(std::string_view pattern, char c, bool ignore_case) {
  size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;

  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      found |= pattern[at + 1] == c;
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      found |= in_range(c, pattern[at], pattern[at + 2], ignore_case);
      at += 3;
    } else {
      found |= same(pattern[at], c, ignore_case);
      at += 1;
    }
  }
  return {found != negated, std::min(at + 1, pattern.size())};
}

ElementMatch match_element(std::string_view pattern, char c, bool ignore_case) {
  switch (pattern[0]) {
    case '?':
      return {true, 1};
    case '[':
      return match_set(pattern, c, ignore_case);
    case '\\':
      if (pattern.size() >= 2) return {same(pattern[1], c, ignore_case), 2};
      [[fallthrough]];
    default:
      return {same(pattern[0], c, ignore_case), 1};
  }
}

}  // namespace

// Only the last star seen is ever tried again, one byte later: any bytes that an earlier star could
// match instead, the last star can match too.
bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t at = 0;                         // Offset in the pattern.
  size_t star = std::string_view::npos;  // Offset after the last star.
  size_t star_text = 0;                  // Text offset where matching after it resumes.
  size_t i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_text = i;
      if (star == pattern.size()) return true;
      continue;
    }
    if (at < pattern.size()) {
      const ElementMatch element = match_element(pattern.substr(at), text[i], ignore_case);
      if (element.matches) {
        at += element.size;
        ++i;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    at = star;
    i = ++star_text;
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

}  // namespace kvstash
