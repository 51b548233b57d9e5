// CommandRunner: runs the records of a log, or of a primary's stream, on this node's shards.
//
// A record tells what happened elsewhere, at another time and on any number of shards. So while it
// runs, nothing expires and nothing is evicted, no deadline is judged to have passed, no limit of
// this node refuses it, no access control list is checked, and no client's statistics or slow log
// include it. Commands are found by their own names, whatever operators call them here. Clients
// that watch, cache or wait for a key that a record changes are told of the change; keyspace events
// are told only if ReplayOptions says so.
//
// Made by the code that holds the shards which the records touch, on the executing thread, and
// destroyed before the hold ends: before the shards' threads start, in Traffic::hold_all, or on the
// thread of a shard whose keys alone the records name. MULTI, EXEC and SELECT are up to the reader
// of the log: it runs the records of one unit one after the other.
#pragma once

#include "engine/execution/call.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

struct ReplayOptions {
  // Who gets the records of what is replayed, by the worker's lane of the journal: nobody, unless
  // this node keeps a log of its own of a primary's stream.
  RecordTarget records = RecordTarget::kNone;
  // Whether keyspace events are published here. They are on a replica; while a log is loaded, its
  // events were published before.
  bool tells_events = false;
};

class CommandRunner {
 public:
  // `hold` covers the shards of all keys that the records name; its mode and its moment are not
  // used.
  explicit CommandRunner(const Hold& hold, ReplayOptions options = {});

  // Runs one record in database `db`. Error: there is no such command or database, the number of
  // arguments does not fit, or the command refuses, which does not happen with a sound log.
  Status run(DbIndex db, std::span<const std::string_view> argv);
  // As run(), for a record of which it is known that it is of `command`.
  Status run(const Command& command, DbIndex db, std::span<const std::string_view> argv);

 private:
  Shard* worker_;  // The shard whose thread this is.
  Hold hold_;
  ReplayOptions options_;
};

}  // namespace kvstash::engine
