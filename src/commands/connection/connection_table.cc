#include "commands/connection/connection.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr HistoryNote kAuthHistory[] = {
    {"6.0.0", "Added ACL style (username and password)."},
};
constexpr ArgSpec kAuthArgs[] = {
    {.name = "username", .since = "6.0.0", .flags = kArgOptional},
    {.name = "password"},
};
constexpr CommandSpec kAuthRow = {
    .name = "auth",
    .arity = -2,
    .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of passwords defined for the user",
    .summary = "Authenticate to the server",
    .history = kAuthHistory,
    .arguments = kAuthArgs,
    .run = auth,
};

constexpr ArgSpec kEchoArgs[] = {
    {.name = "message"},
};
constexpr CommandSpec kEchoRow = {
    .name = "echo",
    .arity = 2,
    .flags = kLoading | kStale | kFast,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Echo the given string",
    .arguments = kEchoArgs,
    .run = echo,
};

constexpr HistoryNote kHelloHistory[] = {
    {"6.2.0",
     "`protover` made optional; when called without arguments the command reports the current "
     "connection's context."},
};
constexpr ArgSpec kHelloArgumentsUsernamePassword[] = {
    {.name = "username"},
    {.name = "password"},
};
constexpr ArgSpec kHelloArguments[] = {
    {.name = "protover", .type = kInteger},
    {.name = "username_password",
     .type = kBlock,
     .token = "AUTH",
     .flags = kArgOptional,
     .arguments = kHelloArgumentsUsernamePassword},
    {.name = "clientname", .token = "SETNAME", .flags = kArgOptional},
};
constexpr ArgSpec kHelloArgs[] = {
    {.name = "arguments", .type = kBlock, .flags = kArgOptional, .arguments = kHelloArguments},
};
constexpr CommandSpec kHelloRow = {
    .name = "hello",
    .arity = -1,
    .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Handshake with Redis",
    .history = kHelloHistory,
    .arguments = kHelloArgs,
    .run = hello,
};

constexpr ArgSpec kPingArgs[] = {
    {.name = "message", .flags = kArgOptional},
};
constexpr CommandSpec kPingRow = {
    .name = "ping",
    .arity = -1,
    .flags = kFast | kSubscribers,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Ping the server",
    .tips = kAllShardsMustSucceed,
    .arguments = kPingArgs,
    .run = ping,
};

constexpr CommandSpec kQuitRow = {
    .name = "quit",
    .arity = -1,
    .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kSubscribers,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Close the connection",
    .run = quit,
};

constexpr CommandSpec kResetRow = {
    .name = "reset",
    .arity = 1,
    .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kSubscribers,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Reset the connection",
    .run = reset,
};

constexpr ArgSpec kSelectArgs[] = {
    {.name = "index", .type = kInteger},
};
constexpr CommandSpec kSelectRow = {
    .name = "select",
    .arity = 2,
    .flags = kLoading | kStale | kFast,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Change the selected database for the current connection",
    .arguments = kSelectArgs,
    .run = select,
};

constexpr CommandSpec kRows[] = {
    kAuthRow, kEchoRow, kHelloRow, kPingRow, kQuitRow, kResetRow, kSelectRow,
};

}  // namespace

CommandRows connection_commands() {
  return kRows;
}

}  // namespace kvstash::commands
