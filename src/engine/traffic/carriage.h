// Carriage and Passenger: commands on their way from a connection's shard to where they run, and
// their replies on the way back. A batch (batch.h) and a group of transactions (hold_group.h) are
// carriages; a hop and a transaction are passengers.
//
// Arguments are views into pinned input chunks (input.h). While a carriage is away, only the shard
// that runs it uses it. Its sessions, chunks and places in the reply queue may be used only at
// home.
#pragma once

#include "engine/client/input.h"
#include "engine/command/key_place.h"
#include "engine/command/request.h"
#include "engine/execution/call.h"
#include "engine/release/lsn.h"
#include "engine/telemetry/stats.h"
#include "resp/reply_buffer.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct Passenger {
  const Command* command = nullptr;
  Caller caller;
  uint32_t first_arg = 0;  // Into Carriage::args.
  uint32_t argc = 0;
  uint32_t first_place = 0;  // Into Carriage::places.
  uint32_t place_count = 0;
  // The command as its client sent it, in the pinned chunk; may be empty.
  std::string_view raw{};

  // For the home shard: the session that waits, and the number of its reply.
  Session* session = nullptr;
  uint64_t reply_number = 0;
  InputChunk* chunk = nullptr;  // Pinned.

  // Filled in by the shard that runs the command.
  size_t reply_begin = 0;  // Into Carriage::replies.
  size_t reply_end = 0;
  CallEnd end;
};

struct Carriage {
  std::vector<std::string_view> args;
  std::vector<KeyPlace> places;
  resp::ReplyBuffer replies;
  Lsn lsn{};  // The LSN that the replies follow from.

  std::span<const std::string_view> argv(const Passenger& passenger) const {
    return std::span(args).subspan(passenger.first_arg, passenger.argc);
  }
  KeyPlaces places_of(const Passenger& passenger) const {
    return std::span(places).subspan(passenger.first_place, passenger.place_count);
  }
  std::string_view reply_of(const Passenger& passenger) const {
    return replies.view().substr(passenger.reply_begin,
                                 passenger.reply_end - passenger.reply_begin);
  }
  // Copies the request's views into the carriage. The caller sets what is to be run.
  void load(Passenger& passenger, const Request& request) {
    passenger.raw = request.raw;
    passenger.first_arg = static_cast<uint32_t>(args.size());
    passenger.argc = static_cast<uint32_t>(request.args.size());
    args.insert(args.end(), request.args.begin(), request.args.end());
    passenger.first_place = static_cast<uint32_t>(places.size());
    passenger.place_count = static_cast<uint32_t>(request.places.size());
    places.insert(places.end(), request.places.begin(), request.places.end());
  }
  void unload() {
    args.clear();
    places.clear();
    replies.clear();
    lsn = kLsnNone;
  }
};

}  // namespace kvstash::engine
