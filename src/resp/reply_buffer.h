// ReplyBuffer: the bytes of replies that are to be sent, contiguous and growing by doubling.
//
// `reserve` gives room at the end, and `commit` keeps what was written there; in between nothing
// else may be called. Views and pointers live until the next call that is not const. Owns its
// memory and panics when it runs out of it. The session, not the buffer, bounds a client's output.
// Not thread-safe.
#pragma once

#include "base/ensure.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace kvstash::resp {

class ReplyBuffer {
 public:
  ReplyBuffer() = default;
  ReplyBuffer(ReplyBuffer&& other) noexcept { swap(other); }
  ReplyBuffer& operator=(ReplyBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  // Returns room for at least `size` bytes at the end.
  char* reserve(size_t size) {
    if (capacity_ - size_ < size) [[unlikely]]
      grow(size);
    return bytes_.get() + size_;
  }
  // Adds the first `size` bytes of the reserved room to the content.
  void commit(size_t size) {
    ensure(size <= capacity_ - size_);
    size_ += size;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // Inserts bytes at `offset` and moves the rest behind them. For lengths that are known late.
  void insert(size_t offset, std::string_view bytes);
  // Removes everything from `size` on. For replies that are taken back.
  void truncate(size_t size) {
    ensure(size <= size_);
    size_ = size;
  }
  // Removes the first `size` bytes, which were sent, and moves the rest to the front.
  void drop_front(size_t size) {
    ensure(size <= size_);
    if (size == 0) return;
    std::memmove(bytes_.get(), bytes_.get() + size, size_ - size);
    size_ -= size;
  }
  // Gives memory back if the buffer is large and three quarters of it or more are empty.
  void shrink();
  void clear() { size_ = 0; }  // Keeps the memory.
  void release();              // Gives the memory back.
  void swap(ReplyBuffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::string_view view() const { return {bytes_.get(), size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  void grow(size_t size);

  std::unique_ptr<char, Free> bytes_;  // From malloc, so that a large buffer grows by remapping.
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace kvstash::resp
