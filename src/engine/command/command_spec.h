// CommandSpec: everything about a command except what it does.
//
// One constexpr row per command (and per subcommand). Lookup, arity, routing, ACL categories,
// COMMAND INFO, DOCS, LIST and GETKEYS all read the row; nothing is written twice. Rows live in
// commands/<family>_table.cc beside the family's functions (or in the room that a command needs)
// and are concatenated by the server. Pure data; any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Call;
class Shard;

// Runs the command. An Error becomes the reply "-<message>"; whatever was written before is
// removed. A command that returns an Error must not have changed data.
using RunCommand = Status (*)(Call&);

// Flags of commands, named as in COMMAND INFO unless noted.
enum CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,
  kMayReplicate = 1u << 14,
  kNoMulti = 1u << 15,
  kMovableKeys = 1u << 16,
  kAllowBusy = 1u << 17,
  kNoAsyncLoading = 1u << 18,
  kNoMandatoryKeys = 1u << 19,
  kProtected = 1u << 20,     // Not shown: allowed by enable-debug-command or a like option.
  kSentinelOnly = 1u << 21,  // Not shown.
  kPushReply = 1u << 22,     // Not shown: its reply is a push message.
  kSubscribers = 1u << 23,   // Not shown: RESP2 clients may send it while they are subscribed.
};

// ACL categories. The command table adds those that follow from flags and group: read, write, fast,
// slow, admin and dangerous (kAdmin), pubsub, blocking, and the group's own category if both have
// the same name. Rows of kGeneric therefore name kAclKeyspace themselves.
enum AclCategory : uint32_t {
  kAclKeyspace = 1u << 0,
  kAclRead = 1u << 1,
  kAclWrite = 1u << 2,
  kAclSet = 1u << 3,
  kAclSortedSet = 1u << 4,
  kAclList = 1u << 5,
  kAclHash = 1u << 6,
  kAclString = 1u << 7,
  kAclBitmap = 1u << 8,
  kAclHyperLogLog = 1u << 9,
  kAclGeo = 1u << 10,
  kAclStream = 1u << 11,
  kAclPubSub = 1u << 12,
  kAclAdmin = 1u << 13,
  kAclFast = 1u << 14,
  kAclSlow = 1u << 15,
  kAclBlocking = 1u << 16,
  kAclDangerous = 1u << 17,
  kAclConnection = 1u << 18,
  kAclTransaction = 1u << 19,
  kAclScripting = 1u << 20,
};

enum class CommandGroup : uint8_t {
  kGeneric,
  kString,
  kList,
  kSet,
  kSortedSet,
  kHash,
  kPubSub,
  kTransactions,
  kConnection,
  kServer,
  kScripting,
  kHyperLogLog,
  kCluster,
  kSentinel,
  kGeo,
  kStream,
  kBitmap,
};

// Which shards a command touches, and so how it is run.
enum class Scope : uint8_t {
  kSession,    // No data: runs on the connection's own shard, at once.
  kKeys,       // The shards of its keys, held while it runs.
  kAllShards,  // Every shard, held while it runs.
  kGather,     // Runs on the connection's shard; asks others by message through Call::gather.
  kChannel,    // The shard that owns the channel in argument 1, held while it runs.
};

// Finds the scope of one request, for the few commands of scope kKeys whose arguments may ask for
// more: kKeys or kAllShards. `home` is the connection's shard, whose thread this is. The arguments
// may be invalid in any way.
using FindScope = Scope (*)(std::span<const std::string_view> argv, Shard& home);

// Finds the flags of one request, for the few commands whose arguments decide what they will do:
// the flags of the row, changed. Called like a FindScope.
using FindFlags = uint32_t (*)(uint32_t row_flags, std::span<const std::string_view> argv,
                               Shard& home);

// ---- Keys.

enum KeyFlag : uint32_t {
  kKeyRO = 1u << 0,
  kKeyRW = 1u << 1,
  kKeyOW = 1u << 2,
  kKeyRM = 1u << 3,
  kKeyAccess = 1u << 4,
  kKeyUpdate = 1u << 5,
  kKeyInsert = 1u << 6,
  kKeyDelete = 1u << 7,
  kKeyNotKey = 1u << 8,
  kKeyIncomplete = 1u << 9,
  kKeyVariableFlags = 1u << 10,
};

// Where keys stand among the arguments, as Redis describes it (COMMAND INFO, "key specifications").
// The server itself finds keys by ranges that begin at an index; all other specifications are only
// shown to clients, and their row has a FindKeys.
struct KeySpec {
  enum class Begin : uint8_t { kUnknown, kIndex, kKeyword };
  enum class Find : uint8_t { kUnknown, kRange, kKeynum };

  uint32_t flags = 0;
  Begin begin = Begin::kIndex;
  int32_t index = 0;           // kIndex: the first key's argument (the command's name is 0).
  std::string_view keyword{};  // kKeyword: the keys follow this word.
  // kKeyword: the word is searched from this argument on; negative: from the end.
  int32_t start_from = 0;
  Find find = Find::kRange;
  int32_t last = 0;   // kRange: the last key, counted from the first; negative: from the end.
  int32_t step = 1;   // kRange, kKeynum: arguments from key to key.
  int32_t limit = 0;  // kRange with last -1: 2 is half of the rest, and so on.
  // kKeynum: the argument with the number of keys, counted from the beginning.
  int32_t keynum_index = 0;
  int32_t first_key = 0;  // kKeynum: the first key, counted from the beginning.
  std::string_view notes{};
};

// One key among the arguments, and how the command uses it (KeyFlag).
struct KeyAt {
  uint32_t index;
  uint32_t flags;
};

// How far a command's keys can be found from its arguments.
enum class KeysFound : uint8_t {
  kAll,  // The command touches no key but those that were found.
  // The command refuses its arguments, and touches no key but those found up to there.
  kRefused,
  kUnknown,  // The command may touch any key besides those that were found.
};

// Appends the keys of `argv`, whose number fits the row's arity, for commands whose keys do not
// stand in ranges at fixed places: keys behind options or behind their number, or with flags that
// depend on an option. It uses the parser that the command itself uses when it runs, so that both
// agree on what is a key. The parser may be more lenient here, never stricter: arguments that are
// refused here are refused there. It appends the keys it finds also where it does not return kAll.
using FindKeys = KeysFound (*)(std::span<const std::string_view> argv, std::vector<KeyAt>& keys);

// One key at `index`; keys from `index` up to `last` (negative: from the end), every `step`
// arguments.
constexpr KeySpec key_at(int32_t index, uint32_t flags) {
  return {.flags = flags, .index = index};
}
constexpr KeySpec keys_from(int32_t index, int32_t last, int32_t step, uint32_t flags) {
  return {.flags = flags, .index = index, .last = last, .step = step};
}

// ---- Documentation.

enum class ArgType : uint8_t {
  kString,
  kInteger,
  kDouble,
  kKey,
  kPattern,
  kUnixTime,
  kPureToken,
  kOneOf,
  kBlock,
};

enum ArgFlag : uint8_t {
  kArgOptional = 1u << 0,
  kArgMultiple = 1u << 1,
  kArgMultipleToken = 1u << 2,
};

struct ArgSpec {
  std::string_view name{};
  ArgType type = ArgType::kString;
  int8_t key_spec = -1;
  std::string_view token{};
  std::string_view summary{};
  std::string_view since{};
  std::string_view deprecated_since{};
  uint8_t flags = 0;
  std::span<const ArgSpec> arguments{};  // kOneOf, kBlock.
};

struct HistoryNote {
  std::string_view since{};
  std::string_view change{};
};

// ---- The row.

struct CommandSpec {
  std::string_view name{};  // Lower case.
  int16_t arity = 0;        // Number of arguments with the name; negative: at least so many.
  uint32_t flags = 0;
  uint32_t acl = 0;  // Categories beyond those that follow from flags and group.
  CommandGroup group = CommandGroup::kGeneric;
  Scope scope = Scope::kKeys;
  std::span<const KeySpec> keys{};
  FindKeys find_keys = nullptr;    // Instead of `keys`, which are then only shown.
  FindScope find_scope = nullptr;  // Instead of `scope`, where that depends on the arguments.
  FindFlags find_flags = nullptr;  // Instead of `flags`, where they depend on the arguments.
  std::string_view since{};
  std::string_view complexity{};
  std::string_view summary{};
  std::string_view deprecated_since{};  // Empty: not deprecated.
  std::string_view replaced_by{};
  bool is_syscmd = false;
  std::span<const HistoryNote> history{};
  std::span<const std::string_view> tips{};
  std::span<const ArgSpec> arguments{};
  std::span<const CommandSpec>
      subcommands{};  // Of a container; its `run`, if set, serves the name alone.
  RunCommand run = nullptr;

  constexpr bool has(CommandFlag flag) const { return (flags & flag) != 0; }
};

}  // namespace kvstash::engine
