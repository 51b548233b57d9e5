// Every command of the table under random arguments, drawn from its own documentation and then
// spoiled: option words as keys and values, options that are repeated or out of order, wrong
// counts, missing arguments. The audit of Call (engine/command/key_audit.h) and its hold end the
// test where a command touches a key that the extraction did not find, or a shard that routing did
// not hold. With KVSTASH_MODEL_SEED set to the seed the commands are printed, the guilty one last.
#include "commands/tables.h"
#include "engine/client/session.h"
#include "engine/command/reach.h"
#include "persist/commands/persist_table.h"
#include "scripting/scripting.h"
#include "scripting/scripting_table.h"
#include "scripting/sha1.h"
#include "server/server_commands.h"
#include "support/held_shards.h"
#include "support/model_seed.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash {
namespace {

using engine::ArgSpec;
using engine::ArgType;
using engine::Command;
using engine::CommandTable;
using engine::KeyAt;
using engine::KeysFound;
using engine::Scope;
using Words = std::vector<std::string>;
using Argv = std::vector<std::string_view>;

constexpr std::string_view kPlainKeys[] = {"a", "b", "c", "d", "e", "f", "", "src"};
constexpr std::string_view kOptionWords[] = {
    "STORE",   "store",     "STOREDIST", "BY",         "by",       "GET",        "get",   "LIMIT",
    "limit",   "STREAMS",   "streams",   "COUNT",      "count",    "GROUP",      "BLOCK", "WEIGHTS",
    "weights", "AGGREGATE", "SUM",       "WITHSCORES", "NX",       "xx",         "CH",    "ANY",
    "ASC",     "desc",      "ALPHA",     "LEFT",       "right",    "MIN",        "max",   "NOACK",
    "EX",      "px",        "KEEPTTL",   "IFEQ",       "INCR",     "OVERFLOW",   "SET",   "INCRBY",
    "DB",      "REPLACE",   "MKSTREAM",  "FROMMEMBER", "BYRADIUS", "FROMLONLAT", "BYBOX", "KEYS",
};
constexpr std::string_view kIntegers[] = {"0", "1", "2", "3", "-1", "5", "10", "100", "x", ""};
constexpr std::string_view kValues[] = {"x", "1", "2", "1-1", ">", "$",
                                        "0", "*", "#", "w_*", "m", "u8"};
constexpr std::string_view kScripts[] = {
    "return 1",
    "return redis.pcall('GET', KEYS[1])",
    "return redis.pcall('SORT', KEYS[1], 'STORE', ARGV[1], 'STORE', KEYS[2])",
    "#!lua\nreturn redis.pcall('SET', KEYS[1], 'x')",
    "#!lua\nreturn redis.pcall('SORT', KEYS[1], 'BY', 'w_*', 'GET', '#')",
    "#!lua\nreturn redis.pcall('SORT', KEYS[1], 'BY', 'STORE', 'STORE', ARGV[1])",
    "#!lua\nreturn redis.pcall('XREADGROUP', 'GROUP', 'g', ARGV[1], 'STREAMS', KEYS[1], '>')",
    "#!lua\nreturn redis.pcall('PFMERGE', KEYS[1])",
};
constexpr std::string_view kLibrary =
    "#!lua name=lib\n"
    "redis.register_function{function_name = 'f', flags = {'no-writes'}, callback = "
    "function(keys)\n"
    "  return redis.pcall('SORT_RO', keys[1], 'BY', 'STORE') end}\n"
    "redis.register_function('g', function(keys, args)\n"
    "  return redis.pcall('SORT', keys[1], 'STORE', args[1]) end)";
constexpr std::string_view kGroups[] = {"x", "STREAMS"};
constexpr std::string_view kIds[] = {"1-1", ">", ">", "0", "0", "-", "+", "$"};
constexpr std::string_view kTimes[] = {"0", "1", "x"};
constexpr std::string_view kLexBounds[] = {"-", "+", "[1", "(m", "x"};
constexpr std::string_view kOperations[] = {"AND", "OR", "NOT", "x"};
constexpr std::string_view kFunctions[] = {"f", "g", "h"};
constexpr std::string_view kLibraries[] = {kLibrary, "lib"};
constexpr std::string_view kPfdebug[] = {"GETREG", "DECODE", "ENCODING", "TODENSE"};

// Where only certain values lead anywhere: by the name of the argument.
struct Pool {
  std::string_view command;  // The beginning of its name.
  std::string_view argument;
  std::span<const std::string_view> values;
};
constexpr Pool kPools[] = {
    {"eval", "script", kScripts},
    {"x", "group", kGroups},
    {"x", "groupname", kGroups},
    {"x", "id", kIds},
    {"x", "start", kIds},
    {"x", "end", kIds},
    {"x", "min-idle-time", kTimes},
    {"x", "milliseconds", kTimes},
    {"zrange", "start", kIntegers},
    {"zrange", "stop", kIntegers},
    {"zrangestore", "min", kIntegers},
    {"zrangestore", "max", kIntegers},
    {"zlexcount", "min", kLexBounds},
    {"zlexcount", "max", kLexBounds},
    {"zrangebylex", "min", kLexBounds},
    {"zrangebylex", "max", kLexBounds},
    {"zrevrangebylex", "min", kLexBounds},
    {"zrevrangebylex", "max", kLexBounds},
    {"zremrangebylex", "min", kLexBounds},
    {"zremrangebylex", "max", kLexBounds},
    {"bitop", "operation", kOperations},
    {"fcall", "function", kFunctions},
    {"function|load", "function-code", kLibraries},
    {"function|delete", "library-name", kLibraries},
    {"pfdebug", "subcommand", kPfdebug},
};

// What DEBUG does with keys and tells only its client; the rest of it prints, or stops servers.
constexpr std::string_view kDebug[] = {"OBJECT", "DIGEST-VALUE", "SDSLEN", "POPULATE",
                                       "HTSTATS-KEY"};

// Draws commands.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}

  Words command(const Command& command) {
    command_ = command.name;
    Words words;
    if (command.container != nullptr) words.emplace_back(command.container->spec->name);
    words.emplace_back(command.spec->name);
    const size_t fixed = words.size();
    if (command.name == "debug") words.push_back(one(kDebug));
    add(command.spec->arguments, words);
    if (command.spec->arguments.empty()) add_some(words);
    for (uint64_t faults = random_.below(3); faults != 0; --faults)
      spoil(words, fixed);
    return words;
  }
  std::string key() { return one_in(3) ? one(kOptionWords) : one(kPlainKeys); }
  bool one_in(uint64_t n) { return random_.one_in(n); }
  uint64_t below(uint64_t bound) { return random_.below(bound); }

 private:
  template <size_t kSize>
  std::string one(const std::string_view (&pool)[kSize]) {
    return std::string(pool[random_.below(kSize)]);
  }

  void add_some(Words& words) {
    for (uint64_t left = random_.below(4); left != 0; --left)
      words.push_back(key());
  }
  void add(std::span<const ArgSpec> arguments, Words& words) {
    for (const ArgSpec& argument : arguments)
      add(argument, words);
  }
  void add(const ArgSpec& argument, Words& words) {
    if ((argument.flags & engine::kArgOptional) != 0 && !one_in(2)) return;
    const bool is_many = (argument.flags & engine::kArgMultiple) != 0 || one_in(16);
    const uint64_t times = is_many ? 1 + random_.below(3) : 1;
    for (uint64_t i = 0; i < times; ++i) {
      const bool has_token =
          !argument.token.empty() && (i == 0 || (argument.flags & engine::kArgMultipleToken) != 0);
      if (has_token) words.emplace_back(argument.token);
      add_value(argument, words);
    }
  }
  void add_value(const ArgSpec& argument, Words& words) {
    for (const Pool& pool : kPools) {
      const bool fits = command_.starts_with(pool.command) && argument.name == pool.argument;
      if (fits && argument.arguments.empty() && !one_in(8))
        return words.push_back(std::string(pool.values[random_.below(pool.values.size())]));
    }
    if (argument.name == "sha1") return words.push_back(scripting::sha1_hex(one(kScripts)));
    switch (argument.type) {
      case ArgType::kPureToken:
        return;
      case ArgType::kBlock:
        return add(argument.arguments, words);
      case ArgType::kOneOf:
        return add(argument.arguments[random_.below(argument.arguments.size())], words);
      case ArgType::kKey:
        return words.push_back(key());
      case ArgType::kInteger:
      case ArgType::kDouble:
      case ArgType::kUnixTime:
        return words.push_back(one(kIntegers));
      case ArgType::kString:
      case ArgType::kPattern:
        break;
    }
    words.push_back(one_in(4) ? one(kOptionWords) : one(kValues));
  }

  // A word too many, too few, another, or in another place; not the command's name.
  void spoil(Words& words, size_t fixed) {
    const auto place = [&] {
      return words.begin() + static_cast<ptrdiff_t>(fixed + random_.below(words.size() - fixed));
    };
    if (words.size() == fixed || one_in(3)) {
      const size_t at = fixed + random_.below(words.size() - fixed + 1);
      words.insert(words.begin() + static_cast<ptrdiff_t>(at), one(kOptionWords));
    } else if (one_in(3)) {
      words.erase(place());
    } else if (one_in(2)) {
      *place() = one_in(2) ? one(kOptionWords) : one(kIntegers);
    } else {
      std::swap(*place(), *place());
    }
  }

  Random random_;
  std::string_view command_;  // Of the command that is drawn.
};

// What DUMP gives for the string 10.
constexpr std::string_view kDumped(
    "\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xae"
    "c\xbb",
    13);

std::vector<std::span<const engine::CommandSpec>> all_rows() {
  const auto commands = commands::all_commands();
  std::vector<std::span<const engine::CommandSpec>> rows(commands.begin(), commands.end());
  rows.push_back(scripting::scripting_commands());
  rows.push_back(persist::persist_commands());
  rows.push_back(server::server_commands());
  return rows;
}

// Commands of other groups need a connection or a server around them; those on keys do not, but for
// MIGRATE, whose keys tests/unit/persist/migrate/move_request_test.cc looks at.
bool can_run(const Command& command) {
  using enum engine::CommandGroup;
  if (command.name == "migrate") return false;
  if (command.spec->run == nullptr || command.spec->scope == Scope::kSession) return false;
  if (!command.spec->keys.empty() || command.spec->find_keys != nullptr)
    return command.spec->group != kPubSub;
  const engine::CommandGroup group = command.spec->group;
  return group != kServer && group != kConnection && group != kPubSub && group != kTransactions &&
         group != kCluster;
}

// Four shards; each command holds those that its arguments reach, and no others.
class Node {
 public:
  explicit Node(uint64_t seed)
      : draw_(seed), shards_(kShards, rows()), scripting_(kShards, "7.2.4") {
    shards_.set().set_scripting(scripting_);
    answered_.resize(table().size());
  }

  const CommandTable& table() { return shards_.set().commands(); }
  Draw& draw() { return draw_; }

  void run(const Words& words) {
    const Argv argv(words.begin(), words.end());
    const Result<const Command*> command = table().resolve(argv);
    if (!command.ok()) return;
    std::vector<KeyAt> keys;
    const KeysFound found = CommandTable::keys_of(**command, argv, keys);
    for (const KeyAt& key : keys)
      REQUIRE(key.index < argv.size());
    check_plain(**command, argv, keys);
    const std::string reply = run(**command, argv);
    // Where the parser of the command refuses the arguments, the command must say so.
    if (found == KeysFound::kRefused) CHECK(reply.starts_with("-"));
    if (!reply.starts_with("-")) answered_[(*command)->id] = true;
  }

  // By command: whether it was ever answered with anything but an error.
  const std::vector<bool>& answered() const { return answered_; }

  // Other values at the keys, of every type.
  void refill() {
    run({"FLUSHALL"});
    run({"FUNCTION", "LOAD", "REPLACE", std::string(kLibrary)});
    for (const char* command : {"RESTORE", "RESTORE-ASKING"})
      run({command, draw_.key(), "0", std::string(kDumped), "REPLACE"});
    for (const std::string_view script : kScripts)
      run({"SCRIPT", "LOAD", std::string(script)});
    for (const std::string_view name : kPlainKeys)
      fill(std::string(name));
    for (const std::string_view name : kOptionWords)
      fill(std::string(name));
  }

  // The same, of some of the keys: commands before have taken many away.
  void renew() {
    constexpr int kKeys = 8;
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = draw_.key();
      run({"DEL", key});
      fill(key);
    }
  }

 private:
  static constexpr size_t kShards = 4;

  static test::HeldShards::Rows rows() {
    static const auto kRows = all_rows();
    return kRows;
  }

  void fill(const std::string& key) {
    switch (draw_.below(10)) {
      case 0:
        return run({"SET", key, "1"});
      case 1:
        return run({"RPUSH", key, "3", "1", "2"});
      case 2:
        return run({"SADD", key, "1", "2", "m"});
      case 3:
        return run({"ZADD", key, "1", "1", "2", "m"});
      case 4:
        return run({"HSET", key, "x", "1", "m", "2"});
      case 5:
        return run({"GEOADD", key, "1", "1", "m", "2", "2", "x"});
      case 6:
        return run({"PFADD", key, "x"});
      default:
        run({"XADD", key, "1-1", "x", "1"});
        for (const std::string_view group : kGroups)
          run({"XGROUP", "CREATE", key, std::string(group), "0"});
    }
  }

  // What the intake takes for the keys of a command, where their places tell them.
  static void check_plain(const Command& command, const Argv& argv,
                          const std::vector<KeyAt>& keys) {
    if (!command.has_plain_keys) return;
    const auto argc = static_cast<int32_t>(argv.size());
    const int32_t last = command.last_key >= 0 ? command.last_key : argc + command.last_key;
    std::vector<uint32_t> places;
    for (int32_t at = command.first_key; at <= last; at += command.key_step)
      places.push_back(static_cast<uint32_t>(at));
    std::vector<uint32_t> found;
    for (const KeyAt& key : keys)
      found.push_back(key.index);
    CHECK(found == places);
  }

  std::string run(const Command& command, const Argv& argv) {
    engine::Reach reach;
    reach.add(command, argv, shards_.at(0));
    std::vector<bool> members(kShards, reach.needs_all());
    for (const size_t shard : reach.shards())
      members[shard] = true;
    const auto first = std::ranges::find(members, true);
    const size_t worker = first == members.end() ? 0 : static_cast<size_t>(first - members.begin());
    const bool is_single = std::ranges::count(members, true) <= 1;
    engine::Shard& executing = shards_.at(worker);
    const engine::Hold hold = is_single ? executing.hold_here() : executing.hold_of(&members);
    engine::Session session;
    engine::Caller caller;
    caller.session = &session;
    caller.in_transaction = draw_.one_in(2);
    caller.remembers_reads = draw_.one_in(2);
    caller.client_id = 1;
    resp::ReplyBuffer out;
    engine::Executor& executor = shards_.at(worker).executor();
    executor.run(command, argv, hold, caller, out, {});
    if (const auto waiter = executor.take_waiter()) forget(*waiter);
    return std::string(out.view());
  }

  // Nobody waits for long.
  void forget(engine::Waiter& waiter) {
    for (const std::string& key : waiter.keys) {
      shards_.at(shards_.set().shard_of(key))
          .data()
          .blocked_keys()
          .remove(waiter.caller.db, key, waiter);
    }
  }

  Draw draw_;
  test::HeldShards shards_;
  scripting::Scripting scripting_;
  std::vector<bool> answered_;  // By command.
};

std::string shown(const Words& words) {
  std::string text;
  for (const std::string& word : words)
    text += "'" + word + "' ";
  return text;
}

}  // namespace

TEST_CASE("every key that a command touches under random arguments was found before") {
  constexpr int kRefills = 60;
  constexpr int kDrawsPerRefill = 20;
  const auto rows = all_rows();
  const CommandTable table(rows);
  std::vector<bool> answered(table.size());
  for (const uint64_t fixed : {1, 2, 3}) {
    const uint64_t seed = test::model_seed().value_or(fixed);
    CAPTURE(seed);
    Node node(seed);
    for (int refill = 0; refill < kRefills; ++refill) {
      node.refill();
      for (uint32_t id = 0; id < node.table().size(); ++id) {
        const Command& command = node.table().by_id(id);
        if (can_run(command)) node.renew();
        for (int i = 0; can_run(command) && i < kDrawsPerRefill; ++i) {
          const Words words = node.draw().command(command);
          const std::string text = shown(words);
          CAPTURE(text);
          if (test::model_seed()) std::puts(text.c_str());
          node.run(words);
        }
      }
    }
    for (size_t id = 0; id < answered.size(); ++id)
      answered[id] = answered[id] || node.answered()[id];
  }
  // None is only ever refused. Of FUNCTION RESTORE nobody guesses a payload.
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command& command = table.by_id(id);
    if (!can_run(command) || command.name == "function|restore") continue;
    CAPTURE(command.name);
    CHECK(answered[id]);
  }
}

TEST_CASE("commands of the connection alone have no keys") {
  const auto rows = all_rows();
  const CommandTable table(rows);
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command& command = table.by_id(id);
    if (command.spec->scope != Scope::kSession || command.spec->run == nullptr) continue;
    CAPTURE(command.name);
    const bool finds_keys = command.spec->find_keys != nullptr;
    CHECK_FALSE(finds_keys);
    CHECK(command.spec->keys.empty());
  }
}

}  // namespace kvstash
