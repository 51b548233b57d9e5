#include "persist/snapshot/group_value.h"

#include "base/ensure.h"
#include "persist/rdb/value_writer.h"
#include "persist/snapshot/id_merge.h"

#include <iterator>
#include <utility>

namespace kvstash::persist {

using store::PendingEntry;
using store::StreamId;

GroupValue::GroupValue(const Group& group, const Born& born, unsigned rdb_version)
    : live_(&group),
      name_(group.name()),
      last_id_(group.last_id()),
      entries_read_(group.entries_read()),
      pending_(group.pending().size() - (born.pending ? 1 : 0)),
      rdb_version_(rdb_version) {
  const Consumer* owner_of_born =
      born.pending ? group.find_pending(*born.pending)->consumer : nullptr;
  for (const Consumer* consumer : group.consumers().all()) {
    if (consumer == born.consumer) continue;
    places_.emplace(consumer, owners_.size());
    owners_.push_back(
        {.live = consumer,
         .name = std::string(consumer->name()),
         .seen_ms = consumer->seen_ms(),
         .active_ms = consumer->active_ms(),
         .pending = consumer->pending().size() - (consumer == owner_of_born ? 1 : 0)});
    overlay_bytes_ += sizeof(Owner) + kNodeBytes + consumer->name().size();
  }
  if (born.pending) pending_born(*born.pending);
}

void GroupValue::save(StreamId id, const PendingEntry& entry) {
  const auto at = known_.lower_bound(id);
  if (at != known_.end() && at->first == id) return;
  known_.emplace_hint(at, id,
                      Pending{.delivered_ms = entry.delivered_ms, .deliveries = entry.deliveries});
  // An entry that has not changed since the cut belongs to a consumer of the cut.
  owners_[places_.at(entry.consumer)].changed.insert(id);
  overlay_bytes_ += 2 * kNodeBytes + 2 * sizeof(StreamId) + sizeof(Pending);
  ++preimages_;
}

void GroupValue::before_pending(StreamId id) {
  const PendingEntry* entry = live_->find_pending(id);
  ensure(entry != nullptr);
  save(id, *entry);
}

void GroupValue::pending_born(StreamId id) {
  if (known_.try_emplace(id, std::nullopt).second)
    overlay_bytes_ += kNodeBytes + sizeof(StreamId) + sizeof(Pending);
}

void GroupValue::before_consumer_goes(const Consumer& consumer) {
  const auto place = places_.find(&consumer);
  for (auto at = consumer.pending().first(); !at.at_end(); at.next())
    before_pending(at.id());
  if (place == places_.end()) return;  // It came after the cut.
  owners_[place->second].live = nullptr;
  places_.erase(place);
}

void GroupValue::before_goes() {
  for (auto at = live_->pending().first(); !at.at_end(); at.next())
    save(at.id(), at.value());
  for (Owner& owner : owners_)
    owner.live = nullptr;
  places_.clear();
  live_ = nullptr;
}

// ---- Writing.

bool GroupValue::write(rdb::Encoded& into, Budget& budget) {
  rdb::Encoder to(into);
  while (!budget.is_spent()) {
    const size_t before = into.bytes.size();
    switch (part_) {
      case Part::kHead:
        write_head(to);
        break;
      case Part::kPending:
        write_pending(to, budget);
        break;
      case Part::kOwner:
        write_owner(to);
        break;
      case Part::kOwned:
        write_owned(to, budget);
        break;
      case Part::kDone:
        return false;
    }
    budget.spend(1, into.bytes.size() - before);
  }
  return true;
}

void GroupValue::begin_ids(size_t count, Part part) {
  left_ = count;
  next_ = StreamId::min();
  part_ = part;
}

void GroupValue::count_id() {
  ensure(left_ != 0);
  --left_;
}

void GroupValue::write_head(rdb::Encoder& to) {
  rdb::write_group_head(to, {.name = name_, .last_id = last_id_, .entries_read = entries_read_});
  rdb::write_count(to, pending_);
  begin_ids(pending_, Part::kPending);
}

void GroupValue::write_pending(rdb::Encoder& to, Budget& budget) {
  const auto write = [&](StreamId id, int64_t delivered_ms, uint64_t deliveries) {
    count_id();
    rdb::write_pending(to, id, delivered_ms, deliveries);
  };
  merge_ids(
      next_, live_ != nullptr ? &live_->pending() : nullptr, known_, budget,
      [&](const Group::PendingEntries::Position& at) {
        budget.spend(1);
        write(at.id(), at.value().delivered_ms, at.value().deliveries);
      },
      [&](auto saved) {
        budget.spend(1);
        if (saved->second)
          write(saved->first, saved->second->delivered_ms, saved->second->deliveries);
        return std::next(saved);
      });
  if (next_) return;
  ensure(left_ == 0);
  rdb::write_count(to, owners_.size());
  part_ = Part::kOwner;
}

void GroupValue::write_owner(rdb::Encoder& to) {
  if (owner_ == owners_.size()) {
    part_ = Part::kDone;
    return;
  }
  const Owner& owner = owners_[owner_];
  rdb::write_consumer_head(
      to, {.name = owner.name, .seen_ms = owner.seen_ms, .active_ms = owner.active_ms},
      rdb_version_);
  rdb::write_count(to, owner.pending);
  begin_ids(owner.pending, Part::kOwned);
}

void GroupValue::write_owned(rdb::Encoder& to, Budget& budget) {
  const Owner& owner = owners_[owner_];
  const auto write = [&](StreamId id) {
    count_id();
    rdb::write_owned(to, id);
  };
  merge_ids(
      next_, owner.live != nullptr ? &owner.live->pending() : nullptr, owner.changed, budget,
      [&](const auto& at) {
        budget.spend(1);
        // What the consumer has now, it may have got since the cut.
        if (known_.empty() || !known_.contains(at.id())) write(at.id());
      },
      [&](auto saved) {
        budget.spend(1);
        write(*saved);
        return std::next(saved);
      });
  if (next_) return;
  ensure(left_ == 0);
  ++owner_;
  part_ = Part::kOwner;
}

}  // namespace kvstash::persist
