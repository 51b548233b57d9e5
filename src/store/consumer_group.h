// Consumer groups of a stream: who has been given which entries, and has not acknowledged them yet.
//
//   ConsumerGroups ──> ConsumerGroup ──> pending entries: id -> when, how often, to whom
//    (by name)             │
//                          └──> Consumer (by name) ──> the ids of its own pending entries
//
// An id is in a group's pending entries exactly if it is in those of one of its consumers; the
// functions here keep it so. Pending entries may outlive the stream's own. Everything is counted in
// the bytes of the stream that it belongs to. Times are milliseconds since 1970. Not thread-safe.
#pragma once

#include "store/id_tree.h"
#include "store/name_table.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::store {

class Consumer {
 public:
  Consumer(std::string_view name, size_t& bytes) : name_(name, bytes), pending_(bytes) {}

  std::string_view name() const { return name_.view(); }
  const IdTree<NoValue>& pending() const { return pending_; }

  int64_t seen_ms = 0;     // It last asked for something.
  int64_t active_ms = -1;  // It last was given something; -1: never.

 private:
  friend class ConsumerGroup;
  OwnedName name_;
  IdTree<NoValue> pending_;
};

// An entry that was delivered to a consumer and not acknowledged.
struct PendingEntry {
  int64_t delivered_ms;
  uint64_t deliveries;
  Consumer* consumer;
};

class ConsumerGroup {
 public:
  using Consumers = NameTable<Consumer>;
  using PendingEntries = IdTree<PendingEntry>;
  static constexpr int64_t kUnknown = -1;

  ConsumerGroup(std::string_view name, size_t& bytes)
      : name_(name, bytes), consumers_(bytes), pending_(bytes) {}

  std::string_view name() const { return name_.view(); }
  const Consumers& consumers() const { return consumers_; }
  const PendingEntries& pending() const { return pending_; }

  StreamId last_id;                 // Of the last entry delivered.
  int64_t entries_read = kUnknown;  // As the stream counts its entries added.

  Consumer* find_consumer(std::string_view name) const { return consumers_.find(name); }
  // The name must be new.
  Consumer& create_consumer(std::string_view name, int64_t now_ms);
  // Its pending entries go too: O(n log n) of them. Returns how many.
  size_t destroy_consumer(Consumer& consumer);

  PendingEntry* find_pending(StreamId id) const { return pending_.find(id); }
  // Notes an entry as delivered. False, and nothing changes, if it is pending already.
  bool add_pending(StreamId id, const PendingEntry& entry);
  // Gives a pending entry to another consumer; its time and count stay.
  void assign(StreamId id, PendingEntry& entry, Consumer& to);
  bool acknowledge(StreamId id);  // False if it is not pending.

  // Takes over consumers and pending entries of `other`; it has none itself.
  void copy_from(const ConsumerGroup& other);
  bool is_sound() const;  // O(n log n), for tests.

 private:
  OwnedName name_;
  Consumers consumers_;
  PendingEntries pending_;
};

using ConsumerGroups = NameTable<ConsumerGroup>;

}  // namespace kvstash::store
