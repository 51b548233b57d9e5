#include "commands/stream/stream.h"

#include "commands/shared/digits.h"
#include "commands/stream/stream_arguments.h"
#include "commands/stream/stream_effects.h"
#include "commands/stream/stream_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <optional>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Call;
using engine::Key;
using engine::Opened;
using store::Stream;
using store::StreamId;
using store::StreamLimits;
namespace errors = engine::errors;
namespace notify = engine::notify;

constexpr store::ValueType kStreamType = store::ValueType::kStream;

StreamLimits stream_limits(const Call& call) {
  const engine::EngineOptions& options = call.options();
  return {.block_bytes_max = options.stream_node_max_bytes,
          .block_entries_max = static_cast<size_t>(options.stream_node_max_entries)};
}

// Chooses the id of the entry to add after `last`.
Result<StreamId> choose_id(const StreamEdit& edit, StreamId last, int64_t now_ms) {
  if (last == StreamId::max())
    return Error::literal(
        "ERR The stream has exhausted the last possible ID, unable to add more items");
  std::optional<StreamId> id = edit.id;
  if (!id) {
    const StreamId now{static_cast<uint64_t>(now_ms), 0};
    id = now.ms > last.ms ? now : last.next();
  } else if (!edit.has_seq && id->ms == last.ms) {
    id = last.seq == UINT64_MAX ? last : StreamId{last.ms, last.seq + 1};
  }
  if (*id <= last)
    return Error::literal(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item");
  return *id;
}

// Records the command with the id that was chosen, and with its trimming made exact, because
// another server may have other blocks. A trim that emptied the stream is recorded as one to length
// 0, since there is no first entry whose id could be the threshold.
void record_edit(Call& call, const StreamEdit& edit, const Stream& stream) {
  if (!call.wants_effects()) return;
  const bool is_approximate = edit.trim && edit.trim->whole_blocks_only;
  const bool is_open = edit.id_at != 0 && (!edit.id || !edit.has_seq);
  if (!is_approximate && !is_open) return;
  const bool by_id = edit.trim && edit.trim->min_id && stream.size() != 0;
  const StreamIdText id(stream.last_id());
  const StreamIdText first_id(stream.counters().first_id);
  const Digits length(static_cast<int64_t>(stream.size()));
  call.record({edit.id_at != 0 ? "XADD" : "XTRIM"});
  engine::RecordWords& words = call.records();
  for (size_t i = 1; i < call.argc(); ++i) {
    std::string_view word = call.arg(i);
    if (is_open && i == edit.id_at) word = id.view();
    if (is_approximate && i + 2 == edit.threshold_at) word = by_id ? "MINID" : "MAXLEN";
    if (is_approximate && i + 1 == edit.threshold_at) word = "=";
    if (is_approximate && i == edit.threshold_at) word = by_id ? first_id.view() : length.view();
    const bool is_limit =
        is_approximate && edit.limit_at != 0 && (i == edit.limit_at || i == edit.limit_at + 1);
    if (!is_limit) words.add(word);
  }
}

}  // namespace

Status xadd(Call& call) {
  const Result<StreamEdit> edit = parse_xadd(call.args(), call.options());
  if (!edit.ok()) return edit.error();
  const Call::Args fields = call.args_from(std::min(edit->id_at + 1, call.argc()));
  if (fields.size() < 2 || fields.size() % 2 != 0) return errors::wrong_arity("xadd");
  if (edit->id && edit->has_seq && edit->id->is_zero())
    return Error::literal("ERR The ID specified in XADD must be greater than 0-0");
  Key key = call.write(1);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!key.exists() && edit->no_mkstream) {
    call.reply().null();
    return {};
  }
  const StreamId last = key.exists() ? key.view<Stream>()->last_id() : StreamId{};
  const Result<StreamId> id = choose_id(*edit, last, call.now_ms());
  if (!id.ok()) return id.error();
  if (store::stream_fields_bytes(fields) > store::kStreamEntryBytesMax)
    return Error::literal("ERR Elements are too large to be stored");

  Opened<Stream> stream = key.open<Stream>();
  stream->append(*id, fields, stream_limits(call));
  const uint64_t trimmed = edit->trim ? stream->trim(*edit->trim) : 0;
  reply_stream_id(call.reply(), *id);
  record_edit(call, *edit, *stream);
  stream.close();
  key.changed(notify::kStream, "xadd");
  if (trimmed != 0) key.also(notify::kStream, "xtrim");
  return {};
}

Status xtrim(Call& call) {
  const Result<StreamEdit> edit = parse_xtrim(call.args(), call.options());
  if (!edit.ok()) return edit.error();
  Key key = call.write(1);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().integer(0);
    return {};
  }
  Opened<Stream> stream = key.open<Stream>();
  const uint64_t trimmed = stream->trim(*edit->trim);
  if (trimmed != 0) record_edit(call, *edit, *stream);
  stream.close();
  if (trimmed != 0) key.changed(notify::kStream, "xtrim", trimmed);
  call.reply().integer(static_cast<int64_t>(trimmed));
  return {};
}

Status xlen(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  call.reply().integer(key.exists() ? static_cast<int64_t>(key.view<Stream>()->size()) : 0);
  return {};
}

Status xdel(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().integer(0);
    return {};
  }
  for (const std::string_view text : call.args_from(2)) {  // Check all ids before using any.
    if (const Result<StreamId> id = parse_stream_id(text); !id.ok()) return id.error();
  }
  uint64_t deleted = 0;
  Opened<Stream> stream = key.open<Stream>();
  for (const std::string_view text : call.args_from(2))
    deleted += stream->erase(*parse_stream_id(text)) ? 1 : 0;
  stream.close();
  if (deleted != 0) key.changed(notify::kStream, "xdel", deleted);
  call.reply().integer(static_cast<int64_t>(deleted));
  return {};
}

namespace {

struct SetIdOptions {
  StreamId last_id;
  std::optional<int64_t> entries_added;
  StreamId max_deleted_id;
};

Result<SetIdOptions> parse_setid(Call& call) {
  SetIdOptions options;
  const Result<StreamId> last_id = parse_stream_id(call.arg(2));
  if (!last_id.ok()) return last_id.error();
  options.last_id = *last_id;
  for (ArgReader args(call.args_from(3)); !args.done();) {
    if (args.take_with("ENTRIESADDED")) {
      const Result<int64_t> added = args.integer();
      if (!added.ok()) return added.error();
      if (*added < 0) return Error::literal("ERR entries_added must be positive");
      options.entries_added = *added;
    } else if (args.take_with("MAXDELETEDID")) {
      const Result<StreamId> id = parse_stream_id(args.next());
      if (!id.ok()) return id.error();
      if (options.last_id < *id)
        return Error::literal(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      options.max_deleted_id = *id;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

Status check_setid(const SetIdOptions& options, const Stream& stream) {
  if (options.last_id < stream.counters().max_deleted_id)
    return Error::literal(
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  const std::optional<StreamId> last = stream.last_entry();
  if (!last) return {};
  if (options.last_id < *last)
    return Error::literal(
        "ERR The ID specified in XSETID is smaller than the target stream top item");
  if (options.entries_added && stream.size() > static_cast<uint64_t>(*options.entries_added))
    return Error::literal(
        "ERR The entries_added specified in XSETID is smaller than the target stream length");
  return {};
}

}  // namespace

Status xsetid(Call& call) {
  const Result<SetIdOptions> options = parse_setid(call);
  if (!options.ok()) return options.error();
  Key key = call.write(1);
  if (!key.exists()) return errors::no_such_key();
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (Status status = check_setid(*options, *key.view<Stream>()); !status.ok()) return status;
  Opened<Stream> stream = key.open<Stream>();
  stream->set_last_id(options->last_id);
  if (options->entries_added)
    stream->set_entries_added(static_cast<uint64_t>(*options->entries_added));
  if (!options->max_deleted_id.is_zero()) stream->set_max_deleted_id(options->max_deleted_id);
  stream.close();
  key.changed(notify::kStream, "xsetid");
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
