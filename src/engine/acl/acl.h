// Acl: the users of the process by name, and their authentication.
//
// Belongs to the ShardSet. Users are made, changed and removed only while every shard is held (or
// before the threads start), so any shard's thread may look them up without a lock. The log has a
// lock of its own.
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

  // `options` outlive the Acl.
  Acl(const CommandTable& commands, const EngineOptions& options);

  const UserPtr& default_user() const { return default_user_; }
  UserPtr find(std::string_view name) const;
  const Users& users() const { return users_; }  // In the order of their names.

  // The user of that name, if the password is right and the user is on; else null.
  UserPtr authenticate(std::string_view name, std::string_view password) const;

  // ---- Called while every shard is held.
  // Makes or changes a user: applies all rules or none. The error names the rule that is wrong.
  Status set_user(std::string_view name, std::span<const std::string_view> rules);
  bool erase(std::string_view name);  // False for the default user.
  // requirepass: sets the only password of the default user; empty: no password is asked for.
  void set_default_password(std::string_view password);
  // Replaces all users. A user whose name existed before stays the same object; without a default
  // user in `users` there is one as at the start.
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

// Applies rules to a user. The error names the rule that is wrong.
Status apply_acl_rules(AclUser& user, std::span<const std::string_view> rules,
                       const AclContext& context);

}  // namespace kvstash::engine
