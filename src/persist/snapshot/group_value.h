// GroupValue: a consumer group as a snapshot sees it, a part of a StreamValue.
//
// It is made at the first change of anything in the group after the cut, or when its turn to be
// written comes. Then it copies the names and times of its consumers. Pending entries are copied
// one by one before they change. It writes the pending entries by id, and then each consumer with
// the ids that it had pending.
//
// A group that goes is copied whole, which takes as long as freeing it.
#pragma once

#include "persist/snapshot/big_value.h"
#include "store/consumer_group.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace kvstash::persist {

class GroupValue {
 public:
  using Group = store::ConsumerGroup;
  using Consumer = store::Consumer;

  // What the first change told is that `born_consumer` was made, or that `born_pending` was: they
  // are in the group, but were not at the cut.
  struct Born {
    const Consumer* consumer = nullptr;
    std::optional<store::StreamId> pending = std::nullopt;
  };
  GroupValue(const Group& group, const Born& born, unsigned rdb_version);

  void before_pending(store::StreamId id);
  void pending_born(store::StreamId id);
  void before_consumer_goes(const Consumer& consumer);
  void before_goes();

  // As BigValue::write.
  bool write(rdb::Encoded& to, Budget& budget);

  size_t overlay_bytes() const { return overlay_bytes_; }
  size_t preimages() const { return preimages_; }

 private:
  // A pending entry as it was at the cut.
  struct Pending {
    int64_t delivered_ms;
    uint64_t deliveries;
  };
  struct Owner {
    const Consumer* live;  // Null once the consumer is gone.
    std::string name;
    int64_t seen_ms;
    int64_t active_ms;
    size_t pending;                       // How many pending entries it had.
    std::set<store::StreamId> changed{};  // Those of them that have changed.
  };
  // What is written next: the head, the pending entries of the group, for each consumer its head
  // and its ids.
  enum class Part : uint8_t { kHead, kPending, kOwner, kOwned, kDone };

  void save(store::StreamId id, const store::PendingEntry& entry);
  void write_head(rdb::Encoder& to);
  void write_pending(rdb::Encoder& to, Budget& budget);
  void write_owner(rdb::Encoder& to);
  void write_owned(rdb::Encoder& to, Budget& budget);
  void begin_ids(size_t count, Part part);
  void count_id();

  const Group* live_;  // Null once the group is gone.
  std::string name_;
  store::StreamId last_id_;
  int64_t entries_read_;
  size_t pending_;  // How many entries were pending.
  unsigned rdb_version_;
  std::vector<Owner> owners_;
  std::unordered_map<const Consumer*, size_t> places_;  // In owners_; live consumers of the cut.
  // Pending entries that were changed or made since the cut; nothing: it was not there.
  std::map<store::StreamId, std::optional<Pending>> known_;
  size_t overlay_bytes_ = 0;
  size_t preimages_ = 0;

  Part part_ = Part::kHead;
  size_t owner_ = 0;                     // The consumer that is being written.
  std::optional<store::StreamId> next_;  // The lowest id that was not written; none: no more.
  size_t left_ = 0;                      // Ids of this part that were not written yet.
};

}  // namespace kvstash::persist
