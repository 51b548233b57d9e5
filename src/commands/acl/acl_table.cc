#include "commands/acl/acl.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kAclCatArgs[] = {
    {.name = "categoryname", .flags = kArgOptional},
};
constexpr CommandSpec kAclCatRow = {
    .name = "cat",
    .arity = -2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1) since the categories and commands are a fixed set.",
    .summary = "List the ACL categories or the commands inside a category",
    .arguments = kAclCatArgs,
    .run = acl_cat,
};

constexpr ArgSpec kAclDeluserArgs[] = {
    {.name = "username", .flags = kArgMultiple},
};
constexpr CommandSpec kAclDeluserRow = {
    .name = "deluser",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "6.0.0",
    .complexity = "O(1) amortized time considering the typical user.",
    .summary = "Remove the specified ACL users and the associated rules",
    .arguments = kAclDeluserArgs,
    .run = acl_deluser,
};

constexpr ArgSpec kAclDryrunArgs[] = {
    {.name = "username"},
    {.name = "command"},
    {.name = "arg", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kAclDryrunRow = {
    .name = "dryrun",
    .arity = -4,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1).",
    .summary =
        "Returns whether the user can execute the given command without executing the command.",
    .arguments = kAclDryrunArgs,
    .run = acl_dryrun,
};

constexpr ArgSpec kAclGenpassArgs[] = {
    {.name = "bits", .type = kInteger, .flags = kArgOptional},
};
constexpr CommandSpec kAclGenpassRow = {
    .name = "genpass",
    .arity = -2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Generate a pseudorandom secure password to use for ACL users",
    .arguments = kAclGenpassArgs,
    .run = acl_genpass,
};

constexpr HistoryNote kAclGetuserHistory[] = {
    {"6.2.0", "Added Pub/Sub channel patterns."},
    {"7.0.0",
     "Added selectors and changed the format of key and channel patterns from a list to their rule "
     "representation."},
};
constexpr ArgSpec kAclGetuserArgs[] = {
    {.name = "username"},
};
constexpr CommandSpec kAclGetuserRow = {
    .name = "getuser",
    .arity = 3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity =
        "O(N). Where N is the number of password, command and pattern rules that the user has.",
    .summary = "Get the rules for a specific ACL user",
    .history = kAclGetuserHistory,
    .arguments = kAclGetuserArgs,
    .run = acl_getuser,
};

constexpr CommandSpec kAclHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = acl_help,
};

constexpr CommandSpec kAclListRow = {
    .name = "list",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(N). Where N is the number of configured users.",
    .summary = "List the current ACL rules in ACL config file format",
    .run = acl_list,
};

constexpr CommandSpec kAclLoadRow = {
    .name = "load",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "6.0.0",
    .complexity = "O(N). Where N is the number of configured users.",
    .summary = "Reload the ACLs from the configured ACL file",
    .run = acl_load,
};

constexpr ArgSpec kAclLogOperation[] = {
    {.name = "count", .type = kInteger},
    {.name = "reset", .type = kPureToken, .token = "RESET"},
};
constexpr ArgSpec kAclLogArgs[] = {
    {.name = "operation", .type = kOneOf, .flags = kArgOptional, .arguments = kAclLogOperation},
};
constexpr CommandSpec kAclLogRow = {
    .name = "log",
    .arity = -2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(N) with N being the number of entries shown.",
    .summary = "List latest events denied because of ACLs in place",
    .arguments = kAclLogArgs,
    .run = acl_log,
};

constexpr CommandSpec kAclSaveRow = {
    .name = "save",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(N). Where N is the number of configured users.",
    .summary = "Save the current ACL rules in the configured ACL file",
    .run = acl_save,
};

constexpr HistoryNote kAclSetuserHistory[] = {
    {"6.2.0", "Added Pub/Sub channel patterns."},
    {"7.0.0", "Added selectors and key based permissions."},
};
constexpr ArgSpec kAclSetuserArgs[] = {
    {.name = "username"},
    {.name = "rule", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kAclSetuserRow = {
    .name = "setuser",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "6.0.0",
    .complexity = "O(N). Where N is the number of rules provided.",
    .summary = "Modify or create the rules for a specific ACL user",
    .history = kAclSetuserHistory,
    .arguments = kAclSetuserArgs,
    .run = acl_setuser,
};

constexpr CommandSpec kAclUsersRow = {
    .name = "users",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(N). Where N is the number of configured users.",
    .summary = "List the username of all the configured ACL rules",
    .run = acl_users,
};

constexpr CommandSpec kAclWhoamiRow = {
    .name = "whoami",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Return the name of the user associated to the current connection",
    .run = acl_whoami,
};

constexpr CommandSpec kAclSubcommands[] = {
    kAclCatRow,     kAclDeluserRow, kAclDryrunRow, kAclGenpassRow, kAclGetuserRow,
    kAclHelpRow,    kAclListRow,    kAclLoadRow,   kAclLogRow,     kAclSaveRow,
    kAclSetuserRow, kAclUsersRow,   kAclWhoamiRow};
constexpr CommandSpec kAclRow = {
    .name = "acl",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for Access List Control commands ",
    .subcommands = kAclSubcommands,
};

constexpr CommandSpec kRows[] = {
    kAclRow,
};

}  // namespace

CommandRows acl_commands() {
  return kRows;
}

}  // namespace kvstash::commands
