// Dispatcher: from a connection's bytes to commands on their way: parses a batch, passes the gates,
// and sends every command where its data is.
//
//   here       the key lives on this shard: prefetched with its batch, run at once
//   hop        another shard's key: into the batch for that shard, the reply has its place kept
//   hold       keys of several shards: into the group that is enqueued at the end of the turn
//   gather     asks shards by message; the connection waits
//
// Order promised to a client: replies in the order of its commands; commands on the same shard take
// effect in the order sent. Before a transaction is grouped, the connection's unsent hops go out;
// before a hop is batched, its unsent transaction goes out; while one is away, the connection's
// commands for this very shard go through this shard's own mailbox.
//
// One per shard, on its thread.
#pragma once

#include "engine/executor.h"
#include "engine/session.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Dispatcher {
 public:
  using Args = std::span<const std::string_view>;

  explicit Dispatcher(Shard& shard);

  // Where the next bytes of a connection go. The room lives until consume().
  std::span<char> input_room(Session& session);
  // Takes `bytes` more of them (none: goes on after a stop) and runs every command that is
  // complete, until the session stops.
  void consume(Session& session, size_t bytes);
  // Tells the slow log and the monitors of an EXEC that ran.
  void note_exec(const Session& session, CommandQueue& queue, Args args);

 private:
  struct Parsed {
    size_t begin;  // Offsets in the chunk.
    size_t end;
    uint32_t first_arg;
    uint32_t argc;
    const Command* command;  // Null: unknown or refused, see resolve().
    uint32_t first_place;    // Into places_.
    uint32_t place_count;
    bool borrows_parser;  // Its arguments stand in the session's parser, not in the chunk.
  };

  bool parse_batch(Session& session);
  void look_ahead(Session& session);
  void run_batch(Session& session);
  void settle_input(Session& session);
  void protocol_error(Session& session, std::string_view message);

  std::span<const std::string_view> argv(const Parsed& parsed) const {
    return std::span(args_).subspan(parsed.first_arg, parsed.argc);
  }
  // False: the command was not taken (the session stopped before it).
  bool dispatch(Session& session, Parsed& parsed);
  bool is_http(Session& session, std::string_view name);
  bool has_rate_token(Session& session);
  void queue(Session& session, const Parsed& parsed);
  void fail(Session& session, const Command& command, std::string_view message);
  void refuse(Session& session, const Command* command, std::string_view message);
  KeyPlaces places(const Parsed& parsed) const {
    return std::span(places_).subspan(parsed.first_place, parsed.place_count);
  }
  void find_places(Parsed& parsed);
  void run_here(Session& session, const Parsed& parsed);
  void hop(Session& session, const Parsed& parsed, size_t to);
  void hold(Session& session, const Parsed& parsed);  // Of shards_; empty: all.
  struct TransactionReach {
    std::vector<size_t> shards;  // With repeats.
    bool needs_all = false;
    bool needs_home = false;
  };
  TransactionReach reach_of(Multi& multi);
  void exec(Session& session, const Parsed& parsed);
  void exec_elsewhere(Session& session, const Parsed& parsed, Multi multi,
                      const TransactionReach& reach);
  void route(Session& session, const Parsed& parsed);
  void after(Session& session);

  Shard* shard_;
  const Command* exec_ = nullptr;
  std::vector<std::string_view> args_;
  std::vector<Parsed> parsed_;
  std::vector<KeyPlace> places_;
  std::vector<KeyAt> keys_;
  std::vector<size_t> shards_;  // Of the keys of the command being routed.
  std::string parse_error_;
};

}  // namespace kvstash::engine
