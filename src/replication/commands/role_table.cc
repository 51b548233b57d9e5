#include "replication/commands/role.h"

namespace kvstash::replication {
namespace {

using namespace engine;
using enum ArgType;

constexpr ArgSpec kHostPort[] = {
    {.name = "host"},
    {.name = "port", .type = kInteger},
};
constexpr ArgSpec kNoOne[] = {
    {.name = "no", .type = kPureToken, .token = "NO"},
    {.name = "one", .type = kPureToken, .token = "ONE"},
};
constexpr ArgSpec kPrimaryChoice[] = {
    {.name = "host-port", .type = kBlock, .arguments = kHostPort},
    {.name = "no-one", .type = kBlock, .arguments = kNoOne},
};
constexpr ArgSpec kReplicaofArgs[] = {
    {.name = "args", .type = kOneOf, .arguments = kPrimaryChoice},
};

constexpr CommandSpec kReplicaofRow = {
    .name = "replicaof",
    .arity = 3,
    .flags = kAdmin | kNoScript | kStale | kNoAsyncLoading,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Make the server a replica of another instance, or promote it as master.",
    .arguments = kReplicaofArgs,
    .run = replicaof,
};

constexpr CommandSpec kSlaveofRow = {
    .name = "slaveof",
    .arity = 3,
    .flags = kAdmin | kNoScript | kStale | kNoAsyncLoading,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Make the server a replica of another instance, or promote it as master.",
    .deprecated_since = "5.0.0",
    .replaced_by = "`REPLICAOF`",
    .arguments = kReplicaofArgs,
    .run = replicaof,
};

constexpr CommandSpec kRoleRow = {
    .name = "role",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kFast,
    .acl = kAclAdmin | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.12",
    .complexity = "O(1)",
    .summary = "Return the role of the instance in the context of replication",
    .run = role,
};

constexpr ArgSpec kFailoverTargetArgs[] = {
    {.name = "host"},
    {.name = "port", .type = kInteger},
    {.name = "force", .type = kPureToken, .token = "FORCE", .flags = kArgOptional},
};
constexpr ArgSpec kFailoverArgs[] = {
    {.name = "target",
     .type = kBlock,
     .token = "TO",
     .flags = kArgOptional,
     .arguments = kFailoverTargetArgs},
    {.name = "abort", .type = kPureToken, .token = "ABORT", .flags = kArgOptional},
    {.name = "milliseconds", .type = kInteger, .token = "TIMEOUT", .flags = kArgOptional},
};
constexpr CommandSpec kFailoverRow = {
    .name = "failover",
    .arity = -1,
    .flags = kAdmin | kNoScript | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Start a coordinated failover between this server and one of its replicas.",
    .arguments = kFailoverArgs,
    .run = failover,
};

constexpr CommandSpec kRows[] = {kReplicaofRow, kSlaveofRow, kFailoverRow, kRoleRow};

}  // namespace

std::span<const CommandSpec> role_commands() {
  return kRows;
}

}  // namespace kvstash::replication
