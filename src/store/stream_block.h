// Stream blocks: runs of consecutive entries of a stream, each one listpack in Redis's layout, so
// that blocks travel between memory, RDB files and DUMP payloads unchanged.
//
//   master entry   │ count │ deleted │ fields │ field-1 │ ... │ field-N │ 0 │
//   an entry       │ flags │ ms-delta │ seq-delta │ value-1 │ ... │ value-N │ lp-count │
//   or             │ flags │ ms-delta │ seq-delta │ fields │ field-1 │ value-1 │ ... │ lp-count │
//
//   count, deleted   entries that are alive, and entries that are only marked as deleted
//   flags            1: deleted; 2: the fields are those of the master entry, and not repeated
//   deltas           to the block's id, which is that of its first entry; they wrap at 64 bits
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

// A block is full at either of these limits. Zero: no limit.
struct StreamLimits {
  size_t block_bytes_max = 4096;
  size_t block_entries_max = 100;
};

// Fields and values in turn, as XADD takes them.
using StreamFields = std::span<const std::string_view>;

// The most bytes of names and values that one entry may have, which is Redis's limit.
inline constexpr size_t kStreamEntryBytesMax = size_t{1} << 30;
size_t stream_fields_bytes(StreamFields fields);

// Goes through the entries of a block, deleted ones included, forwards and backwards. A change of
// the block invalidates it.
class BlockReader {
 public:
  BlockReader() = default;
  BlockReader(StreamId block_id, ListpackView pack);

  size_t live() const { return live_; }
  size_t deleted() const { return deleted_; }

  // Each of these functions goes to an entry, or returns false if there is none. After that the
  // reader stands on no entry, and only another of these functions may be called.
  bool first();
  bool last();
  bool next();
  bool prev();
  // Go to the first entry that is not below `id`, or to the last that is not above it. They search
  // from the end of the block that seems nearer.
  bool seek_at_or_after(StreamId id);
  bool seek_at_or_before(StreamId id);

  // ---- The present entry.
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
  size_t master_count_ = 0;       // Number of fields of the master entry.
  PackPosition master_fields_{};  // The first field of the master entry.
  PackPosition first_{};          // The start of the first entry.

  PackPosition at_{};
  PackPosition values_{};  // The fields or values of the present entry, behind its numbers.
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

// Changes a block in place; it borrows the block's bytes.
class StreamBlock {
 public:
  StreamBlock(StreamId block_id, Listpack& pack) : block_id_(block_id), pack_(&pack) {}

  // Makes a block of one entry.
  static Listpack make(StreamFields fields);

  // Whether an entry of `fields_bytes` goes into this block rather than into a new one.
  bool has_room(size_t fields_bytes, const StreamLimits& limits) const;
  // Adds an entry. `id` must be above all others in the block, and the fields must not lie in it.
  void append(StreamId id, StreamFields fields);
  // Mark entries as deleted: the entry whose flags are at `flags`, or the first `count` living
  // ones. At least one entry must stay alive; the caller removes a block that would have none.
  void erase(PackPosition flags);
  void erase_front(size_t count);

 private:
  void count_deleted(size_t count);

  StreamId block_id_;
  Listpack* pack_;
};

// Whether `bytes` are a block with that id. If not `deep`, only the listpack's header and end are
// checked, for bytes that a checksum protects. If `deep`, everything is checked, also counts and
// the order of ids; after that, reading and changing the block are safe. Never reads outside
// `bytes`.
bool is_valid_stream_block(StreamId block_id, std::string_view bytes, bool deep);

}  // namespace kvstash::store
