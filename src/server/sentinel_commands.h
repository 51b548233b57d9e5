// Sentinel commands: what a sentinel answers (kvstash --sentinel). It has no data, so its table has
// few of a server's commands: those about connections and users, subscriptions, INFO and SHUTDOWN.
// SENTINEL, PUBLISH and ROLE are the sentinel's own.
//
// The rows are in sentinel_commands_table.cc.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::server {

using engine::Call;

// All rows of a sentinel's command table. They are constant and valid for ever.
std::span<const engine::CommandSpec> sentinel_commands();

// SENTINEL and each of its subcommands.
Status sentinel_command(Call& call);
// PUBLISH: only hello messages of other sentinels are taken.
Status sentinel_publish(Call& call);
Status sentinel_role(Call& call);

}  // namespace kvstash::server
