#include "persist/snapshot/stream_value.h"

#include "base/ensure.h"
#include "engine/execution/key.h"
#include "persist/rdb/value_writer.h"
#include "persist/snapshot/id_merge.h"

#include <utility>

namespace kvstash::persist {

using engine::Viewed;
using store::ListpackView;
using store::Stream;
using store::StreamId;

StreamValue::StreamValue(Place place, Tally& tally, store::ObjectWord word)
    : BigValue(std::move(place), tally), word_(word), next_(StreamId::min()) {
  const Viewed<Stream> stream(word);
  counters_ = stream->counters();
  left_ = stream->blocks().size();
  if (left_ != 0) last_block_ = stream->blocks().last().id();
  rdb::write_count(head(), left_);
  if (stream->groups() == nullptr) return;
  for (const Group* group : stream->groups()->all()) {
    places_.emplace(group, groups_.size());
    groups_.push_back({.live = group});
  }
}

// ---- Blocks.

void StreamValue::before_block(StreamId id) {
  if (!next_ || id < *next_ || !last_block_ || id > *last_block_) return;
  const auto at = saved_.lower_bound(id);
  if (at != saved_.end() && at->first == id) return;
  rdb::Encoded image;
  rdb::Encoder encoder(image);
  const Viewed<Stream> stream(word_);
  rdb::write_stream_block(encoder, id, ListpackView(*stream->blocks().find(id)));
  add_overlay(kNodeBytes + sizeof(*at) + bytes_of(image));
  count_preimages(1);
  saved_.emplace_hint(at, id, std::move(image));
}

// Only a stream that was empty may get blocks below the last of the cut again.
void StreamValue::block_born(StreamId id) {
  if (!next_ || id < *next_ || !last_block_ || id > *last_block_) return;
  if (saved_.try_emplace(id, std::nullopt).second)
    add_overlay(kNodeBytes + sizeof(*saved_.begin()));
}

// ---- Groups.

GroupValue* StreamValue::value_of(const Group& group, const GroupValue::Born& born) {
  const auto place = places_.find(&group);
  if (place == places_.end() || place->second < group_) return nullptr;
  GroupPlace& known = groups_[place->second];
  if (known.value == nullptr) {
    known.value = std::make_unique<GroupValue>(group, born, rdb_version());
    add_overlay(known.value->overlay_bytes());
  }
  return known.value.get();
}

template <typename Change>
void StreamValue::tell(const Group& group, const Change& change) {
  GroupValue* value = value_of(group);
  if (value == nullptr) return;
  const size_t bytes = value->overlay_bytes();
  const size_t preimages = value->preimages();
  change(*value);
  add_overlay(value->overlay_bytes() - bytes);
  count_preimages(value->preimages() - preimages);
}

void StreamValue::before_group(const Group& group) {
  value_of(group);
}

void StreamValue::before_group_goes(const Group& group) {
  tell(group, [](GroupValue& value) { value.before_goes(); });
  places_.erase(&group);
}

void StreamValue::consumer_born(const Group& group, const Consumer& consumer) {
  value_of(group, {.consumer = &consumer});
}

void StreamValue::before_consumer_goes(const Group& group, const Consumer& consumer) {
  tell(group, [&](GroupValue& value) { value.before_consumer_goes(consumer); });
}

void StreamValue::before_pending(const Group& group, StreamId id) {
  tell(group, [&](GroupValue& value) { value.before_pending(id); });
}

void StreamValue::pending_born(const Group& group, StreamId id) {
  if (value_of(group, {.pending = id}) == nullptr) return;
  tell(group, [&](GroupValue& value) { value.pending_born(id); });
}

// ---- Writing.

bool StreamValue::write_elements(rdb::Encoded& to, Budget& budget) {
  while (!budget.is_spent()) {
    if (next_) {
      write_blocks(to, budget);
    } else if (!are_blocks_done_) {
      finish_blocks(to);
    } else if (group_ < groups_.size()) {
      write_group(to, budget);
    } else {
      return false;
    }
  }
  return true;
}

void StreamValue::write_blocks(rdb::Encoded& to, Budget& budget) {
  const Viewed<Stream> stream(word_);
  const auto write = [&](const auto& append_block) {
    ensure(left_ != 0);
    --left_;
    const size_t before = to.bytes.size();
    append_block();
    budget.spend(2, to.bytes.size() - before);
  };
  merge_ids(
      next_, left_ != 0 ? &stream->blocks() : nullptr, saved_, budget,
      [&](const Stream::Blocks::Position& at) {
        if (!last_block_ || at.id() > *last_block_) return budget.spend(1);
        write([&] {
          rdb::Encoder encoder(to);
          rdb::write_stream_block(encoder, at.id(), ListpackView(at.value()));
        });
      },
      [&](auto saved) {
        budget.spend(1);
        size_t bytes = kNodeBytes + sizeof(*saved);
        if (saved->second) {
          bytes += bytes_of(*saved->second);
          write([&] { append(to, *saved->second); });
        }
        drop_overlay(bytes);
        return saved_.erase(saved);
      });
  // Blocks behind the last of the cut are not walked through.
  if (left_ == 0) next_ = std::nullopt;
}

void StreamValue::finish_blocks(rdb::Encoded& to) {
  ensure(left_ == 0);
  rdb::Encoder encoder(to);
  rdb::write_stream_counters(encoder, counters_);
  rdb::write_count(encoder, groups_.size());
  are_blocks_done_ = true;
}

void StreamValue::write_group(rdb::Encoded& to, Budget& budget) {
  GroupPlace& group = groups_[group_];
  // A group that is gone has its view already.
  GroupValue* value = group.value != nullptr ? group.value.get() : value_of(*group.live);
  ensure(value != nullptr);
  if (value->write(to, budget)) return;
  ++group_;
}

}  // namespace kvstash::persist
