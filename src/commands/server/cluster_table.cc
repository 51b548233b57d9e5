#include "commands/server/cluster.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr CommandSpec kAskingRow = {
    .name = "asking",
    .arity = 1,
    .flags = kFast,
    .acl = kAclConnection,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Sent by cluster clients after an -ASK redirect",
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterAddslotsArgs[] = {
    {.name = "slot", .type = kInteger, .flags = kArgMultiple},
};

constexpr CommandSpec kClusterAddslotsRow = {
    .name = "addslots",
    .arity = -3,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the total number of hash slot arguments",
    .summary = "Assign new hash slots to receiving node",
    .arguments = kClusterAddslotsArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterAddslotsrangeArgsStartSlotEndSlot[] = {
    {.name = "start-slot", .type = kInteger},
    {.name = "end-slot", .type = kInteger},
};

constexpr ArgSpec kClusterAddslotsrangeArgs[] = {
    {.name = "start-slot_end-slot",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kClusterAddslotsrangeArgsStartSlotEndSlot},
};

constexpr CommandSpec kClusterAddslotsrangeRow = {
    .name = "addslotsrange",
    .arity = -4,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity =
        "O(N) where N is the total number of the slots between the start slot and end slot "
        "arguments.",
    .summary = "Assign new hash slots to receiving node",
    .arguments = kClusterAddslotsrangeArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterBumpepochRow = {
    .name = "bumpepoch",
    .arity = 2,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Advance the cluster config epoch",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterCountFailureReportsArgs[] = {
    {.name = "node-id"},
};

constexpr CommandSpec kClusterCountFailureReportsRow = {
    .name = "count-failure-reports",
    .arity = 3,
    .flags = kAdmin | kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the number of failure reports",
    .summary = "Return the number of failure reports active for a given node",
    .tips = kVaries,
    .arguments = kClusterCountFailureReportsArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterCountkeysinslotArgs[] = {
    {.name = "slot", .type = kInteger},
};

constexpr CommandSpec kClusterCountkeysinslotRow = {
    .name = "countkeysinslot",
    .arity = 3,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Return the number of local keys in the specified hash slot",
    .arguments = kClusterCountkeysinslotArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterDelslotsArgs[] = {
    {.name = "slot", .type = kInteger, .flags = kArgMultiple},
};

constexpr CommandSpec kClusterDelslotsRow = {
    .name = "delslots",
    .arity = -3,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the total number of hash slot arguments",
    .summary = "Set hash slots as unbound in receiving node",
    .arguments = kClusterDelslotsArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterDelslotsrangeArgsStartSlotEndSlot[] = {
    {.name = "start-slot", .type = kInteger},
    {.name = "end-slot", .type = kInteger},
};

constexpr ArgSpec kClusterDelslotsrangeArgs[] = {
    {.name = "start-slot_end-slot",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kClusterDelslotsrangeArgsStartSlotEndSlot},
};

constexpr CommandSpec kClusterDelslotsrangeRow = {
    .name = "delslotsrange",
    .arity = -4,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity =
        "O(N) where N is the total number of the slots between the start slot and end slot "
        "arguments.",
    .summary = "Set hash slots as unbound in receiving node",
    .arguments = kClusterDelslotsrangeArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterFailoverArgsOptions[] = {
    {.name = "force", .type = kPureToken, .token = "FORCE"},
    {.name = "takeover", .type = kPureToken, .token = "TAKEOVER"},
};

constexpr ArgSpec kClusterFailoverArgs[] = {
    {.name = "options",
     .type = kOneOf,
     .flags = kArgOptional,
     .arguments = kClusterFailoverArgsOptions},
};

constexpr CommandSpec kClusterFailoverRow = {
    .name = "failover",
    .arity = -2,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Forces a replica to perform a manual failover of its master.",
    .arguments = kClusterFailoverArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterFlushslotsRow = {
    .name = "flushslots",
    .arity = 2,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Delete a node's own slots information",
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterForgetArgs[] = {
    {.name = "node-id"},
};

constexpr CommandSpec kClusterForgetRow = {
    .name = "forget",
    .arity = 3,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Remove a node from the nodes table",
    .arguments = kClusterForgetArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterGetkeysinslotArgs[] = {
    {.name = "slot", .type = kInteger},
    {.name = "count", .type = kInteger},
};

constexpr CommandSpec kClusterGetkeysinslotRow = {
    .name = "getkeysinslot",
    .arity = 4,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(log(N)) where N is the number of requested keys",
    .summary = "Return local key names in the specified hash slot",
    .tips = kVaries,
    .arguments = kClusterGetkeysinslotArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterInfoRow = {
    .name = "info",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Provides info about Redis Cluster node state",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterKeyslotArgs[] = {
    {.name = "key"},
};

constexpr CommandSpec kClusterKeyslotRow = {
    .name = "keyslot",
    .arity = 3,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the number of bytes in the key",
    .summary = "Returns the hash slot of the specified key",
    .arguments = kClusterKeyslotArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterLinksRow = {
    .name = "links",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the total number of Cluster nodes",
    .summary = "Returns a list of all TCP links to and from peer nodes in cluster",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterMeetArgs[] = {
    {.name = "ip"},
    {.name = "port", .type = kInteger},
    {.name = "cluster_bus_port", .type = kInteger, .since = "4.0.0", .flags = kArgOptional},
};

constexpr HistoryNote kClusterMeetHistory[] = {
    {"4.0.0", "Added the optional `cluster_bus_port` argument."},
};

constexpr CommandSpec kClusterMeetRow = {
    .name = "meet",
    .arity = -4,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Force a node cluster to handshake with another node",
    .history = kClusterMeetHistory,
    .arguments = kClusterMeetArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterMyidRow = {
    .name = "myid",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Return the node id",
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterMyshardidRow = {
    .name = "myshardid",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "7.2.0",
    .complexity = "O(1)",
    .summary = "Returns the shard ID of a node.",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterNodesRow = {
    .name = "nodes",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the total number of Cluster nodes",
    .summary = "Get Cluster config for the node",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterReplicasArgs[] = {
    {.name = "node-id"},
};

constexpr CommandSpec kClusterReplicasRow = {
    .name = "replicas",
    .arity = 3,
    .flags = kAdmin | kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "List replica nodes of the specified master node",
    .tips = kVaries,
    .arguments = kClusterReplicasArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterReplicateArgs[] = {
    {.name = "node-id"},
};

constexpr CommandSpec kClusterReplicateRow = {
    .name = "replicate",
    .arity = 3,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Reconfigure a node as a replica of the specified master node",
    .arguments = kClusterReplicateArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterResetArgsHardSoft[] = {
    {.name = "hard", .type = kPureToken, .token = "HARD"},
    {.name = "soft", .type = kPureToken, .token = "SOFT"},
};

constexpr ArgSpec kClusterResetArgs[] = {
    {.name = "hard_soft",
     .type = kOneOf,
     .flags = kArgOptional,
     .arguments = kClusterResetArgsHardSoft},
};

constexpr CommandSpec kClusterResetRow = {
    .name = "reset",
    .arity = -2,
    .flags = kAdmin | kNoScript | kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity =
        "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side "
        "effect.",
    .summary = "Reset a Redis Cluster node",
    .arguments = kClusterResetArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterSaveconfigRow = {
    .name = "saveconfig",
    .arity = 2,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Forces the node to save cluster state on disk",
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterSetConfigEpochArgs[] = {
    {.name = "config-epoch", .type = kInteger},
};

constexpr CommandSpec kClusterSetConfigEpochRow = {
    .name = "set-config-epoch",
    .arity = 3,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Set the configuration epoch in a new node",
    .arguments = kClusterSetConfigEpochArgs,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterSetslotArgsSubcommand[] = {
    {.name = "node-id", .token = "IMPORTING"},
    {.name = "node-id", .token = "MIGRATING"},
    {.name = "node-id", .token = "NODE"},
    {.name = "stable", .type = kPureToken, .token = "STABLE"},
};

constexpr ArgSpec kClusterSetslotArgs[] = {
    {.name = "slot", .type = kInteger},
    {.name = "subcommand", .type = kOneOf, .arguments = kClusterSetslotArgsSubcommand},
};

constexpr CommandSpec kClusterSetslotRow = {
    .name = "setslot",
    .arity = -4,
    .flags = kAdmin | kStale | kNoAsyncLoading,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Bind a hash slot to a specific node",
    .arguments = kClusterSetslotArgs,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterShardsRow = {
    .name = "shards",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the total number of cluster nodes",
    .summary = "Get array of cluster slots to node mappings",
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr ArgSpec kClusterSlavesArgs[] = {
    {.name = "node-id"},
};

constexpr CommandSpec kClusterSlavesRow = {
    .name = "slaves",
    .arity = 3,
    .flags = kAdmin | kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "List replica nodes of the specified master node",
    .deprecated_since = "5.0.0",
    .replaced_by = "`CLUSTER REPLICAS`",
    .tips = kVaries,
    .arguments = kClusterSlavesArgs,
    .run = cluster_disabled,
};

constexpr HistoryNote kClusterSlotsHistory[] = {
    {"4.0.0", "Added node IDs."},
    {"7.0.0", "Added additional networking metadata field."},
};

constexpr CommandSpec kClusterSlotsRow = {
    .name = "slots",
    .arity = 2,
    .flags = kStale,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(N) where N is the total number of Cluster nodes",
    .summary = "Get array of Cluster slot to node mappings",
    .deprecated_since = "7.0.0",
    .replaced_by = "`CLUSTER SHARDS`",
    .history = kClusterSlotsHistory,
    .tips = kVaries,
    .run = cluster_disabled,
};

constexpr CommandSpec kClusterSubcommands[] = {
    kClusterAddslotsRow,
    kClusterAddslotsrangeRow,
    kClusterBumpepochRow,
    kClusterCountFailureReportsRow,
    kClusterCountkeysinslotRow,
    kClusterDelslotsRow,
    kClusterDelslotsrangeRow,
    kClusterFailoverRow,
    kClusterFlushslotsRow,
    kClusterForgetRow,
    kClusterGetkeysinslotRow,
    kClusterHelpRow,
    kClusterInfoRow,
    kClusterKeyslotRow,
    kClusterLinksRow,
    kClusterMeetRow,
    kClusterMyidRow,
    kClusterMyshardidRow,
    kClusterNodesRow,
    kClusterReplicasRow,
    kClusterReplicateRow,
    kClusterResetRow,
    kClusterSaveconfigRow,
    kClusterSetConfigEpochRow,
    kClusterSetslotRow,
    kClusterShardsRow,
    kClusterSlavesRow,
    kClusterSlotsRow,
};

constexpr CommandSpec kClusterRow = {
    .name = "cluster",
    .arity = -2,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for cluster commands",
    .subcommands = kClusterSubcommands,
};

constexpr CommandSpec kReadonlyRow = {
    .name = "readonly",
    .arity = 1,
    .flags = kLoading | kStale | kFast,
    .acl = kAclConnection,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Enables read queries for a connection to a cluster replica node",
    .run = cluster_disabled,
};

constexpr CommandSpec kReadwriteRow = {
    .name = "readwrite",
    .arity = 1,
    .flags = kLoading | kStale | kFast,
    .acl = kAclConnection,
    .group = CommandGroup::kCluster,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "Disables read queries for a connection to a cluster replica node",
    .run = cluster_disabled,
};

constexpr CommandSpec kRows[] = {
    kAskingRow,
    kClusterRow,
    kReadonlyRow,
    kReadwriteRow,
};

}  // namespace

CommandRows cluster_commands() {
  return kRows;
}

}  // namespace kvstash::commands
