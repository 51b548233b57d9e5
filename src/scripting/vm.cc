#include "scripting/vm.h"

#include "engine/executor.h"
#include "engine/shard.h"
#include "scripting/base_library.h"
#include "scripting/guard.h"
#include "scripting/readonly.h"
#include "scripting/reply_maker.h"
#include "scripting/sandbox.h"

#include <string>

namespace kvstash::scripting {
namespace {

// What stands at the bottom of the stack all the time.
enum Slot : int {
  kHandlerSlot = 1,
  kGlobalsSlot,         // The real ones.
  kStandInMetaSlot,     // Its __index chooses what scripts see as globals.
  kLoadingGlobalsSlot,  // nil, but for functions.
  kKeysSlot,            // "KEYS"
  kArgvSlot,            // "ARGV"
  kSlots = kArgvSlot,
};

// Of the thread's stack, above the frame that called into Lua. A thread has 8 MiB; one coroutine
// takes no more than 200 frames of Lua's own functions beyond this, the largest of 8 KiB.
constexpr size_t kNestedBytesMax = size_t{1} << 20;
constexpr uint32_t kRunsPerCollection = 50;
// Past this a heap is worth more work between scripts.
constexpr size_t kSmallHeapBytes = size_t{8} << 20;
constexpr int kCollectionSteps = 64;
constexpr size_t kShownBytesMax = 100;  // Of an error that is not a table.

uintptr_t frame_address() {
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
}

void on_count(lua_State* L, lua_Debug*) {
  Vm::of(L).tick(L);
}

// As Lua's own tostring, without metamethods.
void push_text_of(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
      lua_pushvalue(L, index);
      lua_tostring(L, -1);
      return;
    case LUA_TNIL:
      lua_pushliteral(L, "nil");
      return;
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, index) != 0 ? "true" : "false");
      return;
    default:
      lua_pushfstring(L, "%s: %p", luaL_typename(L, index), lua_topointer(L, index));
      return;
  }
}

// Turns whatever was raised into {err=..., source=..., line=...}.
int on_error(lua_State* L) {
  lua_settop(L, 1);
  if (lua_type(L, 1) != LUA_TTABLE) {
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "ERR ");
    push_text_of(L, 1);
    lua_concat(L, 2);
    lua_setfield(L, -2, "err");
    lua_replace(L, 1);
  }
  if (is_readonly(L, 1)) return 1;
  lua_Debug where{};
  if (lua_getstack(L, 1, &where) == 0 || lua_getinfo(L, "Sl", &where) == 0) return 1;
  if (where.what == std::string_view("C") &&
      (lua_getstack(L, 2, &where) == 0 || lua_getinfo(L, "Sl", &where) == 0))
    return 1;
  lua_pushliteral(L, "source");
  lua_pushstring(L, where.source);
  lua_rawset(L, 1);
  lua_pushliteral(L, "line");
  lua_pushinteger(L, where.currentline);
  lua_rawset(L, 1);
  return 1;
}

// The field of the table on top of the stack as text, or nothing.
std::string field_text(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  std::string text;
  if (lua_isstring(L, -1) != 0) text = text_at(L, -1);
  lua_pop(L, 1);
  return text;
}

bool has_flag(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  const bool is_set = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return is_set;
}

void push_list(lua_State* L, std::span<const std::string_view> texts) {
  lua_createtable(L, static_cast<int>(texts.size()), 0);
  for (size_t i = 0; i < texts.size(); ++i) {
    push(L, texts[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

}  // namespace

void tick(lua_State* L) {
  Vm::of(L).tick(L);
}

void check_depth(lua_State* L) {
  Vm::of(L).check_depth(L);
}

Vm::Vm(VmKind kind, std::string_view redis_version) : kind_(kind), heap_(this, kBytesMax) {
  lua_State* L = state();
  lua_pushcfunction(L, on_error);
  cjson_ = build_sandbox(L, {.is_for_functions = kind == VmKind::kFunctions,
                             .redis_version = redis_version,
                             .random = &random_});
  lua_pushliteral(L, "KEYS");
  lua_pushliteral(L, "ARGV");
  ensure(lua_gettop(L) == kSlots);
  lua_sethook(L, on_count, LUA_MASKCOUNT, kInstructionsPerTick);
}

// ---- Functions.

Result<int> Vm::compile(std::string_view text, const char* chunk_name) {
  lua_State* L = state();
  if (load_text(L, text, chunk_name) == 0) return keep();
  Error error = Error::text(std::string(text_at(L, -1)));
  lua_settop(L, kSlots);
  return error;
}

int Vm::keep() {
  return luaL_ref(state(), LUA_REGISTRYINDEX);
}

void Vm::forget(int reference) {
  luaL_unref(state(), LUA_REGISTRYINDEX, reference);
}

Status Vm::load(std::string_view text, const char* chunk_name,
                std::vector<RegisteredFunction>& registered) {
  lua_State* L = state();
  if (load_text(L, text, chunk_name) != 0) {
    Error error = Error::text("ERR Error compiling function: " + std::string(text_at(L, -1)));
    lua_settop(L, kSlots);
    return error;
  }
  const auto choose_globals = [L](int slot) {
    lua_pushvalue(L, slot);
    lua_setfield(L, kStandInMetaSlot, "__index");
  };
  choose_globals(kLoadingGlobalsSlot);
  stack_base_ = frame_address();
  registered_ = &registered;
  const int status = heap_.run(0, 0, kHandlerSlot);
  registered_ = nullptr;
  choose_globals(kGlobalsSlot);
  if (status == 0) return {};
  std::string message =
      lua_type(L, -1) == LUA_TTABLE ? field_text(L, "err") : std::string(text_at(L, -1));
  if (message.empty()) message = "ERR unknown error";
  lua_settop(L, kSlots);
  return Error::text("ERR Error registering functions: " + message);
}

// ---- Calls.

void Vm::call(Run& run, int reference, std::span<const std::string_view> keys,
              std::span<const std::string_view> args) {
  lua_State* L = state();
  ensure(run_ == nullptr);
  run_ = &run;
  stack_base_ = frame_address();
  int arguments = 0;
  if (kind_ == VmKind::kFunctions) {
    arguments = 2;
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    push_list(L, keys);
    push_list(L, args);
  } else {
    lua_pushvalue(L, kKeysSlot);
    push_list(L, keys);
    lua_rawset(L, kGlobalsSlot);
    lua_pushvalue(L, kArgvSlot);
    push_list(L, args);
    lua_rawset(L, kGlobalsSlot);
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  }
  const int status = heap_.run(arguments, 1, kHandlerSlot);
  run_ = nullptr;
  *cjson_ = {};
  resp::ReplyWriter& reply = run.call->reply();
  if (status == 0) {
    write_value(L, reply, run.caller.resp);
  } else {
    write_failure(run);
  }
  lua_settop(L, kSlots);
  collect_some();
}

// The error is on top of the stack: the handler's table, or a text if Lua itself gave up.
void Vm::write_failure(Run& run) {
  lua_State* L = state();
  std::string message;
  bool is_counted = false;
  if (lua_type(L, -1) != LUA_TTABLE) {
    const std::string_view text = text_at(L, -1);
    message = "ERR Error running script " + std::string(run.name) + ", " +
              std::string(text.empty() ? "execution failure" : text.substr(0, kShownBytesMax));
  } else {
    message = field_text(L, "err");
    if (message.empty()) message = "ERR unknown error";
    const std::string source = field_text(L, "source");
    const std::string line = field_text(L, "line");
    if (!source.empty() && !line.empty())
      message += " script: " + std::string(run.name) + ", on " + source + ":" + line + ".";
    is_counted = has_flag(L, "ignore_error_stats_update");
  }
  run.call->reply().error(message);
  engine::Shard& worker = run.call->worker();
  ++worker.command_stats(run.call->command()).failed;
  if (!is_counted) worker.executor().count_error(message);
}

// Bounded, between two scripts.
void Vm::collect_some() {
  if (++runs_ % kRunsPerCollection == 0) lua_gc(state(), LUA_GCSTEP, 1);
  if (bytes() > kSmallHeapBytes) lua_gc(state(), LUA_GCSTEP, kCollectionSteps);
}

// ---- Bounds.

void Vm::tick(lua_State*) {}

void Vm::check_depth(lua_State* L) const {
  const uintptr_t here = frame_address();
  if (stack_base_ > here && stack_base_ - here > kNestedBytesMax) raise_here(L, "C stack overflow");
}

}  // namespace kvstash::scripting
