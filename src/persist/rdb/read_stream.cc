#include "persist/rdb/container_readers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::persist::rdb {
namespace {

using store::Consumer;
using store::ConsumerGroup;
using store::Listpack;
using store::Stream;
using store::StreamId;

constexpr size_t kPendingBytesMin = kStreamIdBytes + 8 + 1;

// A pending entry of a group, whose consumer follows later in the bytes.
struct Pending {
  StreamId id;
  int64_t delivered_ms;
  uint64_t deliveries;
  bool has_consumer = false;
};

StreamId read_id(Decoder& from) {
  const uint64_t ms = from.length();
  return {ms, from.length()};
}

// The id of a block stands in a string of sixteen bytes.
StreamId read_block_id(Decoder& from) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (bytes.size() != kStreamIdBytes) from.fail("the id of a block of a stream is damaged");
  return from.ok() ? Decoder(bytes).stream_id() : StreamId{};
}

// Returns the number of entries in the block.
uint64_t read_block(Decoder& from, Stream& stream) {
  const StreamId id = read_block_id(from);
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return 0;
  if (bytes.size() > store::ListpackView::kBytesMax ||
      !store::is_valid_stream_block(id, bytes, true)) {
    from.fail("a block of a stream is damaged");
    return 0;
  }
  Listpack block(store::ListpackView(reinterpret_cast<const unsigned char*>(bytes.data())));
  const uint64_t live = store::BlockReader(id, block.view()).live();
  if (!stream.append_block(id, std::move(block))) from.fail("blocks of a stream are not in order");
  return live;
}

void read_counters(Decoder& from, Stream& stream, Type type, uint64_t live) {
  Stream::Counters counters;
  counters.length = from.length();
  counters.last_id = read_id(from);
  counters.entries_added = counters.length;
  if (type != Type::kStream) {
    static_cast<void>(read_id(from));  // The first id, which the blocks tell.
    counters.max_deleted_id = read_id(from);
    counters.entries_added = from.length();
  }
  if (counters.length != live) from.fail("the length of a stream is wrong");
  if (!from.ok()) return;
  counters.first_id = stream.first_entry().value_or(StreamId{});
  stream.set_counters(counters);
  if (stream.last_entry().value_or(StreamId{}) > counters.last_id)
    from.fail("the last id of a stream is below that of an entry");
}

std::vector<Pending> read_pending(Decoder& from) {
  std::vector<Pending> pending;
  size_t left = from.count(kPendingBytesMin);
  for (pending.reserve(left); left != 0; --left) {
    const StreamId id = from.stream_id();
    const int64_t delivered_ms = from.millis();
    const uint64_t deliveries = from.length();
    if (!pending.empty() && pending.back().id >= id)
      from.fail("pending entries of a group are not in order");
    if (delivered_ms < 0) from.fail("the time of a pending entry is out of range");
    if (!from.ok()) break;
    pending.push_back({.id = id, .delivered_ms = delivered_ms, .deliveries = deliveries});
  }
  return pending;
}

void read_owned(Decoder& from, ConsumerGroup& group, Consumer& consumer,
                std::vector<Pending>& pending) {
  for (size_t left = from.count(kStreamIdBytes); left != 0; --left) {
    const StreamId id = from.stream_id();
    if (!from.ok()) return;
    const auto at =
        std::lower_bound(pending.begin(), pending.end(), id,
                         [](const Pending& entry, StreamId sought) { return entry.id < sought; });
    if (at == pending.end() || at->id != id)
      return from.fail("a consumer has a pending entry that its group does not have");
    if (std::exchange(at->has_consumer, true))
      return from.fail("a pending entry has two consumers");
    group.add_pending(
        id,
        {.delivered_ms = at->delivered_ms, .deliveries = at->deliveries, .consumer = &consumer});
  }
}

void read_consumer(Decoder& from, Type type, ConsumerGroup& group, std::vector<Pending>& pending) {
  std::string scratch;
  const std::string_view name = from.string(scratch);
  const int64_t seen_ms = from.millis();
  const int64_t active_ms = type == Type::kStream3 ? from.millis() : seen_ms;
  if (seen_ms < 0 || active_ms < -1) from.fail("the time of a consumer is out of range");
  if (!from.ok()) return;
  if (group.find_consumer(name) != nullptr) return from.fail("a consumer of a group repeats");
  Consumer& consumer = group.create_consumer(name, seen_ms);
  group.set_seen(consumer, seen_ms);
  group.set_active(consumer, active_ms);
  read_owned(from, group, consumer, pending);
}

int64_t read_entries_read(Decoder& from, Type type, const Stream& stream, StreamId last_id) {
  if (type == Type::kStream) return stream.estimate_entries_read(last_id);
  const auto count = static_cast<int64_t>(from.length());
  if (count < ConsumerGroup::kUnknown) from.fail("the entries read by a group are out of range");
  return count;
}

void read_group(Decoder& from, Type type, Stream& stream) {
  constexpr size_t kConsumerBytesMin = 1 + 8 + 1;
  std::string scratch;
  const std::string_view name = from.string(scratch);
  const StreamId last_id = read_id(from);
  const int64_t entries_read = read_entries_read(from, type, stream, last_id);
  if (!from.ok()) return;
  if (stream.find_group(name) != nullptr) return from.fail("a group of a stream repeats");
  ConsumerGroup& group = stream.create_group(name);
  group.set_last_id(last_id);
  group.set_entries_read(entries_read);
  std::vector<Pending> pending = read_pending(from);
  for (size_t left = from.count(kConsumerBytesMin); left != 0 && from.ok(); --left)
    read_consumer(from, type, group, pending);
  const bool is_whole = std::all_of(pending.begin(), pending.end(),
                                    [](const Pending& entry) { return entry.has_consumer; });
  if (!is_whole) from.fail("a pending entry has no consumer");
}

}  // namespace

Stream read_stream(Decoder& from, Type type) {
  constexpr size_t kBlockBytesMin = 1 + kStreamIdBytes + 1;
  constexpr size_t kGroupBytesMin = 5;
  Stream stream;
  uint64_t live = 0;
  for (size_t left = from.count(kBlockBytesMin); left != 0 && from.ok(); --left)
    live += read_block(from, stream);
  read_counters(from, stream, type, live);
  for (size_t left = from.count(kGroupBytesMin); left != 0 && from.ok(); --left)
    read_group(from, type, stream);
  return stream;
}

}  // namespace kvstash::persist::rdb
