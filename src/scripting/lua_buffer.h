// LuaBuffer: bytes that grow inside the Lua heap, under its ceiling, in one slot of the stack.
//
// The constructor takes the next stack index; values that the caller pushes later are above it.
// Growing raises "not enough memory" if the heap is full. Lives for one call of a function.
#pragma once

#include "scripting/lua.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace kvstash::scripting {

class LuaBuffer {
 public:
  explicit LuaBuffer(lua_State* L) : lua_(L) {
    bytes_ = static_cast<char*>(lua_newuserdata(L, kBytesMin));
    index_ = lua_gettop(L);
  }
  LuaBuffer(const LuaBuffer&) = delete;
  LuaBuffer& operator=(const LuaBuffer&) = delete;

  // Makes room for `size` bytes at the end; keep() says how many of them were used.
  char* reserve(size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return bytes_ + size_;
  }
  void keep(size_t size) { size_ += size; }
  void add(char byte) {
    *reserve(1) = byte;
    ++size_;
  }
  void add(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(reserve(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  // Appends the lowest `size` bytes of a number, the most significant first.
  void add_big_endian(uint64_t value, size_t size) {
    for (size_t i = size; i > 0; --i)
      add(static_cast<char>(value >> (8 * (i - 1)) & 0xff));
  }

  void clear() { size_ = 0; }
  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_, size_}; }
  // Pushes the content as a string.
  void push_result() const { push(lua_, view()); }

 private:
  static constexpr size_t kBytesMin = 256;

  void grow(size_t size) {
    const size_t capacity = std::max(2 * capacity_, size_ + size);
    char* bytes = static_cast<char*>(lua_newuserdata(lua_, capacity));
    std::memcpy(bytes, bytes_, size_);
    lua_replace(lua_, index_);
    bytes_ = bytes;
    capacity_ = capacity;
  }

  lua_State* lua_;
  int index_ = 0;
  char* bytes_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = kBytesMin;
};

}  // namespace kvstash::scripting
