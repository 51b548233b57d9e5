#include "scripting/cjson_library.h"

#include <climits>
#include <memory>

namespace kvstash::scripting {
namespace {

constexpr int kPrecisionMax = 14;

// The options of the library that a function belongs to; they are upvalue 1 of every function.
CjsonOptions& options_of(lua_State* L) {
  return *static_cast<CjsonOptions*>(lua_touserdata(L, lua_upvalueindex(1)));
}

int cjson_encode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  push_json(L, options_of(L));
  return 1;
}

int cjson_decode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  const std::string_view json = check_text(L, 1);
  if (json.size() >= 2 && (json[0] == '\0' || json[1] == '\0'))
    raise_here(L, "JSON parser does not support UTF-16 or UTF-32");
  push_json_value(L, options_of(L), json);
  return 1;
}

// ---- Options: each function sets an option if it is given a value, and returns the present value.

void take_arguments(lua_State* L, int count) {
  luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
  lua_settop(L, count);
}

int integer_option(lua_State* L, int index, int& option, int max) {
  if (!lua_isnil(L, index)) {
    const int value = luaL_checkint(L, index);  // As in Redis, only the lowest bits count.
    const bool fits = value >= (max == INT_MAX && index > 1 ? 0 : 1) && value <= max;
    if (!fits)
      luaL_argerror(L, 1,
                    lua_pushfstring(L, "expected integer between %d and %d",
                                    max == INT_MAX && index > 1 ? 0 : 1, max));
    option = value;
  }
  lua_pushinteger(L, option);
  return 1;
}

int boolean_option(lua_State* L, int index, bool& option) {
  static const char* const kWords[] = {"off", "on", nullptr};
  if (lua_isboolean(L, index)) {
    option = lua_toboolean(L, index) != 0;
  } else if (!lua_isnil(L, index)) {
    option = luaL_checkoption(L, index, nullptr, kWords) == 1;
  }
  lua_pushboolean(L, option ? 1 : 0);
  return 1;
}

int numbers_option(lua_State* L, InvalidNumbers& option, const char* const* words) {
  if (lua_isboolean(L, 1)) {
    option = lua_toboolean(L, 1) != 0 ? InvalidNumbers::kAllow : InvalidNumbers::kRefuse;
  } else if (!lua_isnil(L, 1)) {
    option = static_cast<InvalidNumbers>(luaL_checkoption(L, 1, nullptr, words));
  }
  if (option == InvalidNumbers::kAsNull) {
    lua_pushliteral(L, "null");
  } else {
    lua_pushboolean(L, option == InvalidNumbers::kAllow ? 1 : 0);
  }
  return 1;
}

int cjson_encode_sparse_array(lua_State* L) {
  take_arguments(L, 3);
  CjsonOptions& options = options_of(L);
  return boolean_option(L, 1, options.sparse_converts) +
         integer_option(L, 2, options.sparse_ratio, INT_MAX) +
         integer_option(L, 3, options.sparse_safe, INT_MAX);
}

int cjson_encode_max_depth(lua_State* L) {
  take_arguments(L, 1);
  return integer_option(L, 1, options_of(L).encode_max_depth, INT_MAX);
}

int cjson_decode_max_depth(lua_State* L) {
  take_arguments(L, 1);
  return integer_option(L, 1, options_of(L).decode_max_depth, INT_MAX);
}

int cjson_encode_number_precision(lua_State* L) {
  take_arguments(L, 1);
  return integer_option(L, 1, options_of(L).encode_precision, kPrecisionMax);
}

int cjson_encode_keep_buffer(lua_State* L) {
  take_arguments(L, 1);
  return boolean_option(L, 1, options_of(L).keeps_buffer);
}

int cjson_encode_invalid_numbers(lua_State* L) {
  static const char* const kWords[] = {"off", "on", "null", nullptr};
  take_arguments(L, 1);
  return numbers_option(L, options_of(L).encode_invalid_numbers, kWords);
}

int cjson_decode_invalid_numbers(lua_State* L) {
  static const char* const kWords[] = {"off", "on", nullptr};
  take_arguments(L, 1);
  return numbers_option(L, options_of(L).decode_invalid_numbers, kWords);
}

// cjson.new(): returns another library, with options of its own.
int cjson_new(lua_State* L) {
  push_cjson_library(L);
  return 1;
}

constexpr LibraryFunction kCjsonFunctions[] = {
    {"decode", cjson_decode},
    {"decode_invalid_numbers", cjson_decode_invalid_numbers},
    {"decode_max_depth", cjson_decode_max_depth},
    {"encode", cjson_encode},
    {"encode_invalid_numbers", cjson_encode_invalid_numbers},
    {"encode_keep_buffer", cjson_encode_keep_buffer},
    {"encode_max_depth", cjson_encode_max_depth},
    {"encode_number_precision", cjson_encode_number_precision},
    {"encode_sparse_array", cjson_encode_sparse_array},
    {"new", cjson_new},
};

}  // namespace

CjsonOptions* push_cjson_library(lua_State* L) {
  lua_newtable(L);
  auto* options =
      std::construct_at(static_cast<CjsonOptions*>(lua_newuserdata(L, sizeof(CjsonOptions))));
  for (const LibraryFunction& entry : kCjsonFunctions) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, entry.function, 1);
    lua_setfield(L, -3, entry.name);
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, "cjson");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "2.1.0");
  lua_setfield(L, -2, "_VERSION");
  return options;
}

}  // namespace kvstash::scripting
