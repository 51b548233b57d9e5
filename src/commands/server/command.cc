#include "commands/server/command.h"

#include "base/glob.h"
#include "base/text.h"
#include "commands/server/command_description.h"
#include "commands/shared/help.h"
#include "engine/execution/call.h"
#include "engine/shard_set.h"

#include <functional>
#include <optional>
#include <vector>

namespace kvstash::commands {

namespace {

using engine::Command;
using engine::CommandTable;
using engine::KeyAt;
using resp::ReplyWriter;

constexpr std::string_view kHelp[] = {
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
};

const CommandTable& table_of(Call& call) {
  return call.shards().commands();
}

void write_info_of_all(const CommandTable& table, ReplyWriter& reply) {
  reply.array(table.all().size());
  for (const Command* each : table.all())
    write_info(*each, reply);
}

void write_named_docs(const Command& command, ReplyWriter& reply) {
  reply.bulk(command.name);
  write_docs(command, reply);
}

// ---- LIST.

using Filter = std::function<bool(const Command&)>;

// Parses FILTERBY MODULE | ACLCAT | PATTERN. No command is in a module, because none is ever
// loaded.
std::optional<Filter> parse_filter(std::string_view kind, std::string_view value) {
  if (equals_ignore_case(kind, "MODULE")) return [](const Command&) { return false; };
  if (equals_ignore_case(kind, "ACLCAT")) {
    return [category = engine::acl_category(value)](const Command& command) {
      return (command.acl & category) != 0;
    };
  }
  if (equals_ignore_case(kind, "PATTERN")) {
    return [value](const Command& command) { return glob_match(value, command.name, true); };
  }
  return std::nullopt;
}

void write_names(const CommandTable& table, const Filter& accepts, ReplyWriter& reply) {
  const ReplyWriter::Mark mark = reply.begin();
  size_t count = 0;
  const auto write_name = [&](const Command& command) {
    if (!accepts(command)) return;
    ++count;
    reply.bulk(command.name);
  };
  for (const Command* each : table.all()) {
    write_name(*each);
    for (const Command* sub : each->subcommands)
      write_name(*sub);
  }
  reply.end_array(mark, count);
}

// ---- GETKEYS.

bool has_keys(const Command& command) {
  for (const engine::KeySpec& keys : command.spec->keys) {
    if ((keys.flags & engine::kKeyNotKey) == 0) return true;
  }
  return false;
}

// The command that `argv` names, whatever the number of its arguments; null if there is none.
const Command* named_by(const CommandTable& table, Call::Args argv) {
  const Command* command = table.find(argv[0]);
  if (command == nullptr || command->subcommands.empty() || argv.size() == 1) return command;
  return CommandTable::find_subcommand(*command, argv[1]);
}

// The keys of the command. The result may be empty only for a command that needs no key.
Result<std::vector<KeyAt>> keys_among(const CommandTable& table, Call::Args argv) {
  const Command* command = named_by(table, argv);
  if (command == nullptr) return Error::literal("ERR Invalid command specified");
  if (!has_keys(*command)) return Error::literal("ERR The command has no key arguments");
  if (!CommandTable::arity_fits(*command, argv.size())) {
    return Error::literal("ERR Invalid number of arguments specified for command");
  }
  std::vector<KeyAt> keys;
  // An incomplete list of keys would be misleading.
  if (CommandTable::keys_of(*command, argv, keys) != engine::KeysFound::kAll) keys.clear();
  if (keys.empty() && !command->has(engine::kNoMandatoryKeys)) {
    return Error::literal("ERR Invalid arguments specified for command");
  }
  return keys;
}

}  // namespace

Status command(Call& call) {
  write_info_of_all(table_of(call), call.reply());
  return {};
}

Status command_count(Call& call) {
  call.reply().integer(static_cast<int64_t>(table_of(call).all().size()));
  return {};
}

Status command_info(Call& call) {
  const CommandTable& table = table_of(call);
  ReplyWriter& reply = call.reply();
  if (call.argc() == 2) {
    write_info_of_all(table, reply);
    return {};
  }
  reply.array(call.argc() - 2);
  for (const std::string_view name : call.args_from(2)) {
    const Command* found = table.find_full(name);
    if (found == nullptr) {
      reply.null();
    } else {
      write_info(*found, reply);
    }
  }
  return {};
}

Status command_docs(Call& call) {
  const CommandTable& table = table_of(call);
  ReplyWriter& reply = call.reply();
  if (call.argc() == 2) {
    reply.map(table.all().size());
    for (const Command* each : table.all())
      write_named_docs(*each, reply);
    return {};
  }
  const ReplyWriter::Mark mark = reply.begin();
  size_t count = 0;
  for (const std::string_view name : call.args_from(2)) {
    const Command* found = table.find_full(name);
    if (found == nullptr) continue;
    ++count;
    write_named_docs(*found, reply);
  }
  reply.end_map(mark, count);
  return {};
}

Status command_list(Call& call) {
  Filter accepts = [](const Command&) { return true; };
  if (call.argc() != 2) {
    if (call.argc() != 5 || !equals_ignore_case(call.arg(2), "FILTERBY")) {
      return engine::errors::syntax();
    }
    std::optional<Filter> filter = parse_filter(call.arg(3), call.arg(4));
    if (!filter) return engine::errors::syntax();
    accepts = std::move(*filter);
  }
  write_names(table_of(call), accepts, call.reply());
  return {};
}

Status command_getkeys(Call& call) {
  const Call::Args argv = call.args_from(2);
  const Result<std::vector<KeyAt>> keys = keys_among(table_of(call), argv);
  if (!keys.ok()) return keys.error();
  call.reply().array(keys->size());
  for (const KeyAt& key : *keys)
    call.reply().bulk(argv[key.index]);
  return {};
}

Status command_getkeysandflags(Call& call) {
  const Call::Args argv = call.args_from(2);
  const Result<std::vector<KeyAt>> keys = keys_among(table_of(call), argv);
  if (!keys.ok()) return keys.error();
  call.reply().array(keys->size());
  for (const KeyAt& key : *keys) {
    call.reply().array(2);
    call.reply().bulk(argv[key.index]);
    write_key_flags(key.flags, call.reply());
  }
  return {};
}

Status command_help(Call& call) {
  return reply_help(call, kHelp);
}

}  // namespace kvstash::commands
