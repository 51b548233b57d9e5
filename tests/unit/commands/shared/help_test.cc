#include "commands/shared/help.h"

#include "support/command_server.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash::commands {
namespace {

using engine::CommandSpec;

constexpr std::string_view kLines[] = {"OPEN <what>", "    Opens it."};

Status help(engine::Call& call) {
  return reply_help(call, kLines);
}
Status open(engine::Call& call) {
  return subcommand_syntax(call);
}

constexpr CommandSpec kSubcommands[] = {
    {.name = "help", .arity = 2, .run = help},
    {.name = "open", .arity = -2, .run = open},
};
constexpr CommandSpec kRows[] = {{.name = "box", .arity = -2, .subcommands = kSubcommands}};
constexpr std::span<const CommandSpec> kTables[] = {kRows};

}  // namespace

TEST_CASE("help lists the lines between a heading and help itself, as status replies") {
  test::CommandServer server(kTables);
  CHECK(server.run({"Box", "HELP"}) ==
        "*5\r\n+BOX <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
        "+OPEN <what>\r\n+    Opens it.\r\n+HELP\r\n+    Prints this help.\r\n");
}

TEST_CASE("a subcommand that cannot make sense of its arguments points at help") {
  test::CommandServer server(kTables);
  CHECK(server.run({"box", "Open", "x"}) ==
        "-ERR unknown subcommand or wrong number of arguments for 'Open'. Try BOX HELP.");
}

TEST_CASE("help goes by the name that an operator gave the command") {
  test::CommandServer server(kTables, {{"box", "crate"}});
  CHECK(server.run({"crate", "help"}).starts_with("*5\r\n+CRATE <subcommand>"));
  CHECK(server.run({"crate", "open"}).ends_with("Try CRATE HELP."));
}

}  // namespace kvstash::commands
