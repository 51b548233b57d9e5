#include "commands/server/slowlog.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr HistoryNote kSlowlogGetHistory[] = {
    {"4.0.0", "Added client IP address, port and name to the reply."},
};
constexpr std::string_view kSlowlogGetTips[] = {"request_policy:all_nodes",
                                                "nondeterministic_output"};
constexpr ArgSpec kSlowlogGetArgs[] = {
    {.name = "count", .type = kInteger, .flags = kArgOptional},
};
constexpr CommandSpec kSlowlogGetRow = {
    .name = "get",
    .arity = -2,
    .flags = kAdmin | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.2.12",
    .complexity = "O(N) where N is the number of entries returned",
    .summary = "Get the slow log's entries",
    .history = kSlowlogGetHistory,
    .tips = kSlowlogGetTips,
    .arguments = kSlowlogGetArgs,
    .run = slowlog_get,
};

constexpr CommandSpec kSlowlogHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = slowlog_help,
};

constexpr std::string_view kSlowlogLenTips[] = {
    "request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"};
constexpr CommandSpec kSlowlogLenRow = {
    .name = "len",
    .arity = 2,
    .flags = kAdmin | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.2.12",
    .complexity = "O(1)",
    .summary = "Get the slow log's length",
    .tips = kSlowlogLenTips,
    .run = slowlog_len,
};

constexpr CommandSpec kSlowlogResetRow = {
    .name = "reset",
    .arity = 2,
    .flags = kAdmin | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "2.2.12",
    .complexity = "O(N) where N is the number of entries in the slowlog",
    .summary = "Clear all entries from the slow log",
    .tips = kAllNodesMustSucceed,
    .run = slowlog_reset,
};

constexpr CommandSpec kSlowlogSubcommands[] = {kSlowlogGetRow, kSlowlogHelpRow, kSlowlogLenRow,
                                               kSlowlogResetRow};
constexpr CommandSpec kSlowlogRow = {
    .name = "slowlog",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.2.12",
    .complexity = "Depends on subcommand.",
    .summary = "A container for slow log commands",
    .subcommands = kSlowlogSubcommands,
};

constexpr CommandSpec kRows[] = {
    kSlowlogRow,
};

}  // namespace

CommandRows slowlog_commands() {
  return kRows;
}

}  // namespace kvstash::commands
