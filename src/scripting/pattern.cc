#include "scripting/pattern.h"

#include "scripting/guard.h"

#include <cctype>
#include <cstring>

namespace kvstash::scripting {
namespace {

constexpr char kEscape = '%';
constexpr size_t kStepsPerTick = 1'000'000;
constexpr size_t kBytesPerStep = 16;  // Comparing this many bytes counts as one step.

bool is_of_class(unsigned char c, char letter) {
  bool is_in = false;
  switch (std::tolower(static_cast<unsigned char>(letter))) {
    case 'a':
      is_in = std::isalpha(c) != 0;
      break;
    case 'c':
      is_in = std::iscntrl(c) != 0;
      break;
    case 'd':
      is_in = std::isdigit(c) != 0;
      break;
    case 'l':
      is_in = std::islower(c) != 0;
      break;
    case 'p':
      is_in = std::ispunct(c) != 0;
      break;
    case 's':
      is_in = std::isspace(c) != 0;
      break;
    case 'u':
      is_in = std::isupper(c) != 0;
      break;
    case 'w':
      is_in = std::isalnum(c) != 0;
      break;
    case 'x':
      is_in = std::isxdigit(c) != 0;
      break;
    case 'z':
      is_in = c == 0;
      break;
    default:
      return static_cast<unsigned char>(letter) == c;
  }
  return std::isupper(static_cast<unsigned char>(letter)) != 0 ? !is_in : is_in;
}

}  // namespace

std::optional<size_t> Pattern::match(size_t from) {
  level_ = 0;
  depth_ = 0;
  return match_here(from, 0);
}

// Counts work, in characters looked at, and calls tick() every kStepsPerTick.
void Pattern::count_steps(size_t steps) {
  steps_ += steps;
  if (steps_ < kStepsPerTick) return;
  steps_ = 0;
  tick(lua_);
}

// ---- Items: a character, a class, a set.

// The end of the item that begins at `p`.
size_t Pattern::item_end(size_t p) const {
  const char first = pattern_[p++];
  if (first == kEscape) {
    if (p == pattern_.size()) raise_here(lua_, "malformed pattern (ends with '%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (p < pattern_.size() && pattern_[p] == '^') ++p;
  // A "]" that comes first belongs to the set.
  do {
    if (p >= pattern_.size()) raise_here(lua_, "malformed pattern (missing ']')");
    if (pattern_[p++] == kEscape && p < pattern_.size()) ++p;
  } while (p >= pattern_.size() || pattern_[p] != ']');
  return p + 1;
}

// Whether the set contains `c`. The set is pattern[p, last], brackets included.
bool Pattern::matches_set(unsigned char c, size_t p, size_t last) const {
  bool is_in = true;
  ++p;
  if (pattern_[p] == '^') {
    is_in = false;
    ++p;
  }
  for (; p < last; ++p) {
    if (pattern_[p] == kEscape) {
      ++p;
      if (is_of_class(c, pattern_[p])) return is_in;
    } else if (p + 2 < last && pattern_[p + 1] == '-') {
      const auto low = static_cast<unsigned char>(pattern_[p]);
      const auto high = static_cast<unsigned char>(pattern_[p + 2]);
      if (low <= c && c <= high) return is_in;
      p += 2;
    } else if (static_cast<unsigned char>(pattern_[p]) == c) {
      return is_in;
    }
  }
  return !is_in;
}

bool Pattern::matches_item(size_t at, size_t p, size_t end) const {
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[p]) {
    case '.':
      return true;
    case kEscape:
      return is_of_class(c, pattern_[p + 1]);
    case '[':
      return matches_set(c, p, end - 1);
    default:
      return static_cast<unsigned char>(pattern_[p]) == c;
  }
}

// ---- The walk.

Pattern::Match Pattern::match_here(size_t at, size_t p) {
  if (++depth_ > kDepthMax) raise_here(lua_, "pattern too complex");
  Match end;
  for (;;) {
    count_steps(1);
    if (p == pattern_.size()) {
      end = at;
      break;
    }
    const char c = pattern_[p];
    const char next = p + 1 < pattern_.size() ? pattern_[p + 1] : '\0';
    if (c == '(') {
      end = next == ')' ? open_capture(at, p + 2, kPosition) : open_capture(at, p + 1, kOpen);
      break;
    }
    if (c == ')') {
      end = close_capture(at, p + 1);
      break;
    }
    if (c == '$' && p + 1 == pattern_.size()) {
      if (at == text_.size()) end = at;
      break;
    }
    if (c == kEscape && next == 'b') {
      const Match behind = match_balance(at, p + 2);
      if (!behind) break;
      at = *behind;
      p += 4;
      continue;
    }
    if (c == kEscape && next == 'f') {
      p += 2;
      if (p >= pattern_.size() || pattern_[p] != '[')
        raise_here(lua_, "missing '[' after '%f' in pattern");
      const size_t set_end = item_end(p);
      count_steps(set_end - p);
      if (!is_frontier(at, p, set_end)) break;
      p = set_end;
      continue;
    }
    if (c == kEscape && std::isdigit(static_cast<unsigned char>(next)) != 0) {
      const Match behind = match_back_reference(at, next);
      if (!behind) break;
      at = *behind;
      p += 2;
      continue;
    }
    const size_t item = item_end(p);
    count_steps(item - p);
    const char suffix = item < pattern_.size() ? pattern_[item] : '\0';
    if (suffix == '?' || suffix == '*' || suffix == '+' || suffix == '-') {
      end = match_repeated(at, p, item);
      break;
    }
    if (!matches_item(at, p, item)) break;
    ++at;
    p = item;
  }
  --depth_;
  return end;
}

Pattern::Match Pattern::match_repeated(size_t at, size_t p, size_t item_end) {
  switch (pattern_[item_end]) {
    case '?': {
      if (matches_item(at, p, item_end)) {
        if (const Match with = match_here(at + 1, item_end + 1)) return with;
      }
      return match_here(at, item_end + 1);
    }
    case '+':
      return matches_item(at, p, item_end) ? match_longest(at + 1, p, item_end) : std::nullopt;
    case '*':
      return match_longest(at, p, item_end);
    default:
      return match_shortest(at, p, item_end);
  }
}

Pattern::Match Pattern::match_longest(size_t at, size_t p, size_t item_end) {
  size_t count = 0;
  while (matches_item(at + count, p, item_end)) {
    ++count;
    count_steps(item_end - p);
  }
  for (;; --count) {
    if (const Match rest = match_here(at + count, item_end + 1)) return rest;
    if (count == 0) return std::nullopt;
  }
}

Pattern::Match Pattern::match_shortest(size_t at, size_t p, size_t item_end) {
  for (;; ++at) {
    if (const Match rest = match_here(at, item_end + 1)) return rest;
    if (!matches_item(at, p, item_end)) return std::nullopt;
    count_steps(item_end - p);
  }
}

bool Pattern::is_frontier(size_t at, size_t p, size_t set_end) const {
  const auto before = static_cast<unsigned char>(at == 0 ? '\0' : text_[at - 1]);
  const auto here = static_cast<unsigned char>(at < text_.size() ? text_[at] : '\0');
  return !matches_set(before, p, set_end - 1) && matches_set(here, p, set_end - 1);
}

Pattern::Match Pattern::match_balance(size_t at, size_t p) {
  if (p + 1 >= pattern_.size()) raise_here(lua_, "unbalanced pattern");
  const char open = pattern_[p];
  const char close = pattern_[p + 1];
  if (at >= text_.size() || text_[at] != open) return std::nullopt;
  size_t depth = 1;
  while (++at < text_.size()) {
    count_steps(1);
    if (text_[at] == close) {
      if (--depth == 0) return at + 1;
    } else if (text_[at] == open) {
      ++depth;
    }
  }
  return std::nullopt;
}

// ---- Captures.

Pattern::Match Pattern::open_capture(size_t at, size_t p, ptrdiff_t size) {
  if (level_ >= kCapturesMax) raise_here(lua_, "too many captures");
  captures_[static_cast<size_t>(level_)] = {.begin = at, .size = size};
  ++level_;
  const Match rest = match_here(at, p);
  if (!rest) --level_;
  return rest;
}

Pattern::Match Pattern::close_capture(size_t at, size_t p) {
  int open = level_ - 1;
  while (open >= 0 && captures_[static_cast<size_t>(open)].size != kOpen)
    --open;
  if (open < 0) raise_here(lua_, "invalid pattern capture");
  Capture& capture = captures_[static_cast<size_t>(open)];
  capture.size = static_cast<ptrdiff_t>(at - capture.begin);
  const Match rest = match_here(at, p);
  if (!rest) capture.size = kOpen;
  return rest;
}

int Pattern::checked_capture(char digit) const {
  const int index = digit - '1';
  if (index < 0 || index >= level_ || captures_[static_cast<size_t>(index)].size == kOpen)
    raise_here(lua_, "invalid capture index");
  return index;
}

Pattern::Match Pattern::match_back_reference(size_t at, char digit) {
  const Capture& capture = captures_[static_cast<size_t>(checked_capture(digit))];
  // As in Lua 5.1, a position capture counts as longer than any text, so it never matches.
  if (capture.size < 0) return std::nullopt;
  const auto size = static_cast<size_t>(capture.size);
  if (text_.size() - at < size) return std::nullopt;
  count_steps(size / kBytesPerStep);
  if (text_.substr(at, size) != text_.substr(capture.begin, size)) return std::nullopt;
  return at + size;
}

void Pattern::push_capture(int index, size_t from, size_t to) {
  if (index >= level_) {
    if (index != 0) raise_here(lua_, "invalid capture index");
    push(lua_, text_.substr(from, to - from));
    return;
  }
  const Capture& capture = captures_[static_cast<size_t>(index)];
  if (capture.size == kOpen) raise_here(lua_, "unfinished capture");
  if (capture.size == kPosition) {
    lua_pushinteger(lua_, static_cast<lua_Integer>(capture.begin + 1));
  } else {
    push(lua_, text_.substr(capture.begin, static_cast<size_t>(capture.size)));
  }
}

int Pattern::push_captures(size_t from, size_t to, bool whole_if_none) {
  const int count = level_ == 0 && whole_if_none ? 1 : level_;
  luaL_checkstack(lua_, count, "too many captures");
  for (int i = 0; i < count; ++i)
    push_capture(i, from, to);
  return count;
}

}  // namespace kvstash::scripting
