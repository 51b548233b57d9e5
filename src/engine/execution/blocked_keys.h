// BlockedKeys: the keys of one shard that clients wait for, with the waiters of each in the order
// in which they came; and those of them that changed and are still to be looked at.
//
// Lives on a shard; touched only by who holds it.
#pragma once

#include "engine/execution/key.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kvstash::engine {

struct Waiter;

class BlockedKeys {
 public:
  struct Queue {
    std::map<uint64_t, std::shared_ptr<Waiter>> waiters;  // By number.
    size_t wake_without_key = 0;                          // How many of them do.
    bool is_ready = false;                                // In the list of those to be looked at.
  };
  struct ReadyKey {
    DbIndex db;
    std::string key;
  };

  bool empty() const { return queues_.empty(); }
  size_t size() const { return queues_.size(); }            // Keys.
  size_t size_without_key() const { return without_key_; }  // Those whose end somebody waits for.

  // Each at most once a key.
  void add(DbIndex db, std::string_view key, const std::shared_ptr<Waiter>& waiter);
  void remove(DbIndex db, std::string_view key, const Waiter& waiter);
  // Null if nobody waits. Dies when the last waiter is removed.
  Queue* find(DbIndex db, std::string_view key);

  // The key was made, changed or removed.
  void note_change(DbIndex db, std::string_view key);
  void note_changes(DbIndex db);  // All keys of it.
  bool has_ready() const { return !ready_.empty(); }
  // The next one to be looked at, oldest first.
  std::optional<ReadyKey> take_ready();

 private:
  // Four bytes of database, then the key.
  static std::string id_of(DbIndex db, std::string_view key);
  void make_ready(const std::string& id, Queue& queue);

  std::unordered_map<std::string, Queue> queues_;
  std::deque<std::string> ready_;
  size_t without_key_ = 0;
};

}  // namespace kvstash::engine
