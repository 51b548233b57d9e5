// Dispatcher: sends each request that passes the gates (gates.h) to where its data is.
//
//   here       the key lives on this shard: it was prefetched with its batch, and runs at once
//   hop        another shard's key: into the batch for that shard; the reply's place is kept
//   hold       keys of several shards: into the group that is enqueued at the end of the turn
//   gather     the command asks shards by message; the connection waits
//
// The order promised to a client: replies come in the order of its commands, and commands on the
// same shard take effect in the order sent. So before a transaction is grouped, the connection's
// unsent hops go out; before a hop is batched, its unsent transaction goes out; while a transaction
// is away, the connection's commands for its own shard go through that shard's own mailbox.
//
// One per shard, used on its thread.
#pragma once

#include "engine/client/gates.h"
#include "engine/client/session.h"
#include "engine/command/reach.h"
#include "engine/command/request.h"
#include "engine/execution/executor.h"
#include "engine/traffic/hold_group.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Dispatcher {
 public:
  using Args = std::span<const std::string_view>;

  explicit Dispatcher(Shard& shard);

  // Sends one request on its way. False: the request was not taken, because the session was
  // stopped.
  bool dispatch(Session& session, const Request& request);
  // Tells the slow log and the monitors of an EXEC that ran.
  void note_exec(const Session& session, CommandQueue& queue, Args args, uint64_t ns);

 private:
  bool take(Session& session, Request request);
  void queue(Session& session, const Request& request);
  void fail(Session& session, const Request& request, std::string_view message);
  void refuse(Session& session, const Command* command, std::string_view message);
  void run_here(Session& session, const Request& request);
  void embark(Session& session, const Request& request, Carriage& carriage, Passenger& passenger);
  void hop(Session& session, const Request& request, size_t to);
  void hold(Session& session, const Request& request);  // Holds the shards in reach_.
  void join_group(Session& session, const Request& request, Transaction transaction,
                  bool is_at_home);
  void reach_for(Multi& multi);
  void exec(Session& session, const Request& request);
  void exec_elsewhere(Session& session, const Request& request, Multi multi);
  void route(Session& session, const Request& request);
  void after(Session& session);

  Shard* shard_;
  Gates gates_;
  const Command* exec_ = nullptr;
  Reach reach_;  // The shards of the request or transaction that is being routed.
};

}  // namespace kvstash::engine
