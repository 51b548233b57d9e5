// BlockedKeys: the keys of one shard that clients wait for, each with its queue of waiters in the
// order of their arrival; and the list of those keys that changed and whose queues are still to be
// served.
//
// Lives on a shard; used only by the thread that holds the shard.
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
    std::map<uint64_t, std::shared_ptr<Waiter>> waiters;  // By Waiter::number.
    // How many of the waiters have wakes_without_key.
    size_t wake_without_key = 0;
    // The key is in the list of changed keys.
    bool is_ready = false;
  };
  struct ReadyKey {
    DbIndex db;
    std::string key;
  };

  bool empty() const { return queues_.empty(); }
  size_t size() const { return queues_.size(); }  // Number of keys.
  // Keys with a waiter that is to be woken when the key is removed.
  size_t size_without_key() const { return without_key_; }

  // A waiter that is in the key's queue already is not added again.
  void add(DbIndex db, std::string_view key, const std::shared_ptr<Waiter>& waiter);
  void remove(DbIndex db, std::string_view key, const Waiter& waiter);
  // The key's queue; null if there are no waiters. Valid until its last waiter is removed.
  Queue* find(DbIndex db, std::string_view key);

  // Called when the key was made, changed or removed: lists it if it has waiters.
  void note_change(DbIndex db, std::string_view key);
  // As note_change, for all keys of a database.
  void note_changes(DbIndex db);
  bool has_ready() const { return !ready_.empty(); }
  // Takes the changed key that was listed first out of the list; none: the list has no key with
  // waiters.
  std::optional<ReadyKey> take_ready();

 private:
  // Four bytes of the database's number, then the key.
  static std::string id_of(DbIndex db, std::string_view key);
  void make_ready(const std::string& id, Queue& queue);

  std::unordered_map<std::string, Queue> queues_;
  std::deque<std::string> ready_;
  size_t without_key_ = 0;
};

}  // namespace kvstash::engine
