// Users from outside: `user` lines of the configuration, and the file that `aclfile` names. Lines
// of both are "user <name> <rule> ...", the same as ACL LIST writes.
//
// Called before the threads start, or with every shard held.
#pragma once

#include "base/result.h"
#include "engine/acl/acl.h"
#include "server/options.h"

#include <string>
#include <vector>

namespace kvstash::server {

// The users that the options ask for, at the start. The error says which line is wrong and why.
Status load_users(const ServerOptions& options, engine::Acl& acl);

// All users anew out of the file. On any error nothing changes, and all errors are told.
Status load_acl_file(const std::string& path, engine::Acl& acl);
// Writes the file beside and then in place of the old one.
Status save_acl_file(const std::string& path, const engine::Acl& acl);

// The `user` lines that describe the users as they are now: the name, then the rules.
std::vector<std::vector<std::string>> user_lines(const engine::Acl& acl);

}  // namespace kvstash::server
