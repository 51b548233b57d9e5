#include "scripting/lua_heap.h"

#include "base/ensure.h"

#include <cstdlib>

namespace kvstash::scripting {

LuaHeap::LuaHeap(void* owner, size_t bytes_max) : owner_(owner), bytes_max_(bytes_max) {
  state_ = lua_newstate(allocate, this);
  if (state_ == nullptr) panic(__FILE__, __LINE__, "out of memory");
}

LuaHeap::~LuaHeap() {
  lua_close(state_);
}

int LuaHeap::run(int arguments, int results, int handler) {
  is_limited_ = true;
  const int status = lua_pcall(state_, arguments, results, handler);
  is_limited_ = false;
  return status;
}

void* LuaHeap::owner_of(lua_State* L) {
  void* heap = nullptr;
  lua_getallocf(L, &heap);
  return static_cast<LuaHeap*>(heap)->owner_;
}

void* LuaHeap::allocate(void* heap, void* block, size_t old_bytes, size_t new_bytes) {
  LuaHeap& self = *static_cast<LuaHeap*>(heap);
  const size_t before = self.bytes_.load(std::memory_order_relaxed);
  const size_t after = before - old_bytes + new_bytes;
  if (new_bytes == 0) {
    self.bytes_.store(after, std::memory_order_relaxed);
    std::free(block);
    return nullptr;
  }
  // Lua relies on being able to shrink a block at any time, so only growth is refused.
  if (self.is_limited_ && new_bytes > old_bytes && after > self.bytes_max_) return nullptr;
  void* room = std::realloc(block, new_bytes);
  if (room == nullptr) panic(__FILE__, __LINE__, "out of memory");
  self.bytes_.store(after, std::memory_order_relaxed);
  return room;
}

}  // namespace kvstash::scripting
