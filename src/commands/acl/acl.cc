#include "commands/acl/acl.h"

#include "base/numbers.h"
#include "base/random.h"
#include "base/text.h"
#include "commands/shared/help.h"
#include "engine/acl/acl.h"
#include "engine/client/session.h"
#include "engine/execution/call.h"
#include "engine/server_port.h"
#include "engine/shard.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Acl;
using engine::AclDenial;
using engine::AclLogEntry;
using engine::AclReason;
using engine::AclSelector;
using engine::AclUser;
using engine::Command;
using engine::Session;
using engine::Shard;
namespace errors = engine::errors;

// ---- SETUSER, DELUSER.

bool has_blank_or_nul(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == '\0' || is_blank(c); });
}

// Closes the connections that act as this user. The caller's own connection closes after its
// replies.
void kill_sessions_of(Call& call, const AclUser& user) {
  call.each_held([&](Shard& shard) {
    for (const auto& [id, session] : shard.clients().all()) {
      if (session->user.get() != &user) continue;
      if (id == call.caller().client_id) {
        session->close_after_replies();
      } else {
        shard.clients().kill(*session);
      }
    }
  });
}

bool may_keep(const AclUser& user, const engine::SubscriptionSet& subscriptions) {
  using engine::ChannelKind;
  for (const ChannelKind kind :
       {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShardChannel}) {
    for (const auto& [name, subscription] : subscriptions.names(kind)) {
      if (!user.may_use_channel(name, kind == ChannelKind::kPattern)) return false;
    }
  }
  return true;
}

// Closes the connections that act as this user and subscribe to a channel that it may not use.
void kill_listeners_of(Call& call, const AclUser& user) {
  call.each_held([&](Shard& shard) {
    if (shard.pubsub().subscriptions().session_count() == 0) return;
    for (const auto& [id, session] : shard.clients().all()) {
      if (session->user.get() != &user || !session->is_subscriber()) continue;
      if (may_keep(user, *session->subscriptions)) continue;
      if (id == call.caller().client_id) {
        session->close_after_replies();
      } else {
        shard.clients().kill(*session);
      }
    }
  });
}

// ---- GETUSER, LIST.

void write_selector(const AclSelector& selector, resp::ReplyWriter& to) {
  to.bulk("commands");
  to.bulk(acl_commands_text(selector));
  to.bulk("keys");
  to.bulk(acl_keys_text(selector));
  to.bulk("channels");
  to.bulk(acl_channels_text(selector));
}

void write_user(const AclUser& user, resp::ReplyWriter& to) {
  to.map(6);
  to.bulk("flags");
  const std::vector<std::string_view> flags = acl_flags(user);
  to.set(flags.size());
  for (const std::string_view flag : flags)
    to.bulk(flag);
  to.bulk("passwords");
  to.array(user.passwords.size());
  for (const std::string& hash : user.passwords)
    to.bulk(hash);
  write_selector(user.own, to);
  to.bulk("selectors");
  to.array(user.selectors.size());
  for (const AclSelector& selector : user.selectors) {
    to.map(3);
    write_selector(selector, to);
  }
}

// ---- LOG.

std::string_view name_of(AclReason reason) {
  switch (reason) {
    case AclReason::kCommand:
      return "command";
    case AclReason::kKey:
      return "key";
    case AclReason::kAuth:
      return "auth";
    case AclReason::kChannel:
      break;
  }
  return "channel";
}

std::string_view name_of(engine::AclContextKind context) {
  switch (context) {
    case engine::AclContextKind::kTopLevel:
      return "toplevel";
    case engine::AclContextKind::kMulti:
      return "multi";
    case engine::AclContextKind::kScript:
      break;
  }
  return "lua";
}

void write_entry(const AclLogEntry& entry, int64_t now_ms, resp::ReplyWriter& to) {
  const auto text = [&](std::string_view name, std::string_view value) {
    to.bulk(name);
    to.bulk(value);
  };
  const auto number = [&](std::string_view name, int64_t value) {
    to.bulk(name);
    to.integer(value);
  };
  to.map(10);
  number("count", static_cast<int64_t>(entry.count));
  text("reason", name_of(entry.reason));
  text("context", name_of(entry.context));
  text("object", entry.object);
  text("username", entry.user);
  to.bulk("age-seconds");
  to.dbl(static_cast<double>(std::max<int64_t>(now_ms - entry.updated_ms, 0)) / 1000);
  text("client-info", entry.client);
  number("entry-id", static_cast<int64_t>(entry.id));
  number("timestamp-created", entry.created_ms);
  number("timestamp-last-updated", entry.updated_ms);
}

void write_names_in(uint32_t category, std::span<const Command* const> commands,
                    std::vector<std::string_view>& names) {
  for (const Command* command : commands) {
    if ((command->acl & category) != 0) names.push_back(command->name);
    write_names_in(category, command->subcommands, names);
  }
}

}  // namespace

Status acl_setuser(Call& call) {
  const std::string_view name = call.arg(2);
  if (has_blank_or_nul(name))
    return Error::literal("ERR Usernames can't contain spaces or null characters");
  Status done = call.shards().acl().set_user(name, call.args_from(3));
  if (!done.ok()) return done;
  if (const Acl::UserPtr user = call.shards().acl().find(name); user != nullptr)
    kill_listeners_of(call, *user);
  call.reply().ok();
  return {};
}

Status acl_deluser(Call& call) {
  Acl& acl = call.shards().acl();
  const auto names = call.args_from(2);
  if (std::ranges::find(names, engine::kDefaultUser) != names.end())
    return Error::literal("ERR The 'default' user cannot be removed");
  int64_t removed = 0;
  for (const std::string_view name : names) {
    const Acl::UserPtr user = acl.find(name);
    if (user == nullptr) continue;
    acl.erase(name);
    kill_sessions_of(call, *user);
    ++removed;
  }
  call.reply().integer(removed);
  return {};
}

Status acl_getuser(Call& call) {
  const Acl::UserPtr user = call.shards().acl().find(call.arg(2));
  if (user == nullptr) {
    call.reply().null();
  } else {
    write_user(*user, call.reply());
  }
  return {};
}

Status acl_list(Call& call) {
  const Acl::Users& users = call.shards().acl().users();
  call.reply().array(users.size());
  for (const auto& [name, user] : users)
    call.reply().bulk("user " + acl_user_text(*user));
  return {};
}

Status acl_users(Call& call) {
  const Acl::Users& users = call.shards().acl().users();
  call.reply().array(users.size());
  for (const auto& [name, user] : users)
    call.reply().bulk(name);
  return {};
}

Status acl_whoami(Call& call) {
  call.reply().bulk(call.session().info.user);
  return {};
}

Status acl_cat(Call& call) {
  if (call.argc() > 3) return subcommand_syntax(call);
  if (call.argc() == 2) {
    call.reply().array(engine::acl_categories().size());
    for (const engine::AclCategoryName& each : engine::acl_categories())
      call.reply().bulk(each.name.substr(1));
    return {};
  }
  const uint32_t category = engine::acl_category(call.arg(2));
  if (category == 0) return Error::text("ERR Unknown category '" + std::string(call.arg(2)) + "'");
  std::vector<std::string_view> names;
  write_names_in(category, call.shards().commands().all(), names);
  call.reply().array(names.size());
  for (const std::string_view name : names)
    call.reply().bulk(name);
  return {};
}

// ACL DRYRUN replies OK, or a text that says why the command would be denied.
Status acl_dryrun(Call& call) {
  const Acl::UserPtr user = call.shards().acl().find(call.arg(2));
  if (user == nullptr) return Error::text("ERR User '" + std::string(call.arg(2)) + "' not found");
  const auto argv = call.args_from(3);
  const engine::CommandTable& commands = call.shards().commands();
  const Command* command = commands.find(argv[0]);
  if (command != nullptr && !command->subcommands.empty() && argv.size() > 1)
    command = engine::CommandTable::find_subcommand(*command, argv[1]);
  if (command == nullptr)
    return Error::text("ERR Command '" + std::string(argv[0]) + "' not found");
  if (!engine::CommandTable::arity_fits(*command, argv.size()))
    return errors::wrong_arity(command->name);
  const std::optional<AclDenial> denial = user->check(*command, argv);
  if (denial) {
    call.reply().bulk(acl_message(*denial, user->name, true));
  } else {
    call.reply().ok();
  }
  return {};
}

Status acl_genpass(Call& call) {
  constexpr int64_t kBitsMax = 4096;
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (call.argc() > 3) return subcommand_syntax(call);
  int64_t bits = 256;
  if (call.argc() == 3) {
    const std::optional<int64_t> asked = parse_int64(call.arg(2));
    if (!asked) return errors::not_an_integer();
    if (*asked <= 0 || *asked > kBitsMax) {
      return Error::literal(
          "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
          "number up to 4096");
    }
    bits = *asked;
  }
  std::vector<unsigned char> bytes(static_cast<size_t>(bits + 3) / 4);  // One byte for each digit.
  call.shards().ports().entropy->fill(bytes.data(), bytes.size());
  std::string password;
  for (const unsigned char byte : bytes)
    password += kDigits[byte & 15];
  call.reply().bulk(password);
  return {};
}

Status acl_log(Call& call) {
  if (call.argc() > 3) return subcommand_syntax(call);
  engine::AclLog& log = call.shards().acl().log();
  int64_t count = 10;
  if (call.argc() == 3) {
    if (equals_ignore_case(call.arg(2), "reset")) {
      log.clear();
      call.reply().ok();
      return {};
    }
    const std::optional<int64_t> asked = parse_int64(call.arg(2));
    if (!asked) return errors::not_an_integer();
    count = std::max<int64_t>(*asked, 0);
  }
  const std::vector<AclLogEntry> entries = log.newest(static_cast<size_t>(count));
  call.reply().array(entries.size());
  for (const AclLogEntry& entry : entries)
    write_entry(entry, call.now_ms(), call.reply());
  return {};
}

Status acl_load(Call& call) {
  const Acl::Users before = call.shards().acl().users();
  Status loaded = call.server().load_acl();
  if (!loaded.ok()) return loaded;
  for (const auto& [name, user] : before) {
    if (call.shards().acl().find(name) == nullptr) {
      kill_sessions_of(call, *user);
    } else {
      kill_listeners_of(call, *user);
    }
  }
  call.reply().ok();
  return {};
}

Status acl_save(Call& call) {
  Status saved = call.server().save_acl();
  if (!saved.ok()) return saved;
  call.reply().ok();
  return {};
}

Status acl_help(Call& call) {
  constexpr std::string_view kLines[] = {
      "CAT [<category>]",
      "    List all commands that belong to <category>, or all command categories",
      "    when no category is specified.",
      "DELUSER <username> [<username> ...]",
      "    Delete a list of users.",
      "DRYRUN <username> <command> [<arg> ...]",
      "    Returns whether the user can execute the given command without executing the command.",
      "GETUSER <username>",
      "    Get the user's details.",
      "GENPASS [<bits>]",
      "    Generate a secure 256-bit user password. The optional `bits` argument can",
      "    be used to specify a different size.",
      "LIST",
      "    Show users details in config file format.",
      "LOAD",
      "    Reload users from the ACL file.",
      "LOG [<count> | RESET]",
      "    Show the ACL log entries.",
      "SAVE",
      "    Save the current config to the ACL file.",
      "SETUSER <username> <attribute> [<attribute> ...]",
      "    Create or modify a user with the specified attributes.",
      "USERS",
      "    List all the registered usernames.",
      "WHOAMI",
      "    Return the current connection username.",
  };
  return reply_help(call, kLines);
}

}  // namespace kvstash::commands
