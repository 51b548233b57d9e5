// Batch: commands on their way from a connection's shard to the shard of their keys, and their
// replies on the way back. One object makes the whole round and is reused by its home.
//
// Arguments are views into pinned input chunks (input.h). While it is away only the other shard
// touches it; sessions, chunks and slots in it mean something at home only.
#pragma once

#include "engine/client/input.h"
#include "engine/execution/call.h"
#include "engine/execution/waiter.h"
#include "engine/release/lsn.h"
#include "engine/telemetry/stats.h"
#include "engine/traffic/mailbox.h"
#include "resp/reply_buffer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct Hop {
  const Command* command;
  Caller caller;
  uint32_t first_arg;  // Into Batch::args.
  uint32_t argc;
  uint32_t first_place;  // Into Batch::places.
  uint32_t place_count;
  std::string_view raw;  // The command as its client sent it, in the pinned chunk; may be empty.

  // Home's: who waits, and for which of its replies.
  Session* session;  // Null: answered before the batch was over (shard_busy.cc).
  uint64_t reply_number;
  InputChunk* chunk;

  // Filled in by the other shard.
  uint32_t reply_begin;
  uint32_t reply_end;
  CallEnd end;
};

struct Batch : Message {
  Batch() : Message(Kind::kBatch) {}

  size_t home = 0;
  size_t to = 0;
  std::vector<Hop> hops;
  std::vector<std::string_view> args;
  std::vector<KeyPlace> places;
  resp::ReplyBuffer replies;
  // Hops that found nothing and wait, by their index. Hardly ever any.
  std::vector<std::pair<size_t, std::shared_ptr<Waiter>>> waiters;
  bool is_refused = false;  // The shard was busy: nothing was run.
  Lsn lsn{};                // What the replies follow from.

  std::span<const std::string_view> argv(const Hop& hop) const {
    return std::span(args).subspan(hop.first_arg, hop.argc);
  }
  KeyPlaces places_of(const Hop& hop) const {
    return std::span(places).subspan(hop.first_place, hop.place_count);
  }
  void reset() {
    kind = Kind::kBatch;
    hops.clear();
    args.clear();
    places.clear();
    replies.clear();
    waiters.clear();
    is_refused = false;
    lsn = kLsnNone;
  }
};

// A function for a shard to run on its own thread. Owns all it carries; freed after it ran.
struct Task : Message {
  explicit Task(std::function<void(Shard&)> function)
      : Message(Kind::kTask), run(std::move(function)) {}
  std::function<void(Shard&)> run;
  bool changes_keys = false;  // Must not come between the commands of a script.
};

}  // namespace kvstash::engine
