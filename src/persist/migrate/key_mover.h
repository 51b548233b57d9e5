// KeyMover: moves keys to other servers (MIGRATE), on a thread of its own, one request after the
// other. No shard waits for the other server.
//
//   1. dump     the shards of some keys are held: their values become payloads, and are watched
//   2. send     RESTORE for each; the replies are awaited
//   3. settle   the shards are held again: a key that has not changed is deleted, as one DEL in the
//               journal; one that has changed is dumped and sent again, or deleted at the target
//
// Meanwhile commands that would change the keys wait at a gate (engine/client/moving_keys.h), so a
// key changes only by commands that were past the gate, by scripts that have not named it, or by
// expiry and eviction. A copy needs no settling: it is as of the dump.
//
// add() may be called by any thread; stop() by the owner.
#pragma once

#include "engine/execution/gather.h"
#include "engine/execution/key.h"
#include "engine/execution/watch.h"
#include "engine/shard_set.h"
#include "persist/background_waits.h"
#include "persist/journal/background_shell.h"
#include "persist/migrate/move_link.h"
#include "persist/migrate/move_request.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

class KeyMover {
 public:
  struct Job {
    MoveRequest request;
    engine::DbIndex db{};  // Of the keys here.
    size_t home = 0;       // The shard of the client, which sees what the move has done.
    engine::LaterAnswer answer;
  };

  KeyMover(engine::ShardSet& set, BackgroundWaits& waits) : set_(&set), waits_(&waits) {}
  ~KeyMover() { stop(); }
  KeyMover(const KeyMover&) = delete;
  KeyMover& operator=(const KeyMover&) = delete;

  // Moves the keys soon; the job's client has its reply then.
  void add(Job job);
  // Ends the thread, once `waits` has ended; jobs that are not done have no reply. No job is added
  // any more.
  void stop();

 private:
  // A key on its way.
  struct Item {
    std::string key{};
    std::string payload{};
    int64_t ttl_ms = 0;     // 0: it does not expire.
    bool is_gone = false;   // It was sent, and then deleted here: the target is to delete it, too.
    bool is_moved = false;  // The target has it.
    std::optional<engine::WatchedKey> watched{};
  };
  using Items = std::vector<Item>;
  struct Progress {
    bool has_found = false;  // Some key was there.
    Status refused;          // The first error that the target replied.
  };

  std::optional<int64_t> run_next();
  void move(const Job& job);
  Status move_keys(const Job& job, Progress& progress);
  Status move_some(const Job& job, MoveLink& link, std::span<const std::string>& keys,
                   Progress& progress);
  Result<Items> dump(const Job& job, std::span<const std::string>& keys, bool is_again);
  static Status send(MoveLink& link, Items& items, bool replaces, Progress& progress);
  static Status take_back(MoveLink& link, const std::vector<std::string>& keys);
  bool settle(const Job& job, Items& items, std::vector<std::string>& changed);
  std::vector<size_t> shards_of(const Job& job, std::span<const std::string> keys) const;

  engine::ShardSet* set_;
  BackgroundWaits* waits_;
  std::mutex lock_;
  std::deque<Job> jobs_;
  bool has_begun_ = false;  // The thread begins with the first job.
  std::atomic<bool> ends_{false};
  BackgroundShell shell_;  // Last: its thread uses all of the above.
};

}  // namespace kvstash::persist
