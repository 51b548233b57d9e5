#include "scripting/coroutine_library.h"

#include "scripting/guard.h"

namespace kvstash::scripting {
namespace {

enum class State { kRunning, kSuspended, kNormal, kDead };

// The states of a coroutine as error messages name them.
constexpr const char* kStateNames[] = {"running", "suspended", "normal", "dead"};

State state_of(lua_State* L, lua_State* coroutine) {
  if (L == coroutine) return State::kRunning;
  const int status = lua_status(coroutine);
  if (status == LUA_YIELD) return State::kSuspended;
  if (status != 0) return State::kDead;
  lua_Debug frame;
  if (lua_getstack(coroutine, 0, &frame) > 0) return State::kNormal;
  return lua_gettop(coroutine) == 0 ? State::kDead : State::kSuspended;
}

constexpr int kFailed = -1;

// Resumes the coroutine with the topmost `arguments` values of the stack. Returns the number of its
// results, which replace them, or kFailed and pushes the error. Lua's own function does the same,
// but if it were called from one of ours Lua would count two levels of depth.
int go_on(lua_State* L, lua_State* coroutine, int arguments) {
  check_depth(L);
  const State state = state_of(L, coroutine);
  if (lua_checkstack(coroutine, arguments) == 0) luaL_error(L, "too many arguments to resume");
  if (state != State::kSuspended) {
    lua_pushfstring(L, "cannot resume %s coroutine", kStateNames[static_cast<size_t>(state)]);
    return kFailed;
  }
  lua_xmove(L, coroutine, arguments);
  lua_setlevel(L, coroutine);
  const int status = lua_resume(coroutine, arguments);
  if (status != 0 && status != LUA_YIELD) {
    lua_xmove(coroutine, L, 1);
    return kFailed;
  }
  const int results = lua_gettop(coroutine);
  if (lua_checkstack(L, results + 1) == 0) luaL_error(L, "too many results to resume");
  lua_xmove(coroutine, L, results);
  return results;
}

int resume(lua_State* L) {
  lua_State* coroutine = lua_tothread(L, 1);
  luaL_argcheck(L, coroutine != nullptr, 1, "coroutine expected");
  const int results = go_on(L, coroutine, lua_gettop(L) - 1);
  const int values = results == kFailed ? 1 : results;
  lua_pushboolean(L, results == kFailed ? 0 : 1);
  lua_insert(L, -(values + 1));
  return values + 1;
}

// The function that coroutine.wrap returns. Upvalue 1 is the coroutine.
int resume_wrapped(lua_State* L) {
  const int results = go_on(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L));
  if (results != kFailed) return results;
  if (lua_isstring(L, -1) != 0) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

// coroutine.wrap(). It does not call Lua's own coroutine.create, because Lua would count that as
// one more level of depth.
int wrap(lua_State* L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && lua_iscfunction(L, 1) == 0, 1, "Lua function expected");
  lua_State* coroutine = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, coroutine, 1);
  lua_pushcclosure(L, resume_wrapped, 1);
  return 1;
}

}  // namespace

void add_coroutine_library(lua_State* L) {
  lua_pushcfunction(L, wrap);
  lua_setfield(L, -2, "wrap");
  lua_pushcfunction(L, resume);
  lua_setfield(L, -2, "resume");
}

}  // namespace kvstash::scripting
