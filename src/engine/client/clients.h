// Clients: the connections of one shard: who they are, which have output or go on, why they were
// stopped, and what they hold (decision 0028).
//
// Owns the sessions and the memory that their input stands in. On the shard's thread, or that of
// one who holds it.
#pragma once

#include "engine/client/client_memory.h"
#include "engine/client/input.h"
#include "engine/client/pause.h"
#include "engine/client/session.h"
#include "engine/release/lsn.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

class Shard;

class Clients {
 public:
  using Sessions = std::unordered_map<uint64_t, std::unique_ptr<Session>>;

  explicit Clients(Shard& shard);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // ---- Connections.
  Session& open(void* shell);
  // The socket is gone (or is to go): forgets the session as soon as nothing of it is under way.
  void close(Session& session);
  // CLIENT KILL: takes no more commands of it, and closes it at the end of this turn, whatever it
  // has not read. Also while the shard is held.
  void kill(Session& session);
  void close_killed();
  const Sessions& all() const { return sessions_; }
  Session* find(uint64_t id);  // Null: there is none, or its socket is gone.
  ChunkPool& chunks() { return chunks_; }
  // It watches nothing any more; or nobody watches these keys for it.
  void unwatch_all(Session& session);
  void forget_watched(std::vector<WatchedKey> keys);

  // ---- Output.
  // The session has output or wants to be closed: the shell will find it in take_ready().
  void note_ready(Session& session);
  std::vector<Session*> take_ready();
  const std::vector<Session*>& ready() const { return ready_; }
  // Sends a message that is no reply. A client that leaves too much of that unread is closed.
  void push(Session& session, std::string_view message);
  // While these are delivered, what is pushed follows from `lsn`.
  void set_received_lsn(Lsn lsn) { received_lsn_ = lsn; }
  Lsn received_lsn() const { return received_lsn_; }
  // Pushed since it was last set to 0, when sessions were flushed.
  size_t pushed_bytes = 0;
  // A reply has come home: the session may go on, or is forgotten.
  void finish_reply(Session& session);
  // How large the replies are that it waits for bounds how many it may wait for.
  void learn_reply_size(Session& session, size_t bytes);

  // ---- Stopped sessions.
  // A reason to stop is gone: its commands go on at the end of this turn.
  void go_on(Session& session, StopReason reason);
  // The same of one that was not stopped, and has input that was given back to it.
  void list_resume(Session& session);
  // The session was stopped for a time that nobody will end: look_at_delayed() does.
  void delay(Session& session);
  void look_at_delayed();
  // The session was stopped because memory is overfull: goes on when others have made room.
  void wait_for_memory(Session& session);
  // The session was stopped until keys were evicted for what a command took: goes on then.
  void wait_for_eviction(Session& session);
  // The session was stopped because too many pushes are on their way: goes on when they are not.
  void wait_for_pushes(Session& session);
  // Once a turn: lets those go on, a bounded number. `has_more()`: call again soon.
  void resume();
  bool has_more() const { return !resume_.empty() || !killed_.empty(); }
  // Somebody waits for what nobody will tell: look again in a millisecond.
  bool looks_soon() const { return !memory_waiters_.empty() || !push_waiters_.empty(); }
  // In a busy turn: those that await no reply.
  void resume_while_busy();

  // ---- CLIENT PAUSE.
  const Pause& pause() const { return pause_; }
  // It was asked for at `asked_ns`, on whatever shard: see Pause::begin.
  void begin_pause(int64_t asked_ns, int64_t until_ns, PauseMode mode);
  void end_pause();
  void end_due_pause();
  size_t paused() const;  // Sessions that it holds back.

  // ---- What clients hold (client_bounds.cc).
  // Counts what the session holds now, after a read or a write of it.
  void count(Session& session);
  // In the middle of a turn: its output has grown past its mark. It is held back when that is too
  // much.
  void look_at_output(Session& session);
  // Something of its output may have been sent: counts, and lets it go on or holds it back.
  void settle_output(Session& session);
  const ClientMemory& memory() const { return memory_; }
  // What a client may have unread of messages that it did not ask for one by one.
  uint64_t unasked_limit() const;
  // maxmemory-clients, before replies leave.
  void bound_memory();
  // Closes those who leave too much unread of what nobody can hold back.
  void bound_unasked_output();

 private:
  void forget(Session& session);
  void resume_memory_waiters();
  void resume_eviction_waiters();
  void resume_push_waiters();
  bool leaves_too_much_unread(const Session& session) const;
  bool has_too_much_unsent(const Session& session) const;

  Shard* shard_;
  ChunkPool chunks_;
  ClientMemory memory_;
  Sessions sessions_;
  std::vector<Session*> ready_;
  std::deque<Session*> resume_;
  std::vector<uint64_t> killed_;   // Ids: some may be gone by the end of the turn.
  std::vector<Session*> delayed_;  // Stopped by their rate or a pause.
  std::vector<Session*> memory_waiters_;
  std::vector<Session*> eviction_waiters_;
  std::vector<Session*> push_waiters_;
  Pause pause_;
  Lsn received_lsn_{};
};

}  // namespace kvstash::engine
