#include "scripting/function_register.h"

#include "base/text.h"
#include "scripting/redis_library.h"
#include "scripting/vm.h"

#include <algorithm>
#include <string>

namespace kvstash::scripting {
namespace {

// Bounded, like everything that a client can make grow.
constexpr size_t kFunctionsMax = 100'000;

// Reads the flags from the table on top of the stack: its values, whatever their keys.
uint32_t read_flags(lua_State* L) {
  uint32_t flags = 0;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const std::optional<ScriptFlag> flag =
        lua_type(L, -1) == LUA_TSTRING ? script_flag(text_at(L, -1)) : std::nullopt;
    if (!flag) raise_redis_error(L, "unknown flag given");
    flags |= *flag;
    lua_pop(L, 1);
  }
  return flags;
}

std::string text_argument(lua_State* L, const char* complaint) {
  if (lua_isstring(L, -1) == 0) raise_redis_error(L, complaint);
  lua_pushvalue(L, -1);  // A copy, because text_at() converts a number in place.
  std::string text(text_at(L, -1));
  lua_pop(L, 1);
  return text;
}

// The arguments, given by position or by name. The callback stays at stack index `callback`.
struct Arguments {
  std::optional<std::string> name;
  std::optional<std::string> description;
  uint32_t flags = 0;
  int callback = 0;
};

Arguments read_named(lua_State* L) {
  Arguments given;
  lua_pushnil(L);  // Reserves a stack slot for the callback.
  const int place = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    // Lua accepts a number for a string; a number passes this check, but is no argument's name.
    if (lua_isstring(L, -2) == 0)
      raise_redis_error(L, "named argument key given to redis.register_function is not a string");
    const std::string_view key =
        lua_type(L, -2) == LUA_TSTRING ? text_at(L, -2) : std::string_view();
    if (equals_ignore_case(key, "function_name")) {
      given.name = text_argument(
          L, "function_name argument given to redis.register_function must be a string");
    } else if (equals_ignore_case(key, "description")) {
      given.description = text_argument(
          L, "description argument given to redis.register_function must be a string");
    } else if (equals_ignore_case(key, "callback")) {
      if (!lua_isfunction(L, -1))
        raise_redis_error(L,
                          "callback argument given to redis.register_function must be a function");
      lua_pushvalue(L, -1);
      lua_replace(L, place);
      given.callback = place;
    } else if (equals_ignore_case(key, "flags")) {
      if (!lua_istable(L, -1))
        raise_redis_error(L,
                          "flags argument to redis.register_function must be a table representing "
                          "function flags");
      given.flags = read_flags(L);
    } else {
      raise_redis_error(L, "unknown argument given to redis.register_function");
    }
    lua_pop(L, 1);
  }
  if (!given.name)
    raise_redis_error(L, "redis.register_function must get a function name argument");
  if (given.callback == 0)
    raise_redis_error(L, "redis.register_function must get a callback argument");
  return given;
}

Arguments read_positional(lua_State* L) {
  Arguments given;
  lua_pushvalue(L, 1);
  given.name = text_argument(L, "first argument to redis.register_function must be a string");
  if (!lua_isfunction(L, 2))
    raise_redis_error(L, "second argument to redis.register_function must be a function");
  given.callback = 2;
  return given;
}

}  // namespace

int redis_register_function(lua_State* L) {
  Vm& vm = Vm::of(L);
  std::vector<RegisteredFunction>* registered = vm.registered();
  if (registered == nullptr)
    raise_redis_error(L, "redis.register_function can only be called on FUNCTION LOAD command");
  const int arguments = lua_gettop(L);
  if (arguments < 1 || arguments > 2)
    raise_redis_error(L, "wrong number of arguments to redis.register_function");
  if (arguments == 1 && !lua_istable(L, 1))
    raise_redis_error(L,
                      "calling redis.register_function with a single argument is only applicable "
                      "to Lua table (representing named arguments).");
  Arguments given = arguments == 1 ? read_named(L) : read_positional(L);
  if (!is_library_name(*given.name))
    raise_redis_error(L,
                      "Library names can only contain letters, numbers, or underscores(_) and must "
                      "be at least one character long");
  const bool is_taken = std::ranges::any_of(*registered, [&](const RegisteredFunction& other) {
    return other.function.name == *given.name;
  });
  if (is_taken) raise_redis_error(L, "Function already exists in the library");
  if (registered->size() >= kFunctionsMax)
    raise_redis_error(L, "too many functions in the library");
  lua_pushvalue(L, given.callback);
  const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  registered->push_back({.function = {.name = *std::move(given.name),
                                      .description = std::move(given.description),
                                      .flags = given.flags},
                         .reference = reference});
  return 0;
}

}  // namespace kvstash::scripting
