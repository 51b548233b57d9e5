// Consumer groups of a stream: who has been given which entries, and has not acknowledged them yet.
//
//   ConsumerGroups ──> ConsumerGroup ──> pending entries: id -> when, how often, to whom
//    (by name)             │
//                          └──> Consumer (by name) ──> the ids of its own pending entries
//
// An id is in a group's pending entries exactly if it is in those of one of its consumers; the
// functions here keep it so. Pending entries may outlive the stream's own. Everything is counted in
// the bytes of the stream that it belongs to. Times are milliseconds since 1970. Not thread-safe.
//
// A group and what it has change through its own functions only, which tell the observer of the
// stream before (observer.h).
#pragma once

#include "store/id_tree.h"
#include "store/name_table.h"
#include "store/observer.h"
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
  int64_t seen_ms() const { return seen_ms_; }      // It last asked for something.
  int64_t active_ms() const { return active_ms_; }  // It last was given something; -1: never.

 private:
  friend class ConsumerGroup;
  OwnedName name_;
  IdTree<NoValue> pending_;
  int64_t seen_ms_ = 0;
  int64_t active_ms_ = -1;
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
  StreamId last_id() const { return last_id_; }           // Of the last entry delivered.
  int64_t entries_read() const { return entries_read_; }  // As the stream counts its entries added.
  const Consumer* find_consumer(std::string_view name) const { return consumers_.find(name); }
  const PendingEntry* find_pending(StreamId id) const { return pending_.find(id); }

  // ---- Changing. A consumer is of this group.

  void set_last_id(StreamId last_id);
  void set_entries_read(int64_t entries_read);
  Consumer* find_consumer(std::string_view name) { return consumers_.find(name); }
  // The name must be new.
  Consumer& create_consumer(std::string_view name, int64_t now_ms);
  // Its pending entries go too: O(n log n) of them. Returns how many.
  size_t destroy_consumer(Consumer& consumer);
  void set_seen(Consumer& consumer, int64_t now_ms);
  void set_active(Consumer& consumer, int64_t now_ms);

  // Notes an entry as delivered. False, and nothing changes, if it is pending already.
  bool add_pending(StreamId id, const PendingEntry& entry);
  // Gives an entry that is pending another time and count, and perhaps another consumer.
  void redeliver(StreamId id, const PendingEntry& entry);
  bool acknowledge(StreamId id);  // False if it is not pending.

  // Takes over consumers and pending entries of `other`; it has none itself.
  void copy_from(const ConsumerGroup& other);
  bool is_sound() const;  // O(n log n), for tests.

 private:
  friend class Stream;
  static constexpr StreamObserver* kNobody = nullptr;

  StreamObserver* observer() const { return *observer_; }
  void tell_change() const;
  void tell_change(const Consumer& consumer) const;
  void tell_change(StreamId id) const;

  OwnedName name_;
  Consumers consumers_;
  PendingEntries pending_;
  StreamId last_id_;
  int64_t entries_read_ = kUnknown;
  StreamObserver* const* observer_ = &kNobody;  // The stream's, where it keeps that.
};

static_assert(sizeof(Consumer) == 64 && sizeof(ConsumerGroup) == 112, "size classes");

using ConsumerGroups = NameTable<ConsumerGroup>;

}  // namespace kvstash::store
