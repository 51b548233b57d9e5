// Traffic: the messages between one shard and the others: its mailbox, this turn's batches and
// group of transactions, the work that came from other shards, and its own that comes home.
//
// Owns its batches and groups. Used on the shard's thread.
#pragma once

#include "base/spares.h"
#include "engine/execution/gather.h"
#include "engine/traffic/batch.h"
#include "engine/traffic/hold_group.h"
#include "engine/traffic/mailbox.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Shard;

class Traffic {
 public:
  explicit Traffic(Shard& shard);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // ---- The mailbox.
  Mailbox& mailbox() { return mailbox_; }
  // True: the caller, a producer that has pushed a message, has to wake the shard. Any thread.
  bool claim_wake() {
    return is_asleep_.load(std::memory_order_seq_cst) &&
           is_asleep_.exchange(false, std::memory_order_seq_cst);
  }
  // True: the loop may wait, and producers will ring. False: there are messages to handle.
  bool prepare_sleep();
  void wake_up() {
    if (is_asleep_.load(std::memory_order_relaxed))
      is_asleep_.store(false, std::memory_order_relaxed);
  }
  // Handles all messages that have come.
  void receive();
  // Handles the pushes that have come, and leaves all other messages. Replies that stand before the
  // pushes have open places in the sessions' queues, so they keep their order. Closes no session.
  void receive_pushes();
  // Moves the messages from the mailbox to the end of received(), oldest first, linked by `next`.
  void take_mail();
  Message*& received() { return received_; }
  // Forgets everything that has come and was not dealt with, and frees what belongs to nobody else.
  // The set ends, and no shard of it is gone yet: batches and groups belong to their homes.
  void drop_mail();

  // ---- Out.
  void post(size_t to, Message* message);
  Batch& batch_for(size_t to);  // Of this turn.
  HoldGroup& pending_group();   // Of this turn.
  void send_batches();
  void send_group();
  void send_requests();  // Sends the batches and the group of this turn.
  // Runs `action` soon while every shard is held, on the thread of any shard. It must not throw or
  // wait.
  void hold_all(std::function<void(const Hold&)> action);
  // As hold_all(), for some shards. Other shards may be held as well.
  void hold_some(std::span<const size_t> shards, std::function<void(const Hold&)> action);
  // Sends the questions of a gather for a command of `session`, which waits until all have
  // answered.
  void start_gather(Session& session, const Command& command,
                    std::span<const std::string_view> argv, GatherPlan plan);

  // Has a command of `session` wait for its reply, which whoever has the handle gives from any
  // thread, once.
  LaterAnswer answer_later(Session& session, const Command& command,
                           std::span<const std::string_view> argv);

  // ---- Home.
  void finish_batch(Batch& batch);
  void finish_group(HoldGroup& group);
  // Fills in the reply to one command of the batch or one transaction of the group; it follows from
  // `lsn`.
  void finish_hop(const Batch& batch, const Hop& hop, std::string_view reply, bool is_refused,
                  Lsn lsn);
  void finish_transaction(const HoldGroup& group, Transaction& transaction, std::string_view reply,
                          bool is_refused, Lsn lsn);
  // Unparks the members of a group that is over, and sends the group home.
  void let_go(HoldGroup& group);

  // Frees spare batches and groups that were not needed lately: they count as memory used, and may
  // take the room of keys.
  void trim();

 private:
  struct Gather;

  void run_batches();
  bool run_batch(Batch& batch);
  void run_hop(Batch& batch, Hop& hop);
  void arrive(HoldGroup::Arrival& arrival);
  void run_group(HoldGroup& group);
  void prefetch_group(const HoldGroup& group, std::span<const Transaction> transactions);
  void finish_gather(Gather& gather);

  Shard* shard_;
  Mailbox mailbox_;
  alignas(64) std::atomic<bool> is_asleep_{false};
  Message* received_ = nullptr;  // Taken from the mailbox and not handled yet, oldest first.
  std::deque<Batch*> to_run_;    // Batches of other shards, in the order of their arrival.
  std::vector<Batch*> outbox_;   // By shard: this turn's batch, or null.
  std::vector<std::unique_ptr<Batch>> batches_;
  Spares<Batch*> spare_batches_;
  HoldGroup* group_ = nullptr;  // This turn's transactions.
  std::vector<std::unique_ptr<HoldGroup>> groups_;
  Spares<HoldGroup*> spare_groups_;
};

}  // namespace kvstash::engine
