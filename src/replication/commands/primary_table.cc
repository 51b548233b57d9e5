#include "replication/commands/primary_table.h"

#include "commands/shared/row_parts.h"
#include "replication/commands/sync.h"

namespace kvstash::replication {
namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kPsyncArgs[] = {
    {.name = "replicationid", .type = kString},
    {.name = "offset", .type = kInteger},
};
constexpr CommandSpec kPsyncRow = {
    .name = "psync",
    .arity = -3,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.0",
    .summary = "Internal command used for replication",
    .arguments = kPsyncArgs,
    .run = psync,
};

constexpr CommandSpec kSyncRow = {
    .name = "sync",
    .arity = 1,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .summary = "Internal command used for replication",
    .run = sync,
};

constexpr CommandSpec kReplconfRow = {
    .name = "replconf",
    .arity = -1,
    .flags = kAdmin | kNoScript | kLoading | kStale | kAllowBusy,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary = "An internal command for configuring the replication stream",
    .is_syscmd = true,
    .run = replconf,
};

constexpr CommandSpec kRows[] = {
    kPsyncRow,
    kSyncRow,
    kReplconfRow,
};

}  // namespace

std::span<const CommandSpec> primary_commands() {
  return kRows;
}

}  // namespace kvstash::replication
