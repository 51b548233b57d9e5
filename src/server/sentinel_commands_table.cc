#include "commands/shared/row_parts.h"
#include "commands/tables.h"
#include "replication/commands/role.h"
#include "server/sentinel_commands.h"
#include "server/server_commands.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <vector>

namespace kvstash::server {

namespace {

using namespace engine;
using enum ArgType;

constexpr ArgSpec kCkquorumArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kCkquorumRow = {
    .name = "ckquorum",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .summary = "Check for a Sentinel quorum",
    .arguments = kCkquorumArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kConfigArgsSetOrGetSetParamValue[] = {
    {.name = "parameter"},
    {.name = "value"},
};

constexpr ArgSpec kConfigArgsSetOrGet[] = {
    {.name = "set_param_value",
     .type = kBlock,
     .token = "SET",
     .flags = kArgMultiple,
     .arguments = kConfigArgsSetOrGetSetParamValue},
    {.name = "parameter", .token = "GET", .flags = kArgMultiple},
};

constexpr ArgSpec kConfigArgs[] = {
    {.name = "set_or_get", .type = kOneOf, .arguments = kConfigArgsSetOrGet},
};

constexpr CommandSpec kConfigRow = {
    .name = "config",
    .arity = -3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Configure Sentinel",
    .arguments = kConfigArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kDebugArgsParameterValue[] = {
    {.name = "parameter"},
    {.name = "value"},
};

constexpr ArgSpec kDebugArgs[] = {
    {.name = "parameter_value",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kDebugArgsParameterValue},
};

constexpr CommandSpec kDebugRow = {
    .name = "debug",
    .arity = -2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of configurable parameters",
    .summary = "List or update the current configurable parameters",
    .arguments = kDebugArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kFailoverArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kFailoverRow = {
    .name = "failover",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .summary = "Force a failover",
    .arguments = kFailoverArgs,
    .run = sentinel_command,
};

constexpr CommandSpec kFlushconfigRow = {
    .name = "flushconfig",
    .arity = 2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Rewrite configuration file",
    .run = sentinel_command,
};

constexpr ArgSpec kGetMasterAddrByNameArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kGetMasterAddrByNameRow = {
    .name = "get-master-addr-by-name",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Get port and address of a master",
    .arguments = kGetMasterAddrByNameArgs,
    .run = sentinel_command,
};

constexpr CommandSpec kHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = sentinel_command,
};

constexpr ArgSpec kInfoCacheArgs[] = {
    {.name = "nodename", .flags = kArgMultiple},
};

constexpr CommandSpec kInfoCacheRow = {
    .name = "info-cache",
    .arity = -3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "3.2.0",
    .complexity = "O(N) where N is the number of instances",
    .summary = "Get cached INFO from the instances in the deployment",
    .arguments = kInfoCacheArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kIsMasterDownByAddrArgs[] = {
    {.name = "ip"},
    {.name = "port", .type = kInteger},
    {.name = "current-epoch", .type = kInteger},
    {.name = "runid"},
};

constexpr CommandSpec kIsMasterDownByAddrRow = {
    .name = "is-master-down-by-addr",
    .arity = 6,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Check if a master is down",
    .arguments = kIsMasterDownByAddrArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kKvstashLeaderArgs[] = {
    {.name = "master-name"},
    {.name = "epoch", .type = kInteger},
    {.name = "runid"},
};

constexpr CommandSpec kKvstashLeaderRow = {
    .name = "kvstash-leader",
    .arity = 5,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Hear from another kvstash sentinel that it leads a failover",
    .arguments = kKvstashLeaderArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kMasterArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kMasterRow = {
    .name = "master",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Shows the state of a master",
    .arguments = kMasterArgs,
    .run = sentinel_command,
};

constexpr CommandSpec kMastersRow = {
    .name = "masters",
    .arity = 2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(N) where N is the number of masters",
    .summary = "List the monitored masters",
    .run = sentinel_command,
};

constexpr ArgSpec kMonitorArgs[] = {
    {.name = "name"},
    {.name = "ip"},
    {.name = "port", .type = kInteger},
    {.name = "quorum", .type = kInteger},
};

constexpr CommandSpec kMonitorRow = {
    .name = "monitor",
    .arity = 6,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Start monitoring",
    .arguments = kMonitorArgs,
    .run = sentinel_command,
};

constexpr CommandSpec kMyidRow = {
    .name = "myid",
    .arity = 2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Get the Sentinel instance ID",
    .run = sentinel_command,
};

constexpr CommandSpec kPendingScriptsRow = {
    .name = "pending-scripts",
    .arity = 2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .summary = "Get information about pending scripts",
    .run = sentinel_command,
};

constexpr ArgSpec kRemoveArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kRemoveRow = {
    .name = "remove",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Stop monitoring",
    .arguments = kRemoveArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kReplicasArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kReplicasRow = {
    .name = "replicas",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(N) where N is the number of replicas",
    .summary = "List the monitored replicas",
    .arguments = kReplicasArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kResetArgs[] = {
    {.name = "pattern", .type = kPattern},
};

constexpr CommandSpec kResetRow = {
    .name = "reset",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(N) where N is the number of monitored masters",
    .summary = "Reset masters by name pattern",
    .arguments = kResetArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kSentinelsArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kSentinelsRow = {
    .name = "sentinels",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(N) where N is the number of Sentinels",
    .summary = "List the Sentinel instances",
    .arguments = kSentinelsArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kSetArgsOptionValue[] = {
    {.name = "option"},
    {.name = "value"},
};

constexpr ArgSpec kSetArgs[] = {
    {.name = "master-name"},
    {.name = "option_value",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kSetArgsOptionValue},
};

constexpr CommandSpec kSetRow = {
    .name = "set",
    .arity = -5,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "O(1)",
    .summary = "Change the configuration of a monitored master",
    .arguments = kSetArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kSimulateFailureArgsMode[] = {
    {.name = "crash-after-election", .type = kPureToken},
    {.name = "crash-after-promotion", .type = kPureToken},
    {.name = "help", .type = kPureToken},
};

constexpr ArgSpec kSimulateFailureArgs[] = {
    {.name = "mode",
     .type = kOneOf,
     .flags = kArgOptional | kArgMultiple,
     .arguments = kSimulateFailureArgsMode},
};

constexpr CommandSpec kSimulateFailureRow = {
    .name = "simulate-failure",
    .arity = -3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "3.2.0",
    .summary = "Simulate failover scenarios",
    .arguments = kSimulateFailureArgs,
    .run = sentinel_command,
};

constexpr ArgSpec kSlavesArgs[] = {
    {.name = "master-name"},
};

constexpr CommandSpec kSlavesRow = {
    .name = "slaves",
    .arity = 3,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.0",
    .complexity = "O(N) where N is the number of slaves",
    .summary = "List the monitored slaves",
    .deprecated_since = "5.0.0",
    .replaced_by = "`SENTINEL REPLICAS`",
    .arguments = kSlavesArgs,
    .run = sentinel_command,
};

constexpr CommandSpec kSubcommands[] = {kCkquorumRow,      kConfigRow,      kDebugRow,
                                        kFailoverRow,      kFlushconfigRow, kGetMasterAddrByNameRow,
                                        kHelpRow,          kInfoCacheRow,   kIsMasterDownByAddrRow,
                                        kKvstashLeaderRow, kMasterRow,      kMastersRow,
                                        kMonitorRow,       kMyidRow,        kPendingScriptsRow,
                                        kRemoveRow,        kReplicasRow,    kResetRow,
                                        kSentinelsRow,     kSetRow,         kSimulateFailureRow,
                                        kSlavesRow};

constexpr CommandSpec kSentinelRow = {
    .name = "sentinel",
    .arity = -2,
    .flags = kAdmin | kSentinelOnly,
    .group = CommandGroup::kSentinel,
    .scope = Scope::kSession,
    .since = "2.8.4",
    .complexity = "Depends on subcommand.",
    .summary = "A container for Sentinel commands",
    .subcommands = kSubcommands,
};

constexpr CommandSpec kRows[] = {kSentinelRow};

// The commands that a sentinel shares with a server of data.
constexpr std::array<std::string_view, 13> kShared = {
    "acl",  "auth",       "client",       "command",  "hello",     "info",       "ping",
    "quit", "psubscribe", "punsubscribe", "shutdown", "subscribe", "unsubscribe"};

std::vector<CommandSpec> choose_rows() {
  std::vector<std::span<const CommandSpec>> tables(commands::all_commands().begin(),
                                                   commands::all_commands().end());
  tables.push_back(replication::role_commands());
  tables.push_back(server_commands());
  std::vector<CommandSpec> rows(std::begin(kRows), std::end(kRows));
  for (const std::span<const CommandSpec> table : tables) {
    for (CommandSpec row : table) {
      if (row.name == "publish") {
        row.run = sentinel_publish;
        row.scope = Scope::kSession;
      } else if (row.name == "role") {
        row.run = sentinel_role;
      } else if (std::ranges::find(kShared, row.name) == kShared.end()) {
        continue;
      }
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

std::span<const CommandSpec> sentinel_commands() {
  static const std::vector<CommandSpec> kAll = choose_rows();
  return kAll;
}

}  // namespace kvstash::server
