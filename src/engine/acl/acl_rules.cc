#include "engine/acl/acl_rules.h"

#include "base/sha256.h"
#include "base/text.h"

#include <algorithm>
#include <optional>

namespace kvstash::engine {
namespace {

constexpr AclCategoryName kCategories[] = {
    {kAclKeyspace, "@keyspace"},
    {kAclRead, "@read"},
    {kAclWrite, "@write"},
    {kAclSet, "@set"},
    {kAclSortedSet, "@sortedset"},
    {kAclList, "@list"},
    {kAclHash, "@hash"},
    {kAclString, "@string"},
    {kAclBitmap, "@bitmap"},
    {kAclHyperLogLog, "@hyperloglog"},
    {kAclGeo, "@geo"},
    {kAclStream, "@stream"},
    {kAclPubSub, "@pubsub"},
    {kAclAdmin, "@admin"},
    {kAclFast, "@fast"},
    {kAclSlow, "@slow"},
    {kAclBlocking, "@blocking"},
    {kAclDangerous, "@dangerous"},
    {kAclConnection, "@connection"},
    {kAclTransaction, "@transaction"},
    {kAclScripting, "@scripting"},
};

Error syntax() {
  return Error::literal("Syntax error");
}
Error unknown() {
  return Error::literal("Unknown command or category name in ACL");
}

bool has_blank_or_nul(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == '\0' || is_blank(c); });
}

bool is_hash(std::string_view text) {
  return text.size() == kSha256HexChars && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// ---- Passwords.

Error not_a_hash() {
  return Error::literal(
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
      "characters");
}

void add_password(AclUser& user, std::string hash) {
  if (std::ranges::find(user.passwords, hash) == user.passwords.end())
    user.passwords.push_back(std::move(hash));
  user.needs_no_password = false;
}

Status remove_password(AclUser& user, std::string_view hash) {
  if (std::erase(user.passwords, hash) == 0)
    return Error::literal("The password you are trying to remove from the user does not exist");
  return {};
}

Status apply_password(AclUser& user, char kind, std::string_view text) {
  if ((kind == '#' || kind == '!') && !is_hash(text)) return not_a_hash();
  switch (kind) {
    case '>':
      add_password(user, sha256_hex(text));
      return {};
    case '#':
      add_password(user, std::string(text));
      return {};
    case '<':
      return remove_password(user, sha256_hex(text));
    default:
      return remove_password(user, text);
  }
}

// ---- Keys and channels.

// The rule is "~glob", or "%RW~glob" with the kinds of access.
Status apply_key_pattern(AclSelector& selector, std::string_view rule) {
  if (selector.allows_all_keys()) {
    return Error::literal(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not "
        "have any effect. Try 'resetkeys' to start with an empty list of patterns");
  }
  uint8_t access = rule[0] == '~' ? kAclReadsAndWritesKey : 0;
  size_t at = 1;
  for (bool is_in_bits = rule[0] == '%'; is_in_bits; ++at) {
    if (at == rule.size()) return syntax();
    const char c = to_upper(rule[at]);
    if (c == 'R' && (access & kAclReadsKey) == 0) {
      access |= kAclReadsKey;
    } else if (c == 'W' && (access & kAclWritesKey) == 0) {
      access |= kAclWritesKey;
    } else if (c == '~' && access != 0) {
      is_in_bits = false;
    } else {
      return syntax();
    }
  }
  const std::string_view glob = rule.substr(at);
  if (has_blank_or_nul(glob)) return syntax();
  selector.allow_keys(glob, access);
  return {};
}

Status apply_channel_pattern(AclSelector& selector, std::string_view glob) {
  if (selector.allows_all_channels()) {
    return Error::literal(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does "
        "not have any effect. Try 'resetchannels' to start with an empty list of channels");
  }
  if (has_blank_or_nul(glob)) return syntax();
  selector.allow_channels(glob);
  return {};
}

// ---- Commands.

Status apply_category(AclSelector& selector, std::string_view name, bool allowed,
                      const CommandTable& commands) {
  if (equals_ignore_case(name, "all")) {
    selector.allow_all_commands(allowed);
    return {};
  }
  const uint32_t category = acl_category(name);
  if (category == 0) return unknown();
  for (uint32_t id = 0; id < commands.size(); ++id) {
    const Command& command = commands.by_id(id);
    if ((command.acl & category) != 0) selector.allow(command, allowed);
  }
  selector.note_command_rule("@" + std::string(name), allowed);
  return {};
}

// The rule is "+name|arg" for a command without subcommands: it is allowed with that first argument
// only.
Status allow_with_first_arg(AclSelector& selector, std::string_view name,
                            const CommandTable& commands) {
  const size_t bar = name.rfind('|');
  const std::string_view arg = name.substr(bar + 1);
  const Command* command = commands.find_full(name.substr(0, bar));
  if (command == nullptr) return unknown();
  if (command->container != nullptr)
    return Error::literal("Allowing first-arg of a subcommand is not supported");
  if (arg.empty()) return syntax();
  if (!command->subcommands.empty()) return unknown();
  selector.allow_first_arg(*command, arg);
  selector.note_command_rule(name, true);
  return {};
}

Status apply_command(AclSelector& selector, std::string_view name, bool allowed,
                     const CommandTable& commands) {
  const Command* command = commands.find_full(name);
  if (command != nullptr) {
    selector.allow(*command, allowed);
    selector.note_command_rule(command->name, allowed);
    return {};
  }
  if (!allowed || name.find('|') == std::string_view::npos) return unknown();
  return allow_with_first_arg(selector, name, commands);
}

// ---- Words.

// Applies a rule about permissions, which may stand in a selector in parentheses or be the user's
// own.
Status apply_to_selector(AclSelector& selector, std::string_view rule, const AclContext& context) {
  const auto is = [&](std::string_view word) { return equals_ignore_case(rule, word); };
  if (is("allkeys") || rule == "~*") {
    selector.allow_all_keys();
  } else if (is("resetkeys")) {
    selector.allow_no_keys();
  } else if (is("allchannels") || rule == "&*") {
    selector.allow_all_channels();
  } else if (is("resetchannels")) {
    selector.allow_no_channels();
  } else if (is("allcommands")) {
    selector.allow_all_commands(true);
  } else if (is("nocommands")) {
    selector.allow_all_commands(false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return apply_key_pattern(selector, rule);
  } else if (rule.starts_with('&')) {
    return apply_channel_pattern(selector, rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    const bool allowed = rule[0] == '+';
    if (rule.size() > 1 && rule[1] == '@')
      return apply_category(selector, rule.substr(2), allowed, *context.commands);
    return apply_command(selector, rule.substr(1), allowed, *context.commands);
  } else {
    return syntax();
  }
  return {};
}

Result<AclSelector> parse_selector(std::string_view text, const AclContext& context) {
  AclSelector selector(context.commands->size());
  if (context.channels == AclPubsubDefault::kAllChannels) selector.allow_all_channels();
  const Result<std::vector<std::string>> words = split_args(text);
  if (!words.ok()) return syntax();
  for (const std::string& word : *words) {
    Status applied = apply_to_selector(selector, word, context);
    if (!applied.ok()) return std::move(applied).error();
  }
  return selector;
}

void reset(AclUser& user, const AclContext& context) {
  user = new_acl_user(std::move(user.name), context);
}

// Applies a rule about the user itself. False: the rule is of another kind.
bool apply_to_user(AclUser& user, std::string_view rule, const AclContext& context) {
  const auto is = [&](std::string_view word) { return equals_ignore_case(rule, word); };
  if (is("on") || is("off")) {
    user.is_on = is("on");
  } else if (is("nopass")) {
    user.needs_no_password = true;
    user.passwords.clear();
  } else if (is("resetpass")) {
    user.needs_no_password = false;
    user.passwords.clear();
  } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
    user.sanitizes_payload = is("sanitize-payload");
  } else if (is("clearselectors")) {
    user.selectors.clear();
  } else if (is("reset")) {
    reset(user, context);
  } else {
    return false;
  }
  return true;
}

}  // namespace

AclUser new_acl_user(std::string name, const AclContext& context) {
  AclUser user(std::move(name), context.commands->size());
  if (context.channels == AclPubsubDefault::kAllChannels) user.own.allow_all_channels();
  return user;
}

Status apply_acl_rule(AclUser& user, std::string_view rule, const AclContext& context) {
  constexpr std::string_view kPasswordRules = "><#!";
  // Redis ignores an empty rule.
  if (rule.empty()) return {};
  if (apply_to_user(user, rule, context)) return {};
  if (kPasswordRules.find(rule[0]) != std::string_view::npos)
    return apply_password(user, rule[0], rule.substr(1));
  if (rule.starts_with('(') && rule.ends_with(')')) {
    Result<AclSelector> selector = parse_selector(rule.substr(1, rule.size() - 2), context);
    if (!selector.ok()) return selector.error();
    user.selectors.push_back(*std::move(selector));
    return {};
  }
  AclSelector changed = user.own;
  if (Status applied = apply_to_selector(changed, rule, context); !applied.ok()) return applied;
  user.own = std::move(changed);
  return {};
}

Result<std::vector<std::string>> join_acl_selectors(std::span<const std::string_view> words) {
  std::vector<std::string> joined;
  std::string_view opened_by;
  bool is_open = false;
  for (const std::string_view word : words) {
    const bool opens = word.starts_with('(') && !word.ends_with(')');
    if (is_open && opens) {  // Redis drops the selector that was open.
      joined.back() = word;
      opened_by = word;
    } else if (is_open) {
      joined.back().append(" ").append(word);
    } else {
      joined.emplace_back(word);
      is_open = word.starts_with('(');
      opened_by = word;
    }
    if (is_open && word.ends_with(')')) is_open = false;
  }
  if (is_open) {
    return Error::text("ERR Unmatched parenthesis in acl selector starting at '" +
                       std::string(opened_by) + "'.");
  }
  return joined;
}

std::span<const AclCategoryName> acl_categories() {
  return kCategories;
}

uint32_t acl_category(std::string_view name) {
  for (const AclCategoryName& each : kCategories) {
    if (equals_ignore_case(each.name.substr(1), name)) return each.flag;
  }
  return 0;
}

// ---- Descriptions.

std::vector<std::string_view> acl_flags(const AclUser& user) {
  std::vector<std::string_view> flags = {user.is_on ? "on" : "off"};
  if (user.needs_no_password) flags.emplace_back("nopass");
  flags.emplace_back(user.sanitizes_payload ? "sanitize-payload" : "skip-sanitize-payload");
  return flags;
}

std::string acl_keys_text(const AclSelector& selector) {
  if (selector.allows_all_keys()) return "~*";
  std::string text;
  for (const AclKeyPattern& pattern : selector.keys()) {
    text += text.empty() ? "" : " ";
    if (pattern.access == kAclReadsKey) text += "%R";
    if (pattern.access == kAclWritesKey) text += "%W";
    text += "~" + pattern.glob;
  }
  return text;
}

std::string acl_channels_text(const AclSelector& selector) {
  if (selector.allows_all_channels()) return "&*";
  std::string text;
  for (const std::string& glob : selector.channels())
    text += (text.empty() ? "&" : " &") + glob;
  return text;
}

std::string acl_commands_text(const AclSelector& selector) {
  std::string text = selector.begins_with_all_commands() ? "+@all" : "-@all";
  if (!selector.command_rules().empty()) text += " " + selector.command_rules();
  return text;
}

namespace {

std::string selector_text(const AclSelector& selector) {
  std::string text = acl_keys_text(selector);
  if (!text.empty()) text += " ";
  if (!selector.allows_all_channels()) text += "resetchannels ";
  const std::string channels = acl_channels_text(selector);
  if (!channels.empty()) text += channels + " ";
  return text + acl_commands_text(selector);
}

}  // namespace

std::string acl_user_text(const AclUser& user) {
  std::string text = user.name + " ";
  for (const std::string_view flag : acl_flags(user))
    text.append(flag).append(" ");
  for (const std::string& hash : user.passwords)
    text += "#" + hash + " ";
  text += selector_text(user.own);
  for (const AclSelector& selector : user.selectors)
    text += " (" + selector_text(selector) + ")";
  return text;
}

}  // namespace kvstash::engine
