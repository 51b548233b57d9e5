// Mailbox: the queue of messages for a shard. Many producers, one consumer, no bound: a producer
// that could block would deadlock with a parked shard. The bound is kept by not reading more from
// connections while too much is in flight.
//
// The messages are a stack, which the consumer takes as a whole and reverses, so that messages come
// out in the order of their pushes. Two messages that are pushed to several mailboxes under one
// lock stand in the same order in each.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvstash::engine {

// A link in a mailbox, the base of everything that is sent. The poster owns it until delivery.
struct Message {
  enum class Kind : uint8_t {
    kBatch,      // A Batch whose commands are to be run.
    kBatchDone,  // A Batch that comes home with its replies.
    kHold,       // A HoldGroup at which the shard is to arrive.
    kHoldDone,   // A HoldGroup that comes home with its replies.
    kTask,       // A Task to be run.
    kPushes,     // A PushBox for the shard's sessions.
  };

  explicit Message(Kind message_kind) : kind(message_kind) {}

  Message* next = nullptr;
  Kind kind;
};

class Mailbox {
 public:
  // Any thread. All that the producer wrote before is visible to the consumer.
  void push(Message* message) {
    Message* top = top_.load(std::memory_order_relaxed);
    do {
      message->next = top;
    } while (!top_.compare_exchange_weak(top, message, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  }

  // Called by the consumer: takes all messages, oldest first, linked by `next`.
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

  // The load is sequentially consistent, for the consumer's last check before it sleeps.
  bool is_empty() const { return top_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  alignas(64) std::atomic<Message*> top_{nullptr};
};

}  // namespace kvstash::engine
