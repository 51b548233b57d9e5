#include "scripting/vm.h"

#include "base/log.h"
#include "engine/execution/executor.h"
#include "engine/shard.h"
#include "scripting/base_library.h"
#include "scripting/guard.h"
#include "scripting/readonly.h"
#include "scripting/redis_library.h"
#include "scripting/reply_maker.h"
#include "scripting/sandbox.h"
#include "scripting/scripting.h"

#include <algorithm>
#include <string>

namespace kvstash::scripting {
namespace {

// The values that are always at the bottom of the stack.
enum Slot : int {
  kHandlerSlot = 1,
  kGlobalsSlot,         // The real globals.
  kStandInMetaSlot,     // Metatable whose __index selects the globals that scripts see.
  kLoadingGlobalsSlot,  // nil in the Vm of EVAL.
  kKeysSlot,            // The string "KEYS".
  kArgvSlot,            // The string "ARGV".
  kSlots = kArgvSlot,
};

// The part of the thread's stack that may be used above the frame that called into Lua. A thread
// has 8 MiB; beyond this bound one coroutine takes at most 200 frames of Lua's own functions, of at
// most 8 KiB each.
constexpr size_t kNestedBytesMax = size_t{1} << 20;
constexpr uint32_t kRunsPerCollection = 50;
// A heap larger than this is collected more between scripts.
constexpr size_t kSmallHeapBytes = size_t{8} << 20;
constexpr int kCollectionSteps = 64;
constexpr size_t kLargeHeapBytes = size_t{64} << 20;
constexpr size_t kShownBytesMax = 100;  // For an error that is not a table.
constexpr int64_t kNsPerMs = 1'000'000;
constexpr const char* kKilled = "Script killed by user with SCRIPT KILL...";
// A slow script serves clients once in this time. If serving takes long, the script then runs for
// kServeShare times as long, so that it makes progress.
constexpr int64_t kServePeriodNs = 5 * kNsPerMs;
constexpr int64_t kServeShare = 4;

uintptr_t frame_address() {
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
}

void on_count(lua_State* L, lua_Debug*) {
  // A coroutine that a library kept may still have the hook of a run that was ended.
  if (lua_gethookcount(L) == 1 && !Vm::of(L).is_ending())
    lua_sethook(L, on_count, LUA_MASKCOUNT, Vm::kInstructionsPerTick);
  Vm::of(L).tick(L);
}

// Converts a value to text as Lua's own tostring does, without metamethods.
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

// The error handler. Turns any error into a table {err=..., source=..., line=...}.
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

// The text of a field of the table on top of the stack; empty if the field has none.
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

bool is_ending(lua_State* L) {
  return Vm::of(L).is_ending();
}

void check_depth(lua_State* L) {
  Vm::of(L).check_depth(L);
}

Vm::Vm(VmKind kind, std::string_view redis_version, const Clock& clock)
    : kind_(kind), clock_(&clock), heap_(this, kBytesMax) {
  lua_State* L = state();
  lua_pushcfunction(L, on_error);
  cjson_ = build_sandbox(L, {.is_for_functions = kind == VmKind::kFunctions,
                             .redis_version = redis_version,
                             .random = &random_});
  lua_pushliteral(L, "KEYS");
  lua_pushliteral(L, "ARGV");
  ensure(lua_gettop(L) == kSlots);
  scratch_.session.info.address = "lua";
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
  begin_time();
  registered_ = &registered;
  const int status = heap_.run(0, 0, kHandlerSlot);
  registered_ = nullptr;
  end_time();
  choose_globals(kGlobalsSlot);
  if (status == 0) return {};
  std::string message =
      lua_type(L, -1) == LUA_TTABLE ? field_text(L, "err") : std::string(text_at(L, -1));
  if (message.empty()) message = "ERR unknown error";
  lua_settop(L, kSlots);
  collect_some(status == LUA_ERRMEM);
  return Error::text("ERR Error registering functions: " + message);
}

// ---- Calls.

Status Vm::call(Run& run, int reference, std::span<const std::string_view> keys,
                std::span<const std::string_view> args) {
  lua_State* L = state();
  ensure(run_ == nullptr);
  run_ = &run;
  SharedCjsonOptions& shared = Scripting::of(*run.call).cjson_of(kind_);
  shared.take(*cjson_, cjson_version_);
  const CjsonOptions cjson_before = *cjson_;
  begin_time();
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
  end_time();
  run_ = nullptr;
  if (*cjson_ != cjson_before) cjson_version_ = shared.give(*cjson_);
  Status written;
  if (status == 0) {
    engine::Shard& worker = run.call->worker();
    ReplyErrors errors{.counter = &worker.telemetry()};
    written = write_value(L, run.call->reply(), run.caller.resp, errors);
    if (errors.has_any && written.ok()) ++worker.telemetry().of(run.call->command()).failed;
  } else {
    write_failure(run);
  }
  lua_settop(L, kSlots);
  collect_some(status == LUA_ERRMEM);
  return written;
}

// Writes the error reply. The error on top of the stack is the handler's table, or a text if Lua
// could not call the handler.
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
    is_counted = has_flag(L, kCountedField);
  }
  run.call->reply().error(message);
  engine::Shard& worker = run.call->worker();
  ++worker.telemetry().of(run.call->command()).failed;
  if (!is_counted) worker.telemetry().count_error(message);
}

// Collects a little garbage between two scripts, and more if the heap is large. The next script
// must find room: Lua starts collections by the amount allocated, and fails when an allocation
// fails, however much garbage there is.
void Vm::collect_some(bool is_full) {
  if (++runs_ % kRunsPerCollection == 0) lua_gc(state(), LUA_GCSTEP, 1);
  if (is_full || bytes() > std::max(kLargeHeapBytes, 2 * kept_bytes_)) {
    // Lua halves one of its buffers, if it is large, with each collection.
    for (size_t before = SIZE_MAX; bytes() > kSmallHeapBytes && bytes() < before / 4 * 3;) {
      before = bytes();
      lua_gc(state(), LUA_GCCOLLECT, 0);
    }
    kept_bytes_ = bytes();
  } else if (bytes() > kSmallHeapBytes) {
    lua_gc(state(), LUA_GCSTEP, kCollectionSteps);
  }
}

// ---- Bounds.

// May run in the middle of any function that a script calls, and leaves that function by raising an
// error. So while this runs no object of ours that needs its destructor may be alive in it.
void Vm::tick(lua_State* L) {
  if (ends_because_ != nullptr) end_run(L, ends_because_);
  if (registered_ != nullptr) {
    if (clock_->monotonic_ns() - began_ns_ > kLoadingMsMax * kNsPerMs)
      end_run(L, "FUNCTION LOAD timeout");
  } else if (run_ != nullptr) {
    look_at_time(L);
  }
}

void Vm::look_at_time(lua_State* L) {
  run_->calls_ns = 0;
  const int64_t limit_ms = run_->call->options().busy_reply_threshold_ms;
  const int64_t now_ns = clock_->monotonic_ns();
  if (slow_ == nullptr) {
    if (limit_ms <= 0 || now_ns < after_ms(began_ns_, limit_ms)) return;
    become_slow();
  }
  if (now_ns >= next_look_ns_) {
    engine::Shard& worker = run_->call->worker();
    worker.busy().serve(run_->call->hold(), run_->is_function ? engine::BusyWith::kFunction
                                                              : engine::BusyWith::kScript);
    const int64_t end_ns = clock_->monotonic_ns();
    next_look_ns_ = end_ns + std::max(kServePeriodNs, (end_ns - now_ns) * kServeShare);
  }
  switch (slow_->wish.load(std::memory_order_relaxed)) {
    case SlowScript::Wish::kNone:
      return;
    case SlowScript::Wish::kKill:
      end_run(L, kKilled);
    case SlowScript::Wish::kShutdown:
      run_->is_cut_off = true;
      end_run(L, "Script ended by SHUTDOWN NOSAVE");
  }
}

void Vm::begin_writing(lua_State* L) {
  if (slow_ == nullptr || Scripting::of(*run_->call).slow().begin_writing(*slow_)) return;
  end_run(L, kKilled);
}

void Vm::become_slow() {
  slow_ = std::make_unique<SlowScript>();
  slow_->name = run_->name;
  slow_->command.assign(run_->call->args().begin(), run_->call->args().end());
  slow_->began_ns = began_ns_;
  slow_->is_function = run_->is_function;
  slow_->has_written.store(run_->has_written, std::memory_order_relaxed);
  Scripting::of(*run_->call).slow().enter(*slow_);
  log(LogLevel::kWarning, "Slow script detected: still in execution",
      {{"script", slow_->name},
       {"after_ms", std::to_string((clock_->monotonic_ns() - began_ns_) / kNsPerMs)}});
}

// Makes every instruction raise an error from now on, so that the script cannot go on after a
// pcall. The hook is set twice because a coroutine has its own.
void Vm::end_run(lua_State* L, const char* why) {
  ends_because_ = why;
  lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  lua_sethook(state(), on_count, LUA_MASKCOUNT, 1);
  raise_redis_error(L, why);
}

void Vm::begin_time() {
  stack_base_ = frame_address();
  began_ns_ = clock_->monotonic_ns();
}

void Vm::end_time() {
  if (ends_because_ != nullptr) {
    ends_because_ = nullptr;
    lua_sethook(state(), on_count, LUA_MASKCOUNT, kInstructionsPerTick);
  }
  if (slow_ == nullptr) return;
  run_->call->worker().busy().end(run_->call->hold());
  Scripting::of(*run_->call).slow().leave(*slow_);
  slow_.reset();
  next_look_ns_ = 0;
}

void Vm::check_depth(lua_State* L) const {
  const uintptr_t here = frame_address();
  if (stack_base_ > here && stack_base_ - here > kNestedBytesMax) raise_here(L, "C stack overflow");
}

}  // namespace kvstash::scripting
