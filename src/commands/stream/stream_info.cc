#include "base/numbers.h"
#include "base/text.h"
#include "commands/shared/help.h"
#include "commands/stream/stream.h"
#include "commands/stream/stream_group.h"
#include "commands/stream/stream_reply.h"

#include <algorithm>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::Call;
using engine::Key;
using engine::Viewed;
using resp::ReplyWriter;
using store::Consumer;
using store::ConsumerGroup;
using store::PendingEntry;
using store::Stream;
using store::StreamCursor;
using store::StreamId;
namespace errors = engine::errors;

constexpr uint64_t kFullCountDefault = 10;

Status expect_stream(const Key& key) {
  if (!key.exists()) return errors::no_such_key();
  return key.expect(store::ValueType::kStream);
}

void field(ReplyWriter& reply, std::string_view name, int64_t value) {
  reply.bulk(name);
  reply.integer(value);
}
void field(ReplyWriter& reply, std::string_view name, size_t value) {
  field(reply, name, static_cast<int64_t>(value));
}
void field(ReplyWriter& reply, std::string_view name, StreamId id) {
  reply.bulk(name);
  reply_stream_id(reply, id);
}
void field(ReplyWriter& reply, std::string_view name, std::string_view text) {
  reply.bulk(name);
  reply.bulk(text);
}
void field(ReplyWriter& reply, std::string_view name, std::optional<int64_t> value) {
  reply.bulk(name);
  if (value) return reply.integer(*value);
  reply.null();
}

std::optional<int64_t> entries_read(const ConsumerGroup& group) {
  if (group.entries_read() == ConsumerGroup::kUnknown) return std::nullopt;
  return group.entries_read();
}

// ---- XINFO STREAM

// Writes the fields with which both forms of XINFO STREAM begin.
void reply_counters(ReplyWriter& reply, const Stream& stream) {
  const Stream::Counters& counters = stream.counters();
  field(reply, "length", stream.size());
  field(reply, "radix-tree-keys", stream.blocks().size());
  // The nodes of our tree and its leaves, which are the blocks. An empty radix tree has a root.
  const size_t nodes = stream.blocks().node_count() + stream.blocks().size();
  field(reply, "radix-tree-nodes", std::max<size_t>(nodes, 1));
  field(reply, "last-generated-id", counters.last_id);
  field(reply, "max-deleted-entry-id", counters.max_deleted_id);
  field(reply, "entries-added", static_cast<size_t>(counters.entries_added));
  field(reply, "recorded-first-entry-id", counters.first_id);
}

void reply_edge(ReplyWriter& reply, std::string_view name, const Stream& stream,
                StreamCursor::Direction direction) {
  reply.bulk(name);
  StreamCursor cursor(stream, StreamId::min(), StreamId::max(), direction);
  if (!cursor.next()) return reply.null();
  reply_stream_entry(reply, cursor.id(), cursor.entry());
}

void reply_group_pending(ReplyWriter& reply, const ConsumerGroup& group, uint64_t max) {
  const size_t size = group.pending().size();
  const size_t count = max == 0 ? size : std::min(size, max);
  reply.bulk("pending");
  reply.array(count);
  auto at = group.pending().first();
  for (size_t i = 0; i < count; ++i, at.next()) {
    const PendingEntry& entry = at.value();
    reply.array(4);
    reply_stream_id(reply, at.id());
    reply.bulk(entry.consumer->name());
    reply.integer(entry.delivered_ms);
    reply.integer(static_cast<int64_t>(entry.deliveries));
  }
}

void reply_consumer(ReplyWriter& reply, const ConsumerGroup& group, const Consumer& consumer,
                    uint64_t max) {
  const size_t size = consumer.pending().size();
  const size_t count = max == 0 ? size : std::min(size, max);
  reply.map(5);
  field(reply, "name", consumer.name());
  field(reply, "seen-time", consumer.seen_ms());
  field(reply, "active-time", consumer.active_ms());
  field(reply, "pel-count", size);
  reply.bulk("pending");
  reply.array(count);
  auto at = consumer.pending().first();
  for (size_t i = 0; i < count; ++i, at.next()) {
    const PendingEntry& entry = *group.find_pending(at.id());
    reply.array(3);
    reply_stream_id(reply, at.id());
    reply.integer(entry.delivered_ms);
    reply.integer(static_cast<int64_t>(entry.deliveries));
  }
}

void reply_group(ReplyWriter& reply, const Stream& stream, const ConsumerGroup& group,
                 uint64_t max) {
  reply.map(7);
  field(reply, "name", group.name());
  field(reply, "last-delivered-id", group.last_id());
  field(reply, "entries-read", entries_read(group));
  field(reply, "lag", stream.lag(group));
  field(reply, "pel-count", group.pending().size());
  reply_group_pending(reply, group, max);
  reply.bulk("consumers");
  reply.array(group.consumers().size());
  for (const Consumer* consumer : group.consumers().all())
    reply_consumer(reply, group, *consumer, max);
}

std::span<const ConsumerGroup* const> groups_of(const Stream& stream) {
  if (stream.groups() == nullptr) return {};
  return stream.groups()->all();
}

void reply_full(ReplyWriter& reply, const Stream& stream, uint64_t max) {
  reply.map(9);
  reply_counters(reply, stream);
  reply.bulk("entries");
  StreamCursor cursor(stream, StreamId::min(), StreamId::max());
  reply_stream_entries(reply, cursor, max);
  reply.bulk("groups");
  reply.array(groups_of(stream).size());
  for (const ConsumerGroup* group : groups_of(stream))
    reply_group(reply, stream, *group, max);
}

void reply_short(ReplyWriter& reply, const Stream& stream) {
  reply.map(10);
  reply_counters(reply, stream);
  field(reply, "groups", groups_of(stream).size());
  reply_edge(reply, "first-entry", stream, StreamCursor::Direction::kForward);
  reply_edge(reply, "last-entry", stream, StreamCursor::Direction::kBackward);
}

// Parses FULL [COUNT count]. None: the short form was asked for.
Result<std::optional<uint64_t>> parse_full(Call& call) {
  const size_t options = call.argc() - 3;
  if (options == 0) return std::optional<uint64_t>();
  if ((options != 1 && options != 3) || !equals_ignore_case(call.arg(3), "full"))
    return subcommand_syntax(call);
  if (options == 1) return std::optional(kFullCountDefault);
  if (!equals_ignore_case(call.arg(4), "count")) return subcommand_syntax(call);
  const std::optional<int64_t> count = parse_int64(call.arg(5));
  if (!count) return errors::not_an_integer();
  return std::optional(*count < 0 ? kFullCountDefault : static_cast<uint64_t>(*count));
}

}  // namespace

Status xinfo_stream(Call& call) {
  Key key = call.read(2);
  if (Status status = expect_stream(key); !status.ok()) return status;
  const Result<std::optional<uint64_t>> full = parse_full(call);
  if (!full.ok()) return full.error();
  const Viewed<Stream> stream = key.view<Stream>();
  if (*full) {
    reply_full(call.reply(), *stream, **full);
  } else {
    reply_short(call.reply(), *stream);
  }
  return {};
}

Status xinfo_groups(Call& call) {
  Key key = call.read(2);
  if (Status status = expect_stream(key); !status.ok()) return status;
  const Viewed<Stream> stream = key.view<Stream>();
  ReplyWriter& reply = call.reply();
  reply.array(groups_of(*stream).size());
  for (const ConsumerGroup* group : groups_of(*stream)) {
    reply.map(6);
    field(reply, "name", group->name());
    field(reply, "consumers", group->consumers().size());
    field(reply, "pending", group->pending().size());
    field(reply, "last-delivered-id", group->last_id());
    field(reply, "entries-read", entries_read(*group));
    field(reply, "lag", stream->lag(*group));
  }
  return {};
}

Status xinfo_consumers(Call& call) {
  Key key = call.read(2);
  if (Status status = expect_stream(key); !status.ok()) return status;
  const Viewed<Stream> stream = key.view<Stream>();
  const ConsumerGroup* group = stream->find_group(call.arg(3));
  if (group == nullptr) return no_group({key.name(), call.arg(3)});
  ReplyWriter& reply = call.reply();
  reply.array(group->consumers().size());
  for (const Consumer* consumer : group->consumers().all()) {
    const int64_t active = consumer->active_ms();
    reply.map(4);
    field(reply, "name", consumer->name());
    field(reply, "pending", consumer->pending().size());
    field(reply, "idle", std::max<int64_t>(call.now_ms() - consumer->seen_ms(), 0));
    field(reply, "inactive", active == -1 ? -1 : std::max<int64_t>(call.now_ms() - active, 0));
  }
  return {};
}

Status xinfo_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CONSUMERS <key> <groupname>",
      "    Show consumers of <groupname>.",
      "GROUPS <key>",
      "    Show the stream consumer groups.",
      "STREAM <key> [FULL [COUNT <count>]",
      "    Show information about the stream.",
  };
  return reply_help(call, kLines);
}

}  // namespace kvstash::commands
