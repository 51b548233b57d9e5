// AclUser: what one user may do: which commands, on which keys, in which channels. acl_rules.h
// reads and writes the rules as text.
//
// Users change only while every shard is held, so every shard's thread reads them without a lock.
// Sessions share their user; a user that was deleted lives on until its last session is gone.
#pragma once

#include "engine/command/command_table.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

enum AclAccess : uint8_t { kAclReadsKey = 1, kAclWritesKey = 2, kAclReadsAndWritesKey = 3 };

struct AclKeyPattern {
  std::string glob;
  uint8_t access;  // AclAccess bits.
};

// Why a request is denied, the stronger reasons last: of several selectors that deny it, one that
// allows the command and denies its key counts more than one that denies the command.
enum class AclReason : uint8_t { kCommand, kKey, kAuth, kChannel };

struct AclDenial {
  AclReason reason;
  std::string object;  // The command's full name, the key or the channel.
  size_t index = 0;    // Index of the key's or channel's argument.
};

// The keys of a request, found once for all selectors. If the command refuses its arguments,
// permission is checked only for the keys found up to there.
struct AclKeys {
  AclKeys(const Command& command, std::span<const std::string_view> args);

  std::vector<KeyAt> found;
  // False: the request may touch any key, and needs the permission for all keys.
  bool are_known;
};

// One set of permissions: the user's own, or a selector in parentheses.
class AclSelector {
 public:
  using Args = std::span<const std::string_view>;

  explicit AclSelector(size_t command_count) : commands_(command_count, false) {}

  // ---- Commands.
  bool allows_all_commands() const { return all_commands_; }
  bool allows(const Command& command) const { return all_commands_ || commands_[command.id]; }
  void allow_all_commands(bool allowed);
  // Allows or denies the command, with its subcommands if it has some.
  void allow(const Command& command, bool allowed);
  // Whether the description begins with +@all (else -@all): the last of the two rules counts.
  bool begins_with_all_commands() const { return begins_with_all_; }
  // Additionally allows the command if `arg` is its first argument.
  void allow_first_arg(const Command& command, std::string_view arg);
  // The rules about commands as written, for the description.
  const std::string& command_rules() const { return command_rules_; }
  void note_command_rule(std::string_view rule, bool allowed);

  // ---- Keys.
  bool allows_all_keys() const { return all_keys_; }
  std::span<const AclKeyPattern> keys() const { return keys_; }
  void allow_all_keys();
  void allow_no_keys();
  void allow_keys(std::string_view glob, uint8_t access);

  // ---- Channels.
  bool allows_all_channels() const { return all_channels_; }
  std::span<const std::string> channels() const { return channels_; }
  void allow_all_channels();
  void allow_no_channels();
  void allow_channels(std::string_view glob);

  bool is_unlimited() const { return all_commands_ && all_keys_ && all_channels_; }

  std::optional<AclDenial> check(const Command& command, Args args, const AclKeys& keys) const;
  bool may_use_key(std::string_view key, uint8_t access) const;
  bool may_use_every_key(uint8_t access) const;
  // A pattern is allowed only if the same pattern stands in a rule.
  bool may_use_channel(std::string_view channel, bool is_pattern) const;

 private:
  bool may_run(const Command& command, Args args) const;

  bool all_commands_ = false;
  bool begins_with_all_ = false;
  bool all_keys_ = false;
  bool all_channels_ = false;
  std::vector<bool> commands_;  // By Command::id.
  std::map<uint32_t, std::vector<std::string>> first_args_;
  // The rules behind the +@all or -@all that the description begins with.
  std::string command_rules_;
  std::vector<AclKeyPattern> keys_;
  std::vector<std::string> channels_;
};

// Which arguments of a command are channels, and whether those are patterns.
struct ChannelArgs {
  size_t first = 0;
  size_t last = 0;  // Below `first`: no argument is a channel.
  bool are_patterns = false;
};
ChannelArgs channel_args(const Command& command, size_t argc);

struct AclUser {
  explicit AclUser(std::string user_name, size_t command_count)
      : name(std::move(user_name)), own(command_count) {}

  std::string name;
  bool is_on = false;
  bool needs_no_password = false;
  bool sanitizes_payload = true;
  std::vector<std::string> passwords;  // SHA-256, in hexadecimal digits.
  AclSelector own;
  std::vector<AclSelector> selectors;

  bool is_unlimited() const { return own.is_unlimited(); }
  // A connection without a login may act as this user.
  bool is_open() const { return is_on && needs_no_password; }
  bool has_password(std::string_view password) const;  // The time does not depend on the text.

  // Checks a request: one selector must allow all of it. None: it is allowed.
  std::optional<AclDenial> check(const Command& command, AclSelector::Args args) const;
  // Whether some selector allows the command with every key.
  bool may_use_every_key(const Command& command, AclSelector::Args args, uint8_t access) const;
  // Whether some selector allows the key, or the channel.
  bool may_use_key(std::string_view key, uint8_t access) const;
  bool may_use_channel(std::string_view channel, bool is_pattern) const;
};

// The message of a denial, "User x has no permissions to run the 'get' command". `in_detail`: it
// names the key or channel, too.
std::string acl_message(const AclDenial& denial, std::string_view user, bool in_detail);

}  // namespace kvstash::engine
