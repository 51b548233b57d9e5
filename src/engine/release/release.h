// Release: the one place from which anything of a shard leaves, in one order:
//
//   1. the journal   the records of what ran here join the log; the shard learns their LSN
//   2. pushes        publications, invalidations, lines for monitors
//   3. waiters       the homes of waiters that were served here are told
//   4. batches       the replies to other shards' hops, and the answers to their gathers
//   5. requests      this turn's hops and transactions for other shards
//   6. replies       to the shard's own clients
//
// Everything that leaves carries the LSN that it follows from. What goes to another shard leaves at
// once; what goes to a client waits at its home's gate (gate.h) until the journal has come so far.
//
// One per shard, used on its thread or by the thread that holds it.
#pragma once

#include "engine/execution/effect_sink.h"
#include "engine/release/gate.h"
#include "engine/release/lsn.h"
#include "engine/traffic/batch.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct HoldGroup;
class Session;
class Shard;

class Release {
 public:
  // The answer of a shard to a gather: a function that runs on the home shard, with the LSN that
  // the answer follows from.
  using Answer = std::function<void(Shard&, Lsn)>;

  explicit Release(Shard& shard);

  // Sets the shard's lane; null: there is no journal. Called before the thread starts.
  void set_journal(EffectSink* lane) { lane_ = lane; }
  EffectSink* journal() const { return lane_; }

  // ---- Things made here that are to leave with the next send().
  void add_done(Batch& batch) { done_batches_.push_back(&batch); }
  void add_served(std::shared_ptr<Waiter> waiter) { served_.push_back(std::move(waiter)); }
  void add_answer(size_t home, Answer answer) { answers_.push_back({home, std::move(answer)}); }

  // ---- LSNs.
  // The LSN that the shard's data follows from, as far as its records have joined the log. Replies
  // to reads carry it.
  Lsn lsn() const { return lsn_; }
  void follow(Lsn lsn) { lsn_ = std::max(lsn_, lsn); }
  // Makes the records of what ran here so far join the log. Returns lsn().
  Lsn join_journal();

  // ---- Sending.
  // Sends everything: at the end of a turn, before the thread parks, and in a turn that has made
  // many pushes. May close sessions, except in a busy turn.
  void send();
  // Sends what must be out before a request to another shard is: the journal's records and the
  // pushes. The request may cause others to be told of what follows from them.
  void send_before_requests();
  // Called after a hold by the thread that executed it: sends the members' pushes, tells served
  // waiters, and sends the group home. Then its members go on.
  void send(HoldGroup& group);

  // An LSN that all of what the client has written follows from; kLsnMax: some of it is under way.
  Lsn written_by(const Session& session);

  // ---- The gate for the shard's own clients.
  Gate& gate() { return gate_; }
  const Gate& gate() const { return gate_; }
  // Closes the clients that wait for replies to commands that may have written: what these did may
  // be lost, and nobody can tell them. Commands that were taken in the `period` of
  // refusal (ShardSet::refusal_period) have written nothing.
  void close_writers(std::string_view reason, uint64_t period);

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
