#include "commands/server/command.h"

#include "commands/tables.h"
#include "support/command_server.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using resp::RespVersion;
using test::words_of;

struct Server : test::CommandServer {
  explicit Server(std::initializer_list<engine::CommandTable::Rename> renames = {})
      : CommandServer(all_commands(), renames) {}
};

}  // namespace

TEST_CASE("COMMAND INFO writes a command's fields in Redis's order, with sets in RESP3") {
  Server server;
  CHECK(server.run({"COMMAND", "INFO", "GET"}) ==
        "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        "*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n"
        "*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n"
        "$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n"
        "$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n"
        "$5\r\nlimit\r\n:0\r\n*0\r\n");
  CHECK(words_of(server.run({"COMMAND", "INFO", "SET"}, RespVersion::k3)) ==
        "*1 *10 set :-3 ~2 +write +denyoom :1 :1 :1 ~3 +@write +@string +@slow ~0 ~1 %4 notes "
        "RW and ACCESS due to the optional `GET` argument flags ~4 +RW +access +update "
        "+variable_flags begin_search %2 type index spec %1 index :1 find_keys %2 type range "
        "spec %3 lastkey :0 keystep :1 limit :0 ~0");
}

TEST_CASE("COMMAND INFO lists subcommands under their container, and answers null for no command") {
  Server server;
  const std::string object = words_of(server.run({"COMMAND", "INFO", "object"}));
  CHECK(object.starts_with("*1 *10 object :-2 *0 :0 :0 :0 *1 +@slow *0 *0 *5 *10 object|encoding"));
  CHECK(server.run({"COMMAND", "INFO", "nope", "object|nope", "get|x"}) ==
        "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
  CHECK(server.run({"COMMAND", "INFO", "nope"}, RespVersion::k3) == "*1\r\n_\r\n");
  const std::string all = server.run({"COMMAND"});
  CHECK(all.starts_with("*" + std::to_string(server.table().all().size()) + "\r\n*10\r\n"));
  CHECK(server.run({"COMMAND", "INFO"}) == all);
}

TEST_CASE("COMMAND DOCS writes the fields that a command has, in Redis's order") {
  Server server;
  CHECK(words_of(server.run({"COMMAND", "DOCS", "GetSet"}, RespVersion::k3)) ==
        "%1 getset %8 summary Set the string value of a key and return its old value "
        "since 1.0.0 group string complexity O(1) doc_flags ~1 +deprecated "
        "deprecated_since 6.2.0 replaced_by `SET` with the `!GET` argument "
        "arguments *2 %3 name key type key key_spec_index :0 %2 name value type string");
  CHECK(words_of(server.run({"COMMAND", "DOCS", "pttl"})) ==
        "*2 pttl *12 summary Get the time to live for a key in milliseconds since 2.6.0 "
        "group generic complexity O(1) history *1 *2 2.8.0 Added the -2 reply. "
        "arguments *1 *6 name key type key key_spec_index :0");
  const std::string slowlog = words_of(server.run({"COMMAND", "DOCS", "slowlog"}));
  CHECK(slowlog.find("subcommands *8 slowlog|get *12 summary") != std::string::npos);
}

TEST_CASE("COMMAND DOCS passes over what is not there") {
  Server server;
  CHECK(server.run({"COMMAND", "DOCS", "nope"}) == "*0\r\n");
  CHECK(server.run({"COMMAND", "DOCS", "nope"}, RespVersion::k3) == "%0\r\n");
  CHECK(server.run({"COMMAND", "DOCS", "nope", "ping"}, RespVersion::k3)
            .starts_with("%1\r\n$4\r\nping\r\n%5\r\n"));
  const size_t all = server.table().all().size();
  CHECK(server.run({"COMMAND", "DOCS"}, RespVersion::k3)
            .starts_with("%" + std::to_string(all) + "\r\n"));
}

TEST_CASE("COMMAND LIST filters by pattern, category and module") {
  Server server;
  const auto list = [&server](std::string_view kind, std::string_view value) {
    return words_of(server.run({"COMMAND", "LIST", "FILTERBY", kind, value}));
  };
  CHECK(list("pattern", "OBJECT|*q") == "*1 object|freq");
  CHECK(list("ACLCAT", "Transaction") == "*5 discard exec multi unwatch watch");
  CHECK(list("aclcat", "@transaction") == "*0");
  CHECK(list("MODULE", "x") == "*0");
  CHECK(list("nope", "x") == "-ERR syntax error");
  CHECK(server.run({"COMMAND", "LIST", "FILTERBY", "PATTERN"}) == "-ERR syntax error");
  CHECK(server.run({"COMMAND", "LIST", "x"}) == "-ERR syntax error");
  CHECK(server.run({"COMMAND", "LIST"}).starts_with("*" + std::to_string(server.table().size())));
  CHECK(server.run({"COMMAND", "COUNT"}) ==
        ":" + std::to_string(server.table().all().size()) + "\r\n");
}

TEST_CASE("COMMAND GETKEYS finds the keys as the server would") {
  Server server;
  const auto keys = [&server](std::vector<std::string_view> argv) {
    argv.insert(argv.begin(), {"COMMAND", "GETKEYS"});
    return words_of(server.run(argv));
  };
  CHECK(keys({"get", "k"}) == "*1 k");
  CHECK(keys({"MSET", "a", "1", "b", "2"}) == "*2 a b");
  CHECK(keys({"BITOP", "AND", "d", "a", "b"}) == "*3 d a b");
  CHECK(keys({"OBJECT", "encoding", "k"}) == "*1 k");
  CHECK(keys({"nope", "k"}) == "-ERR Invalid command specified");
  CHECK(keys({"object", "nope", "k"}) == "-ERR Invalid command specified");
  CHECK(keys({"ping", "k"}) == "-ERR The command has no key arguments");
  CHECK(keys({"get", "k", "x"}) == "-ERR Invalid number of arguments specified for command");
}

TEST_CASE("COMMAND GETKEYSANDFLAGS looks at the options that decide how a key is used") {
  Server server;
  const auto flags = [&server](std::vector<std::string_view> argv) {
    argv.insert(argv.begin(), {"COMMAND", "GETKEYSANDFLAGS"});
    return words_of(server.run(argv, RespVersion::k3));
  };
  CHECK(flags({"SET", "k", "v"}) == "*1 *2 k ~2 +OW +update");
  CHECK(flags({"SET", "k", "get"}) == "*1 *2 k ~2 +OW +update");
  CHECK(flags({"SET", "k", "v", "Get"}) == "*1 *2 k ~3 +RW +access +update");
  CHECK(flags({"BITFIELD", "k"}) == "*1 *2 k ~2 +RO +access");
  CHECK(flags({"BITFIELD", "k", "OVERFLOW", "SAT", "get", "u8", "0"}) == "*1 *2 k ~2 +RO +access");
  CHECK(flags({"BITFIELD", "k", "GET", "u8", "0", "SET", "u8", "0", "1"}) ==
        "*1 *2 k ~3 +RW +access +update");
  CHECK(flags({"BITFIELD", "k", "GET", "u8"}) == "*1 *2 k ~3 +RW +access +update");
  CHECK(flags({"RENAME", "a", "b"}) == "*2 *2 a ~3 +RW +access +delete *2 b ~2 +OW +update");
}

TEST_CASE("COMMAND goes by the name that an operator gave it, and describes by their own names") {
  Server server({{"command", "xx"}, {"get", "yy"}});
  CHECK(server.run({"xx", "HELP"}).starts_with("*21\r\n+XX <subcommand> [<arg>"));
  CHECK(words_of(server.run({"xx", "INFO", "yy"})).starts_with("*1 *10 get :2"));
  CHECK(server.run({"xx", "INFO", "get"}) == "*1\r\n$-1\r\n");
  CHECK(server.run({"xx", "nope"}) == "-ERR unknown subcommand 'nope'. Try XX HELP.");
}

TEST_CASE("COMMAND HELP ends with HELP itself") {
  Server server;
  const std::string help = server.run({"command", "help"});
  CHECK(
      help.starts_with("*21\r\n+COMMAND <subcommand> [<arg> [value] [opt] ...]. "
                       "Subcommands are:\r\n+(no subcommand)\r\n"));
  CHECK(help.ends_with("\r\n+HELP\r\n+    Prints this help.\r\n"));
}

}  // namespace kvstash::commands
