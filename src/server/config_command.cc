#include "base/log.h"
#include "base/text.h"
#include "commands/shared/help.h"
#include "engine/client/session.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "server/acl_file.h"
#include "server/config_file.h"
#include "server/config_rewrite.h"
#include "server/directives.h"
#include "server/server.h"
#include "server/server_commands.h"

namespace kvstash::server {
namespace {

Server& server_of(Call& call) {
  return static_cast<Server&>(call.server());
}

bool may_set_protected(Call& call) {
  const engine::Session* session = call.caller().session;
  return is_allowed(call.options().enable_protected_configs,
                    session != nullptr && session->info.is_local);
}

// The error of a CONFIG SET whose options could not be put into effect. It names the directive that
// most likely caused the failure.
Error apply_error(Call::Args pairs, std::string_view reason) {
  const bool is_of_clients = reason.starts_with("The operating system is not able");
  size_t culprit = 0;
  for (size_t i = pairs.size(); i >= 2; i -= 2) {
    const std::string name = to_lower(pairs[i - 2]);
    const bool opens = name == "port" || name == "bind" || name == "dir";
    if (is_of_clients) {
      if (name == "maxclients") culprit = i - 2;
      continue;
    }
    if (opens || name.starts_with("tls-") || name.starts_with("unixsocket")) culprit = i - 2;
  }
  return config_set_error(pairs[culprit], reason);
}

}  // namespace

Status rewrite_own_config(Call& call, RewriteScope scope) {
  ServerOptions options = server_of(call).options();
  options.users.clear();
  if (options.engine.aclfile.empty()) options.users = user_lines(call.shards().acl());
  if (options.config_file.empty())
    return Error::literal("ERR The server is running without a config file");
  if (is_yaml(options.config_file))
    return Error::literal("ERR Rewriting config file: kvstash does not write YAML");
  if (Status written = rewrite_config_file(options, scope); !written.ok()) {
    log(LogLevel::kWarning, "CONFIG REWRITE failed",
        {{"reason", std::string(written.error().message())}});
    return Error::text("ERR Rewriting config file: " + std::string(written.error().message()));
  }
  log(LogLevel::kNotice, "CONFIG REWRITE executed with success.");
  call.reply().ok();
  return {};
}

Status config_get(Call& call) {
  const std::vector<NamedValue> found = match(server_of(call).options(), call.args_from(2));
  call.reply().map(found.size());
  for (const NamedValue& directive : found) {
    call.reply().bulk(directive.name);
    call.reply().bulk(directive.value);
  }
  return {};
}

Status config_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
  };
  return commands::reply_help(call, kLines);
}

Status config_resetstat(Call& call) {
  call.each_held([](engine::Shard& shard) { shard.telemetry().reset(); });
  server_of(call).reset_rejected_connections();
  call.shards().reset_exceeded();
  call.reply().ok();
  return {};
}

Status config_rewrite(Call& call) {
  return rewrite_own_config(call, RewriteScope::kNeeded);
}

// CONFIG SET holds every shard, so that all shards see the change at the same command.
Status config_set(Call& call) {
  const Call::Args pairs = call.args_from(2);
  if (pairs.size() % 2 != 0) return engine::errors::syntax();
  Server& server = server_of(call);
  Result<ServerOptions> changed =
      apply(server.options(), pairs, {.protected_allowed = may_set_protected(call)});
  if (!changed.ok()) return changed.error();
  // The files of certificates may have new contents under the same names.
  bool reads_certificates = false;
  for (size_t i = 0; i < pairs.size(); i += 2)
    reads_certificates = reads_certificates || to_lower(pairs[i]).starts_with("tls-");
  if (Status taken = server.change_options(*std::move(changed), reads_certificates); !taken.ok())
    return apply_error(pairs, taken.error().message());
  call.reply().ok();
  return {};
}

}  // namespace kvstash::server
