// NodeJournal: the journal of a node with the lanes of its shards, for as long as somebody reads
// it: the log on disk, or replicas.
//
//   shards ──> lanes ──> Journal ──┬──> AofLog
//                                  └──> replicas
//
// While it has no user, shards record nothing. So when it gets one again the stream has a gap, and
// the history takes a new name. LSNs and offsets go on all the same.
//
// While the node follows a primary, the stream comes from the thread that follows, through
// IncomingStream, before shards have applied it.
#pragma once

#include "persist/journal/journal.h"
#include "persist/journal/lane.h"
#include "persist/node/loader.h"
#include "persist/node/node_context.h"
#include "persist/node/persist_facts.h"
#include "persist/node/rdb_file.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace kvstash::persist {

// A primary's stream on its way into the journal and the shards.
class IncomingStream {
 public:
  virtual ~IncomingStream() = default;

  // See NodeJournal::settle().
  virtual std::unique_lock<std::mutex> settle(const engine::Hold& all) = 0;
};

class NodeJournal {
 public:
  enum class User : uint8_t { kLog, kReplicas };

  explicit NodeJournal(NodeContext& node);
  NodeJournal(const NodeJournal&) = delete;
  NodeJournal& operator=(const NodeJournal&) = delete;

  // ---- Before any command runs.
  // Adds a function that is called after each append, on the appending thread.
  void listen(std::function<void()> then) { listeners_.push_back(std::move(then)); }
  // The journal begins at `offset`, where the data ends that was loaded. `db`: what the stream has
  // selected there. `of`: the history that this is a place of, if it is known. No gap lies between
  // this and the first attach().
  void begin_at(Offset offset, engine::DbIndex db, const std::optional<LoadedStream>& of);

  // ---- Every shard is held.
  void attach(User user);
  // What was recorded before joins the journal.
  void detach(User user);
  // The stream is a primary's from now on: replicas are a user. `db`: the database that it has
  // selected at the journal's end.
  void begin_following(engine::DbIndex db);
  void end_following();
  // The data is a snapshot of the primary that is followed, as of `offset`. The journal has no
  // user.
  void restart_at(Offset offset, engine::DbIndex db);
  // What the shards have recorded so far joins the journal.
  void join() const;
  // Has journal and shards stand at one place: the shards apply all of the primary's stream that
  // the journal has, and what they have recorded joins it. Nothing is added to it as long as the
  // caller keeps what is returned.
  std::unique_lock<std::mutex> settle(const engine::Hold& all) const;
  // How much stays in memory of what all readers have passed, while replicas are a user.
  void set_backlog_bytes(size_t bytes);
  // Where the stream stands; none: nothing is recorded.
  std::optional<RdbFacts::Stream> stream() const;

  // The stream that settle() is about; null: none. Also before any command runs.
  void set_incoming(IncomingStream* stream) { incoming_ = stream; }

  // ---- Any thread.
  Journal& journal() { return journal_; }
  const Journal& journal() const { return journal_; }
  bool has(User user) const { return (users_.load(std::memory_order_acquire) & bit(user)) != 0; }
  bool is_attached() const { return users_.load(std::memory_order_acquire) != 0; }
  // The offsets from which on the stream can be told without a gap.
  struct Range {
    Offset begin = 0;
    Offset end = 0;
  };
  Range range() const;
  size_t memory() const { return is_attached() ? journal_.numbers().memory : 0; }
  void tell(PersistFacts& facts) const;

  // Called when no command runs any more: the shards forget their lanes.
  void finish();

 private:
  static constexpr uint8_t bit(User user) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(user));
  }
  void set_lanes(bool are_attached);

  NodeContext* node_;
  Journal journal_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // By shard.
  std::vector<std::function<void()>> listeners_;
  std::atomic<uint8_t> users_{0};
  bool has_gap_ = true;                   // The next user finds data that was not recorded.
  std::atomic<Offset> unbroken_from_{0};  // There is no gap behind this offset.
  size_t backlog_bytes_ = 0;
  IncomingStream* incoming_ = nullptr;
};

}  // namespace kvstash::persist
