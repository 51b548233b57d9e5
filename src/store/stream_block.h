// Stream blocks: runs of consecutive entries of a stream, each one listpack of Redis's layout, so
// that blocks travel between memory, RDB files and DUMP payloads as they are.
//
//   master entry   │ count │ deleted │ fields │ field-1 │ ... │ field-N │ 0 │
//   an entry       │ flags │ ms-delta │ seq-delta │ value-1 │ ... │ value-N │ lp-count │
//   or             │ flags │ ms-delta │ seq-delta │ fields │ field-1 │ value-1 │ ... │ lp-count │
//
//   count, deleted   entries that are alive, and entries only marked as deleted
//   flags            1: deleted; 2: the fields are those of the master entry, and left out
//   deltas           to the block's id, which is that of its first entry, wrapping at 64 bits
//   lp-count         elements of the entry before it, for walking backwards; the master's is 0
//
// A deleted entry keeps its bytes until its block goes. Everything but is_valid_stream_block trusts
// the bytes. Not thread-safe.
#pragma once

#include "store/listpack.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::store {

// When a block is full. Zero: no limit.
struct StreamLimits {
  size_t block_bytes_max = 4096;
  size_t block_entries_max = 100;
};

// Fields and values in turn, as XADD takes them.
using StreamFields = std::span<const std::string_view>;

// Names and values of one entry that its stream can hold: Redis's limit.
inline constexpr size_t kStreamEntryBytesMax = size_t{1} << 30;
size_t stream_fields_bytes(StreamFields fields);

// Goes through the entries of a block, deleted ones too, forwards and backwards. Dies when the
// block changes.
class BlockReader {
 public:
  BlockReader() = default;
  BlockReader(StreamId block_id, ListpackView pack);

  size_t live() const { return live_; }
  size_t deleted() const { return deleted_; }

  // Each goes to an entry, and returns false if there is none; then nothing but going elsewhere is
  // allowed.
  bool first();
  bool last();
  bool next();
  bool prev();
  // To the first entry that is not below `id`, or the last that is not above it; from the end of
  // the block to which it seems nearer.
  bool seek_at_or_after(StreamId id);
  bool seek_at_or_before(StreamId id);

  // ---- Of the entry.
  StreamId id() const { return id_; }
  bool is_deleted() const { return (flags_ & kDeleted) != 0; }
  size_t field_count() const { return field_count_; }
  PackPosition flags_position() const { return at_; }
  // Calls `visit(field, value)` for each field in turn. The views live until the block changes.
  template <typename Visit>
  void for_each(const Visit& visit) const;

 private:
  friend class StreamBlock;
  static constexpr int64_t kDeleted = 1;
  static constexpr int64_t kSameFields = 2;

  bool go_to(PackPosition at);
  PackPosition behind() const;
  bool seems_nearer_to_end(StreamId id);

  StreamId block_id_;
  ListpackView pack_{nullptr};
  size_t live_ = 0;
  size_t deleted_ = 0;
  size_t master_count_ = 0;       // Fields of the master entry, ...
  PackPosition master_fields_{};  // ... where they are, and ...
  PackPosition first_{};          // ... where the first entry is.

  PackPosition at_{};
  PackPosition values_{};  // Behind the numbers at the start of the entry.
  StreamId id_;
  int64_t flags_ = 0;
  size_t field_count_ = 0;
};

template <typename Visit>
void BlockReader::for_each(const Visit& visit) const {
  PackPosition field = master_fields_;
  PackPosition at = values_;
  const bool has_own_fields = (flags_ & kSameFields) == 0;
  for (size_t i = 0; i < field_count_; ++i) {
    const PackedValue name = pack_.take(has_own_fields ? at : field);
    visit(name, pack_.take(at));
  }
}

// Changes a block in place; borrows its bytes.
class StreamBlock {
 public:
  StreamBlock(StreamId block_id, Listpack& pack) : block_id_(block_id), pack_(&pack) {}

  // A block of one entry.
  static Listpack make(StreamFields fields);

  // Whether an entry of so many bytes goes into this block rather than into a new one.
  bool has_room(size_t fields_bytes, const StreamLimits& limits) const;
  // `id` is above all others in the block. The fields must not lie in it.
  void append(StreamId id, StreamFields fields);
  // Marks entries as deleted: the one whose flags are there, or the first `count` that live. At
  // least one must stay alive: else the block goes.
  void erase(PackPosition flags);
  void erase_front(size_t count);

 private:
  void count_deleted(size_t count);

  StreamId block_id_;
  Listpack* pack_;
};

// Whether `bytes` are a block of that id. Shallow: the listpack's header and end only, for bytes
// that a checksum vouches for. Deep: everything, counts and order of ids too; after that, going
// through it and changing it are safe. Never reads outside `bytes`.
bool is_valid_stream_block(StreamId block_id, std::string_view bytes, bool deep);

}  // namespace kvstash::store
