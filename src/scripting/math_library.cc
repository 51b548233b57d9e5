#include "scripting/math_library.h"

#include <cmath>
#include <limits>

namespace kvstash::scripting {
namespace {

ScriptRandom& random_of(lua_State* L) {
  return *static_cast<ScriptRandom*>(lua_touserdata(L, lua_upvalueindex(1)));
}

int math_random(lua_State* L) {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  const lua_Number unit = static_cast<lua_Number>(random_of(L).next() % kMax) / kMax;
  const int arguments = lua_gettop(L);
  if (arguments == 0) {
    lua_pushnumber(L, unit);
    return 1;
  }
  if (arguments > 2) return luaL_error(L, "wrong number of arguments");
  const int low = arguments == 1 ? 1 : luaL_checkint(L, 1);
  const int high = luaL_checkint(L, arguments);
  luaL_argcheck(L, low <= high, arguments, "interval is empty");
  const lua_Number width = static_cast<lua_Number>(high) - low + 1;
  lua_pushnumber(L, std::floor(unit * width) + low);
  return 1;
}

int math_randomseed(lua_State* L) {
  random_of(L).seed(luaL_checkint(L, 1));
  return 0;
}

}  // namespace

void ScriptRandom::seed(int32_t value) {
  state_ = uint64_t{static_cast<uint32_t>(value)} << 16 | 0x330e;
}

int32_t ScriptRandom::next() {
  constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  state_ = (state_ * 0x5deece66d + 0xb) & kMask;
  return static_cast<int32_t>(state_ >> 17);
}

void add_math_library(lua_State* L, ScriptRandom& random) {
  lua_pushlightuserdata(L, &random);
  lua_pushcclosure(L, math_random, 1);
  lua_setfield(L, -2, "random");
  lua_pushlightuserdata(L, &random);
  lua_pushcclosure(L, math_randomseed, 1);
  lua_setfield(L, -2, "randomseed");
}

}  // namespace kvstash::scripting
