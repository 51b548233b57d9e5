#include "commands/shared/row_parts.h"
#include "commands/tables.h"
#include "commands/transaction/transaction.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr CommandSpec kDiscardRow = {
    .name = "discard",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy,
    .group = CommandGroup::kTransactions,
    .scope = Scope::kSession,
    .since = "2.0.0",
    .complexity = "O(N), when N is the number of queued commands",
    .summary = "Discard all commands issued after MULTI",
    .run = discard,
};

constexpr CommandSpec kExecRow = {
    .name = "exec",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kSkipSlowlog,
    .group = CommandGroup::kTransactions,
    .scope = Scope::kSession,
    .since = "1.2.0",
    .complexity = "Depends on commands in the transaction",
    .summary = "Execute all commands issued after MULTI",
    .run = exec,
};

constexpr CommandSpec kMultiRow = {
    .name = "multi",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy,
    .group = CommandGroup::kTransactions,
    .scope = Scope::kSession,
    .since = "1.2.0",
    .complexity = "O(1)",
    .summary = "Mark the start of a transaction block",
    .run = multi,
};

constexpr CommandSpec kUnwatchRow = {
    .name = "unwatch",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy,
    .group = CommandGroup::kTransactions,
    .scope = Scope::kSession,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary = "Forget about all watched keys",
    .run = unwatch,
};

constexpr CommandSpec kWatchRow = {
    .name = "watch",
    .arity = -2,
    .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy,
    .group = CommandGroup::kTransactions,
    .scope = Scope::kGather,  // Asks the shards of its keys for versions; the session notes them.
    .keys = kLooksAtAll,
    .since = "2.2.0",
    .complexity = "O(1) for every key.",
    .summary = "Watch the given keys to determine execution of the MULTI/EXEC block",
    .arguments = kManyKeys,
    .run = watch,
};

constexpr CommandSpec kRows[] = {
    kDiscardRow, kExecRow, kMultiRow, kUnwatchRow, kWatchRow,
};

}  // namespace

CommandRows transaction_commands() {
  return kRows;
}

}  // namespace kvstash::commands
