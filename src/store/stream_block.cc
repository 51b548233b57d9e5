#include "store/stream_block.h"

#include "base/ensure.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace kvstash::store {
namespace {

constexpr size_t kFixedElements = 3;  // Flags, ms-delta and seq-delta.

StreamId add_delta(StreamId base, int64_t ms, int64_t seq) {
  return {base.ms + static_cast<uint64_t>(ms), base.seq + static_cast<uint64_t>(seq)};
}

// Elements to be appended together. They are on the stack, except for entries of very many fields.
class Elements {
 public:
  explicit Elements(size_t capacity) {
    if (capacity > few_.size()) many_.reserve(capacity);
  }
  void add(PackedValue value) {
    if (many_.capacity() != 0) return many_.push_back(value);
    ensure(size_ < few_.size());
    few_[size_++] = value;
  }
  std::span<PackedValue> all() {
    return many_.capacity() != 0 ? std::span(many_) : std::span(few_.data(), size_);
  }

 private:
  std::array<PackedValue, 40> few_;
  size_t size_ = 0;
  std::vector<PackedValue> many_;
};

int64_t count_of(size_t count) {
  return static_cast<int64_t>(count);
}

// Adds the numbers with which an entry begins, before its fields or values.
void add_start(Elements& elements, int64_t flags, StreamId block_id, StreamId id) {
  elements.add(flags);
  elements.add(static_cast<int64_t>(id.ms - block_id.ms));
  elements.add(static_cast<int64_t>(id.seq - block_id.seq));
}

void add_values(Elements& elements, StreamFields fields) {
  for (size_t i = 1; i < fields.size(); i += 2)
    elements.add(fields[i]);
}

// Whether the names of the fields are the elements that start at `at`.
bool are_master_fields(ListpackView pack, PackPosition at, StreamFields fields) {
  char scratch[kInt64CharsMax];
  for (size_t i = 0; i < fields.size(); i += 2) {
    if (pack.take(at).string(scratch) != fields[i]) return false;
  }
  return true;
}

size_t count_at(ListpackView pack, PackPosition& at) {
  return static_cast<size_t>(pack.take(at).integer());
}

}  // namespace

size_t stream_fields_bytes(StreamFields fields) {
  size_t bytes = 0;
  for (const std::string_view text : fields)
    bytes += text.size();
  return bytes;
}

// ---- BlockReader

BlockReader::BlockReader(StreamId block_id, ListpackView pack) : block_id_(block_id), pack_(pack) {
  PackPosition at = pack_.first();
  live_ = count_at(pack_, at);
  deleted_ = count_at(pack_, at);
  master_count_ = count_at(pack_, at);
  master_fields_ = at;
  first_ = pack_.advance(at, master_count_ + 1);
}

bool BlockReader::go_to(PackPosition at) {
  if (!at) return false;
  at_ = at;
  flags_ = pack_.take(at).integer();
  const int64_t ms = pack_.take(at).integer();
  const int64_t seq = pack_.take(at).integer();
  id_ = add_delta(block_id_, ms, seq);
  field_count_ = (flags_ & kSameFields) != 0 ? master_count_ : count_at(pack_, at);
  values_ = at;
  return true;
}

// Returns where the next entry starts.
PackPosition BlockReader::behind() const {
  const bool has_own_fields = (flags_ & kSameFields) == 0;
  return pack_.advance(values_, (has_own_fields ? 2 : 1) * field_count_ + 1);
}

bool BlockReader::first() {
  return go_to(first_);
}

bool BlockReader::next() {
  return go_to(behind());
}

bool BlockReader::last() {
  PackPosition at = pack_.last();
  const int64_t elements = pack_.value(at).integer();
  for (int64_t i = 0; i < elements; ++i)
    at = pack_.prev(at);
  return elements != 0 && go_to(at);
}

bool BlockReader::prev() {
  PackPosition at = pack_.prev(at_);
  const int64_t elements = pack_.value(at).integer();
  for (int64_t i = 0; i < elements; ++i)
    at = pack_.prev(at);
  return elements != 0 && go_to(at);
}

// Guesses which end of the block an id is nearer to, from its distance to the first and last ids.
// If it says the end, the reader stands at the last entry.
bool BlockReader::seems_nearer_to_end(StreamId id) {
  if (id <= block_id_ || !last()) return false;
  if (id >= id_) return true;
  if (id_.ms != block_id_.ms) return id.ms - block_id_.ms > id_.ms - id.ms;
  return id.seq - block_id_.seq > id_.seq - id.seq;
}

bool BlockReader::seek_at_or_after(StreamId id) {
  if (!seems_nearer_to_end(id)) {
    bool is_there = first();
    while (is_there && id_ < id)
      is_there = next();
    return is_there;
  }
  if (id_ < id) return false;  // The reader stands at the last entry.
  for (bool is_there = true; is_there && id_ >= id;) {
    const PackPosition found = at_;
    is_there = prev();
    if (!is_there || id_ < id) return go_to(found);
  }
  return true;
}

bool BlockReader::seek_at_or_before(StreamId id) {
  if (seems_nearer_to_end(id)) {
    bool is_there = true;
    while (is_there && id_ > id)
      is_there = prev();
    return is_there;
  }
  if (!first() || id_ > id) return false;
  PackPosition found = at_;
  while (next() && id_ <= id)
    found = at_;
  return go_to(found);
}

// ---- StreamBlock

Listpack StreamBlock::make(StreamFields fields) {
  const size_t count = fields.size() / 2;
  Elements elements(2 * count + 8);
  elements.add(int64_t{1});
  elements.add(int64_t{0});
  elements.add(count_of(count));
  for (size_t i = 0; i < fields.size(); i += 2)
    elements.add(fields[i]);
  elements.add(int64_t{0});
  add_start(elements, BlockReader::kSameFields, {}, {});
  add_values(elements, fields);
  elements.add(count_of(count + kFixedElements));
  Listpack pack;
  pack.append(elements.all());
  return pack;
}

bool StreamBlock::has_room(size_t fields_bytes, const StreamLimits& limits) const {
  size_t bytes_max = limits.block_bytes_max;
  if (bytes_max == 0 || bytes_max > kStreamEntryBytesMax) bytes_max = kStreamEntryBytesMax;
  if (pack_->total_bytes() + fields_bytes >= bytes_max) return false;
  if (limits.block_entries_max == 0) return true;
  const ListpackView pack = pack_->view();
  PackPosition at = pack.first();
  const size_t live = count_at(pack, at);
  return live + count_at(pack, at) < limits.block_entries_max;
}

void StreamBlock::append(StreamId id, StreamFields fields) {
  const size_t count = fields.size() / 2;
  PackPosition at = pack_->view().first();
  const PackPosition live_at = at;
  const size_t live = count_at(pack_->view(), at);
  at = pack_->view().next(at);
  const bool is_same =
      count_at(pack_->view(), at) == count && are_master_fields(pack_->view(), at, fields);
  pack_->replace(live_at, count_of(live + 1));

  Elements elements(2 * count + 8);
  add_start(elements, is_same ? BlockReader::kSameFields : 0, block_id_, id);
  if (is_same) {
    add_values(elements, fields);
    elements.add(count_of(count + kFixedElements));
  } else {
    elements.add(count_of(count));
    for (const std::string_view text : fields)
      elements.add(text);
    elements.add(count_of(2 * count + kFixedElements + 1));
  }
  pack_->append(elements.all());
}

void StreamBlock::count_deleted(size_t count) {
  PackPosition at = pack_->view().first();
  PackPosition second = at;
  const size_t live = count_at(pack_->view(), second);
  ensure(count < live);
  pack_->replace(at, count_of(live - count));
  at = pack_->view().next(at);
  pack_->replace(at, count_of(static_cast<size_t>(pack_->view().value(at).integer()) + count));
}

void StreamBlock::erase(PackPosition flags) {
  const int64_t value = pack_->view().value(flags).integer();
  ensure((value & BlockReader::kDeleted) == 0);
  // The new flags take as many bytes as the old ones, so no bytes move.
  pack_->replace(flags, value | BlockReader::kDeleted);
  count_deleted(1);
}

void StreamBlock::erase_front(size_t count) {
  ensure(count != 0);
  BlockReader reader(block_id_, pack_->view());
  ensure(reader.first());
  for (size_t left = count;;) {
    if (!reader.is_deleted()) {
      pack_->replace(reader.flags_position(), reader.flags_ | BlockReader::kDeleted);
      if (--left == 0) break;
    }
    ensure(reader.next());
  }
  count_deleted(count);
}

// ---- Bytes from outside

namespace {

// Takes the elements of a valid listpack one by one, and notes whether elements were missing or not
// of the expected kind.
class Taker {
 public:
  explicit Taker(ListpackView pack) : pack_(pack), at_(pack.first()) {}

  bool done() const { return !at_; }
  bool ok() const { return ok_; }
  int64_t integer() {
    if (!at_) return fail();
    const PackedValue value = pack_.take(at_);
    return value.is_integer() ? value.integer() : fail();
  }
  // Flags must take one byte, as writers store them, so that another flag takes the same room.
  int64_t flags() {
    if (at_ && pack_.entry_bytes_at(at_) != 2) return fail();
    return integer();
  }
  // The count must not exceed the possible number of elements.
  size_t count() {
    const int64_t value = integer();
    if (value < 0 || value > int64_t{UINT32_MAX}) return static_cast<size_t>(fail());
    return static_cast<size_t>(value);
  }
  void skip(size_t count) {
    for (; count != 0 && ok_; --count) {
      if (!at_) {
        fail();
        return;
      }
      at_ = pack_.next(at_);
    }
  }

 private:
  int64_t fail() {
    ok_ = false;
    return 0;
  }

  ListpackView pack_;
  PackPosition at_;
  bool ok_ = true;
};

// Takes one entry: adds it to the count of living or deleted entries, and sets `last` to its id.
bool take_entry(Taker& taker, StreamId block_id, size_t master_fields, size_t (&counts)[2],
                std::optional<StreamId>& last) {
  const int64_t flags = taker.flags();
  const int64_t ms = taker.integer();
  const int64_t seq = taker.integer();
  if (!taker.ok() || flags < 0 || flags > 3) return false;
  const StreamId id = add_delta(block_id, ms, seq);
  if (last ? id <= *last : id != block_id) return false;
  last = id;
  size_t elements = kFixedElements;
  if ((flags & 2) != 0) {
    taker.skip(master_fields);
    elements += master_fields;
  } else {
    const size_t fields = taker.count();
    if (fields > UINT32_MAX / 2) return false;
    taker.skip(2 * fields);
    elements += 2 * fields + 1;
  }
  const size_t stored = taker.count();
  ++counts[flags & 1];
  return taker.ok() && stored == elements;
}

}  // namespace

bool is_valid_stream_block(StreamId block_id, std::string_view bytes, bool deep) {
  if (!is_valid_listpack(bytes, deep)) return false;
  if (!deep) return true;
  Taker taker(ListpackView(reinterpret_cast<const unsigned char*>(bytes.data())));
  const size_t live = taker.count();
  const size_t deleted = taker.count();
  const size_t fields = taker.count();
  taker.skip(fields);
  if (taker.integer() != 0 || !taker.ok()) return false;
  size_t counts[2] = {0, 0};
  std::optional<StreamId> last;
  while (!taker.done()) {
    if (!take_entry(taker, block_id, fields, counts, last)) return false;
  }
  return counts[0] == live && counts[1] == deleted;
}

}  // namespace kvstash::store
