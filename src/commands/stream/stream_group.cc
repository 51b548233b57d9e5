#include "commands/stream/stream_group.h"

#include "base/numbers.h"
#include "base/text.h"
#include "commands/shared/help.h"
#include "commands/stream/stream.h"
#include "commands/stream/stream_arguments.h"

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Call;
using engine::Key;
using engine::Opened;
using store::Consumer;
using store::ConsumerGroup;
using store::Stream;
using store::StreamId;
namespace errors = engine::errors;
namespace notify = engine::notify;

constexpr store::ValueType kStreamType = store::ValueType::kStream;

// The options that may follow the id of XGROUP CREATE and SETID.
struct GroupOptions {
  bool makes_stream = false;
  int64_t entries_read = ConsumerGroup::kUnknown;
};

Result<GroupOptions> parse_group_options(Call& call, bool may_make_stream) {
  GroupOptions options;
  for (ArgReader args(call.args_from(5)); !args.done();) {
    if (may_make_stream && args.take("MKSTREAM")) {
      options.makes_stream = true;
    } else if (args.take_with("ENTRIESREAD")) {
      const Result<int64_t> read = args.integer();
      if (!read.ok()) return read.error();
      if (*read < 0 && *read != ConsumerGroup::kUnknown)
        return Error::literal("ERR value for ENTRIESREAD must be positive or -1");
      options.entries_read = *read;
    } else {
      return subcommand_syntax(call);
    }
  }
  return options;
}

// Checks that the key of an XGROUP command exists and is a stream.
Status expect_stream(const Key& key) {
  if (!key.exists())
    return Error::literal(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
        "use the MKSTREAM option to create an empty stream automatically.");
  return key.expect(kStreamType);
}

// Checks that the key exists and is a stream, and that it has the group in argument 3.
Status expect_group(Call& call, const Key& key) {
  if (Status status = expect_stream(key); !status.ok()) return status;
  if (key.view<Stream>()->find_group(call.arg(3)) == nullptr)
    return no_group({key.name(), call.arg(3)});
  return {};
}

}  // namespace

SeenConsumer see_consumer(Call& call, Key& key, ConsumerGroup& group, std::string_view name) {
  Consumer* consumer = group.find_consumer(name);
  const bool is_new = consumer == nullptr;
  if (is_new) {
    consumer = &group.create_consumer(name, call.now_ms());
    key.changed_quietly(notify::kStream, "xgroup-createconsumer");
  }
  group.set_seen(*consumer, call.now_ms());
  return {consumer, is_new};
}

Status xgroup_create(Call& call) {
  const Result<GroupOptions> options = parse_group_options(call, true);
  if (!options.ok()) return options.error();
  Key key = call.write(2);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!options->makes_stream) {
    if (Status status = expect_stream(key); !status.ok()) return status;
  }
  if (call.argc() > 8) return subcommand_syntax(call);
  const bool makes_key = !key.exists();
  StreamId last_id;
  if (call.arg(4) != "$") {
    const Result<StreamId> parsed = parse_stream_id(call.arg(4));
    if (!parsed.ok()) return parsed.error();
    last_id = *parsed;
  }
  Opened<Stream> stream = key.open<Stream>();
  if (stream->find_group(call.arg(3)) != nullptr)
    return Error::literal("BUSYGROUP Consumer Group name already exists");
  ConsumerGroup& group = stream->create_group(call.arg(3));
  group.set_last_id(call.arg(4) == "$" ? stream->last_id() : last_id);
  group.set_entries_read(options->entries_read);
  stream.close();
  if (makes_key) {
    key.changed(notify::kStream, "xgroup-create");
  } else {
    key.changed_quietly(notify::kStream, "xgroup-create");
  }
  call.reply().ok();
  return {};
}

Status xgroup_setid(Call& call) {
  const Result<GroupOptions> options = parse_group_options(call, false);
  if (!options.ok()) return options.error();
  Key key = call.write(2);
  if (Status status = expect_group(call, key); !status.ok()) return status;
  if (call.argc() > 7) return subcommand_syntax(call);
  StreamId last_id = key.view<Stream>()->last_id();
  if (call.arg(4) != "$") {
    const Result<StreamId> parsed = parse_stream_id_or_end(call.arg(4));
    if (!parsed.ok()) return parsed.error();
    last_id = *parsed;
  }
  Opened<Stream> stream = key.open<Stream>();
  ConsumerGroup& group = *stream->find_group(call.arg(3));
  group.set_last_id(last_id);
  group.set_entries_read(options->entries_read);
  stream.close();
  key.changed_quietly(notify::kStream, "xgroup-setid");
  call.reply().ok();
  return {};
}

// This is not a quiet change, because clients that wait to read for the group must learn of it.
Status xgroup_destroy(Call& call) {
  Key key = call.write(2);
  if (Status status = expect_stream(key); !status.ok()) return status;
  Opened<Stream> stream = key.open<Stream>();
  ConsumerGroup* group = stream->find_group(call.arg(3));
  if (group != nullptr) stream->destroy_group(*group);
  stream.close();
  if (group != nullptr) key.changed(notify::kStream, "xgroup-destroy");
  call.reply().integer(group != nullptr ? 1 : 0);
  return {};
}

Status xgroup_createconsumer(Call& call) {
  Key key = call.write(2);
  if (Status status = expect_group(call, key); !status.ok()) return status;
  Opened<Stream> stream = key.open<Stream>();
  ConsumerGroup& group = *stream->find_group(call.arg(3));
  const bool is_new = group.find_consumer(call.arg(4)) == nullptr;
  if (is_new) group.create_consumer(call.arg(4), call.now_ms());
  stream.close();
  if (is_new) key.changed_quietly(notify::kStream, "xgroup-createconsumer");
  call.reply().integer(is_new ? 1 : 0);
  return {};
}

Status xgroup_delconsumer(Call& call) {
  Key key = call.write(2);
  if (Status status = expect_group(call, key); !status.ok()) return status;
  Opened<Stream> stream = key.open<Stream>();
  ConsumerGroup& group = *stream->find_group(call.arg(3));
  Consumer* consumer = group.find_consumer(call.arg(4));
  const size_t pending = consumer != nullptr ? group.destroy_consumer(*consumer) : 0;
  stream.close();
  if (consumer != nullptr) key.changed_quietly(notify::kStream, "xgroup-delconsumer");
  call.reply().integer(static_cast<int64_t>(pending));
  return {};
}

Status xgroup_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CREATE <key> <groupname> <id|$> [option]",
      "    Create a new consumer group. Options are:",
      "    * MKSTREAM",
      "      Create the empty stream if it does not exist.",
      "    * ENTRIESREAD entries_read",
      "      Set the group's entries_read counter (internal use).",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Create a new consumer in the specified group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove the specified consumer.",
      "DESTROY <key> <groupname>",
      "    Remove the specified group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set the current group ID and entries_read counter.",
  };
  return reply_help(call, kLines);
}

Status xack(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect(kStreamType); !status.ok()) return status;
  if (!key.exists() || key.view<Stream>()->find_group(call.arg(2)) == nullptr) {
    call.reply().integer(0);
    return {};
  }
  for (const std::string_view text : call.args_from(3)) {  // Check all ids before using any.
    if (const Result<StreamId> id = parse_stream_id(text); !id.ok()) return id.error();
  }
  uint64_t acknowledged = 0;
  Opened<Stream> stream = key.open<Stream>();
  ConsumerGroup& group = *stream->find_group(call.arg(2));
  for (const std::string_view text : call.args_from(3))
    acknowledged += group.acknowledge(*parse_stream_id(text)) ? 1 : 0;
  stream.close();
  if (acknowledged != 0) key.changed_quietly(0, {}, acknowledged);
  call.reply().integer(static_cast<int64_t>(acknowledged));
  return {};
}

}  // namespace kvstash::commands
