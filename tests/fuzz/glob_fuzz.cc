// Property: a pattern matches exactly what a table of all pairs of positions says, which cannot
// stall; and however many stars it has, its time stays bounded.
//
// Input: the first byte says whether case matters, then pattern and text, split at the first NUL.
#include "base/ensure.h"
#include "base/glob.h"
#include "base/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using kvstash::glob_match;

constexpr size_t kModelBytesMax = 256;

// One element of a pattern: which of the 256 bytes it matches, or a star.
struct Element {
  bool is_star = false;
  std::vector<bool> bytes = std::vector<bool>(256);
};

int rank(char c) {
  return static_cast<signed char>(c);
}

char folded(char c, bool ignore_case) {
  return ignore_case ? kvstash::to_lower(c) : c;
}

// What stands between '[' and ']', from `at` on; leaves `at` behind it.
Element read_set(std::string_view pattern, size_t& at, bool ignore_case) {
  Element set;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    char low = pattern[at];
    char high = low;
    bool fold = ignore_case;
    if (low == '\\' && at + 1 < pattern.size()) {
      low = high = pattern[++at];
      fold = false;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      high = pattern[at + 2];
      at += 2;
      if (rank(low) > rank(high)) std::swap(low, high);
    }
    for (int byte = 0; byte < 256; ++byte) {
      const int c = rank(folded(static_cast<char>(byte), fold));
      if (c >= rank(folded(low, fold)) && c <= rank(folded(high, fold)))
        set.bytes[static_cast<size_t>(byte)] = true;
    }
  }
  if (at < pattern.size()) ++at;
  if (negated) set.bytes.flip();
  return set;
}

std::vector<Element> read_pattern(std::string_view pattern, bool ignore_case) {
  std::vector<Element> elements;
  for (size_t at = 0; at < pattern.size();) {
    char c = pattern[at++];
    Element element;
    if (c == '*') {
      element.is_star = true;
    } else if (c == '?') {
      element.bytes.flip();
    } else if (c == '[') {
      element = read_set(pattern, at, ignore_case);
    } else {
      if (c == '\\' && at < pattern.size()) c = pattern[at++];
      for (int byte = 0; byte < 256; ++byte)
        element.bytes[static_cast<size_t>(byte)] =
            folded(static_cast<char>(byte), ignore_case) == folded(c, ignore_case);
    }
    elements.push_back(std::move(element));
  }
  return elements;
}

// Whether the elements from each position on match the text from each position on.
bool matches(const std::vector<Element>& elements, std::string_view text) {
  std::vector<bool> after(text.size() + 1, false);
  after[text.size()] = true;
  for (size_t e = elements.size(); e-- > 0;) {
    std::vector<bool> here(text.size() + 1, false);
    for (size_t i = text.size() + 1; i-- > 0;) {
      if (elements[e].is_star) {
        here[i] = after[i] || (i < text.size() && here[i + 1]);
      } else {
        here[i] = i < text.size() && after[i + 1] &&
                  elements[e].bytes[static_cast<unsigned char>(text[i])];
      }
    }
    after = std::move(here);
  }
  return after[0];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const bool ignore_case = (data[0] & 1) != 0;
  const std::string bytes(data + 1, data + size);
  const size_t middle = std::min(bytes.find('\0'), bytes.size());
  const std::string pattern = bytes.substr(0, std::min(middle, kModelBytesMax));
  const std::string text = bytes.substr(std::min(middle + 1, bytes.size()), kModelBytesMax);
  ensure(glob_match(pattern, text, ignore_case) ==
         matches(read_pattern(pattern, ignore_case), text));
  // The pattern many times over, against a text that nearly matches: libFuzzer's clock watches.
  std::string many;
  while (many.size() < 1024 && !pattern.empty())
    many += pattern + "*";
  glob_match(many + "\x01", std::string(1024, text.empty() ? 'a' : text[0]), ignore_case);
  return 0;
}
