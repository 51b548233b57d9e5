// LuaHeap: a Lua state, and the ceiling on the memory it takes.
//
// The ceiling applies while a script runs: past it Lua raises "not enough memory", which ends the
// script (or its pcall) and leaves the state sound. Data that the server itself puts into the state
// is bounded by what a client may send, and its allocation must not fail; so the ceiling is off
// outside of `run`.
//
// Owns the state. Used by one thread at a time; any thread may call `bytes`.
#pragma once

#include "scripting/lua.h"

#include <atomic>
#include <cstddef>

namespace kvstash::scripting {

class LuaHeap {
 public:
  // `owner` is the pointer that owner_of() returns.
  LuaHeap(void* owner, size_t bytes_max);
  ~LuaHeap();
  LuaHeap(const LuaHeap&) = delete;
  LuaHeap& operator=(const LuaHeap&) = delete;

  lua_State* state() const { return state_; }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // Does lua_pcall under the ceiling: calls the function below its `arguments` on the stack.
  // `handler` is the stack index of the error handler, or 0. Returns the status of lua_pcall.
  int run(int arguments, int results, int handler);

  // The owner of the heap that `L`, or the state whose coroutine `L` is, lives in. Takes a few ns.
  static void* owner_of(lua_State* L);

 private:
  static void* allocate(void* heap, void* block, size_t old_bytes, size_t new_bytes);

  void* owner_;
  size_t bytes_max_;
  std::atomic<size_t> bytes_{0};  // Written only by the owner's thread.
  bool is_limited_ = false;
  lua_State* state_ = nullptr;
};

}  // namespace kvstash::scripting
