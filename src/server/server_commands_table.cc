#include "commands/keys/keys.h"
#include "commands/shared/row_parts.h"
#include "server/server_commands.h"

namespace kvstash::server {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr HistoryNote kConfigGetHistory[] = {
    {"7.0.0", "Added the ability to pass multiple pattern parameters in one call"},
};
constexpr ArgSpec kConfigGetParameter[] = {
    {.name = "parameter"},
};
constexpr ArgSpec kConfigGetArgs[] = {
    {.name = "parameter", .type = kBlock, .flags = kArgMultiple, .arguments = kConfigGetParameter},
};
constexpr CommandSpec kConfigGetRow = {
    .name = "get",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.0.0",
    .complexity = "O(N) when N is the number of configuration parameters provided",
    .summary = "Get the values of configuration parameters",
    .history = kConfigGetHistory,
    .arguments = kConfigGetArgs,
    .run = config_get,
};

constexpr CommandSpec kConfigHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = config_help,
};

constexpr CommandSpec kConfigResetstatRow = {
    .name = "resetstat",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Reset the stats returned by INFO",
    .run = config_resetstat,
};

constexpr CommandSpec kConfigRewriteRow = {
    .name = "rewrite",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "2.8.0",
    .complexity = "O(1)",
    .summary = "Rewrite the configuration file with the in memory configuration",
    .run = config_rewrite,
};

constexpr HistoryNote kConfigSetHistory[] = {
    {"7.0.0", "Added the ability to set multiple parameters in one call."},
};
constexpr ArgSpec kConfigSetParameterValue[] = {
    {.name = "parameter"},
    {.name = "value"},
};
constexpr ArgSpec kConfigSetArgs[] = {
    {.name = "parameter_value",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kConfigSetParameterValue},
};
constexpr CommandSpec kConfigSetRow = {
    .name = "set",
    .arity = -4,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "2.0.0",
    .complexity = "O(N) when N is the number of configuration parameters provided",
    .summary = "Set configuration parameters to the given values",
    .history = kConfigSetHistory,
    .tips = kAllNodesMustSucceed,
    .arguments = kConfigSetArgs,
    .run = config_set,
};

constexpr CommandSpec kConfigSubcommands[] = {kConfigGetRow, kConfigHelpRow, kConfigResetstatRow,
                                              kConfigRewriteRow, kConfigSetRow};
constexpr CommandSpec kConfigRow = {
    .name = "config",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for server configuration commands",
    .subcommands = kConfigSubcommands,
};

constexpr CommandSpec kDebugRow = {
    .name = "debug",
    .arity = -2,
    .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .find_keys = debug_keys,
    .find_scope = debug_scope,
    .since = "1.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for debugging commands",
    .is_syscmd = true,
    .run = debug,
};

constexpr HistoryNote kInfoHistory[] = {
    {"7.0.0", "Added support for taking multiple section arguments."},
};
constexpr ArgSpec kInfoArgs[] = {
    {.name = "section", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kInfoRow = {
    .name = "info",
    .arity = -1,
    .flags = kLoading | kStale,
    .acl = kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get information and statistics about the server",
    .history = kInfoHistory,
    .tips = kEachShardDiffers,
    .arguments = kInfoArgs,
    .run = info,
};

constexpr CommandSpec kLatencyDoctorRow = {
    .name = "doctor",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Return a human readable latency analysis report.",
    .tips = kEachNodeDiffers,
    .run = latency_doctor,
};

constexpr ArgSpec kLatencyGraphArgs[] = {
    {.name = "event"},
};
constexpr CommandSpec kLatencyGraphRow = {
    .name = "graph",
    .arity = 3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Return a latency graph for the event.",
    .tips = kEachNodeDiffers,
    .arguments = kLatencyGraphArgs,
    .run = latency_graph,
};

constexpr CommandSpec kLatencyHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands.",
    .run = latency_help,
};

constexpr ArgSpec kLatencyHistogramArgs[] = {
    {.name = "command", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kLatencyHistogramRow = {
    .name = "histogram",
    .arity = -2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "7.0.0",
    .complexity =
        "O(N) where N is the number of commands with latency information being retrieved.",
    .summary = "Return the cumulative distribution of latencies of a subset of commands or all.",
    .tips = kEachNodeDiffers,
    .arguments = kLatencyHistogramArgs,
    .run = latency_histogram,
};

constexpr CommandSpec kLatencyHistoryRow = {
    .name = "history",
    .arity = 3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Return timestamp-latency samples for the event.",
    .tips = kEachNodeDiffers,
    .arguments = kLatencyGraphArgs,
    .run = latency_history,
};

constexpr CommandSpec kLatencyLatestRow = {
    .name = "latest",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Return the latest latency samples for all events.",
    .tips = kEachNodeDiffers,
    .run = latency_latest,
};

constexpr ArgSpec kLatencyResetArgs[] = {
    {.name = "event", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kLatencyResetRow = {
    .name = "reset",
    .arity = -2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Reset latency data for one or more events.",
    .tips = kAllNodesMustSucceed,
    .arguments = kLatencyResetArgs,
    .run = latency_reset,
};

constexpr CommandSpec kLatencySubcommands[] = {
    kLatencyDoctorRow,  kLatencyGraphRow,  kLatencyHelpRow, kLatencyHistogramRow,
    kLatencyHistoryRow, kLatencyLatestRow, kLatencyResetRow};
constexpr CommandSpec kLatencyRow = {
    .name = "latency",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "Depends on subcommand.",
    .summary = "A container for latency diagnostics commands",
    .subcommands = kLatencySubcommands,
};

constexpr CommandSpec kMemoryDoctorRow = {
    .name = "doctor",
    .arity = 2,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Outputs memory problems report",
    .tips = kEachShardDiffers,
    .run = memory_doctor,
};

constexpr CommandSpec kMemoryHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = memory_help,
};

constexpr CommandSpec kMemoryMallocStatsRow = {
    .name = "malloc-stats",
    .arity = 2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "Depends on how much memory is allocated, could be slow",
    .summary = "Show allocator internal stats",
    .tips = kEachShardDiffers,
    .run = memory_malloc_stats,
};

constexpr CommandSpec kMemoryPurgeRow = {
    .name = "purge",
    .arity = 2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "Depends on how much memory is allocated, could be slow",
    .summary = "Ask the allocator to release memory",
    .tips = kAllShardsMustSucceed,
    .run = memory_purge,
};

constexpr CommandSpec kMemoryStatsRow = {
    .name = "stats",
    .arity = 2,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Show memory usage details",
    .tips = kEachShardDiffers,
    .run = memory_stats,
};

constexpr ArgSpec kMemoryUsageArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger, .token = "SAMPLES", .flags = kArgOptional},
};
constexpr CommandSpec kMemoryUsageRow = {
    .name = "usage",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kServer,
    .scope = Scope::kKeys,
    .keys = kLooksAtSecond,
    .since = "4.0.0",
    .complexity = "O(N) where N is the number of samples.",
    .summary = "Estimate the memory usage of a key",
    .arguments = kMemoryUsageArgs,
    .run = commands::memory_usage,
};

constexpr CommandSpec kMemorySubcommands[] = {kMemoryDoctorRow,      kMemoryHelpRow,
                                              kMemoryMallocStatsRow, kMemoryPurgeRow,
                                              kMemoryStatsRow,       kMemoryUsageRow};
constexpr CommandSpec kMemoryRow = {
    .name = "memory",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for memory diagnostics commands",
    .subcommands = kMemorySubcommands,
};

constexpr HistoryNote kShutdownHistory[] = {
    {"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."},
};
constexpr ArgSpec kShutdownNosaveSave[] = {
    {.name = "nosave", .type = kPureToken, .token = "NOSAVE"},
    {.name = "save", .type = kPureToken, .token = "SAVE"},
};
constexpr ArgSpec kShutdownArgs[] = {
    {.name = "nosave_save",
     .type = kOneOf,
     .flags = kArgOptional,
     .arguments = kShutdownNosaveSave},
    {.name = "now", .type = kPureToken, .token = "NOW", .since = "7.0.0", .flags = kArgOptional},
    {.name = "force",
     .type = kPureToken,
     .token = "FORCE",
     .since = "7.0.0",
     .flags = kArgOptional},
    {.name = "abort",
     .type = kPureToken,
     .token = "ABORT",
     .since = "7.0.0",
     .flags = kArgOptional},
};
constexpr CommandSpec kShutdownRow = {
    .name = "shutdown",
    .arity = -1,
    .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity =
        "O(N) when saving, where N is the total number of keys in all databases when saving data, "
        "otherwise O(1)",
    .summary = "Synchronously save the dataset to disk and then shut down the server",
    .history = kShutdownHistory,
    .arguments = kShutdownArgs,
    .run = shutdown,
};

constexpr CommandSpec kRows[] = {
    kConfigRow, kDebugRow, kInfoRow, kLatencyRow, kMemoryRow, kShutdownRow,
};

}  // namespace

std::span<const engine::CommandSpec> server_commands() {
  return kRows;
}

}  // namespace kvstash::server
