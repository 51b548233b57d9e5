// ACL: users, what they may do, and what was denied to them.
//
// SETUSER, DELUSER and LOAD change users while every shard is held; the others only read them.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status acl_cat(Call& call);
Status acl_deluser(Call& call);
Status acl_dryrun(Call& call);
Status acl_genpass(Call& call);
Status acl_getuser(Call& call);
Status acl_help(Call& call);
Status acl_list(Call& call);
Status acl_load(Call& call);
Status acl_log(Call& call);
Status acl_save(Call& call);
Status acl_setuser(Call& call);
Status acl_users(Call& call);
Status acl_whoami(Call& call);

}  // namespace kvstash::commands
