// How values are written in the RDB format: whole entries, and the elements of large values one by
// one for a snapshot that cannot write a value in one go. The form of each type stands here alone.
//
// A whole value is what Redis would write for the same encoding, byte for byte while nothing is
// compressed. Of a value that is written in pieces the caller writes, in this order:
//
//   string       Encoder::string_head, then the bytes by Encoder::raw
//   hash         write_hash_head, then write_field for each
//   set          write_count, then write_member for each
//   sorted set   write_count, then write_scored for each, the highest score first: so each
//                goes to the front of what Redis has loaded before
//   list         write_count of all nodes, then write_list_piece for each
//   stream       write_count of blocks, write_stream_block for each, write_stream_counters,
//                write_count of groups; for each group write_group_head, write_count of pending
//                entries, write_pending for each, write_count of consumers; for each consumer
//                write_consumer_head, write_count of its pending entries, write_owned for each
//
// Values must not be open for change. Pure; any thread that may read the value.
#pragma once

#include "base/result.h"
#include "persist/rdb/encoder.h"
#include "store/consumer_group.h"
#include "store/entry.h"
#include "store/list.h"
#include "store/listpack.h"
#include "store/quicklist.h"
#include "store/stream.h"
#include "store/stream_id.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::persist::rdb {

// ---- Whole entries.

// What is written of an entry's access clock. Redis writes what its eviction policy uses.
enum class AccessNote : uint8_t { kNone, kIdle, kFrequency };

struct WriteOptions {
  unsigned version = kVersionUsual;
  AccessNote access = AccessNote::kNone;
  int64_t now_ms = 0;              // For the access clocks; since 1970.
  int64_t lfu_decay_time_min = 1;  // As in store::lfu_counter.
};

// The lowest version that can hold the entry's value, if nobody wants another: kVersionUsual, or
// kVersionOfFieldDeadlines for a hash whose fields have deadlines.
unsigned version_for(const store::Entry& entry);

// An error that names the key if a file of this version cannot hold the entry.
Status check_writable(const store::Entry& entry, unsigned version);

// The type under which a file of this version, which can hold the entry, has its value.
Type type_of(const store::Entry& entry, unsigned version);

// Writes the value without its type, all of it at once.
void write_value(Encoder& to, const store::Entry& entry, unsigned version);

// Writes what stands before a value in a file: deadline, access clock, type and key.
void write_entry_head(Encoder& to, const store::Entry& entry, const WriteOptions& options);

// Writes a whole entry: its head and its value. The version must be able to hold it.
void write_entry(Encoder& to, const store::Entry& entry, const WriteOptions& options);

// ---- Parts of large values.

inline void write_count(Encoder& to, size_t count) {
  to.length(count);
}

// `base_ms`: a time that no deadline of a field is below, such as the earliest of them; none: the
// hash has no deadlines, and its type is kHash rather than kHashFieldDeadlines.
void write_hash_head(Encoder& to, size_t fields, std::optional<int64_t> base_ms);
void write_field(Encoder& to, store::PackedValue name, store::PackedValue value);
// For a hash with `base_ms` in its head.
void write_field(Encoder& to, store::PackedValue name, store::PackedValue value, int64_t base_ms,
                 std::optional<int64_t> deadline_ms);

void write_member(Encoder& to, store::PackedValue member);
void write_scored(Encoder& to, std::string_view member, double score);

void write_list_piece(Encoder& to, const store::List::Piece& piece);
void write_list_piece(Encoder& to, const store::QuicklistNode& node);

void write_stream_block(Encoder& to, store::StreamId id, store::ListpackView block);
void write_stream_counters(Encoder& to, const store::Stream::Counters& counters);
struct GroupHead {
  std::string_view name;
  store::StreamId last_id;
  int64_t entries_read;
};
void write_group_head(Encoder& to, const GroupHead& group);
void write_pending(Encoder& to, store::StreamId id, int64_t delivered_ms, uint64_t deliveries);
struct ConsumerHead {
  std::string_view name;
  int64_t seen_ms;
  int64_t active_ms;  // Versions below 11 do not keep it.
};
void write_consumer_head(Encoder& to, const ConsumerHead& consumer, unsigned version);
void write_owned(Encoder& to, store::StreamId id);

}  // namespace kvstash::persist::rdb
