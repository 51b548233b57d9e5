// Tracking: one shard's part in client-side caching (CLIENT TRACKING).
//
// As the shard of keys it remembers who has read them, and tells the readers' home shards when they
// change; and it collects what changes of prefixes that are followed everywhere, and tells that at
// the end of the turn. As the home of sessions it turns such news into messages: behind the replies
// to all that the client sent before. See docs/decisions/0025-client-side-caching.md.
//
// Lives on a shard, is used by whoever holds it.
#pragma once

#include "engine/data/key_changes.h"
#include "engine/pubsub/push.h"
#include "engine/tracking/broadcast_table.h"
#include "engine/tracking/client_tracking.h"
#include "engine/tracking/tracking_table.h"
#include "resp/reply_writer.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Pushes;
class Session;
class Shard;

class Tracking {
 public:
  explicit Tracking(Shard& shard);
  ~Tracking();
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // ---- As the shard of keys. `pushes` are those of the thread that executes.
  // The client, whose home is that shard, has read a key.
  void remember(std::string_view key, uint64_t client, uint32_t home);
  // A key changed. Followers of prefixes take what a script does as nobody's, as in Redis.
  void note_change(std::string_view key, const Author& author, Pushes& pushes);
  // Tells what changed of prefixes since the last time.
  void tell_prefixes();
  // All readers of the keys are forgotten, all clients of this home are told: a database was
  // emptied. To be done on every shard.
  void flush(Pushes& pushes);
  // Keeps tracking-table-max-keys, a bounded number of keys at a time. True: there is more to do.
  bool trim();
  // The client has ended: what it read is forgotten in the sweeps to come.
  void forget(uint64_t client) { keys_.forget(client); }
  // A bounded step of those.
  void sweep();
  // Followers of prefixes on shard `home`.
  void add_prefix(std::string_view prefix, uint32_t home) { prefixes_.add(prefix, home); }
  void remove_prefix(std::string_view prefix, uint32_t home) { prefixes_.remove(prefix, home); }
  size_t key_count() const { return keys_.key_count(); }
  size_t item_count() const { return keys_.item_count(); }
  size_t prefix_count() const { return prefixes_.prefix_count(); }

  // ---- As the home of sessions.
  // Begins, or changes how it is done: all of `choices`, whose prefixes are added to those that the
  // session has. Every shard has added the new ones (add_prefix) already.
  void turn_on(Session& session, const ClientTracking& choices);
  void turn_off(Session& session);
  // A follower of a prefix less on this home, for all shards.
  void drop_prefix(const std::string& prefix);
  // The session is over: no reply of it is under way any more.
  void end(const Session& session);
  size_t session_count() const { return sessions_; }

  void deliver(const KeyInvalidation& news);
  void deliver(const PrefixInvalidation& news);
  void deliver(const FlushInvalidation& news);
  void deliver(const RedirectedInvalidation& news);
  void deliver(const BrokenRedirection& news);

 private:
  void forget_keys();
  void update_count();
  void tell_readers(std::string_view key, uint64_t author, Pushes& pushes);
  void unfollow(Session& session, const std::string& prefix);
  void send(Session& session, std::string_view value);
  void send_broken(Session& session);
  void write(Session& to, std::string_view value, bool is_redirected);
  void push(Session& to);

  Shard* shard_;
  TrackingTable& keys_;  // The shard's data has them; this is who keeps them.
  BroadcastTable& prefixes_;
  size_t counted_keys_ = 0;  // Of keys_, in the set's count of all.

  size_t sessions_ = 0;                                                  // That track.
  std::map<std::string, std::vector<Session*>, std::less<>> followers_;  // By prefix.
  resp::ReplyBuffer message_;                                            // Scratch.
};

}  // namespace kvstash::engine
