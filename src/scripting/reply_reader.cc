#include "scripting/reply_reader.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace kvstash::scripting {
namespace {

constexpr int kSlotsPerLevel = 8;

class ReplyReader {
 public:
  ReplyReader(lua_State* L, std::string_view bytes) : lua_(L), rest_(bytes) {}

  void push_next();

 private:
  std::string_view line();
  std::string_view take(size_t size);
  int64_t number(std::string_view text) const;
  void push_bulk(int64_t size);
  void push_array(int64_t count);
  void push_map(int64_t pairs);
  void push_set(int64_t count);
  void push_double(std::string_view text);
  void push_verbatim(int64_t size);
  void wrap(const char* field);

  lua_State* lua_;
  std::string_view rest_;
};

std::string_view ReplyReader::line() {
  const size_t end = rest_.find('\r');
  ensure(end != std::string_view::npos);
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end + 2);
  return text;
}

std::string_view ReplyReader::take(size_t size) {
  ensure(rest_.size() >= size + 2);
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size + 2);
  return text;
}

int64_t ReplyReader::number(std::string_view text) const {
  const std::optional<int64_t> value = parse_int64(text);
  ensure(value.has_value());
  return *value;
}

// Replaces the value on top of the stack by a table that has it as its only field.
void ReplyReader::wrap(const char* field) {
  lua_createtable(lua_, 0, 1);
  lua_insert(lua_, -2);
  lua_setfield(lua_, -2, field);
}

void ReplyReader::push_next() {
  luaL_checkstack(lua_, kSlotsPerLevel, "reply nested too deep");
  const char type = rest_.front();
  rest_.remove_prefix(1);
  const std::string_view head = line();
  switch (type) {
    case '+':
      push(lua_, head);
      wrap("ok");
      return;
    case '-':
      push_error(lua_, head);
      return;
    case ':':
      lua_pushnumber(lua_, static_cast<lua_Number>(number(head)));
      return;
    case '$':
      push_bulk(number(head));
      return;
    case '*':
    case '>':
      push_array(number(head));
      return;
    case '_':
      lua_pushnil(lua_);
      return;
    case '#':
      lua_pushboolean(lua_, head == "t" ? 1 : 0);
      return;
    case ',':
      push_double(head);
      return;
    case '(':
      push(lua_, head);
      wrap("big_number");
      return;
    case '=':
      push_verbatim(number(head));
      return;
    case '%':
      push_map(number(head));
      return;
    case '~':
      push_set(number(head));
      return;
    case '|':
      for (int64_t left = 2 * number(head); left > 0; --left) {
        push_next();
        lua_pop(lua_, 1);
      }
      push_next();
      return;
    default:
      panic(__FILE__, __LINE__);
  }
}

void ReplyReader::push_bulk(int64_t size) {
  if (size < 0) {
    lua_pushboolean(lua_, 0);
  } else {
    push(lua_, take(static_cast<size_t>(size)));
  }
}

void ReplyReader::push_array(int64_t count) {
  if (count < 0) {
    lua_pushboolean(lua_, 0);
    return;
  }
  lua_createtable(lua_, static_cast<int>(count), 0);
  for (int64_t i = 1; i <= count; ++i) {
    push_next();
    lua_rawseti(lua_, -2, static_cast<int>(i));
  }
}

// Pushes a map. A pair whose key is null, which is nil in Lua, is left out.
void ReplyReader::push_map(int64_t pairs) {
  lua_createtable(lua_, 0, static_cast<int>(pairs));
  for (; pairs > 0; --pairs) {
    push_next();
    push_next();
    if (lua_isnil(lua_, -2)) {
      lua_pop(lua_, 2);
    } else {
      lua_rawset(lua_, -3);
    }
  }
  wrap("map");
}

void ReplyReader::push_set(int64_t count) {
  lua_createtable(lua_, 0, static_cast<int>(count));
  for (; count > 0; --count) {
    push_next();
    if (lua_isnil(lua_, -1)) {
      lua_pop(lua_, 1);
      continue;
    }
    lua_pushboolean(lua_, 1);
    lua_rawset(lua_, -3);
  }
  wrap("set");
}

void ReplyReader::push_double(std::string_view text) {
  lua_pushnumber(lua_, std::strtod(std::string(text).c_str(), nullptr));
  wrap("double");
}

// Pushes a verbatim string, whose bytes are the format, like "txt:", and the text.
void ReplyReader::push_verbatim(int64_t size) {
  const std::string_view text = take(static_cast<size_t>(size));
  lua_createtable(lua_, 0, 2);
  push(lua_, text.substr(0, 3));
  lua_setfield(lua_, -2, "format");
  push(lua_, text.substr(4));
  lua_setfield(lua_, -2, "string");
  wrap("verbatim_string");
}

}  // namespace

void push_reply(lua_State* L, std::string_view bytes) {
  ReplyReader(L, bytes).push_next();
}

std::string_view error_in(std::string_view bytes) {
  if (!bytes.starts_with('-')) return {};
  return bytes.substr(1, bytes.size() - 3);
}

void push_error(lua_State* L, std::string_view message) {
  lua_createtable(L, 0, 2);
  push(L, message);
  lua_setfield(L, -2, "err");
}

}  // namespace kvstash::scripting
