// Clients: the connections of one shard: which have output or go on, why they were stopped, and
// what they hold (decision 0028).
//
// Owns the sessions and the memory that their input stands in. Used on the shard's thread or on a
// thread that holds the shard.
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
  // Called when the socket is gone or is being closed: forgets the session as soon as no command of
  // it is under way.
  void close(Session& session);
  // CLIENT KILL: takes no more commands of the session, and closes it at the end of this turn, even
  // if it has unsent output. May be called while the shard is held.
  void kill(Session& session);
  void close_killed();
  const Sessions& all() const { return sessions_; }
  Session* find(uint64_t id);  // Null: there is no such session, or its socket is gone.
  ChunkPool& chunks() { return chunks_; }
  // unwatch_all() ends all watches of a session; forget_watched() removes a watcher from each key.
  void unwatch_all(Session& session);
  void forget_watched(std::vector<WatchedKey> keys);

  // ---- Output.
  // Called when the session has output or is to be closed: take_ready() will return it to the
  // shell.
  void note_ready(Session& session);
  std::vector<Session*> take_ready();
  const std::vector<Session*>& ready() const { return ready_; }
  // Sends a push. A client that leaves too much of its output unread is closed.
  void push(Session& session, std::string_view message);
  // While messages that follow from `lsn` are delivered, what is pushed follows from it as well.
  void set_received_lsn(Lsn lsn) { received_lsn_ = lsn; }
  Lsn received_lsn() const { return received_lsn_; }
  // Bytes pushed since sessions were last flushed.
  size_t pushed_bytes = 0;
  // Called when a reply has come home: the session may go on, or is forgotten if it is closed.
  void finish_reply(Session& session);
  // Learns from the size of a reply how many replies the session may wait for at one time.
  void learn_reply_size(Session& session, size_t bytes);

  // ---- Stopped sessions.
  // Called when a reason to stop is gone: if it was the last, the session's commands go on at the
  // end of this turn.
  void go_on(Session& session, StopReason reason);
  // Lists a session to go on that was not stopped, such as one with input that was given back to
  // it.
  void list_resume(Session& session);
  // Called for a session that was stopped by its rate or a pause: look_at_delayed() or the end of
  // the pause lets it go on.
  void delay(Session& session);
  void look_at_delayed();
  // Called for a session that was stopped because memory is overfull: it goes on when it is not.
  void wait_for_memory(Session& session);
  // Called for a session that was stopped until keys are evicted for a command that took too much.
  void wait_for_eviction(Session& session);
  // Called for a session that was stopped because too many pushes wait in mailboxes: it goes on
  // when there are fewer.
  void wait_for_pushes(Session& session);
  // Called for a session that was stopped because too much of the journal is not written yet: it
  // goes on when that is over.
  void wait_for_journal(Session& session);
  // Called for a session that was stopped because a key is being moved: it goes on when that is
  // over.
  void wait_for_move(Session& session);
  // Called once a turn: lets a bounded number of sessions go on. `has_more()`: more of them wait,
  // so the next turn is to come soon.
  void resume();
  bool has_more() const { return !resume_.empty() || !killed_.empty(); }
  // True: a session waits for something of which no message tells, so the shard has to look again
  // in a millisecond.
  bool looks_soon() const { return !memory_waiters_.empty() || !push_waiters_.empty(); }
  // In a busy turn: lets sessions go on that await no reply.
  void resume_while_busy();

  // ---- CLIENT PAUSE.
  const Pause& pause() const { return pause_; }
  // Begins a pause that was asked for at `asked_ns`, on any shard: see Pause::begin.
  void begin_pause(int64_t asked_ns, int64_t until_ns, PauseMode mode);
  void end_pause();
  // A failover begins, or is over: writes wait meanwhile.
  void hold_writes(bool are_held);
  void end_due_pause();
  size_t paused() const;  // Number of sessions that the pause holds back.

  // ---- What clients hold (client_bounds.cc).
  // Counts what the session holds now, after it was read from or written to.
  void count(Session& session);
  // Called in the middle of a turn when the session's output has grown past its mark: the session
  // is stopped if that is too much.
  void look_at_output(Session& session);
  // Called when output may have been sent: counts, and stops the session or lets it go on.
  void settle_output(Session& session);
  const ClientMemory& memory() const { return memory_; }
  // The most bytes that a client may have unread of messages that no request of it asked for.
  uint64_t unasked_limit() const;
  // Enforces maxmemory-clients; called before replies leave.
  void bound_memory();
  // Closes clients that leave too much unread of messages that cannot be held back.
  void bound_unasked_output();

 private:
  void resume_paused();
  void forget(Session& session);
  void resume_memory_waiters();
  void resume_eviction_waiters();
  void resume_push_waiters();
  void resume_journal_waiters();
  void resume_move_waiters();
  bool leaves_too_much_unread(const Session& session) const;
  bool has_too_much_unsent(const Session& session) const;

  Shard* shard_;
  ChunkPool chunks_;
  ClientMemory memory_;
  Sessions sessions_;
  std::vector<Session*> ready_;
  std::deque<Session*> resume_;
  std::vector<uint64_t> killed_;   // Ids, because a session may be gone by the end of the turn.
  std::vector<Session*> delayed_;  // Stopped by their rate or a pause.
  std::vector<Session*> memory_waiters_;
  std::vector<Session*> eviction_waiters_;
  std::vector<Session*> push_waiters_;
  std::vector<Session*> journal_waiters_;
  std::vector<Session*> move_waiters_;
  uint64_t moves_over_ = 0;  // When move_waiters_ last went on.
  Pause pause_;
  Lsn received_lsn_{};
};

}  // namespace kvstash::engine
