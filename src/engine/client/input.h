// InputChunk and ChunkPool: the memory that bytes from clients are read into.
//
// A connection without an unfinished command owns no chunk: its shard reads into one shared chunk
// and parses there. Arguments of commands that went to another shard are not copied; the chunk they
// stand in is pinned until the commands have come back. Only the home shard uses the pin count.
#pragma once

#include "base/ensure.h"
#include "base/spares.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace kvstash::engine {

struct InputChunk {
  size_t capacity;
  uint32_t pins;    // Number of commands under way whose arguments stand here.
  bool is_dropped;  // Its owner is gone: the last unpin frees it.
  bool is_shared;   // Connections without a chunk of their own read into it.
  char data[];
};

class ChunkPool {
 public:
  // Together with the head of a chunk this is exactly a size class of the allocator.
  static constexpr size_t kChunkBytes = (size_t{64} << 10) - sizeof(InputChunk);
  static constexpr size_t kSpareMax = 64;

  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool() {
    for (InputChunk* chunk : spare_)
      std::free(chunk);
    std::free(shared_);
  }

  // The chunk that connections without one of their own read into.
  InputChunk* shared() {
    if (shared_ == nullptr) {
      shared_ = take(kChunkBytes);
      shared_->is_shared = true;
    }
    return shared_;
  }

  // Called after the bytes in the shared chunk have been used: if commands under way still have
  // arguments there, the next reader gets another chunk.
  void settle_shared() {
    if (shared_ == nullptr || shared_->pins == 0) return;
    shared_->is_dropped = true;
    shared_->is_shared = false;
    shared_ = nullptr;
  }

  InputChunk* take(size_t capacity) {
    if (capacity == kChunkBytes && !spare_.empty()) return spare_.pop();
    auto* chunk = static_cast<InputChunk*>(std::malloc(sizeof(InputChunk) + capacity));
    if (chunk == nullptr) panic(__FILE__, __LINE__, "out of memory");
    *chunk = {.capacity = capacity, .pins = 0, .is_dropped = false, .is_shared = false};
    bytes_ += capacity;
    return chunk;
  }

  // Called when the owner needs the chunk no more: it is freed now or with its last pin.
  void drop(InputChunk* chunk) {
    chunk->is_dropped = true;
    if (chunk->pins == 0) free_chunk(chunk);
  }

  void pin(InputChunk* chunk) { ++chunk->pins; }
  void unpin(InputChunk* chunk) {
    ensure(chunk->pins != 0);
    if (--chunk->pins == 0 && chunk->is_dropped) free_chunk(chunk);
  }

  // Frees spare chunks that were not needed lately.
  void trim() {
    for (InputChunk* chunk : spare_.take_idle()) {
      bytes_ -= chunk->capacity;
      std::free(chunk);
    }
  }

  size_t bytes() const { return bytes_; }
  // The bytes of chunks that connections own or commands have pinned: all but the shared and the
  // spare chunks.
  size_t lent_bytes() const {
    return bytes_ - (spare_.size() + (shared_ != nullptr ? 1 : 0)) * kChunkBytes;
  }

 private:
  void free_chunk(InputChunk* chunk) {
    if (chunk->capacity == kChunkBytes && spare_.size() < kSpareMax) {
      chunk->is_dropped = false;
      spare_.push(chunk);
      return;
    }
    bytes_ -= chunk->capacity;
    std::free(chunk);
  }

  InputChunk* shared_ = nullptr;
  Spares<InputChunk*> spare_;
  size_t bytes_ = 0;
};

}  // namespace kvstash::engine
