#include "store/stream.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <algorithm>
#include <new>

namespace kvstash::store {
namespace {

ListpackView view_of(const unsigned char* bytes) {
  return ListpackView(bytes);
}

BlockReader reader_of(const Stream::Blocks::Position& block) {
  return BlockReader(block.id(), view_of(block.value()));
}

size_t live_below(BlockReader& reader, StreamId id) {
  size_t count = 0;
  for (bool is_there = reader.first(); is_there && reader.id() < id; is_there = reader.next())
    count += reader.is_deleted() ? 0u : 1u;
  return count;
}

}  // namespace

// Takes a block's listpack out of the tree for a change, puts it back, and counts its bytes.
class Stream::OpenBlock {
 public:
  OpenBlock(Body& body, Blocks::Position at)
      : body_(&body),
        at_(at),
        pack_(Listpack::adopt(body.blocks.value(at))),
        bytes_before_(pack_.bytes()) {}
  OpenBlock(const OpenBlock&) = delete;
  OpenBlock& operator=(const OpenBlock&) = delete;
  ~OpenBlock() {
    body_->bytes += pack_.bytes() - bytes_before_;
    body_->blocks.value(at_) = pack_.release();
  }

  StreamBlock operator*() { return StreamBlock(at_.id(), pack_); }

 private:
  Body* body_;
  Blocks::Position at_;
  Listpack pack_;
  size_t bytes_before_;
};

Stream::Stream() {
  Body* body = new (allocate(sizeof(Body))) Body;
  body->bytes = allocation_bytes(sizeof(Body));
  word_ = reinterpret_cast<uintptr_t>(body);
}

void Stream::drop() {
  if (offer()) return;
  Body& owned = body();
  if (owned.groups != nullptr) {
    owned.groups->~ConsumerGroups();
    deallocate(owned.groups, sizeof(ConsumerGroups));
  }
  for (auto block = owned.blocks.first(); !block.at_end(); block.next())
    Listpack::adopt(block.value());
  owned.~Body();
  deallocate(&owned, sizeof(Body));
}

Stream Stream::copy() const {
  Stream other;
  for (auto block = blocks().first(); !block.at_end(); block.next())
    ensure(other.append_block(block.id(), Listpack(view_of(block.value()))));
  other.set_counters(counters());
  if (groups() == nullptr) return other;
  for (const ConsumerGroup* group : groups()->all())
    other.create_group(group->name()).copy_from(*group);
  return other;
}

// ---- Changing.

void Stream::append(StreamId id, StreamFields fields, const StreamLimits& limits) {
  Body& to = body();
  Counters& counters = open_counters();
  ensure(id > counters.last_id && !fields.empty() && fields.size() % 2 == 0);
  const size_t fields_bytes = stream_fields_bytes(fields);
  ensure(fields_bytes <= kStreamEntryBytesMax);
  const Blocks::Position last = to.blocks.last();
  bool fits = false;
  if (!last.at_end()) {
    OpenBlock block(to, last);
    fits = (*block).has_room(fields_bytes, limits);
    if (fits) {
      tell_block(last.id());
      (*block).append(id, fields);
    }
  }
  if (!fits) ensure(append_block(id, StreamBlock::make(fields)));
  ++counters.length;
  ++counters.entries_added;
  counters.last_id = id;
  if (counters.length == 1) counters.first_id = id;
}

bool Stream::append_block(StreamId id, Listpack block) {
  Body& to = body();
  const Blocks::Position last = to.blocks.last();
  if (!last.at_end()) {
    BlockReader reader = reader_of(last);
    ensure(reader.last());
    if (reader.id() >= id) return false;
  }
  if (BlockReader(id, block.view()).live() == 0) return true;
  to.bytes += block.bytes();
  if (!to.blocks.insert(id, block.release())) return false;
  if (to.observer != nullptr) [[unlikely]]
    to.observer->block_born(id);
  return true;
}

void Stream::drop_block(StreamId id) {
  Body& from = body();
  tell_block(id);
  const Listpack pack = Listpack::adopt(*from.blocks.find(id));
  from.bytes -= pack.bytes();
  from.blocks.erase(id);
}

bool Stream::erase(StreamId id) {
  const Blocks::Position at = blocks().at_or_before(id);
  if (at.at_end()) return false;
  BlockReader reader = reader_of(at);
  if (!reader.seek_at_or_after(id) || reader.id() != id || reader.is_deleted()) return false;
  Counters& counters = open_counters();
  if (reader.live() == 1) {
    drop_block(at.id());
  } else {
    tell_block(at.id());
    OpenBlock block(body(), at);
    (*block).erase(reader.flags_position());
  }
  --counters.length;
  counters.max_deleted_id = std::max(counters.max_deleted_id, id);
  if (id == counters.first_id || counters.length == 0) refresh_first_id();
  return true;
}

uint64_t Stream::trim(const StreamTrim& rule) {
  Counters& counters = open_counters();
  uint64_t trimmed = 0;
  for (auto at = blocks().first(); !at.at_end(); at = blocks().first()) {
    const uint64_t excess =
        counters.length > rule.length_max ? counters.length - rule.length_max : 0;
    if (!rule.min_id && excess == 0) break;
    BlockReader reader = reader_of(at);
    const size_t live = reader.live();
    if (rule.limit != 0 && trimmed + live > rule.limit) break;
    bool goes_whole = rule.min_id ? reader.last() && reader.id() < *rule.min_id : live <= excess;
    if (!goes_whole && rule.whole_blocks_only) break;
    size_t gone = live;
    if (!goes_whole) {
      gone = rule.min_id ? live_below(reader, *rule.min_id) : excess;
      goes_whole = gone == live;  // All other entries of the block had been deleted before.
    }
    if (goes_whole) {
      drop_block(at.id());
    } else if (gone != 0) {
      tell_block(at.id());
      OpenBlock block(body(), at);
      (*block).erase_front(gone);
    }
    trimmed += gone;
    counters.length -= gone;
    if (!goes_whole) break;
  }
  if (trimmed != 0) refresh_first_id();
  return trimmed;
}

void Stream::refresh_first_id() {
  body().counters.first_id = first_entry().value_or(StreamId{});
}

// ---- Reading.

bool Stream::contains(StreamId id) const {
  const Blocks::Position at = blocks().at_or_before(id);
  if (at.at_end()) return false;
  BlockReader reader = reader_of(at);
  return reader.seek_at_or_after(id) && reader.id() == id && !reader.is_deleted();
}

std::optional<StreamId> Stream::first_entry() const {
  StreamCursor at(*this, StreamId::min(), StreamId::max());
  if (!at.next()) return std::nullopt;
  return at.id();
}

std::optional<StreamId> Stream::last_entry() const {
  StreamCursor at(*this, StreamId::min(), StreamId::max(), StreamCursor::Direction::kBackward);
  if (!at.next()) return std::nullopt;
  return at.id();
}

bool Stream::may_have_gaps_from(StreamId id) const {
  const StreamId deleted = counters().max_deleted_id;
  if (size() == 0 || deleted.is_zero() || deleted < counters().first_id) return false;
  return id <= deleted;
}

int64_t Stream::estimate_entries_read(StreamId id) const {
  const Counters& now = counters();
  const auto added = static_cast<int64_t>(now.entries_added);
  const auto before_first = static_cast<int64_t>(now.entries_added - now.length);
  if (added == 0) return 0;
  if (now.length == 0 && id <= now.last_id) return added;
  if (!id.is_zero() && id < now.max_deleted_id) return ConsumerGroup::kUnknown;
  if (id == now.last_id) return added;
  if (id > now.last_id) return ConsumerGroup::kUnknown;  // The entry was not added yet.
  if (!now.max_deleted_id.is_zero() && now.max_deleted_id >= now.first_id)
    return ConsumerGroup::kUnknown;
  if (id < now.first_id) return before_first;
  if (id == now.first_id) return before_first + 1;
  return ConsumerGroup::kUnknown;
}

std::optional<int64_t> Stream::lag(const ConsumerGroup& group) const {
  const uint64_t added = counters().entries_added;
  if (added == 0) return 0;
  int64_t read = group.entries_read();
  if (read == ConsumerGroup::kUnknown || may_have_gaps_from(group.last_id()))
    read = estimate_entries_read(group.last_id());
  if (read == ConsumerGroup::kUnknown) return std::nullopt;
  // After XSETID more entries may have been read than added; then the difference wraps.
  return static_cast<int64_t>(added - static_cast<uint64_t>(read));
}

// ---- Groups.

ConsumerGroup& Stream::create_group(std::string_view name) {
  Body& to = body();
  if (to.groups == nullptr) {
    to.groups = new (allocate(sizeof(ConsumerGroups))) ConsumerGroups(to.bytes);
    to.bytes += allocation_bytes(sizeof(ConsumerGroups));
  }
  ConsumerGroup& group = to.groups->create(name);
  group.observer_ = &to.observer;
  if (to.observer != nullptr) [[unlikely]]
    to.observer->group_born(group);
  return group;
}

void Stream::destroy_group(ConsumerGroup& group) {
  Body& of = body();
  ensure(of.groups != nullptr);
  if (of.observer != nullptr) [[unlikely]]
    of.observer->before_group_goes(group);
  of.groups->destroy(group);
}

// ---- Checking.

bool Stream::is_sound() const {
  uint64_t length = 0;
  std::optional<StreamId> last;
  if (!blocks().is_sound()) return false;
  for (auto at = blocks().first(); !at.at_end(); at.next()) {
    if (!is_valid_stream_block(at.id(), view_of(at.value()).raw(), true)) return false;
    if (last && *last >= at.id()) return false;
    BlockReader reader = reader_of(at);
    if (!reader.last()) return false;
    last = reader.id();
    length += reader.live();
  }
  const Counters& now = counters();
  if (length != now.length || (last && *last > now.last_id)) return false;
  if (now.first_id != first_entry().value_or(StreamId{})) return false;
  if (groups() == nullptr) return true;
  return std::ranges::all_of(groups()->all(),
                             [](const ConsumerGroup* group) { return group->is_sound(); });
}

// ---- StreamCursor

StreamCursor::StreamCursor(const Stream& stream, StreamId from, StreamId to, Direction direction)
    : from_(from), to_(to), is_backward_(direction == Direction::kBackward) {
  if (is_backward_) {
    block_ = stream.blocks().at_or_before(to);
    return;
  }
  block_ = stream.blocks().at_or_before(from);
  if (block_.at_end()) block_ = stream.blocks().first();
}

// Goes to the block's entry nearest to the start of the range.
bool StreamCursor::enter_block() {
  reader_ = reader_of(block_);
  return is_backward_ ? reader_.seek_at_or_before(to_) : reader_.seek_at_or_after(from_);
}

bool StreamCursor::step() {
  if (!is_inside_) {
    is_inside_ = true;
    return enter_block();
  }
  return is_backward_ ? reader_.prev() : reader_.next();
}

bool StreamCursor::next() {
  while (!block_.at_end()) {
    while (step()) {
      if (!is_in_range()) {
        block_ = {};
        return false;
      }
      if (!reader_.is_deleted()) return true;
    }
    is_inside_ = false;
    if (is_backward_) {
      block_.prev();
    } else {
      block_.next();
    }
  }
  return false;
}

}  // namespace kvstash::store
