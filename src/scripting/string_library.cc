#include "scripting/string_library.h"

#include "scripting/guard.h"
#include "scripting/pattern.h"
#include "scripting/readonly.h"
#include "scripting/table_sort.h"

#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstring>

namespace kvstash::scripting {
namespace {

// The size of one string: no more than the Lua heap could hold anyway, and it fits an int.
constexpr size_t kRepeatedBytesMax = size_t{512} << 20;
constexpr int kMovesPerTick = 65'536;
constexpr size_t kComparisonsPerTick = size_t{16} << 20;

// ---- string.find, match, gmatch, gsub.

// Where a search begins. The argument `index` counts from 1, or from the end if it is negative.
size_t search_start(lua_State* L, int argument, size_t size) {
  const lua_Integer index = luaL_optinteger(L, argument, 1);
  if (index > 0) return std::min(static_cast<size_t>(index) - 1, size);
  if (index == 0) return 0;
  const size_t from_end = size_t{0} - static_cast<size_t>(index);
  return from_end > size ? 0 : size - from_end;
}

// Searches in pieces and calls tick() between them: a search may take as many steps as the product
// of both sizes.
size_t find_word(lua_State* L, std::string_view text, std::string_view word, size_t from) {
  const size_t piece = std::max<size_t>(kComparisonsPerTick / (word.size() + 1), 1);
  for (; from <= text.size() && text.size() - from >= word.size(); from += piece) {
    const size_t at = text.substr(from, piece + word.size()).find(word);
    if (at != std::string_view::npos) return from + at;
    tick(L);
  }
  return std::string_view::npos;
}

int find_plain(lua_State* L, std::string_view text, std::string_view word, size_t from) {
  const size_t at = find_word(L, text, word, from);
  if (at == std::string_view::npos) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(at + 1));
  lua_pushinteger(L, static_cast<lua_Integer>(at + word.size()));
  return 2;
}

int search(lua_State* L, bool finds) {
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  size_t at = search_start(L, 3, text.size());
  const bool is_plain = finds && (lua_toboolean(L, 4) != 0 ||
                                  pattern.find_first_of("^$*+?.([%-") == std::string_view::npos);
  if (is_plain) return find_plain(L, text, pattern, at);
  const bool is_anchored = pattern.starts_with('^');
  if (is_anchored) pattern.remove_prefix(1);
  Pattern matcher(L, text, pattern);
  do {
    const std::optional<size_t> end = matcher.match(at);
    if (!end) continue;
    if (!finds) return matcher.push_captures(at, *end, true);
    lua_pushinteger(L, static_cast<lua_Integer>(at + 1));
    lua_pushinteger(L, static_cast<lua_Integer>(*end));
    return matcher.push_captures(at, *end, false) + 2;
  } while (++at <= text.size() && !is_anchored);
  lua_pushnil(L);
  return 1;
}

int string_find(lua_State* L) {
  return search(L, true);
}

int string_match(lua_State* L) {
  return search(L, false);
}

// The iterator of gmatch. The upvalues are the text, the pattern, and where to go on.
int next_match(lua_State* L) {
  const std::string_view text = text_at(L, lua_upvalueindex(1));
  Pattern matcher(L, text, text_at(L, lua_upvalueindex(2)));
  for (auto at = static_cast<size_t>(lua_tointeger(L, lua_upvalueindex(3))); at <= text.size();
       ++at) {
    const std::optional<size_t> end = matcher.match(at);
    if (!end) continue;
    lua_pushinteger(L, static_cast<lua_Integer>(*end == at ? *end + 1 : *end));
    lua_replace(L, lua_upvalueindex(3));
    return matcher.push_captures(at, *end, true);
  }
  return 0;
}

int string_gmatch(lua_State* L) {
  check_text(L, 1);
  check_text(L, 2);
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

// Appends the replacement text: "%1" in it is the first capture, "%0" the whole match.
void add_replacement_text(lua_State* L, luaL_Buffer& to, Pattern& match, size_t from, size_t end) {
  const std::string_view text = text_at(L, 3);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      luaL_addchar(&to, text[i]);
      continue;
    }
    ++i;
    const char c = i < text.size() ? text[i] : '\0';
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      luaL_addchar(&to, c);
    } else if (c == '0') {
      const std::string_view whole = text_at(L, 1).substr(from, end - from);
      luaL_addlstring(&to, whole.data(), whole.size());
    } else {
      match.push_capture(c - '1', from, end);
      luaL_addvalue(&to);
    }
  }
}

// Appends the replacement of a match. If its value is nil or false the match itself is appended.
void add_replacement(lua_State* L, luaL_Buffer& to, Pattern& match, size_t from, size_t end) {
  switch (lua_type(L, 3)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
      add_replacement_text(L, to, match, from, end);
      return;
    case LUA_TFUNCTION: {
      lua_pushvalue(L, 3);
      const int count = match.push_captures(from, end, true);
      lua_call(L, count, 1);
      break;
    }
    default:
      match.push_capture(0, from, end);
      lua_gettable(L, 3);
      break;
  }
  if (lua_toboolean(L, -1) == 0) {
    lua_pop(L, 1);
    push(L, text_at(L, 1).substr(from, end - from));
  } else if (lua_isstring(L, -1) == 0) {
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  }
  luaL_addvalue(&to);
}

int string_gsub(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  const int type = lua_type(L, 3);
  const int count_max =
      luaL_optint(L, 4, text.size() < INT_MAX ? static_cast<int>(text.size()) + 1 : INT_MAX);
  luaL_argcheck(
      L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
      3, "string/function/table expected");
  if (type == LUA_TNUMBER) text_at(L, 3);  // Converts the number once, not for every match.
  const bool is_anchored = pattern.starts_with('^');
  if (is_anchored) pattern.remove_prefix(1);
  Pattern matcher(L, text, pattern);
  luaL_Buffer to;
  luaL_buffinit(L, &to);
  size_t at = 0;
  int count = 0;
  while (count < count_max) {
    const std::optional<size_t> end = matcher.match(at);
    if (end) {
      ++count;
      add_replacement(L, to, matcher, at, *end);
    }
    if (end && *end > at) {
      at = *end;
    } else if (at < text.size()) {
      luaL_addchar(&to, text[at]);
      ++at;
    } else {
      break;
    }
    if (is_anchored) break;
  }
  luaL_addlstring(&to, text.data() + at, text.size() - at);
  luaL_pushresult(&to);
  lua_pushinteger(L, count);
  return 2;
}

// ---- The rest of string.

int string_rep(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const lua_Integer count = luaL_checkinteger(L, 2);
  if (count <= 0 || text.empty()) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (static_cast<size_t>(count) > kRepeatedBytesMax / text.size())
    raise_here(L, "resulting string too large");
  const size_t size = text.size() * static_cast<size_t>(count);
  char* bytes = static_cast<char*>(lua_newuserdata(L, size));
  std::memcpy(bytes, text.data(), text.size());
  for (size_t filled = text.size(); filled < size;) {
    const size_t more = std::min(filled, size - filled);
    std::memcpy(bytes + filled, bytes, more);
    filled += more;
  }
  push(L, {bytes, size});
  return 1;
}

// string.dump(): an error, because nothing could load bytecode.
int string_dump(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  raise_here(L, "unable to dump given function");
}

constexpr LibraryFunction kStringFunctions[] = {
    {"dump", string_dump},     {"find", string_find}, {"gfind", string_gmatch},
    {"gmatch", string_gmatch}, {"gsub", string_gsub}, {"match", string_match},
    {"rep", string_rep},
};

// ---- table.

// Moves elements of a table one by one and calls tick(), as a script may ask for any number of
// moves.
class Mover {
 public:
  explicit Mover(lua_State* L) : lua_(L) {}

  // table[to] = table[from], for the table at stack index 1.
  void move(int from, int to) {
    lua_rawgeti(lua_, 1, from);
    lua_rawseti(lua_, 1, to);
    if (++moves_ % kMovesPerTick == 0) tick(lua_);
  }

 private:
  lua_State* lua_;
  int moves_ = 0;
};

int table_insert(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  check_writable(L, 1);
  int end = static_cast<int>(lua_objlen(L, 1)) + 1;
  int at = end;
  const int arguments = lua_gettop(L);
  if (arguments == 3) {
    at = luaL_checkint(L, 2);
    end = std::max(end, at);
    Mover mover(L);
    for (int i = end; i > at; --i)
      mover.move(i - 1, i);
  } else if (arguments != 2) {
    raise_here(L, "wrong number of arguments to 'insert'");
  }
  lua_rawseti(L, 1, at);
  return 0;
}

int table_remove(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  check_writable(L, 1);
  const int size = static_cast<int>(lua_objlen(L, 1));
  const int at = luaL_optint(L, 2, size);
  if (at < 1 || at > size) return 0;
  lua_rawgeti(L, 1, at);
  Mover mover(L);
  for (int i = at; i < size; ++i)
    mover.move(i + 1, i);
  lua_pushnil(L);
  lua_rawseti(L, 1, size);
  return 1;
}

constexpr LibraryFunction kTableFunctions[] = {
    {"insert", table_insert},
    {"remove", table_remove},
    {"sort", table_sort},
};

}  // namespace

void add_string_library(lua_State* L) {
  set_functions(L, kStringFunctions);
}

void add_table_library(lua_State* L) {
  set_functions(L, kTableFunctions);
}

}  // namespace kvstash::scripting
