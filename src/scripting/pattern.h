// Pattern: Lua's patterns, matched within bounds.
//
// It matches and reports errors as Lua 5.1 does, with three differences: nesting is bounded, so
// that a long pattern cannot use up the thread's stack; a match that takes long can be interrupted;
// and a pattern that is nested too deep is an error ("pattern too complex").
//
// Borrows text and pattern; lives for one call of a library function.
#pragma once

#include "scripting/lua.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::scripting {

class Pattern {
 public:
  static constexpr int kCapturesMax = 32;
  static constexpr int kDepthMax = 2000;  // Uses less than a megabyte of stack.

  Pattern(lua_State* L, std::string_view text, std::string_view pattern)
      : lua_(L), text_(text), pattern_(pattern) {}

  // The end of the match that begins at `from`; nothing if there is none. Raises Lua errors.
  std::optional<size_t> match(size_t from);

  // The number of captures in the last match. The functions below take that match as text[from,
  // to).
  int capture_count() const { return level_; }
  // Pushes the captures, or the whole match if there are none and `whole_if_none`. Returns how many
  // values it pushed.
  int push_captures(size_t from, size_t to, bool whole_if_none);
  // Pushes the capture `index`, counted from 0. If there are no captures, index 0 is the whole
  // match.
  void push_capture(int index, size_t from, size_t to);

 private:
  static constexpr ptrdiff_t kOpen = -1;      // The size of a capture that is not closed yet.
  static constexpr ptrdiff_t kPosition = -2;  // The size of a capture of a position.

  struct Capture {
    size_t begin;
    ptrdiff_t size;
  };
  using Match = std::optional<size_t>;

  Match match_here(size_t at, size_t p);
  Match match_repeated(size_t at, size_t p, size_t item_end);
  Match match_longest(size_t at, size_t p, size_t item_end);
  Match match_shortest(size_t at, size_t p, size_t item_end);
  Match open_capture(size_t at, size_t p, ptrdiff_t size);
  Match close_capture(size_t at, size_t p);
  Match match_balance(size_t at, size_t p);
  Match match_back_reference(size_t at, char digit);
  bool is_frontier(size_t at, size_t p, size_t set_end) const;

  size_t item_end(size_t p) const;
  bool matches_item(size_t at, size_t p, size_t end) const;
  bool matches_set(unsigned char c, size_t p, size_t last) const;
  int checked_capture(char digit) const;
  void count_steps(size_t steps);

  lua_State* lua_;
  std::string_view text_;
  std::string_view pattern_;
  int level_ = 0;
  int depth_ = 0;
  size_t steps_ = 0;
  std::array<Capture, kCapturesMax> captures_{};
};

}  // namespace kvstash::scripting
