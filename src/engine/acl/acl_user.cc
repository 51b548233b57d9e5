#include "engine/acl/acl_user.h"

#include "base/glob.h"
#include "base/sha256.h"
#include "base/text.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

// The access that the command needs to the key.
uint8_t access_of(const KeyAt& key) {
  uint8_t access = 0;
  if ((key.flags & kKeyAccess) != 0) access |= kAclReadsKey;
  if ((key.flags & (kKeyInsert | kKeyDelete | kKeyUpdate)) != 0) access |= kAclWritesKey;
  return access;
}

// Whether an existing rule is the same as `rule` or about a part of it, so that `rule` replaces it.
bool is_part_of(std::string_view existing, std::string_view rule) {
  return existing.starts_with(rule) &&
         (existing.size() == rule.size() || existing[rule.size()] == '|');
}

}  // namespace

AclKeys::AclKeys(const Command& command, std::span<const std::string_view> args)
    : are_known(CommandTable::keys_of(command, args, found) != KeysFound::kUnknown) {}

// ---- Commands.

void AclSelector::allow_all_commands(bool allowed) {
  all_commands_ = begins_with_all_ = allowed;
  std::fill(commands_.begin(), commands_.end(), allowed);
  first_args_.clear();
  command_rules_.clear();
}

void AclSelector::allow(const Command& command, bool allowed) {
  commands_[command.id] = allowed;
  if (!allowed) all_commands_ = false;
  first_args_.erase(command.id);
  for (const Command* part : command.subcommands)
    allow(*part, allowed);
}

void AclSelector::allow_first_arg(const Command& command, std::string_view arg) {
  std::vector<std::string>& args = first_args_[command.id];
  const auto is_it = [&](const std::string& known) { return equals_ignore_case(known, arg); };
  if (std::ranges::none_of(args, is_it)) args.emplace_back(arg);
}

void AclSelector::note_command_rule(std::string_view rule, bool allowed) {
  const std::string lower = to_lower(rule);
  std::string kept;
  for (const std::string_view existing : split(command_rules_, ' ')) {
    if (existing.empty() || is_part_of(existing.substr(1), lower)) continue;
    kept.append(kept.empty() ? "" : " ").append(existing);
  }
  kept.append(kept.empty() ? "" : " ").append(allowed ? "+" : "-").append(lower);
  command_rules_ = std::move(kept);
}

bool AclSelector::may_run(const Command& command, Args args) const {
  if (allows(command) || command.has(kNoAuth)) return true;
  const auto at = first_args_.find(command.id);
  return at != first_args_.end() && args.size() > 1 &&
         std::ranges::any_of(
             at->second, [&](const std::string& arg) { return equals_ignore_case(arg, args[1]); });
}

// ---- Keys.

void AclSelector::allow_all_keys() {
  all_keys_ = true;
  keys_.clear();
}

void AclSelector::allow_no_keys() {
  all_keys_ = false;
  keys_.clear();
}

void AclSelector::allow_keys(std::string_view glob, uint8_t access) {
  all_keys_ = false;
  for (AclKeyPattern& known : keys_) {
    if (known.glob != glob) continue;
    known.access |= access;
    return;
  }
  keys_.push_back({std::string(glob), access});
}

bool AclSelector::may_use_key(std::string_view key, uint8_t access) const {
  return all_keys_ || std::ranges::any_of(keys_, [&](const AclKeyPattern& pattern) {
           return (pattern.access & access) == access && glob_match(pattern.glob, key);
         });
}

bool AclSelector::may_use_every_key(uint8_t access) const {
  return all_keys_ || std::ranges::any_of(keys_, [access](const AclKeyPattern& pattern) {
           return (pattern.access & access) == access && pattern.glob == "*";
         });
}

// ---- Channels.

void AclSelector::allow_all_channels() {
  all_channels_ = true;
  channels_.clear();
}

void AclSelector::allow_no_channels() {
  all_channels_ = false;
  channels_.clear();
}

void AclSelector::allow_channels(std::string_view glob) {
  all_channels_ = false;
  if (std::ranges::find(channels_, glob) == channels_.end()) channels_.emplace_back(glob);
}

bool AclSelector::may_use_channel(std::string_view channel, bool is_pattern) const {
  return all_channels_ || std::ranges::any_of(channels_, [&](const std::string& glob) {
           return is_pattern ? glob == channel : glob_match(glob, channel);
         });
}

ChannelArgs channel_args(const Command& command, size_t argc) {
  const std::string_view name = command.name;
  if (name == "publish" || name == "spublish") return {.first = 1, .last = 1};
  if (name == "subscribe" || name == "ssubscribe") return {.first = 1, .last = argc - 1};
  if (name == "psubscribe") return {.first = 1, .last = argc - 1, .are_patterns = true};
  return {.first = 1, .last = 0};
}

// ---- Checks.

std::optional<AclDenial> AclSelector::check(const Command& command, Args args,
                                            const AclKeys& keys) const {
  if (!may_run(command, args)) return AclDenial{AclReason::kCommand, command.name};
  if (!keys.are_known && !may_use_every_key(kAclReadsAndWritesKey))
    return AclDenial{AclReason::kKey, "*"};
  for (const KeyAt& key : keys.found) {
    if (!may_use_key(args[key.index], access_of(key)))
      return AclDenial{AclReason::kKey, std::string(args[key.index]), key.index};
  }
  if (all_channels_) return std::nullopt;
  const ChannelArgs channels = channel_args(command, args.size());
  for (size_t i = channels.first; i <= channels.last; ++i) {
    if (!may_use_channel(args[i], channels.are_patterns))
      return AclDenial{AclReason::kChannel, std::string(args[i]), i};
  }
  return std::nullopt;
}

std::optional<AclDenial> AclUser::check(const Command& command, AclSelector::Args args) const {
  if (is_unlimited()) return std::nullopt;
  const AclKeys keys(command, args);
  std::optional<AclDenial> told = own.check(command, args, keys);
  for (const AclSelector& selector : selectors) {
    if (!told) return std::nullopt;
    std::optional<AclDenial> denial = selector.check(command, args, keys);
    const bool tells_more =
        denial && (denial->reason > told->reason ||
                   (denial->reason == told->reason && denial->index > told->index));
    if (!denial || tells_more) told = std::move(denial);
  }
  return told;
}

bool AclUser::may_use_every_key(const Command& command, AclSelector::Args args,
                                uint8_t access) const {
  if (is_unlimited()) return true;
  const AclKeys keys(command, args);
  const auto allows = [&](const AclSelector& selector) {
    return selector.may_use_every_key(access) && !selector.check(command, args, keys);
  };
  return allows(own) || std::ranges::any_of(selectors, allows);
}

bool AclUser::may_use_key(std::string_view key, uint8_t access) const {
  return own.may_use_key(key, access) ||
         std::ranges::any_of(selectors, [&](const AclSelector& selector) {
           return selector.may_use_key(key, access);
         });
}

bool AclUser::may_use_channel(std::string_view channel, bool is_pattern) const {
  return own.may_use_channel(channel, is_pattern) ||
         std::ranges::any_of(selectors, [&](const AclSelector& selector) {
           return selector.may_use_channel(channel, is_pattern);
         });
}

// All passwords are compared, so that the time does not tell which one fits.
bool AclUser::has_password(std::string_view password) const {
  const std::string given = sha256_hex(password);
  bool fits = false;
  for (const std::string& hash : passwords)
    fits |= equals_in_constant_time(hash, given);
  return fits;
}

std::string acl_message(const AclDenial& denial, std::string_view user, bool in_detail) {
  const std::string who = "User " + std::string(user) + " has no permissions to ";
  switch (denial.reason) {
    case AclReason::kCommand:
      return who + "run the '" + denial.object + "' command";
    case AclReason::kKey:
      return in_detail ? who + "access the '" + denial.object + "' key"
                       : "No permissions to access a key";
    case AclReason::kChannel:
      return in_detail ? who + "access the '" + denial.object + "' channel"
                       : "No permissions to access a channel";
    case AclReason::kAuth:
      break;
  }
  return "no permission";
}

}  // namespace kvstash::engine
