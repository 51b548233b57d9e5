#include "engine/command/command_table.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

using Words = std::vector<std::string_view>;

Status nothing(Call&) {
  return {};
}

constexpr KeySpec kOne[] = {key_at(1, kKeyRO)};
constexpr KeySpec kPairs[] = {keys_from(1, -1, 2, kKeyOW)};
constexpr KeySpec kAllButLast[] = {keys_from(1, -2, 1, kKeyRW)};
constexpr KeySpec kTwoInARow[] = {key_at(1, kKeyRW), key_at(2, kKeyOW)};
constexpr KeySpec kTwoWithAGap[] = {key_at(1, kKeyRW), key_at(3, kKeyOW)};
constexpr KeySpec kCounted[] = {
    key_at(1, kKeyOW),
    {.flags = kKeyRO, .index = 2, .find = KeySpec::Find::kKeynum, .first_key = 1},
};
constexpr KeySpec kHalfAfterKeyword[] = {
    {.flags = kKeyRO,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STREAMS",
     .start_from = 1,
     .last = -1,
     .limit = 2},
};
constexpr KeySpec kFirstAndRest[] = {key_at(1, kKeyRW), keys_from(2, -1, 1, kKeyRO)};
constexpr KeySpec kSortLike[] = {
    key_at(1, kKeyRO),
    {.flags = kKeyRO | kKeyIncomplete,
     .begin = KeySpec::Begin::kUnknown,
     .find = KeySpec::Find::kUnknown},
};
constexpr KeySpec kChannel[] = {key_at(1, kKeyNotKey)};

// As SORT: the destination stands behind a word that may be anywhere.
KeysFound find_destination(std::span<const std::string_view> argv, std::vector<KeyAt>& keys) {
  keys.push_back({1, kKeyRO});
  for (uint32_t i = 2; i + 1 < argv.size(); ++i) {
    if (argv[i] == "STORE") keys.push_back({i + 1, kKeyOW});
  }
  return KeysFound::kAll;
}

// As a command that may touch anything.
KeysFound find_none(std::span<const std::string_view>, std::vector<KeyAt>&) {
  return KeysFound::kUnknown;
}

constexpr CommandSpec kSubcommands[] = {
    {.name = "help", .arity = 2, .group = CommandGroup::kPubSub, .run = nothing},
    {.name = "set", .arity = 3, .flags = kAdmin, .group = CommandGroup::kServer, .run = nothing},
    {.name = "key", .arity = 3, .keys = kOne, .run = nothing},
};

constexpr CommandSpec kRows[] = {
    {.name = "get",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .group = CommandGroup::kString,
     .keys = kOne,
     .run = nothing},
    {.name = "pairs", .arity = -3, .flags = kWrite, .keys = kPairs, .run = nothing},
    {.name = "butlast", .arity = -3, .flags = kBlocking, .keys = kAllButLast, .run = nothing},
    {.name = "inarow", .arity = 3, .keys = kTwoInARow, .run = nothing},
    {.name = "withagap", .arity = 4, .keys = kTwoWithAGap, .run = nothing},
    {.name = "counted",
     .arity = -3,
     .keys = kCounted,
     .find_keys = find_destination,
     .run = nothing},
    {.name = "halves",
     .arity = -2,
     .keys = kHalfAfterKeyword,
     .find_keys = find_none,
     .run = nothing},
    {.name = "firstandrest", .arity = -2, .keys = kFirstAndRest, .run = nothing},
    {.name = "sortlike",
     .arity = -2,
     .keys = kSortLike,
     .find_keys = find_destination,
     .run = nothing},
    {.name = "channel", .arity = 2, .keys = kChannel, .run = nothing},
    {.name = "eval",
     .arity = 1,
     .flags = kReadOnly,
     .group = CommandGroup::kScripting,
     .run = nothing},
    {.name = "ping", .arity = -1, .group = CommandGroup::kConnection, .run = nothing},
    {.name = "box", .arity = -2, .group = CommandGroup::kConnection, .subcommands = kSubcommands},
};

CommandTable make_table() {
  const std::span<const CommandSpec> rows[] = {kRows};
  return CommandTable(rows);
}

std::string error_of(const CommandTable& table, const Words& argv) {
  const Result<const Command*> found = table.resolve(argv);
  return found.ok() ? "" : std::string(found.error().message());
}

struct Found {
  KeysFound found;
  std::vector<uint32_t> places;
};

Found keys_of(const CommandTable& table, const Words& argv) {
  std::vector<KeyAt> keys = {{7, 0}};  // Those of earlier commands stay.
  const KeysFound found = CommandTable::keys_of(*table.find(argv[0]), argv, keys);
  REQUIRE(keys.front().index == 7);
  std::vector<uint32_t> places;
  for (size_t i = 1; i < keys.size(); ++i)
    places.push_back(keys[i].index);
  return {found, places};
}

// Where it is sure that these are all.
std::vector<uint32_t> all_keys_of(const CommandTable& table, const Words& argv) {
  const Found found = keys_of(table, argv);
  REQUIRE(found.found == KeysFound::kAll);
  return found.places;
}

}  // namespace

TEST_CASE("a command is found by its name in any case, and by nothing else") {
  const CommandTable table = make_table();
  REQUIRE(table.find("get") != nullptr);
  CHECK(table.find("get")->name == "get");
  CHECK(table.find("GET") == table.find("gEt"));
  CHECK(table.find("FirstAndRest")->name == "firstandrest");
  for (const std::string_view wrong : {"", "g", "ge", "gets", "gat", "box|set", "firstandres"}) {
    CHECK(table.find(wrong) == nullptr);
  }
}

TEST_CASE("names that share their first and last eight letters are told apart") {
  static constexpr CommandSpec kTwins[] = {
      {.name = "aaaaaaaa.x.bbbbbbbb", .arity = 1, .run = nothing},
      {.name = "aaaaaaaa.y.bbbbbbbb", .arity = 1, .run = nothing},
  };
  const std::span<const CommandSpec> rows[] = {kTwins};
  const CommandTable table(rows);
  CHECK(table.find("aaaaaaaa.x.BBBBBBBB")->spec == &kTwins[0]);
  CHECK(table.find("AAAAAAAA.y.bbbbbbbb")->spec == &kTwins[1]);
  CHECK(table.find("aaaaaaaa.z.bbbbbbbb") == nullptr);
}

TEST_CASE("only the letters lose their case when a name is looked up") {
  // Each differs from a name by the bit that tells capitals from small letters.
  static constexpr CommandSpec kOdd[] = {{.name = "a{b}c`d~", .arity = 1, .run = nothing}};
  const std::span<const CommandSpec> rows[] = {kOdd};
  const CommandTable table(rows);
  CHECK(table.find("A{B}C`D~") != nullptr);
  CHECK(table.find("a[b]c`d~") == nullptr);
  CHECK(table.find("a{b}c@d~") == nullptr);
  CHECK(table.find("a{b}c`d^") == nullptr);
  CHECK(table.find("\xc1{b}c`d~") == nullptr);
}

TEST_CASE("hundreds of names are all found, with subcommands after their containers") {
  std::vector<std::string> names;
  for (int i = 0; i < 400; ++i)
    names.push_back("command" + std::to_string(i));
  std::vector<CommandSpec> specs;
  for (const std::string& name : names) {
    specs.push_back({.name = name, .arity = 1, .run = nothing});
  }
  const std::span<const CommandSpec> rows[] = {kRows, specs};
  const CommandTable table(rows);
  for (const std::string& name : names)
    CHECK(table.find(name)->name == name);
  CHECK(table.size() == 400 + std::size(kRows) + std::size(kSubcommands));
  CHECK(table.all().size() == 400 + std::size(kRows));
  for (size_t i = 1; i < table.all().size(); ++i) {
    CHECK(table.all()[i - 1]->name < table.all()[i]->name);
  }
  for (uint32_t id = 0; id < table.size(); ++id)
    CHECK(table.by_id(id).id == id);
}

TEST_CASE("a subcommand is found through its container or by its full name") {
  const CommandTable table = make_table();
  const Result<const Command*> found = table.resolve(Words{"Box", "SET", "x"});
  REQUIRE(found.ok());
  CHECK((*found)->name == "box|set");
  CHECK((*found)->container == table.find("box"));
  CHECK(table.find_full("BOX|Set") == *found);
  CHECK(table.find_full("box") == table.find("box"));
  for (const std::string_view wrong : {"box|", "box|nope", "box|set|x", "get|x", "get|", "|", ""}) {
    CHECK(table.find_full(wrong) == nullptr);
  }
}

TEST_CASE("an unknown command is answered with the beginning of its arguments") {
  const CommandTable table = make_table();
  CHECK(error_of(table, {"FOO"}) == "ERR unknown command 'FOO', with args beginning with: ");
  CHECK(error_of(table, {"foo", "a", "b c"}) ==
        "ERR unknown command 'foo', with args beginning with: 'a' 'b c' ");
  const std::string x(200, 'x');
  const std::string y(200, 'y');
  CHECK(error_of(table, {x, y, "z"}) == "ERR unknown command '" + x.substr(0, 128) +
                                            "', with args beginning with: '" + y.substr(0, 128) +
                                            "' ");
  // The second gets what the first has left of 128: 'a' and a blank are 4.
  CHECK(error_of(table, {"foo", "a", y, "z"}) ==
        "ERR unknown command 'foo', with args beginning with: 'a' '" + y.substr(0, 124) + "' ");
  CHECK(error_of(table, {"foo", std::string_view("a\0b", 3)}) ==
        "ERR unknown command 'foo', with args beginning with: 'a' ");
}

TEST_CASE("an unknown subcommand is answered with where to find help") {
  const CommandTable table = make_table();
  CHECK(error_of(table, {"box", "Nope", "x"}) == "ERR unknown subcommand 'Nope'. Try BOX HELP.");
  const std::string x(200, 'x');
  CHECK(error_of(table, {"box", x}) ==
        "ERR unknown subcommand '" + x.substr(0, 128) + "'. Try BOX HELP.");
}

TEST_CASE("a wrong number of arguments is answered with the full name") {
  const CommandTable table = make_table();
  CHECK(error_of(table, {"GET"}) == "ERR wrong number of arguments for 'get' command");
  CHECK(error_of(table, {"get", "a", "b"}) == "ERR wrong number of arguments for 'get' command");
  CHECK(error_of(table, {"pairs", "a"}) == "ERR wrong number of arguments for 'pairs' command");
  CHECK(error_of(table, {"pairs", "a", "b", "c"}).empty());
  CHECK(error_of(table, {"box"}) == "ERR wrong number of arguments for 'box' command");
  CHECK(error_of(table, {"BOX", "SET"}) == "ERR wrong number of arguments for 'box|set' command");
}

TEST_CASE("keys are found by ranges at fixed places") {
  const CommandTable table = make_table();
  using Places = std::vector<uint32_t>;
  CHECK(all_keys_of(table, {"get", "k"}) == Places{1});
  CHECK(all_keys_of(table, {"pairs", "a", "1", "b", "2"}) == Places{1, 3});
  CHECK(all_keys_of(table, {"pairs", "a", "1", "b"}) == Places{1, 3});
  CHECK(all_keys_of(table, {"butlast", "a", "b", "0"}) == Places{1, 2});
  CHECK(all_keys_of(table, {"inarow", "a", "b"}) == Places{1, 2});
  CHECK(all_keys_of(table, {"withagap", "a", "x", "b"}) == Places{1, 3});
  CHECK(all_keys_of(table, {"channel", "c"}).empty());
  CHECK(all_keys_of(table, {"ping"}).empty());
}

TEST_CASE("a range that runs to the end may be empty") {
  const CommandTable table = make_table();
  using Places = std::vector<uint32_t>;
  CHECK(all_keys_of(table, {"firstandrest", "a"}) == Places{1});
  CHECK(all_keys_of(table, {"firstandrest", "a", "b", "c"}) == Places{1, 2, 3});
}

TEST_CASE("a command may say itself where its keys are") {
  const CommandTable table = make_table();
  CHECK(all_keys_of(table, {"sortlike", "k", "BY", "x", "STORE", "d"}) ==
        std::vector<uint32_t>{1, 5});
  CHECK(all_keys_of(table, {"sortlike", "k"}) == std::vector<uint32_t>{1});
  CHECK(keys_of(table, {"halves", "STREAMS", "a", "0"}).found == KeysFound::kUnknown);
}

TEST_CASE("a wrong number of arguments has no keys, as the command is refused") {
  const CommandTable table = make_table();
  for (const Words& argv : {Words{"get"}, Words{"get", "a", "b"}, Words{"sortlike"}}) {
    const Found found = keys_of(table, argv);
    CHECK(found.found == KeysFound::kRefused);
    CHECK(found.places.empty());
  }
}

TEST_CASE("the old triple covers ranges without a gap, and tells whether it is the whole truth") {
  const CommandTable table = make_table();
  const auto triple_of = [&table](std::string_view name) {
    const Command& command = *table.find(name);
    return std::vector<int32_t>{command.first_key, command.last_key, command.key_step};
  };
  using Triple = std::vector<int32_t>;
  CHECK(triple_of("get") == Triple{1, 1, 1});
  CHECK(triple_of("pairs") == Triple{1, -1, 2});
  CHECK(triple_of("butlast") == Triple{1, -2, 1});
  CHECK(triple_of("inarow") == Triple{1, 2, 1});
  CHECK(triple_of("withagap") == Triple{1, 1, 1});
  CHECK(triple_of("counted") == Triple{1, 1, 1});
  CHECK(triple_of("halves") == Triple{0, 0, 0});
  CHECK(triple_of("ping") == Triple{0, 0, 0});
  for (const std::string_view plain : {"get", "pairs", "butlast", "inarow", "firstandrest"}) {
    CHECK(table.find(plain)->has_plain_keys);
  }
  for (const std::string_view other :
       {"withagap", "counted", "halves", "sortlike", "channel", "ping", "box"}) {
    CHECK_FALSE(table.find(other)->has_plain_keys);
  }
}

TEST_CASE("categories follow from flags and group") {
  const CommandTable table = make_table();
  CHECK(table.find("get")->acl == (kAclString | kAclRead | kAclFast));
  CHECK(table.find("pairs")->acl == (kAclWrite | kAclSlow));
  CHECK(table.find("butlast")->acl == (kAclBlocking | kAclSlow));
  CHECK(table.find("eval")->acl == (kAclScripting | kAclSlow));
  CHECK(table.find("ping")->acl == (kAclConnection | kAclSlow));
  CHECK(table.find("box")->acl == kAclSlow);  // Never run itself.
  CHECK(table.find_full("box|set")->acl == (kAclAdmin | kAclDangerous | kAclSlow));
  CHECK(table.find_full("box|help")->acl == kAclSlow);
}

TEST_CASE("a renamed command is found by its new name alone, and keeps calling itself by its own") {
  CommandTable table = make_table();
  const Command* get = table.find("get");
  REQUIRE(table.rename({"GET", "Fetch"}).ok());
  CHECK(table.find("get") == nullptr);
  CHECK(table.find("fetch") == get);
  CHECK(table.find("FETCH") == get);
  CHECK(error_of(table, {"fetch"}) == "ERR wrong number of arguments for 'get' command");
  CHECK(table.all().size() == std::size(kRows));
  // The name has become free.
  REQUIRE(table.rename({"ping", "get"}).ok());
  CHECK(table.find("get")->name == "ping");
}

TEST_CASE("a command renamed to nothing is gone, and all others are still found") {
  CommandTable table = make_table();
  REQUIRE(table.rename({"box", ""}).ok());
  CHECK(table.find("box") == nullptr);
  CHECK(error_of(table, {"box", "set", "x"}) ==
        "ERR unknown command 'box', with args beginning with: 'set' 'x' ");
  CHECK(table.all().size() == std::size(kRows) - 1);
  for (const CommandSpec& spec : kRows)
    CHECK((table.find(spec.name) != nullptr) == (spec.name != "box"));
}

TEST_CASE("a command cannot be renamed if it is unknown or the name is taken") {
  CommandTable table = make_table();
  const Status unknown = table.rename({"nope", "x"});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message() == "No such command in rename-command");
  const Status taken = table.rename({"get", "PING"});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().message() == "Target command name already exists");
  CHECK(table.find("get") != nullptr);
  CHECK(table.rename({"get", "GET"}).ok());
  CHECK(table.find("get") != nullptr);
}

TEST_CASE("records find commands by their own names, whatever operators call them") {
  CommandTable table = make_table();
  REQUIRE(table.rename({"ping", "pong"}).ok());
  REQUIRE(table.rename({"get", "PING"}).ok());
  const Words ping{"Ping"};
  const Words get{"GET", "k"};
  CHECK(table.lookup(ping)->name == "get");
  CHECK(table.lookup_own(ping)->name == "ping");
  CHECK(table.lookup(get) == nullptr);
  CHECK(table.lookup_own(get)->name == "get");
  REQUIRE(table.rename({"ping", ""}).ok());
  CHECK(table.lookup(ping) == nullptr);
  CHECK(table.lookup_own(get)->name == "get");
  const Words unknown{"nope"};
  CHECK(table.lookup_own(unknown) == nullptr);
}

}  // namespace kvstash::engine
