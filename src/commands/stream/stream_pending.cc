#include "base/numbers.h"
#include "base/text.h"
#include "commands/stream/stream.h"
#include "commands/stream/stream_arguments.h"
#include "commands/stream/stream_group.h"
#include "commands/stream/stream_reply.h"

#include <algorithm>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::Call;
using engine::Key;
using store::Consumer;
using store::ConsumerGroup;
using store::PendingEntry;
using store::Stream;
using store::StreamId;
namespace errors = engine::errors;

// The range of XPENDING: which pending entries to show, and of which consumer.
struct PendingRange {
  int64_t idle_ms_min = 0;
  StreamId start;
  StreamId end;
  uint64_t count = 0;
  std::optional<std::string_view> consumer;
};

Result<PendingRange> parse_pending_range(Call& call) {
  PendingRange range;
  size_t at = 3;
  if (equals_ignore_case(call.arg(at), "IDLE")) {
    const std::optional<int64_t> idle = parse_int64(call.arg(at + 1));
    if (!idle) return errors::not_an_integer();
    if (call.argc() < 8) return errors::syntax();
    range.idle_ms_min = *idle;
    at += 2;
  }
  const Result<uint64_t> count = parse_stream_count(call.arg(at + 2));
  if (!count.ok()) return count.error();
  const Result<StreamId> start = parse_range_start(call.arg(at));
  if (!start.ok()) return start.error();
  const Result<StreamId> end = parse_range_end(call.arg(at + 1));
  if (!end.ok()) return end.error();
  range.count = *count;
  range.start = *start;
  range.end = *end;
  if (at + 3 < call.argc()) range.consumer = call.arg(at + 3);
  return range;
}

// Replies how many entries are pending, the first and the last id, and how many each consumer has.
void reply_summary(Call& call, const ConsumerGroup& group) {
  resp::ReplyWriter& reply = call.reply();
  reply.array(4);
  reply.integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    reply.null();
    reply.null();
    reply.null_array();
    return;
  }
  reply_stream_id(reply, group.pending().first().id());
  reply_stream_id(reply, group.pending().last().id());
  const resp::ReplyWriter::Mark begin = reply.begin();
  size_t count = 0;
  for (const Consumer* consumer : group.consumers().all()) {
    if (consumer->pending().empty()) continue;
    reply.array(2);
    reply.bulk(consumer->name());
    reply.bulk_int64(static_cast<int64_t>(consumer->pending().size()));
    ++count;
  }
  reply.end_array(begin, count);
}

void reply_pending(Call& call, StreamId id, const PendingEntry& entry) {
  resp::ReplyWriter& reply = call.reply();
  reply.array(4);
  reply_stream_id(reply, id);
  reply.bulk(entry.consumer->name());
  reply.integer(std::max<int64_t>(call.now_ms() - entry.delivered_ms, 0));
  reply.integer(static_cast<int64_t>(entry.deliveries));
}

// Writes the pending entries in the range. `tree` has their ids; `entry_at` returns the entry at an
// iterator.
template <typename Tree, typename EntryAt>
void reply_range(Call& call, const PendingRange& range, const Tree& tree, const EntryAt& entry_at) {
  const resp::ReplyWriter::Mark begin = call.reply().begin();
  size_t count = 0;
  for (auto at = tree.lower_bound(range.start);
       count < range.count && !at.at_end() && at.id() <= range.end; at.next()) {
    const PendingEntry& entry = entry_at(at);
    if (range.idle_ms_min != 0 && call.now_ms() - entry.delivered_ms < range.idle_ms_min) continue;
    reply_pending(call, at.id(), entry);
    ++count;
  }
  call.reply().end_array(begin, count);
}

void reply_range(Call& call, const PendingRange& range, const ConsumerGroup& group) {
  if (!range.consumer) {
    reply_range(call, range, group.pending(),
                [](const auto& at) -> const PendingEntry& { return at.value(); });
    return;
  }
  const Consumer* consumer = group.find_consumer(*range.consumer);
  if (consumer == nullptr) return call.reply().array(0);
  reply_range(call, range, consumer->pending(),
              [&](const auto& at) -> const PendingEntry& { return *group.find_pending(at.id()); });
}

}  // namespace

Status xpending(Call& call) {
  const bool is_summary = call.argc() == 3;
  if (!is_summary && (call.argc() < 6 || call.argc() > 9)) return errors::syntax();
  PendingRange range;
  if (!is_summary) {
    const Result<PendingRange> parsed = parse_pending_range(call);
    if (!parsed.ok()) return parsed.error();
    range = *parsed;
  }
  Key key = call.read(1);
  if (Status status = key.expect(store::ValueType::kStream); !status.ok()) return status;
  const GroupName name{key.name(), call.arg(2)};
  if (!key.exists()) return no_key_or_group(name);
  const engine::Viewed<Stream> stream = key.view<Stream>();
  const ConsumerGroup* group = stream->find_group(name.group);
  if (group == nullptr) return no_key_or_group(name);
  if (is_summary) {
    reply_summary(call, *group);
  } else {
    reply_range(call, range, *group);
  }
  return {};
}

}  // namespace kvstash::commands
