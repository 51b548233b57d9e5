// Intake: from bytes to requests. Reads what clients have sent, parses it in batches, prefetches
// the keys, and gives the requests to the dispatcher one by one.
//
// Requests of several connections are collected (staged), up to a batch, before any is run: while
// the next socket is read, the memory that the earlier requests will touch is fetched into the
// cache. A connection without unfinished input owns no memory: it is read into a chunk that all
// share.
//
// One per shard, on its thread; and another for the time while the shard is busy with a script,
// which may have interrupted the first one's work (Use::kBusy). That one runs what it reads at
// once, and touches no keyspace.
#pragma once

#include "engine/client/session.h"
#include "engine/command/request.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Dispatcher;
class Shard;

class Intake {
 public:
  enum class Use : uint8_t { kNormal, kBusy };

  Intake(Shard& shard, Dispatcher& dispatcher, Use use)
      : shard_(&shard), dispatcher_(&dispatcher), use_(use) {}

  // Room for the next bytes of a connection, at least a byte. Valid until consume().
  std::span<char> input_room(Session& session);
  // Takes `bytes` more bytes of the connection. Complete requests run now or at the next
  // run_staged().
  void consume(Session& session, size_t bytes);
  // Goes on with the input that a session had sent before it was stopped.
  void resume(Session& session);
  // Runs all staged requests. Called at the end of a turn, and before a staged session is closed.
  void run_staged();
  // Called when the running command takes too long: requests of other connections that were staged
  // and have not run become unread input again, in chunks of the connections' own. Returns the
  // sessions that have such input.
  std::vector<Session*> give_back();
  // Frees vectors that commands of very many arguments left large, if no command since the last
  // call needed them.
  void trim();

 private:
  struct Parsed {
    size_t begin;  // Offset in the session's chunk.
    size_t end;
    const Command* command;
    uint32_t first_arg;  // Into args_.
    uint32_t argc;
    uint32_t first_place;  // Into places_.
    uint32_t place_count;
    bool borrows_parser;  // The arguments stand in the session's parser, not in the chunk.
  };
  // A session with requests to run: parsed_[first, last).
  struct Staged {
    Session* session;
    size_t first;
    size_t last;
    bool has_more;      // The input may hold another batch.
    std::string error;  // A protocol error in the bytes after the last request; empty: none.
  };

  static constexpr size_t kNone = SIZE_MAX;

  void make_room(Session& session);
  void stage(Session& session);
  void prefetch_buckets(const Staged& staged) const;
  void find_places(Parsed& parsed);
  void prefetch_entries(const Staged& staged) const;
  void run(Staged& staged);
  void protocol_error(Session& session, std::string_view message);
  void settle(Session& session);
  void leave_shared(Session& session);

  Shard* shard_;
  Dispatcher* dispatcher_;
  Use use_;
  std::vector<std::string_view> args_;
  size_t args_used_ = 0;  // The largest size of args_ since the last trim().
  std::vector<Parsed> parsed_;
  std::vector<KeyPlace> places_;
  std::vector<Staged> staged_;
  size_t running_ = kNone;  // Index in staged_ of the session that is being run.
  // The chunk that sessions without one of their own read into.
  InputChunk* shared_ = nullptr;
  size_t shared_used_ = 0;  // Bytes of shared_ that are used.
};

}  // namespace kvstash::engine
