// Acl: the users of the process by name, and who may log in as whom.
//
// Belongs to the ShardSet. Users are made, changed and removed only while every shard is held (or
// before the threads start); so any shard's thread may look them up without a lock. The log has its
// own.
#pragma once

#include "engine/acl/acl_log.h"
#include "engine/acl/acl_rules.h"
#include "engine/acl/acl_user.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

inline constexpr std::string_view kDefaultUser = "default";

class Acl {
 public:
  using UserPtr = std::shared_ptr<const AclUser>;
  using Users = std::map<std::string, std::shared_ptr<AclUser>, std::less<>>;

  // `options` outlive it.
  Acl(const CommandTable& commands, const EngineOptions& options);

  const UserPtr& default_user() const { return default_user_; }
  UserPtr find(std::string_view name) const;
  const Users& users() const { return users_; }  // In the order of their names.

  // The user, if that is the password and the user is on.
  UserPtr authenticate(std::string_view name, std::string_view password) const;

  // ---- Every shard held.
  // Makes or changes a user; all rules or none. The error names the rule that is wrong.
  Status set_user(std::string_view name, std::span<const std::string_view> rules);
  bool erase(std::string_view name);  // Not the default user.
  // requirepass: the only password of the default user; empty: none is asked.
  void set_default_password(std::string_view password);
  // All users anew. Those of the same name stay the same objects; without a default user there is
  // one as at the start.
  void replace(std::vector<AclUser> users);

  AclContext context() const;
  AclLog& log() { return log_; }
  const AclLog& log() const { return log_; }

 private:
  const CommandTable* commands_;
  const EngineOptions* options_;
  Users users_;
  UserPtr default_user_;
  AclLog log_;
};

// A user out of its rules. The error names the rule that is wrong.
Status apply_acl_rules(AclUser& user, std::span<const std::string_view> rules,
                       const AclContext& context);

}  // namespace kvstash::engine
