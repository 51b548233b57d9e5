// LuaHeap: a Lua state, and the ceiling over the memory it takes.
//
// Scripts run with the ceiling on: past it Lua raises "not enough memory", which ends the script
// (or the pcall) and leaves the state sound. What the server itself puts into the state is bounded
// by what a client may send, and does not fail; so the ceiling is off outside of `run`.
//
// Owns the state. One thread at a time; `bytes` may be asked by any.
#pragma once

#include "scripting/lua.h"

#include <atomic>
#include <cstddef>

namespace kvstash::scripting {

class LuaHeap {
 public:
  // `owner` is what owner_of() gives back.
  LuaHeap(void* owner, size_t bytes_max);
  ~LuaHeap();
  LuaHeap(const LuaHeap&) = delete;
  LuaHeap& operator=(const LuaHeap&) = delete;

  lua_State* state() const { return state_; }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // lua_pcall under the ceiling: calls the function below its `arguments`. `handler` is the stack
  // index of the error handler, or 0. The status as of lua_pcall.
  int run(int arguments, int results, int handler);

  // The heap that `L`, or a coroutine of it, lives in. A few ns.
  static void* owner_of(lua_State* L);

 private:
  static void* allocate(void* heap, void* block, size_t old_bytes, size_t new_bytes);

  void* owner_;
  size_t bytes_max_;
  std::atomic<size_t> bytes_{0};  // Written by the owner's thread alone.
  bool is_limited_ = false;
  lua_State* state_ = nullptr;
};

}  // namespace kvstash::scripting
