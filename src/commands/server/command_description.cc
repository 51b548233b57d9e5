#include "commands/server/command_description.h"

#include "base/text.h"
#include "engine/acl/acl_rules.h"

#include <bit>
#include <span>

namespace kvstash::commands {

namespace {

using engine::ArgSpec;
using engine::ArgType;
using engine::Command;
using engine::CommandGroup;
using engine::CommandSpec;
using engine::KeySpec;
using resp::ReplyWriter;

// ---- Names, in the order in which Redis lists them.

struct FlagName {
  uint32_t flag;
  std::string_view name;
};

constexpr FlagName kCommandFlagNames[] = {
    {engine::kWrite, "write"},
    {engine::kReadOnly, "readonly"},
    {engine::kDenyOom, "denyoom"},
    {engine::kAdmin, "admin"},
    {engine::kPubSub, "pubsub"},
    {engine::kNoScript, "noscript"},
    {engine::kBlocking, "blocking"},
    {engine::kLoading, "loading"},
    {engine::kStale, "stale"},
    {engine::kSkipMonitor, "skip_monitor"},
    {engine::kSkipSlowlog, "skip_slowlog"},
    {engine::kAsking, "asking"},
    {engine::kFast, "fast"},
    {engine::kNoAuth, "no_auth"},
    {engine::kNoMandatoryKeys, "no_mandatory_keys"},
    {engine::kNoAsyncLoading, "no_async_loading"},
    {engine::kNoMulti, "no_multi"},
    {engine::kMovableKeys, "movablekeys"},
    {engine::kAllowBusy, "allow_busy"},
};

constexpr FlagName kKeyFlagNames[] = {
    {engine::kKeyRO, "RO"},
    {engine::kKeyRW, "RW"},
    {engine::kKeyOW, "OW"},
    {engine::kKeyRM, "RM"},
    {engine::kKeyAccess, "access"},
    {engine::kKeyUpdate, "update"},
    {engine::kKeyInsert, "insert"},
    {engine::kKeyDelete, "delete"},
    {engine::kKeyNotKey, "not_key"},
    {engine::kKeyIncomplete, "incomplete"},
    {engine::kKeyVariableFlags, "variable_flags"},
};

constexpr FlagName kArgFlagNames[] = {
    {engine::kArgOptional, "optional"},
    {engine::kArgMultiple, "multiple"},
    {engine::kArgMultipleToken, "multiple_token"},
};

std::string_view name_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::kGeneric:
      return "generic";
    case CommandGroup::kString:
      return "string";
    case CommandGroup::kList:
      return "list";
    case CommandGroup::kSet:
      return "set";
    case CommandGroup::kSortedSet:
      return "sorted-set";
    case CommandGroup::kHash:
      return "hash";
    case CommandGroup::kPubSub:
      return "pubsub";
    case CommandGroup::kTransactions:
      return "transactions";
    case CommandGroup::kConnection:
      return "connection";
    case CommandGroup::kServer:
      return "server";
    case CommandGroup::kScripting:
      return "scripting";
    case CommandGroup::kHyperLogLog:
      return "hyperloglog";
    case CommandGroup::kCluster:
      return "cluster";
    case CommandGroup::kSentinel:
      return "sentinel";
    case CommandGroup::kGeo:
      return "geo";
    case CommandGroup::kStream:
      return "stream";
    case CommandGroup::kBitmap:
      return "bitmap";
  }
  return "";
}

std::string_view name_of(ArgType type) {
  switch (type) {
    case ArgType::kString:
      return "string";
    case ArgType::kInteger:
      return "integer";
    case ArgType::kDouble:
      return "double";
    case ArgType::kKey:
      return "key";
    case ArgType::kPattern:
      return "pattern";
    case ArgType::kUnixTime:
      return "unix-time";
    case ArgType::kPureToken:
      return "pure-token";
    case ArgType::kOneOf:
      return "oneof";
    case ArgType::kBlock:
      return "block";
  }
  return "";
}

void write_flags(uint32_t flags, std::span<const FlagName> names, ReplyWriter& reply) {
  uint32_t shown = 0;
  for (const FlagName& each : names)
    shown |= each.flag;
  reply.set(static_cast<size_t>(std::popcount(flags & shown)));
  for (const FlagName& each : names) {
    if ((flags & each.flag) != 0) reply.simple(each.name);
  }
}

void write_categories(uint32_t categories, ReplyWriter& reply) {
  reply.set(static_cast<size_t>(std::popcount(categories)));
  for (const engine::AclCategoryName& each : engine::acl_categories()) {
    if ((categories & each.flag) != 0) reply.simple(each.name);
  }
}

void write_texts(std::span<const std::string_view> texts, ReplyWriter& reply) {
  reply.set(texts.size());
  for (const std::string_view text : texts)
    reply.bulk(text);
}

void write_pair(std::string_view field, std::string_view value, ReplyWriter& reply) {
  reply.bulk(field);
  reply.bulk(value);
}
void write_pair(std::string_view field, int64_t value, ReplyWriter& reply) {
  reply.bulk(field);
  reply.integer(value);
}

// ---- Key specifications.

void write_begin(const KeySpec& keys, ReplyWriter& reply) {
  reply.bulk("begin_search");
  reply.map(2);
  switch (keys.begin) {
    case KeySpec::Begin::kUnknown:
      write_pair("type", "unknown", reply);
      reply.bulk("spec");
      reply.map(0);
      break;
    case KeySpec::Begin::kIndex:
      write_pair("type", "index", reply);
      reply.bulk("spec");
      reply.map(1);
      write_pair("index", keys.index, reply);
      break;
    case KeySpec::Begin::kKeyword:
      write_pair("type", "keyword", reply);
      reply.bulk("spec");
      reply.map(2);
      write_pair("keyword", keys.keyword, reply);
      write_pair("startfrom", keys.start_from, reply);
      break;
  }
}

void write_find(const KeySpec& keys, ReplyWriter& reply) {
  reply.bulk("find_keys");
  reply.map(2);
  switch (keys.find) {
    case KeySpec::Find::kUnknown:
      write_pair("type", "unknown", reply);
      reply.bulk("spec");
      reply.map(0);
      break;
    case KeySpec::Find::kRange:
      write_pair("type", "range", reply);
      reply.bulk("spec");
      reply.map(3);
      write_pair("lastkey", keys.last, reply);
      write_pair("keystep", keys.step, reply);
      write_pair("limit", keys.limit, reply);
      break;
    case KeySpec::Find::kKeynum:
      write_pair("type", "keynum", reply);
      reply.bulk("spec");
      reply.map(3);
      write_pair("keynumidx", keys.keynum_index, reply);
      write_pair("firstkey", keys.first_key, reply);
      write_pair("keystep", keys.step, reply);
      break;
  }
}

void write_key_spec(const KeySpec& keys, ReplyWriter& reply) {
  reply.map(keys.notes.empty() ? 3 : 4);
  if (!keys.notes.empty()) write_pair("notes", keys.notes, reply);
  reply.bulk("flags");
  write_key_flags(keys.flags, reply);
  write_begin(keys, reply);
  write_find(keys, reply);
}

// ---- Documentation.

// A map without the fields that a row leaves empty. Its length is written when it ends.
class OptionalFields {
 public:
  explicit OptionalFields(ReplyWriter& reply) : reply_(reply), mark_(reply.begin()) {}
  ~OptionalFields() { reply_.end_map(mark_, count_); }
  OptionalFields(const OptionalFields&) = delete;
  OptionalFields& operator=(const OptionalFields&) = delete;

  void text(std::string_view field, std::string_view value) {
    if (value.empty()) return;
    ++count_;
    write_pair(field, value, reply_);
  }
  // Begins a field whose value the caller writes.
  void begin(std::string_view field) {
    ++count_;
    reply_.bulk(field);
  }

 private:
  ReplyWriter& reply_;
  ReplyWriter::Mark mark_;
  size_t count_ = 0;
};

void write_arguments(std::span<const ArgSpec> arguments, ReplyWriter& reply);

void write_argument(const ArgSpec& argument, ReplyWriter& reply) {
  OptionalFields fields(reply);
  fields.text("name", argument.name);
  fields.text("type", name_of(argument.type));
  if (argument.key_spec >= 0) {
    fields.begin("key_spec_index");
    reply.integer(argument.key_spec);
  }
  fields.text("token", argument.token);
  fields.text("summary", argument.summary);
  fields.text("since", argument.since);
  fields.text("deprecated_since", argument.deprecated_since);
  if (argument.flags != 0) {
    fields.begin("flags");
    write_flags(argument.flags, kArgFlagNames, reply);
  }
  if (!argument.arguments.empty()) {
    fields.begin("arguments");
    write_arguments(argument.arguments, reply);
  }
}

void write_arguments(std::span<const ArgSpec> arguments, ReplyWriter& reply) {
  reply.array(arguments.size());
  for (const ArgSpec& argument : arguments)
    write_argument(argument, reply);
}

void write_history(std::span<const engine::HistoryNote> history, ReplyWriter& reply) {
  reply.set(history.size());
  for (const engine::HistoryNote& note : history) {
    reply.array(2);
    reply.bulk(note.since);
    reply.bulk(note.change);
  }
}

void write_doc_flags(const CommandSpec& spec, ReplyWriter& reply) {
  const bool is_deprecated = !spec.deprecated_since.empty();
  reply.set(size_t{is_deprecated} + size_t{spec.is_syscmd});
  if (is_deprecated) reply.simple("deprecated");
  if (spec.is_syscmd) reply.simple("syscmd");
}

}  // namespace

void write_info(const Command& command, ReplyWriter& reply) {
  const CommandSpec& spec = *command.spec;
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(spec.arity);
  write_flags(spec.flags, kCommandFlagNames, reply);
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  write_categories(command.acl, reply);
  write_texts(spec.tips, reply);
  reply.set(spec.keys.size());
  for (const KeySpec& keys : spec.keys)
    write_key_spec(keys, reply);
  if (command.subcommands.empty()) {
    reply.set(0);
  } else {
    reply.array(command.subcommands.size());
  }
  for (const Command* each : command.subcommands)
    write_info(*each, reply);
}

void write_docs(const Command& command, ReplyWriter& reply) {
  const CommandSpec& spec = *command.spec;
  OptionalFields fields(reply);
  fields.text("summary", spec.summary);
  fields.text("since", spec.since);
  fields.text("group", name_of(spec.group));
  fields.text("complexity", spec.complexity);
  if (!spec.deprecated_since.empty() || spec.is_syscmd) {
    fields.begin("doc_flags");
    write_doc_flags(spec, reply);
  }
  fields.text("deprecated_since", spec.deprecated_since);
  fields.text("replaced_by", spec.replaced_by);
  if (!spec.history.empty()) {
    fields.begin("history");
    write_history(spec.history, reply);
  }
  if (!spec.arguments.empty()) {
    fields.begin("arguments");
    write_arguments(spec.arguments, reply);
  }
  if (!command.subcommands.empty()) {
    fields.begin("subcommands");
    reply.map(command.subcommands.size());
    for (const Command* each : command.subcommands) {
      reply.bulk(each->name);
      write_docs(*each, reply);
    }
  }
}

void write_key_flags(uint32_t flags, ReplyWriter& reply) {
  write_flags(flags, kKeyFlagNames, reply);
}

}  // namespace kvstash::commands
