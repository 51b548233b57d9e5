#include "engine/client/intake.h"

#include "engine/client/dispatcher.h"
#include "engine/shard.h"

#include <algorithm>
#include <cstring>

namespace kvstash::engine {
namespace {

// The least room for a read; with less, the system call is not worth it.
constexpr size_t kReadRoomMin = size_t{16} << 10;
// Capacity that is kept: as many views of arguments as usual batches need.
constexpr size_t kArgsKept = 4096;

size_t round_up(size_t value, size_t to) {
  return (value + to - 1) / to * to;
}

}  // namespace

std::span<char> Intake::input_room(Session& session) {
  ChunkPool& pool = shard_->clients().chunks();
  if (session.chunk == nullptr && use_ == Use::kBusy) {
    session.chunk = pool.take(ChunkPool::kChunkBytes);
    session.begin = session.end = 0;
  }
  if (session.chunk == nullptr) {
    if (shared_ != nullptr && shared_->capacity - shared_used_ < kReadRoomMin) {
      run_staged();
      // The session may have got its own chunk in a busy turn.
      if (session.chunk != nullptr) return input_room(session);
    }
    if (shared_ == nullptr) shared_ = pool.shared();
    session.chunk = shared_;
    session.begin = session.end = shared_used_;
    return {shared_->data + shared_used_, shared_->capacity - shared_used_};
  }
  // Read a second time in this turn: it may have its own chunk now.
  if (session.chunk == shared_) run_staged();
  if (session.chunk == nullptr) return input_room(session);
  make_room(session);
  return {session.chunk->data + session.end, session.chunk->capacity - session.end};
}

// Makes room in the session's own chunk for the bytes that the unfinished command is known to need,
// or for a read that is worth a system call. Bytes that a client only announces get memory as they
// come. A chunk that must grow grows by half at least, so that a command of very many arguments is
// copied a few times only.
void Intake::make_room(Session& session) {
  ChunkPool& pool = shard_->clients().chunks();
  const size_t unread = session.end - session.begin;
  const bool is_length_known = session.bytes_needed > unread + 1;
  const size_t known = std::min(session.bytes_needed, 2 * unread + ChunkPool::kChunkBytes);
  const size_t wanted = is_length_known && known == session.bytes_needed
                            ? known
                            : std::max(unread + kReadRoomMin, known);
  if (session.chunk->capacity - session.begin >= wanted) return;
  if (session.chunk->pins == 0 && session.chunk->capacity >= wanted) {
    std::memmove(session.chunk->data, session.chunk->data + session.begin, unread);
  } else {
    const size_t grown = is_length_known ? wanted : std::max(wanted, unread + unread / 2);
    InputChunk* larger = pool.take(round_up(grown, 4096));
    std::memcpy(larger->data, session.chunk->data + session.begin, unread);
    pool.drop(session.chunk);
    session.chunk = larger;
  }
  session.begin = 0;
  session.end = unread;
}

void Intake::consume(Session& session, size_t bytes) {
  session.end += bytes;
  if (session.chunk == shared_) shared_used_ = session.end;
  if (bytes == 0) {
    settle(session);
    return;
  }
  stage(session);
  if (parsed_.size() >= kBatchCommandsMax || session.chunk != shared_) run_staged();
}

void Intake::resume(Session& session) {
  run_staged();
  if (session.chunk == nullptr) return;
  stage(session);
  run_staged();
}

// Parses complete requests of the session, at most a batch.
void Intake::stage(Session& session) {
  staged_.push_back({.session = &session,
                     .first = parsed_.size(),
                     .last = parsed_.size(),
                     .has_more = false,
                     .error = {}});
  Staged& staged = staged_.back();
  if (session.stopped != 0) return;
  const EngineOptions& options = shard_->options();
  const resp::ParseLimits limits{.bulk_bytes_max = options.proto_max_bulk_len,
                                 .authenticated = session.is_authenticated};
  // Before AUTH the limits may change with every command.
  const size_t batch_max = session.is_authenticated ? kBatchCommandsMax : 1;
  size_t at = session.begin;
  bool has_skipped = false;  // Empty requests stand behind the last command.
  while (staged.last - staged.first < batch_max && at < session.end) {
    const auto first_arg = static_cast<uint32_t>(args_.size());
    const resp::ParseOutcome outcome =
        session.parser.parse({session.chunk->data + at, session.end - at}, limits, args_);
    if (outcome.kind == resp::ParseOutcome::Kind::kIncomplete) {
      session.bytes_needed = outcome.bytes_needed;
      // Once the commands have run, the session's input begins behind the last of them: the parser
      // will see the empty requests again, and has to begin with them.
      if (has_skipped && staged.first != staged.last) session.parser.reset();
      break;
    }
    if (outcome.kind == resp::ParseOutcome::Kind::kError) {
      staged.error = outcome.error;
      break;
    }
    staged.has_more = true;
    has_skipped = outcome.kind == resp::ParseOutcome::Kind::kNothing;
    if (outcome.kind == resp::ParseOutcome::Kind::kComplete) {
      // In a pipeline the name is often that of the command before.
      const std::string_view name = args_[first_arg];
      const bool is_as_before =
          staged.last != staged.first && args_[parsed_.back().first_arg] == name;
      parsed_.push_back(
          {.begin = at,
           .end = at + outcome.consumed,
           .command = is_as_before ? parsed_.back().command : shard_->set().commands().find(name),
           .first_arg = first_arg,
           .argc = static_cast<uint32_t>(args_.size()) - first_arg,
           .first_place = static_cast<uint32_t>(places_.size()),
           .place_count = 0,
           .borrows_parser = outcome.borrows_parser});
      ++staged.last;
      if (use_ == Use::kNormal) find_places(parsed_.back());
    }
    at += outcome.consumed;
    if (outcome.borrows_parser) break;
  }
  if (staged.first == staged.last) session.begin = at;  // There were only empty requests.
  prefetch_buckets(staged);
}

void Intake::prefetch_buckets(const Staged& staged) const {
  if (use_ == Use::kBusy) return;
  const store::HashTable& table = shard_->data().keyspace(staged.session->caller.db).table();
  const size_t first_place =
      staged.first == staged.last ? places_.size() : parsed_[staged.first].first_place;
  for (size_t i = first_place; i < places_.size(); ++i) {
    if (places_[i].shard == shard_->id()) table.prefetch_bucket(places_[i].hash);
  }
}

void Intake::find_places(Parsed& parsed) {
  if (parsed.command == nullptr || !parsed.command->has_plain_keys) return;
  const Command& command = *parsed.command;
  const auto argc = static_cast<int32_t>(parsed.argc);
  const int32_t last = command.last_key >= 0 ? command.last_key : argc + command.last_key;
  if (last >= argc || last < command.first_key ||
      (last - command.first_key) / command.key_step >= static_cast<int32_t>(kKeyPlacesMax))
    return;
  const ShardSet& set = shard_->set();
  for (int32_t at = command.first_key; at <= last; at += command.key_step) {
    const std::string_view key = args_[parsed.first_arg + static_cast<uint32_t>(at)];
    places_.push_back(
        {.hash = keyed_hash(key, set.seed()), .shard = static_cast<uint32_t>(set.shard_of(key))});
  }
  parsed.place_count = static_cast<uint32_t>(places_.size()) - parsed.first_place;
}

// Prefetches the entries of the staged keys: by now the buckets that point to them are in the
// cache.
void Intake::prefetch_entries(const Staged& staged) const {
  if (use_ == Use::kBusy) return;
  const store::HashTable& table = shard_->data().keyspace(staged.session->caller.db).table();
  for (size_t i = staged.first; i < staged.last; ++i) {
    const Parsed& parsed = parsed_[i];
    for (const KeyPlace& place :
         std::span(places_).subspan(parsed.first_place, parsed.place_count)) {
      if (place.shard == shard_->id()) table.prefetch_entry(place.hash);
    }
  }
}

void Intake::run_staged() {
  while (!staged_.empty()) {
    for (const Staged& staged : staged_)
      prefetch_entries(staged);
    shard_->executor().begin_commands();
    for (running_ = 0; running_ < staged_.size(); ++running_)
      run(staged_[running_]);
    running_ = kNone;
    std::vector<Staged> done = std::move(staged_);
    staged_.clear();
    args_used_ = std::max(args_used_, args_.size());
    args_.clear();
    parsed_.clear();
    places_.clear();
    for (const Staged& staged : done) {
      Session& session = *staged.session;
      if (staged.has_more && session.stopped == 0 && session.begin < session.end) {
        stage(session);
        continue;
      }
      settle(session);
    }
  }
  if (use_ == Use::kBusy) return;
  shard_->clients().chunks().settle_shared();
  shared_ = nullptr;
  shared_used_ = 0;
}

void Intake::trim() {
  const bool is_idle = args_used_ <= kArgsKept && staged_.empty();
  args_used_ = 0;
  if (!is_idle || args_.capacity() <= kArgsKept) return;
  args_ = std::vector<std::string_view>();
  places_ = std::vector<KeyPlace>();
}

std::vector<Session*> Intake::give_back() {
  std::vector<Session*> unread;
  for (size_t i = 0; i < staged_.size(); ++i) {
    Staged& staged = staged_[i];
    Session& session = *staged.session;
    shard_->clients().note_ready(session);  // It may have output of earlier commands.
    if (i == running_) continue;
    staged.last = staged.first;
    staged.error.clear();
    session.parser.reset();
    if (session.chunk == shared_ && shared_ != nullptr) leave_shared(session);
    if (session.chunk != nullptr) unread.push_back(&session);
  }
  return unread;
}

// Moves the session's unread bytes of the shared chunk to a chunk of its own, if there are any.
void Intake::leave_shared(Session& session) {
  const size_t unread = session.end - session.begin;
  session.chunk = nullptr;
  if (unread != 0) {
    session.chunk = shard_->clients().chunks().take(round_up(unread + 1, 1024));
    std::memcpy(session.chunk->data, shared_->data + session.begin, unread);
  }
  session.begin = 0;
  session.end = unread;
}

void Intake::run(Staged& staged) {
  Session& session = *staged.session;
  for (size_t i = staged.first; i < staged.last; ++i) {
    const Parsed& parsed = parsed_[i];
    const Request request{
        .command = parsed.command,
        .args = std::span(args_).subspan(parsed.first_arg, parsed.argc),
        .places = std::span(places_).subspan(parsed.first_place, parsed.place_count),
        .raw = parsed.borrows_parser ? std::string_view()
                                     : std::string_view(session.chunk->data + parsed.begin,
                                                        parsed.end - parsed.begin)};
    if (session.stopped != 0 || !dispatcher_->dispatch(session, request)) {
      // The rest of the input is parsed again when the session goes on.
      session.begin = parsed.begin;
      session.parser.reset();
      return;
    }
    session.begin = parsed.end;
    // The command's arguments stand in the parser, which must not go on before they have come back.
    if (parsed.borrows_parser && session.under_way != 0) session.stop(kStopOrder);
  }
  if (!staged.error.empty() && session.stopped == 0) protocol_error(session, staged.error);
}

void Intake::protocol_error(Session& session, std::string_view message) {
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(false);
  shard_->telemetry().count_error(message);
  session.close_after_replies("protocol error");
}

// Ends the reading of a session: it keeps memory only for bytes that it has sent and that were not
// used.
void Intake::settle(Session& session) {
  if ((session.stopped & kStopClosing) != 0) session.begin = session.end;
  const size_t kept =
      session.end - session.begin + session.parser.memory_bytes() + session.multi.queue.bytes();
  if (kept > shard_->options().client_query_buffer_limit && (session.stopped & kStopClosing) == 0) {
    session.close_after_replies("query buffer limit passed");
    ++shard_->stats().input_limit_passed;
    session.begin = session.end;
  }
  if ((session.stopped & (kStopRate | kStopPause)) != 0) shard_->clients().delay(session);
  if ((session.stopped & kStopMemory) != 0) shard_->clients().wait_for_memory(session);
  if ((session.stopped & kStopEviction) != 0) shard_->clients().wait_for_eviction(session);
  if ((session.stopped & kStopPushes) != 0) shard_->clients().wait_for_pushes(session);
  if ((session.stopped & kStopJournal) != 0) shard_->clients().wait_for_journal(session);
  if ((session.stopped & kStopMove) != 0) shard_->clients().wait_for_move(session);
  shard_->clients().note_ready(session);
  if (session.chunk == nullptr) return;
  if (session.chunk == shared_) {
    leave_shared(session);
    if (session.chunk == nullptr) return;
  } else if (session.begin == session.end) {
    shard_->clients().chunks().drop(session.chunk);
    session.chunk = nullptr;
    session.begin = session.end = 0;
  }
  shard_->clients().count(session);
}

}  // namespace kvstash::engine
