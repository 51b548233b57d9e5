#include "server/sentinel_commands.h"

#include "engine/execution/call.h"
#include "server/sentinel_node.h"
#include "server/server.h"

namespace kvstash::server {
namespace {

sentinel::SentinelShell& shell_of(Call& call) {
  return static_cast<Server&>(call.server()).sentinel()->shell();
}

}  // namespace

Status sentinel_command(Call& call) {
  return shell_of(call).command(call.args(), call.reply());
}

Status sentinel_publish(Call& call) {
  return shell_of(call).publish(call.args(), call.reply());
}

Status sentinel_role(Call& call) {
  shell_of(call).brain().write_role(call.reply());
  return {};
}

}  // namespace kvstash::server
