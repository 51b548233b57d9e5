#include "base/text.h"
#include "commands/shared/block_timeout.h"
#include "commands/stream/stream.h"
#include "commands/stream/stream_arguments.h"
#include "commands/stream/stream_effects.h"
#include "commands/stream/stream_group.h"
#include "commands/stream/stream_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Call;
using engine::Key;
using engine::Opened;
using store::ConsumerGroup;
using store::PendingEntry;
using store::Stream;
using store::StreamCursor;
using store::StreamId;
namespace errors = engine::errors;
namespace notify = engine::notify;

constexpr store::ValueType kStreamType = store::ValueType::kStream;

// The circumstances that decide which arguments are accepted.
struct ReadContext {
  bool is_group = false;   // XREADGROUP, not XREAD.
  bool in_script = false;  // Nothing may block.
  int64_t now_ms = 0;
};

// The arguments of XREAD and XREADGROUP, up to the streams.
struct ReadOptions {
  bool is_group = false;  // XREADGROUP, not XREAD.
  bool has_group = false;
  std::string_view group{};
  std::string_view consumer{};
  bool no_ack = false;
  uint64_t count = 0;  // 0: no limit.
  bool blocks = false;
  BlockTimeout timeout_ms{};
  size_t first_key = 0;  // Index of the first stream's argument; the ids follow the streams.
  size_t streams = 0;
};

Error unbalanced(bool is_group) {
  return Error::text(
      is_group ? "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' "
                 "must be specified."
               : "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be "
                 "specified.");
}

Error of_xreadgroup_only(std::string_view option) {
  return Error::text("ERR The " + std::string(option) +
                     " option is only supported by XREADGROUP. You called XREAD instead.");
}

Error meaningless(std::string_view id) {
  const std::string name(id);
  return Error::text("ERR The " + name +
                     " ID is meaningless in the context of XREADGROUP: you want to read the "
                     "history of this consumer by specifying a proper ID, or use the > ID to get "
                     "new messages. The " +
                     name + " ID would just return an empty result set.");
}

class ReadParser {
 public:
  ReadParser(StreamArgs argv, const ReadContext& context)
      : argv_(argv), context_(&context), args_(argv.subspan(1)) {
    options_.is_group = context.is_group;
  }

  Result<ReadOptions> parse() {
    while (!args_.done() && options_.streams == 0) {
      if (Status status = take_option(args_.next()); !status.ok()) return status.error();
    }
    if (options_.streams == 0) return errors::syntax();
    if (options_.is_group && !options_.has_group)
      return Error::literal("ERR Missing GROUP option for XREADGROUP");
    return options_;
  }

 private:
  Status take_option(std::string_view name);
  Status take_block();
  Status take_streams();

  StreamArgs argv_;
  const ReadContext* context_;
  engine::ArgReader args_;
  ReadOptions options_;
};

Status ReadParser::take_block() {
  if (context_->in_script)
    return Error::text("ERR " + std::string(argv_[0]) +
                       " command is not allowed with BLOCK option from scripts");
  const Result<BlockTimeout> timeout_ms = parse_block_milliseconds(args_.next(), context_->now_ms);
  if (!timeout_ms.ok()) return timeout_ms.error();
  options_.blocks = true;
  options_.timeout_ms = *timeout_ms;
  return {};
}

Status ReadParser::take_streams() {
  if (args_.left() % 2 != 0) return unbalanced(options_.is_group);
  options_.first_key = argv_.size() - args_.left();
  options_.streams = args_.left() / 2;
  return {};
}

// Parses one option and its values, after its name was read.
Status ReadParser::take_option(std::string_view name) {
  if (equals_ignore_case(name, "BLOCK") && !args_.done()) return take_block();
  if (equals_ignore_case(name, "COUNT") && !args_.done()) {
    const Result<uint64_t> count = parse_stream_count(args_.next());
    if (!count.ok()) return count.error();
    options_.count = *count;
    return {};
  }
  if (equals_ignore_case(name, "STREAMS") && !args_.done()) return take_streams();
  if (equals_ignore_case(name, "GROUP") && args_.left() >= 2) {
    if (!options_.is_group) return of_xreadgroup_only("GROUP");
    options_.has_group = true;
    options_.group = args_.next();
    options_.consumer = args_.next();
    return {};
  }
  if (equals_ignore_case(name, "NOACK")) {
    if (!options_.is_group) return of_xreadgroup_only("NOACK");
    options_.no_ack = true;
    return {};
  }
  return errors::syntax();
}

// Parses a whole command.
Result<ReadOptions> parse_read(StreamArgs argv, const ReadContext& context) {
  return ReadParser(argv, context).parse();
}

// Finds the keys with the parser of the commands. The context says that blocking is permitted and
// that the time is 0, so that this accepts every command that the execution accepts.
engine::KeysFound find_keys(StreamArgs argv, bool is_group, std::vector<engine::KeyAt>& keys) {
  const Result<ReadOptions> options = parse_read(argv, {.is_group = is_group});
  if (!options.ok()) return engine::KeysFound::kRefused;
  for (size_t i = 0; i < options->streams; ++i) {
    keys.push_back(
        {static_cast<uint32_t>(options->first_key + i), engine::kKeyRO | engine::kKeyAccess});
  }
  return engine::KeysFound::kAll;
}

// ---- Where to read from.

struct Start {
  StreamId after{};        // The last entry that the client has seen.
  bool wants_new = false;  // ">": entries that the group has not been given.
  std::string_view text{};
};

// Resolves the special ids "$" and "+" of XREAD. `stream` is null if there is no key.
StreamId resolve_edge(std::string_view text, const Stream* stream) {
  if (stream == nullptr) return {};
  if (text == "$") return stream->last_id();
  const std::optional<StreamId> last = stream->last_entry();  // "+": the last entry is new.
  return last ? last->previous().value_or(StreamId{}) : stream->last_id();
}

Result<Start> parse_start(std::string_view text, bool is_group, const Stream* stream) {
  if (text == "$" || text == "+") {
    if (is_group) return meaningless(text);
    return Start{.after = resolve_edge(text, stream), .text = text};
  }
  if (text == ">") {
    if (!is_group)
      return Error::literal(
          "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
          "<consumer> option.");
    return Start{.after = StreamId::max(), .wants_new = true, .text = text};
  }
  const Result<StreamId> id = parse_stream_id(text);
  if (!id.ok()) return id.error();
  return Start{.after = *id, .wants_new = *id == StreamId::max(), .text = text};
}

Error no_group_to_read(std::string_view key, std::string_view group) {
  return Error::text("NOGROUP No such key '" + std::string(key) + "' or consumer group '" +
                     std::string(group) + "' in XREADGROUP with GROUP option");
}

// Checks one stream, and returns where to start reading. Changes nothing.
Result<Start> check_stream(Call& call, const ReadOptions& options, size_t index) {
  Key key = call.read(options.first_key + index);
  if (Status status = key.expect(kStreamType); !status.ok()) return status.error();
  const std::string_view id = call.arg(options.first_key + options.streams + index);
  if (!key.exists()) {
    if (options.is_group) return no_group_to_read(key.name(), options.group);
    return parse_start(id, false, nullptr);
  }
  const engine::Viewed<Stream> stream = key.view<Stream>();
  if (options.is_group && stream->find_group(options.group) == nullptr)
    return no_group_to_read(key.name(), options.group);
  return parse_start(id, options.is_group, &*stream);
}

// The reply: a name and entries for each stream that has some.
class StreamsReply {
 public:
  explicit StreamsReply(resp::ReplyWriter& reply) : reply_(&reply), begin_(reply.begin()) {}

  bool empty() const { return count_ == 0; }
  void add(std::string_view key) {
    if (!reply_->is_resp3()) reply_->array(2);
    reply_->bulk(key);
    ++count_;
  }
  void finish() {
    if (reply_->is_resp3()) {
      reply_->end_map(begin_, count_);
    } else {
      reply_->end_array(begin_, count_);
    }
  }

 private:
  resp::ReplyWriter* reply_;
  resp::ReplyWriter::Mark begin_;
  size_t count_ = 0;
};

bool has_entries_after(const Stream& stream, StreamId id) {
  const std::optional<StreamId> last = stream.last_entry();
  return last && *last > id;
}

// The smallest id greater than `id`. No caller passes the largest id there is.
StreamId behind(StreamId id) {
  return id.next().value_or(StreamId::max());
}

void block(Call& call, const ReadOptions& options, std::span<const Start> starts) {
  if (!options.blocks || !call.may_block()) return call.reply().null_array();
  Call::Wait wait{.keys = {},
                  .type = kStreamType,
                  .wakes_without_key = options.is_group,
                  .timeout_ms = options.timeout_ms,
                  .timeout_reply = engine::TimeoutReply::kNullArray};
  const auto keys = call.args_from(options.first_key).first(options.streams);
  wait.keys.assign(keys.begin(), keys.end());
  std::ranges::sort(wait.keys);
  wait.keys.erase(std::unique(wait.keys.begin(), wait.keys.end()), wait.keys.end());
  // "$" means the present end of the stream. The blocked command runs again later, so "$" is
  // replaced by the id.
  const bool has_edge =
      std::ranges::any_of(starts, [](const Start& start) { return start.text == "$"; });
  if (has_edge) {
    wait.argv.assign(call.args().begin(), call.args().end());
    for (size_t i = 0; i < starts.size(); ++i) {
      if (starts[i].text == "$")
        wait.argv[options.first_key + options.streams + i] = StreamIdText(starts[i].after).view();
    }
  }
  call.block(std::move(wait));
}

// ---- XREADGROUP: reading one stream.

class GroupReader {
 public:
  GroupReader(Call& call, const ReadOptions& options, Key& key, Stream& stream)
      : call_(&call),
        options_(&options),
        key_(&key),
        stream_(&stream),
        group_(stream.find_group(options.group)),
        seen_(see_consumer(call, key, *group_, options.consumer)),
        name_{key.name(), options.group} {}

  bool has_new() const { return has_entries_after(*stream_, group_->last_id()); }
  void reply_new();
  void reply_history(StreamId after);

  // A new consumer is recorded on its own if no record of an entry mentions it.
  void finish() {
    if (seen_.is_new && !is_recorded_) record_consumer(*call_, name_, options_->consumer);
  }

 private:
  void note_read(StreamId id);
  void give(StreamId id);

  Call* call_;
  const ReadOptions* options_;
  Key* key_;
  Stream* stream_;
  ConsumerGroup* group_;
  SeenConsumer seen_;
  GroupName name_;
  bool is_recorded_ = false;
};

// Counts an entry as read by the group. If deletions make the count uncertain, it is estimated.
void GroupReader::note_read(StreamId id) {
  const int64_t read = group_->entries_read();
  const bool is_counted = read != ConsumerGroup::kUnknown &&
                          read != std::numeric_limits<int64_t>::max() &&
                          !stream_->may_have_gaps_from(id);
  if (is_counted) {
    group_->set_entries_read(read + 1);
  } else if (stream_->counters().entries_added != 0) {
    group_->set_entries_read(stream_->estimate_entries_read(id));
  }
  group_->set_last_id(id);
}

void GroupReader::give(StreamId id) {
  const PendingEntry entry{
      .delivered_ms = call_->now_ms(), .deliveries = 1, .consumer = seen_.consumer};
  // If XGROUP SETID lowered the last id, a consumer may have the entry already.
  if (!group_->add_pending(id, entry)) group_->redeliver(id, entry);
  group_->set_active(*seen_.consumer, call_->now_ms());
  record_pending(*call_, name_, *group_, id, entry);
  is_recorded_ = true;
}

void GroupReader::reply_new() {
  resp::ReplyWriter& reply = call_->reply();
  const resp::ReplyWriter::Mark begin = reply.begin();
  uint64_t count = 0;
  StreamCursor cursor(*stream_, behind(group_->last_id()), StreamId::max());
  while ((options_->count == 0 || count < options_->count) && cursor.next()) {
    note_read(cursor.id());
    reply_stream_entry(reply, cursor.id(), cursor.entry());
    if (!options_->no_ack) give(cursor.id());
    ++count;
  }
  reply.end_array(begin, count);
  if (options_->no_ack) finish();
  record_group(*call_, name_, *group_);
  is_recorded_ = true;
  key_->changed_quietly();
}

// Replies the entries after `after` that the consumer was given and has not acknowledged. The new
// delivery time and count are not recorded.
void GroupReader::reply_history(StreamId after) {
  resp::ReplyWriter& reply = call_->reply();
  const resp::ReplyWriter::Mark begin = reply.begin();
  uint64_t count = 0;
  for (auto at = seen_.consumer->pending().lower_bound(behind(after));
       !at.at_end() && (options_->count == 0 || count < options_->count); at.next(), ++count) {
    if (reply_stream_entry_of(reply, *stream_, at.id())) {
      PendingEntry entry = *group_->find_pending(at.id());
      entry.delivered_ms = call_->now_ms();
      ++entry.deliveries;
      group_->redeliver(at.id(), entry);
    } else {
      reply.array(2);
      reply_stream_id(reply, at.id());
      reply.null_array();
    }
  }
  reply.end_array(begin, count);
}

// ---- Serving one stream.

void serve(Call& call, const ReadOptions& options, size_t index, const Start& start,
           StreamsReply& streams) {
  Key key = call.read(options.first_key + index);
  if (!key.exists()) return;
  if (!options.is_group) {
    const engine::Viewed<Stream> stream = key.view<Stream>();
    if (!has_entries_after(*stream, start.after)) return;
    streams.add(key.name());
    StreamCursor cursor(*stream, behind(start.after), StreamId::max());
    return reply_stream_entries(call.reply(), cursor, options.count);
  }
  Opened<Stream> stream = key.open<Stream>();
  GroupReader reader(call, options, key, *stream);
  if (!start.wants_new) {
    streams.add(key.name());
    reader.reply_history(start.after);
  } else if (reader.has_new()) {
    streams.add(key.name());
    reader.reply_new();
  }
  reader.finish();
}

Status read(Call& call, bool is_group) {
  const Result<ReadOptions> options = parse_read(
      call.args(),
      {.is_group = is_group, .in_script = call.caller().in_script, .now_ms = call.now_ms()});
  if (!options.ok()) return options.error();
  std::vector<Start> starts;
  starts.reserve(options->streams);
  for (size_t i = 0; i < options->streams; ++i) {
    const Result<Start> start = check_stream(call, *options, i);
    if (!start.ok()) return start.error();
    starts.push_back(*start);
  }
  StreamsReply streams(call.reply());
  for (size_t i = 0; i < options->streams; ++i)
    serve(call, *options, i, starts[i], streams);
  if (streams.empty()) {
    block(call, *options, starts);
  } else {
    streams.finish();
  }
  return {};
}

}  // namespace

Status xread(Call& call) {
  return read(call, false);
}

Status xreadgroup(Call& call) {
  return read(call, true);
}

engine::KeysFound xread_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys) {
  return find_keys(argv, false, keys);
}

engine::KeysFound xreadgroup_keys(std::span<const std::string_view> argv,
                                  std::vector<engine::KeyAt>& keys) {
  return find_keys(argv, true, keys);
}

}  // namespace kvstash::commands
