// ACL rules as text: "on >secret ~app:* +@read (%R~log:* +get)". These functions apply rules to a
// user one after the other, and write a user as rules. Source: redis.io, "ACL", and the replies of
// Redis 7.2.
//
// The functions are pure. A rule that fails leaves the user as it was.
#pragma once

#include "base/result.h"
#include "engine/acl/acl_user.h"
#include "engine/command/command_table.h"
#include "engine/options.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct AclContext {
  const CommandTable* commands;
  AclPubsubDefault channels = AclPubsubDefault::kResetChannels;
};

// A user before the first rule: off, without permissions.
AclUser new_acl_user(std::string name, const AclContext& context);

// Applies one rule. The error says what is wrong with the rule, without the rule itself.
Status apply_acl_rule(AclUser& user, std::string_view rule, const AclContext& context);

// Joins the words over which a selector in parentheses may be spread.
Result<std::vector<std::string>> join_acl_selectors(std::span<const std::string_view> words);

// The categories with their names (without '@'), in the order of their bits.
struct AclCategoryName {
  uint32_t flag;  // An AclCategory.
  std::string_view name;
};
std::span<const AclCategoryName> acl_categories();
// The AclCategory of that name in any case, without '@'; 0 if there is none.
uint32_t acl_category(std::string_view name);

// ---- Descriptions.
std::vector<std::string_view> acl_flags(const AclUser& user);  // "on", "nopass", ...
std::string acl_keys_text(const AclSelector& selector);        // "~a* %R~b"
std::string acl_channels_text(const AclSelector& selector);    // "&a*"
std::string acl_commands_text(const AclSelector& selector);    // "-@all +get"
// The whole user as a line of the configuration file, without the word "user".
std::string acl_user_text(const AclUser& user);

}  // namespace kvstash::engine
