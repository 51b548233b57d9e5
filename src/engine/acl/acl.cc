#include "engine/acl/acl.h"

namespace kvstash::engine {
namespace {

// The default user before any configuration: it may do everything, and needs no password.
AclUser make_default_user(const AclContext& context) {
  AclUser user = new_acl_user(std::string(kDefaultUser), context);
  user.is_on = true;
  user.needs_no_password = true;
  user.own.allow_all_commands(true);
  user.own.allow_all_keys();
  user.own.allow_all_channels();
  return user;
}

}  // namespace

Status apply_acl_rules(AclUser& user, std::span<const std::string_view> rules,
                       const AclContext& context) {
  const Result<std::vector<std::string>> joined = join_acl_selectors(rules);
  if (!joined.ok()) return Error::text(std::string(joined.error().message()));
  for (const std::string& rule : *joined) {
    const Status applied = apply_acl_rule(user, rule, context);
    if (!applied.ok()) {
      return Error::text("ERR Error in ACL SETUSER modifier '" + rule +
                         "': " + std::string(applied.error().message()));
    }
  }
  return {};
}

Acl::Acl(const CommandTable& commands, const EngineOptions& options)
    : commands_(&commands), options_(&options) {
  const auto user = std::make_shared<AclUser>(make_default_user(context()));
  users_.emplace(std::string(kDefaultUser), user);
  default_user_ = user;
  set_default_password(options.requirepass);
}

AclContext Acl::context() const {
  return {.commands = commands_, .channels = options_->acl_pubsub_default};
}

Acl::UserPtr Acl::find(std::string_view name) const {
  const auto at = users_.find(name);
  return at == users_.end() ? nullptr : at->second;
}

Acl::UserPtr Acl::authenticate(std::string_view name, std::string_view password) const {
  UserPtr user = find(name);
  if (user == nullptr || !user->is_on) return nullptr;
  return user->needs_no_password || user->has_password(password) ? user : nullptr;
}

Status Acl::set_user(std::string_view name, std::span<const std::string_view> rules) {
  const auto at = users_.find(name);
  const bool is_new = at == users_.end();
  AclUser changed = is_new ? new_acl_user(std::string(name), context()) : *at->second;
  if (Status applied = apply_acl_rules(changed, rules, context()); !applied.ok()) return applied;
  if (is_new) {
    users_.emplace(std::string(name), std::make_shared<AclUser>(std::move(changed)));
  } else {
    *at->second = std::move(changed);
  }
  return {};
}

bool Acl::erase(std::string_view name) {
  const auto at = users_.find(name);
  if (at == users_.end() || name == kDefaultUser) return false;
  users_.erase(at);
  return true;
}

void Acl::set_default_password(std::string_view password) {
  AclUser& user = *users_.find(kDefaultUser)->second;
  const std::string rule = ">" + std::string(password);
  ensure(apply_acl_rule(user, password.empty() ? "nopass" : "resetpass", context()).ok());
  if (!password.empty()) ensure(apply_acl_rule(user, rule, context()).ok());
}

void Acl::replace(std::vector<AclUser> users) {
  Users next;
  const auto take = [&](AclUser user) {
    const auto known = users_.find(user.name);
    std::shared_ptr<AclUser> kept =
        known == users_.end() ? std::make_shared<AclUser>(std::move(user)) : known->second;
    if (known != users_.end()) *kept = std::move(user);
    next.insert_or_assign(kept->name, kept);
  };
  bool has_default = false;
  for (AclUser& user : users) {
    has_default = has_default || user.name == kDefaultUser;
    take(std::move(user));
  }
  if (!has_default) take(make_default_user(context()));
  users_ = std::move(next);
}

}  // namespace kvstash::engine
