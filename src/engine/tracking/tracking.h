// Tracking: one shard's part in client-side caching (CLIENT TRACKING).
//
// As the shard of keys it remembers which clients have read them, and tells the readers' home
// shards when the keys change; it also collects changes of keys with prefixes that clients follow,
// and sends them at the end of the turn. As the home of sessions it turns this news into messages,
// behind the replies to all that the client sent before. See
// docs/decisions/0025-client-side-caching.md.
//
// Lives on a shard and is used by the thread that holds it.
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

// Remembers in the shard of a key, which `hold` covers, that a client has read the key.
void remember_reader(const Hold& hold, std::string_view key, const TrackingTable::Reader& reader);

class Tracking {
 public:
  explicit Tracking(Shard& shard);
  ~Tracking();
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // ---- As the shard of keys. `pushes` are those of the executing thread.
  void remember(std::string_view key, const TrackingTable::Reader& reader);
  // Called when a key changed. Followers of prefixes treat a change by a script as no client's, as
  // in Redis.
  void note_change(std::string_view key, const Author& author, Pushes& pushes);
  // Sends the changes of keys with followed prefixes since the last call.
  void tell_prefixes();
  // Called when a database was emptied: forgets all readers of keys, and tells all clients of this
  // home. To be called on every shard.
  void flush(Pushes& pushes);
  // Enforces tracking-table-max-keys, by a bounded number of keys at a time. True: there is more to
  // do.
  bool trim();
  // Called when a client has ended: the next sweeps forget the keys that it read.
  void forget(uint64_t client) { keys_.forget(client); }
  // Does a bounded step of such a sweep.
  void sweep();
  // Add or remove one follower of a prefix on shard `home`.
  void add_prefix(std::string_view prefix, uint32_t home) { prefixes_.add(prefix, home); }
  void remove_prefix(std::string_view prefix, uint32_t home) { prefixes_.remove(prefix, home); }
  size_t key_count() const { return keys_.key_count(); }
  size_t item_count() const { return keys_.item_count(); }
  size_t prefix_count() const { return prefixes_.prefix_count(); }

  // ---- As the home of sessions.
  // Turns tracking on for a session, or changes its choices to `choices`, whose prefixes are added
  // to those that the session has. Every shard has added the new prefixes (add_prefix) before.
  void turn_on(Session& session, const ClientTracking& choices);
  void turn_off(Session& session);
  // Removes a follower of a prefix on this home from the tables of all shards.
  void drop_prefix(const std::string& prefix);
  // Called when the session is over and no reply of it is under way.
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
  // The table stands in the shard's data; this object maintains it.
  TrackingTable& keys_;
  BroadcastTable& prefixes_;
  size_t counted_keys_ = 0;  // The number of keys_ that is counted in ShardSet::tracked_keys.

  size_t sessions_ = 0;                                                  // Sessions that track.
  std::map<std::string, std::vector<Session*>, std::less<>> followers_;  // By prefix.
  resp::ReplyBuffer message_;                                            // Scratch.
};

}  // namespace kvstash::engine
