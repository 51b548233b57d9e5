// CommandRunner: runs the records of a log, or of a primary's stream, on this node's shards.
//
// A record tells what happened elsewhere, at another time and on any number of shards. So nothing
// expires and nothing is evicted while it runs, no deadline is judged to have passed, no limit of
// this node refuses it, no access control list is asked, and no client's statistics, slow log or
// keyspace events tell of it. Commands are found by their own names, whatever operators call them
// here. What a record changes is seen by those who watch, cache or wait for its keys.
//
// Made by whoever holds the shards that the records touch, on the thread that executes, and gone
// before the hold ends: before the shards' threads start, in Shard::hold_all, or on the thread of a
// shard whose keys alone the records name. MULTI, EXEC and SELECT are the reader's business: the
// records of one unit are run one after the other.
#pragma once

#include "engine/execution/call.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

struct ReplayOptions {
  // Who gets the records of what is replayed, by the worker's lane: nobody, unless this node keeps
  // a log of its own of a primary's stream.
  RecordTarget records = RecordTarget::kNone;
  // Whether clients here who listen to keyspace events hear of it. They do on a replica; while a
  // log is loaded, what it tells was told before.
  bool tells_events = false;
};

class CommandRunner {
 public:
  // `hold` covers the shards of all keys that the records name; its mode and its moment do not
  // matter. `worker` is the shard whose thread this is.
  CommandRunner(Shard& worker, const Hold& hold, ReplayOptions options = {});

  // Runs one record in database `db`. Error: there is no such command or database, the number of
  // arguments does not fit, or the command refuses, which no record of a sound log makes it do.
  Status run(DbIndex db, std::span<const std::string_view> argv);

 private:
  Shard* worker_;
  Hold hold_;
  ReplayOptions options_;
};

}  // namespace kvstash::engine
