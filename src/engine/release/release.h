// Release: the one place from which anything of a shard leaves, in one order:
//
//   1. the journal   what ran here joins the log, and the shard learns the LSN that follows from
//   2. pushes        publications, invalidations, what monitors see
//   3. waiters       those who were served here are told at home
//   4. batches       the replies to other shards' hops, and the answers to their gathers
//   5. requests      this turn's hops and transactions for other shards
//   6. replies       to the shard's own clients
//
// Everything carries the LSN that it follows from. What goes to another shard leaves at once; what
// goes to a client waits at its home's gate (gate.h) until the journal has come so far.
//
// One per shard, used on its thread, or by who holds it.
#pragma once

#include "engine/execution/effect_sink.h"
#include "engine/release/gate.h"
#include "engine/release/lsn.h"
#include "engine/traffic/batch.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace kvstash::engine {

struct HoldGroup;
class Session;
class Shard;

class Release {
 public:
  // What a shard was asked, as its home is told: run there, with what it follows from.
  using Answer = std::function<void(Shard&, Lsn)>;

  explicit Release(Shard& shard);

  // The shard's lane; null: there is no journal. Before the thread starts.
  void set_journal(EffectSink* lane) { lane_ = lane; }
  EffectSink* journal() const { return lane_; }

  // ---- What was made here and is to leave with the next send().
  void add_done(Batch& batch) { done_batches_.push_back(&batch); }
  void add_served(std::shared_ptr<Waiter> waiter) { served_.push_back(std::move(waiter)); }
  void add_answer(size_t home, Answer answer) { answers_.push_back({home, std::move(answer)}); }

  // ---- LSNs.
  // What the data of this shard follows from, as far as it has joined the log: replies to reads
  // carry this.
  Lsn lsn() const { return lsn_; }
  void follow(Lsn lsn) { lsn_ = std::max(lsn_, lsn); }
  // What ran here so far joins the log. Returns lsn().
  Lsn join_journal();

  // ---- Sending.
  // Everything. At the end of a turn, before the thread parks, and in a turn that has made much.
  // May close sessions, but for those of a busy turn.
  void send();
  // What must be out before a request to another shard is: it may make others hear of what follows.
  void send_before_requests();
  // Of a hold that is over, by the thread that executed: the members' pushes, waiters, and the
  // group itself, which goes home. Its members may go on.
  void send(HoldGroup& group);

  // ---- The gate for the shard's own clients.
  Gate& gate() { return gate_; }

 private:
  struct AnswerHome {
    size_t home;
    Answer answer;
  };

  void send_done(Lsn lsn);
  void send_replies();
  void seal(Session& session);
  void let_out(Session& session);
  void wait_at_gate(const Session& session);

  Shard* shard_;
  EffectSink* lane_ = nullptr;
  Lsn lsn_ = kLsnNone;
  Gate gate_;
  std::vector<std::shared_ptr<Waiter>> served_;
  std::vector<Batch*> done_batches_;
  std::vector<AnswerHome> answers_;
};

}  // namespace kvstash::engine
