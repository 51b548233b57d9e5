#include "commands/server/replication.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr std::string_view kLeastOfShards[] = {"request_policy:all_shards",
                                               "response_policy:agg_min"};

constexpr ArgSpec kWaitArgs[] = {
    {.name = "numreplicas", .type = kInteger},
    {.name = "timeout", .type = kInteger},
};
constexpr CommandSpec kWaitRow = {
    .name = "wait",
    .arity = 3,
    .flags = kBlocking,
    .acl = kAclConnection,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kSession,
    .since = "3.0.0",
    .complexity = "O(1)",
    .summary =
        "Wait for the synchronous replication of all the write commands sent in the context "
        "of the current connection",
    .tips = kLeastOfShards,
    .arguments = kWaitArgs,
    .run = wait,
};

constexpr ArgSpec kWaitaofArgs[] = {
    {.name = "numlocal", .type = kInteger},
    {.name = "numreplicas", .type = kInteger},
    {.name = "timeout", .type = kInteger},
};
constexpr CommandSpec kWaitaofRow = {
    .name = "waitaof",
    .arity = 4,
    .flags = kBlocking,
    .acl = kAclConnection,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kSession,
    .since = "7.2.0",
    .complexity = "O(1)",
    .summary =
        "Blocks until all of the preceding write commands sent by the connection are "
        "written to the append-only file of the master and/or replicas.",
    .tips = kLeastOfShards,
    .arguments = kWaitaofArgs,
    .run = waitaof,
};

constexpr CommandSpec kRows[] = {
    kWaitRow,
    kWaitaofRow,
};

}  // namespace

CommandRows replication_commands() {
  return kRows;
}

}  // namespace kvstash::commands
