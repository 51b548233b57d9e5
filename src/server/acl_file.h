// Users from outside: `user` lines of the configuration, and the file that `aclfile` names. The
// lines of both are "user <name> <rule> ...", as ACL LIST writes them.
//
// These functions are called before the threads start, or with every shard held.
#pragma once

#include "base/result.h"
#include "engine/acl/acl.h"
#include "server/options.h"

#include <string>
#include <vector>

namespace kvstash::server {

// Loads the users that the options ask for, at the start. The error says which line is wrong and
// why.
Status load_users(const ServerOptions& options, engine::Acl& acl);

// Replaces all users by those in the file. On any error no user changes, and the error lists every
// wrong line.
Status load_acl_file(const std::string& path, engine::Acl& acl);
// Writes the users to a temporary file and renames it to `path`.
Status save_acl_file(const std::string& path, const engine::Acl& acl);

// Returns the `user` lines that describe the present users: each has the name, then the rules.
std::vector<std::vector<std::string>> user_lines(const engine::Acl& acl);

}  // namespace kvstash::server
