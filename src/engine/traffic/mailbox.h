// Mailbox: what other threads want of a shard. Many producers, one consumer, no bound (a producer
// that could block would deadlock with a parked shard; the bound is kept by not reading more from
// connections while too much is in flight).
//
// A stack of messages swung over as a whole by the consumer and turned round, so that messages come
// out in the order of their pushes; two pushes under one lock stand in the same order everywhere.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvstash::engine {

// A link in a mailbox, embedded in what is sent. Whoever posted it owns it until delivery.
struct Message {
  enum class Kind : uint8_t {
    kBatch,      // Batch: run these commands.
    kBatchDone,  // Batch: its replies are in.
    kHold,       // HoldGroup: arrive.
    kHoldDone,   // HoldGroup: its replies are in.
    kTask,       // Task: run this function.
    kPushes,     // PushBox: for the shard's sessions.
  };

  explicit Message(Kind message_kind) : kind(message_kind) {}

  Message* next = nullptr;
  Kind kind;
};

class Mailbox {
 public:
  // Any thread. Everything the producer wrote before is visible to the consumer.
  void push(Message* message) {
    Message* top = top_.load(std::memory_order_relaxed);
    do {
      message->next = top;
    } while (!top_.compare_exchange_weak(top, message, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  }

  // The consumer: takes all there is, oldest first, linked by `next`.
  Message* take() {
    if (top_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    Message* newest = top_.exchange(nullptr, std::memory_order_acquire);
    Message* oldest = nullptr;
    while (newest != nullptr) {
      Message* older = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = older;
    }
    return oldest;
  }

  // Sequentially consistent: the look before going to sleep.
  bool is_empty() const { return top_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  alignas(64) std::atomic<Message*> top_{nullptr};
};

}  // namespace kvstash::engine
