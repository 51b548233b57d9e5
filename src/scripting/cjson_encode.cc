#include "scripting/cjson_library.h"
#include "scripting/lua_buffer.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace kvstash::scripting {
namespace {

constexpr size_t kNumberCharsMax = 32;
constexpr int kSlotsPerLevel = 3;  // Stack slots: a key, its value, a larger buffer.

class Encoder {
 public:
  Encoder(lua_State* L, const CjsonOptions& options, LuaBuffer& to)
      : lua_(L), options_(&options), to_(&to) {}

  // Writes the value on top of the stack as JSON.
  void write(int depth);

 private:
  void write_text(std::string_view text);
  void write_number(int index);
  void write_array(int depth, int size);
  void write_object(int depth);
  void write_table(int depth);
  int array_size();
  void check_depth(int depth);
  [[noreturn]] void refuse(int index, const char* why);

  lua_State* lua_;
  const CjsonOptions* options_;
  LuaBuffer* to_;
};

void Encoder::refuse(int index, const char* why) {
  luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, index), why);
  __builtin_unreachable();
}

// The short escape of a byte; empty if the byte has none.
std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '/':
      return "\\/";
    case '\b':
      return "\\b";
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\f':
      return "\\f";
    case '\r':
      return "\\r";
    default:
      return {};
  }
}

bool stands_for_itself(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\' && c != '/';
}

void Encoder::write_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  to_->add('"');
  size_t plain = 0;  // Where the bytes begin that are still to be written.
  for (size_t i = 0; i < text.size(); ++i) {
    if (stands_for_itself(text[i])) continue;
    to_->add(text.substr(plain, i - plain));
    plain = i + 1;
    if (const std::string_view escape = short_escape(text[i]); !escape.empty()) {
      to_->add(escape);
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    to_->add("\\u00");
    to_->add(kDigits[byte >> 4]);
    to_->add(kDigits[byte & 15]);
  }
  to_->add(text.substr(plain));
  to_->add('"');
}

void Encoder::write_number(int index) {
  const lua_Number number = lua_tonumber(lua_, index);
  if (!std::isfinite(number) && options_->encode_invalid_numbers != InvalidNumbers::kAllow) {
    if (options_->encode_invalid_numbers == InvalidNumbers::kRefuse)
      refuse(index, "must not be NaN or Inf");
    to_->add("null");
    return;
  }
  if (std::isnan(number)) {
    to_->add("nan");
    return;
  }
  char* room = to_->reserve(kNumberCharsMax);
  const int size = std::snprintf(room, kNumberCharsMax, "%.*g", options_->encode_precision, number);
  to_->keep(static_cast<size_t>(size));
}

void Encoder::check_depth(int depth) {
  if (depth <= options_->encode_max_depth && lua_checkstack(lua_, kSlotsPerLevel) != 0) return;
  luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
}

// Converts a double to an int. One that is too large gives the same int as in Redis on x86.
int to_int(lua_Number value) {
  constexpr lua_Number kIntMax = std::numeric_limits<int>::max();
  return value <= kIntMax ? static_cast<int>(value) : std::numeric_limits<int>::min();
}

// Returns the last index of a table whose keys are all positive integers. A result of 0 or less
// means that the table is written as an object. As in Redis an index beyond an int becomes the
// smallest int: the next index visited replaces it, and if none follows, the table is an object.
int Encoder::array_size() {
  int last = 0;
  int64_t count = 0;
  const int top = lua_gettop(lua_);
  for (lua_pushnil(lua_); lua_next(lua_, top) != 0;) {
    lua_pop(lua_, 1);
    const lua_Number key = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
    if (!(key >= 1) || std::floor(key) != key) {
      lua_settop(lua_, top);
      return -1;
    }
    if (key > last) last = to_int(key);
    ++count;
  }
  const bool is_sparse = options_->sparse_ratio > 0 && last > count * options_->sparse_ratio &&
                         last > options_->sparse_safe;
  if (!is_sparse) return last;
  if (!options_->sparse_converts) refuse(-1, "excessively sparse array");
  return -1;
}

void Encoder::write_array(int depth, int size) {
  to_->add('[');
  for (int i = 1; i <= size; ++i) {
    if (i != 1) to_->add(',');
    lua_rawgeti(lua_, -1, i);
    write(depth);
    lua_pop(lua_, 1);
  }
  to_->add(']');
}

void Encoder::write_object(int depth) {
  to_->add('{');
  bool is_first = true;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
    if (!is_first) to_->add(',');
    is_first = false;
    const int type = lua_type(lua_, -2);
    if (type == LUA_TNUMBER) {
      to_->add('"');
      write_number(-2);
      to_->add('"');
    } else if (type == LUA_TSTRING) {
      write_text(text_at(lua_, -2));
    } else {
      refuse(-2, "table key must be a number or string");
    }
    to_->add(':');
    write(depth);
  }
  to_->add('}');
}

void Encoder::write_table(int depth) {
  check_depth(depth + 1);
  const int size = array_size();
  if (size > 0) {
    write_array(depth + 1, size);
  } else {
    write_object(depth + 1);
  }
}

void Encoder::write(int depth) {
  switch (lua_type(lua_, -1)) {
    case LUA_TSTRING:
      write_text(text_at(lua_, -1));
      return;
    case LUA_TNUMBER:
      write_number(-1);
      return;
    case LUA_TBOOLEAN:
      to_->add(lua_toboolean(lua_, -1) != 0 ? "true" : "false");
      return;
    case LUA_TTABLE:
      write_table(depth);
      return;
    case LUA_TNIL:
      to_->add("null");
      return;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(lua_, -1) == nullptr) {
        to_->add("null");
        return;
      }
      [[fallthrough]];
    default:
      refuse(-1, "type not supported");
  }
}

}  // namespace

void push_json(lua_State* L, const CjsonOptions& options) {
  LuaBuffer to(L);
  lua_pushvalue(L, 1);
  Encoder(L, options, to).write(0);
  to.push_result();
}

}  // namespace kvstash::scripting
