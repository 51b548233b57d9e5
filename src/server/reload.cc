// Server::reload: what SIGHUP does. The configuration file is read again, and the options that can
// change at run time take their new values. Certificates are loaded again even if their names are
// the same. The log file is reopened, for logrotate.
#include "base/log.h"
#include "engine/shard.h"
#include "server/config_file.h"
#include "server/directives.h"
#include "server/process.h"
#include "server/server.h"

#include <string>
#include <vector>

namespace kvstash::server {
namespace {

// Reads file, environment and command line again. Immutable options keep their present values,
// because changing them needs a restart.
Result<ServerOptions> read_again(const ServerOptions& now) {
  ServerOptions fresh = now;
  std::vector<std::string> notices;
  if (Status read = reload_options(fresh, notices); !read.ok()) return read.error();
  for (const std::string& notice : notices)
    log(LogLevel::kNotice, notice);
  if (fresh.users != now.users || fresh.renamed_commands != now.renamed_commands)
    log(LogLevel::kWarning, "A change of users or of renamed commands needs a restart");
  fresh.users = now.users;
  fresh.renamed_commands = now.renamed_commands;
  for (const DirectiveGroup& group : directive_groups()) {
    for (const Directive& row : group.rows) {
      if (!row.is(kImmutable) || get(fresh, row) == get(now, row)) continue;
      log(LogLevel::kWarning, "A change of this directive needs a restart",
          {{"name", std::string(row.name)}});
      const std::string value = get(now, row);
      const std::string_view words[] = {value};
      if (Status kept = set(fresh, row, words, SetFrom::kFile); !kept.ok()) return kept.error();
    }
  }
  return fresh;
}

void tell_failure(const Error& why) {
  log(LogLevel::kWarning, "The configuration was not reloaded",
      {{"reason", std::string(why.message())}});
}

}  // namespace

void Server::reload() {
  if (Status reopened = reopen_log(); !reopened.ok())
    log(LogLevel::kWarning, reopened.error().message());
  Result<ServerOptions> fresh = read_again(options_);
  if (!fresh.ok()) return tell_failure(fresh.error());
  auto change = [this, next = std::move(fresh),
                 version = options_version_](const engine::Hold&) mutable {
    // CONFIG SET may have changed options while this function waited for the hold; read again, so
    // that its changes are kept.
    if (version != options_version_) next = read_again(options_);
    if (!next.ok()) return tell_failure(next.error());
    // As at start, the rest of the file takes effect even if the system gives fewer descriptors.
    if ((*next).net.maxclients > options_.net.maxclients)
      (*next).net.maxclients = fit_descriptor_limit((*next).net.maxclients);
    if (Status changed = change_options(*std::move(next), true); !changed.ok())
      return tell_failure(changed.error());
    log(LogLevel::kNotice, "Configuration reloaded");
  };
  shards_->at(0).traffic().hold_all(std::move(change));
}

}  // namespace kvstash::server
