// ChunkLane: the chunks of one shard's part of a snapshot, on their way from the shard's thread to
// the thread that pulls the snapshot.
//
// One thread puts chunks in and one thread takes them out. Neither waits for the other: the lane is
// a linked list whose two ends belong to one thread each. The thread that puts in may hand its end
// over to another, by means of its own that order the two. The lane counts its bytes; its users
// keep the bound.
#pragma once

#include "persist/rdb/encoder.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace kvstash::persist {

// A part of a snapshot: some whole entries of one database, or a part of one big value.
struct Chunk {
  uint32_t db = 0;
  rdb::Encoded encoded;

  // Memory that the chunk takes.
  size_t bytes() const {
    return sizeof(Chunk) + encoded.bytes.capacity() +
           encoded.compressible.capacity() * sizeof(rdb::Encoded::Text);
  }
};

class ChunkLane {
 public:
  // What comes out of a lane: chunks of small entries, then kSmallDone, then the chunks of big
  // values one after the other, then kDone. A chunk that `goes_on` ends inside a value, of which
  // the lane's next item is the next part, or kValueEnd if nothing was left.
  struct Item {
    enum class Kind : uint8_t { kChunk, kSmallDone, kValueEnd, kDone };
    Kind kind = Kind::kChunk;
    bool goes_on = false;
    bool is_extra = false;  // It was put into a lane that was full.
    Chunk chunk{};
  };

  ChunkLane() : head_(std::make_unique<Node>()), tail_(head_.get()) {}
  ChunkLane(const ChunkLane&) = delete;
  ChunkLane& operator=(const ChunkLane&) = delete;
  ~ChunkLane() {
    while (head_ != nullptr)
      head_.reset(head_->next.load(std::memory_order_relaxed));
  }

  // The thread that puts in.
  void push(Item item) {
    bytes_.fetch_add(item.chunk.bytes(), std::memory_order_seq_cst);
    auto made = std::make_unique<Node>();
    made->item = std::move(item);
    Node* node = made.release();  // Owned by the node before it.
    tail_->next.store(node, std::memory_order_release);
    tail_ = node;
  }

  // The thread that takes out. Returns nothing if the lane is empty.
  std::optional<Item> pop() {
    Node* next = head_->next.load(std::memory_order_acquire);
    if (next == nullptr) return std::nullopt;
    Item item = std::move(next->item);
    head_.reset(next);
    bytes_.fetch_sub(item.chunk.bytes(), std::memory_order_seq_cst);
    return item;
  }

  // The thread that takes out.
  bool empty() const { return head_->next.load(std::memory_order_acquire) == nullptr; }

  size_t bytes() const { return bytes_.load(std::memory_order_seq_cst); }  // Any thread.

 private:
  struct Node {
    std::atomic<Node*> next = nullptr;
    Item item{};
  };

  alignas(64) std::unique_ptr<Node> head_;  // A node whose item was taken out, before the first
                                            // that was not.
  alignas(64) Node* tail_;
  alignas(64) std::atomic<size_t> bytes_ = 0;
};

}  // namespace kvstash::persist
