#include "base/numbers.h"
#include "base/text.h"
#include "commands/stream/stream.h"
#include "commands/stream/stream_arguments.h"
#include "commands/stream/stream_group.h"
#include "commands/stream/stream_reply.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Call;
using engine::Key;
using engine::Opened;
using store::ConsumerGroup;
using store::PendingEntry;
using store::Stream;
using store::StreamId;
namespace errors = engine::errors;

constexpr store::ValueType kStreamType = store::ValueType::kStream;

// The options of XCLAIM and XAUTOCLAIM: which entries are claimed, and how.
struct ClaimOptions {
  int64_t idle_ms_min = 0;
  int64_t delivered_ms = 0;
  std::optional<uint64_t> deliveries{};  // The new count; none: one more, unless JUSTID.
  bool force = false;                    // Claims entries that are not pending, too.
  bool just_id = false;
  StreamId last_id{};  // The group's last id is raised to this.
};

// One run of XCLAIM or XAUTOCLAIM, with its key open.
class Claimer {
 public:
  Claimer(Call& call, Key& key, Stream& stream, const ClaimOptions& options)
      : call_(&call),
        key_(&key),
        stream_(&stream),
        options_(&options),
        group_(stream.find_group(call.arg(2))),
        seen_(see_consumer(call, key, *group_, call.arg(3))) {}

  ConsumerGroup& group() { return *group_; }

  // Removes the pending entry of an id that is no longer in the stream.
  void drop(StreamId id) {
    const PendingEntry* entry = group_->find_pending(id);
    if (entry == nullptr) return;
    record_pending(*call_, name(), *group_, id, *entry);
    ensure(group_->acknowledge(id));
    has_changed_ = true;
  }

  // Claims an entry that is in the stream. True: it belongs to the consumer now, and is in the
  // reply.
  bool claim(StreamId id) {
    const PendingEntry* entry = group_->find_pending(id);
    if (entry == nullptr) {
      if (!options_->force) return false;
      ensure(group_->add_pending(
          id, {.delivered_ms = call_->now_ms(), .deliveries = 1, .consumer = seen_.consumer}));
      entry = group_->find_pending(id);
    } else if (options_->idle_ms_min != 0 &&
               call_->now_ms() - entry->delivered_ms < options_->idle_ms_min) {
      return false;
    }
    take(id, *entry);
    return true;
  }

  // Records the group's last id, which has changed, unless a record of an entry contains it
  // already.
  void note_last_id() {
    if (!has_changed_) record_group(*call_, name(), *group_);
    has_changed_ = true;
  }
  void finish() {
    if (has_changed_) key_->changed_quietly(0, {}, std::max<uint64_t>(claimed_, 1));
    // A new consumer is recorded on its own if no record of an entry mentions it.
    if (seen_.is_new && claimed_ == 0) record_consumer(*call_, name(), seen_.consumer->name());
  }

 private:
  GroupName name() const { return {key_->name(), group_->name()}; }

  void take(StreamId id, PendingEntry entry) {
    entry.consumer = seen_.consumer;
    entry.delivered_ms = options_->delivered_ms;
    if (options_->deliveries) {
      entry.deliveries = *options_->deliveries;
    } else if (!options_->just_id) {
      ++entry.deliveries;
    }
    group_->redeliver(id, entry);
    if (options_->just_id) {
      reply_stream_id(call_->reply(), id);
    } else {
      ensure(reply_stream_entry_of(call_->reply(), *stream_, id));
    }
    group_->set_active(*seen_.consumer, call_->now_ms());
    record_pending(*call_, name(), *group_, id, entry);
    has_changed_ = true;
    ++claimed_;
  }

  Call* call_;
  Key* key_;
  Stream* stream_;
  const ClaimOptions* options_;
  ConsumerGroup* group_;
  SeenConsumer seen_;
  bool has_changed_ = false;
  uint64_t claimed_ = 0;
};

Status check_group(Call& call, const Key& key) {
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!key.exists() || key.view<Stream>()->find_group(call.arg(2)) == nullptr)
    return no_key_or_group({key.name(), call.arg(2)});
  return {};
}

// ---- XCLAIM

Result<int64_t> option_value(ArgReader& args, std::string_view error) {
  const std::optional<int64_t> value = parse_int64(args.next());
  if (!value) return Error::literal(error);
  return *value;
}

// A delivery time that is negative or in the future counts as now, because the clocks of clients
// may differ. In a replay a recorded time is accepted even if it is in the future.
int64_t sane_delivery_time(const Call& call, int64_t time_ms) {
  const int64_t now_ms = call.now_ms();
  if (call.is_replay() && time_ms >= 0) return time_ms;
  return time_ms < 0 || time_ms > now_ms ? now_ms : time_ms;
}

// Parses one of the options that follow the ids.
Status take_claim_option(const Call& call, ArgReader& args, ClaimOptions& options) {
  if (args.take("FORCE")) {
    options.force = true;
  } else if (args.take("JUSTID")) {
    options.just_id = true;
  } else if (args.take_with("IDLE")) {
    const Result<int64_t> idle = option_value(args, "ERR Invalid IDLE option argument for XCLAIM");
    if (!idle.ok()) return idle.error();
    options.delivered_ms = sane_delivery_time(call, checked_sub(call.now_ms(), *idle).value_or(-1));
  } else if (args.take_with("TIME")) {
    const Result<int64_t> time = option_value(args, "ERR Invalid TIME option argument for XCLAIM");
    if (!time.ok()) return time.error();
    options.delivered_ms = sane_delivery_time(call, *time);
  } else if (args.take_with("RETRYCOUNT")) {
    const Result<int64_t> count =
        option_value(args, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
    if (!count.ok()) return count.error();
    options.deliveries.reset();
    if (*count >= 0) options.deliveries = static_cast<uint64_t>(*count);
  } else if (args.take_with("LASTID")) {
    const Result<StreamId> id = parse_stream_id(args.next());
    if (!id.ok()) return id.error();
    options.last_id = *id;
  } else {
    return Error::text("ERR Unrecognized XCLAIM option '" + std::string(args.next()) + "'");
  }
  return {};
}

Result<ClaimOptions> parse_claim(Call& call, size_t& ids) {
  const std::optional<int64_t> idle = parse_int64(call.arg(4));
  if (!idle) return Error::literal("ERR Invalid min-idle-time argument for XCLAIM");
  ClaimOptions options{.idle_ms_min = std::max<int64_t>(*idle, 0), .delivered_ms = call.now_ms()};
  for (ids = 0; 5 + ids < call.argc() && parse_stream_id(call.arg(5 + ids)).ok();)
    ++ids;
  for (ArgReader args(call.args_from(5 + ids)); !args.done();) {
    if (Status status = take_claim_option(call, args, options); !status.ok()) return status.error();
  }
  return options;
}

}  // namespace

Status xclaim(Call& call) {
  Key key = call.read(1);
  if (Status status = check_group(call, key); !status.ok()) return status;
  size_t ids = 0;
  const Result<ClaimOptions> options = parse_claim(call, ids);
  if (!options.ok()) return options.error();

  Opened<Stream> stream = key.open<Stream>();
  Claimer claimer(call, key, *stream, *options);
  const bool raises_last_id = options->last_id > claimer.group().last_id();
  if (raises_last_id) claimer.group().set_last_id(options->last_id);
  const resp::ReplyWriter::Mark begin = call.reply().begin();
  size_t claimed = 0;
  for (size_t i = 0; i < ids; ++i) {
    const StreamId id = *parse_stream_id(call.arg(5 + i));
    if (!stream->contains(id)) {
      claimer.drop(id);
    } else if (claimer.claim(id)) {
      ++claimed;
    }
  }
  call.reply().end_array(begin, claimed);
  if (raises_last_id) claimer.note_last_id();
  claimer.finish();
  return {};
}

// ---- XAUTOCLAIM

namespace {

constexpr uint64_t kLooksPerEntry = 10;  // Pending entries looked at for each requested entry.

struct AutoClaim {
  StreamId start;
  uint64_t count = 100;
  ClaimOptions options{};
};

Result<AutoClaim> parse_autoclaim(Call& call) {
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / int64_t{sizeof(StreamId)};
  const std::optional<int64_t> idle = parse_int64(call.arg(4));
  if (!idle) return Error::literal("ERR Invalid min-idle-time argument for XAUTOCLAIM");
  const Result<StreamId> start = parse_range_start(call.arg(5));
  if (!start.ok()) return start.error();
  AutoClaim claim{
      .start = *start,
      .options = {.idle_ms_min = std::max<int64_t>(*idle, 0), .delivered_ms = call.now_ms()}};
  for (ArgReader args(call.args_from(6)); !args.done();) {
    if (args.take_with("COUNT")) {
      const std::optional<int64_t> count = parse_int64(args.next());
      if (!count || *count < 1 || *count > kCountMax)
        return Error::literal("ERR COUNT must be > 0");
      claim.count = static_cast<uint64_t>(*count);
    } else if (args.take("JUSTID")) {
      claim.options.just_id = true;
    } else {
      return errors::syntax();
    }
  }
  return claim;
}

// Inserts the id at which the client must go on. It stands before the entries, but is known only
// after them.
void insert_next(resp::ReplyWriter& reply, resp::ReplyWriter::Mark begin, StreamId next) {
  resp::ReplyBuffer head;
  resp::ReplyWriter writer(head, reply.version());
  writer.array(3);
  reply_stream_id(writer, next);
  reply.buffer().insert(static_cast<size_t>(begin), head.view());
}

}  // namespace

Status xautoclaim(Call& call) {
  const Result<AutoClaim> parsed = parse_autoclaim(call);
  if (!parsed.ok()) return parsed.error();
  Key key = call.read(1);
  if (Status status = check_group(call, key); !status.ok()) return status;

  resp::ReplyWriter& reply = call.reply();
  Opened<Stream> stream = key.open<Stream>();
  Claimer claimer(call, key, *stream, parsed->options);
  std::vector<StreamId> deleted;
  uint64_t claimed = 0;
  uint64_t looks = parsed->count * kLooksPerEntry;
  const resp::ReplyWriter::Mark begin = reply.begin();
  auto at = claimer.group().pending().lower_bound(parsed->start);
  for (; !at.at_end() && looks != 0 && claimed + deleted.size() < parsed->count; --looks) {
    const StreamId id = at.id();
    if (stream->contains(id)) {
      claimed += claimer.claim(id) ? 1u : 0u;
      at.next();
    } else {
      claimer.drop(id);
      deleted.push_back(id);
      at = claimer.group().pending().lower_bound(id);
    }
  }
  const StreamId next = at.at_end() ? StreamId{} : at.id();
  reply.end_array(begin, claimed);
  insert_next(reply, begin, next);
  reply.array(deleted.size());
  for (const StreamId id : deleted)
    reply_stream_id(reply, id);
  claimer.finish();
  return {};
}

}  // namespace kvstash::commands
