#include "base/alloc.h"
#include "base/glob.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "commands/shared/container_options.h"
#include "commands/shared/help.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/execution/waiter.h"
#include "engine/shard.h"
#include "persist/node/persistence.h"
#include "replication/node/replication.h"
#include "scripting/scripting.h"
#include "server/allocator_report.h"
#include "server/config_rewrite.h"
#include "server/debug_digest.h"
#include "server/debug_protocol.h"
#include "server/debug_value.h"
#include "server/server.h"
#include "server/server_commands.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace kvstash::server {
namespace {

using engine::DbIndex;
using engine::Key;
using engine::Shard;
namespace errors = engine::errors;

Server& server_of(Call& call) {
  return static_cast<Server&>(call.server());
}

// Reads a number as C's atoi does, which test suites rely on: a text that is no number is 0.
bool flag_of(std::string_view word) {
  return std::atoi(std::string(word).c_str()) != 0;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Status reply_ok(Call& call) {
  call.reply().ok();
  return {};
}

// ---- Stopping and failing.

// DEBUG SLEEP holds every shard while it sleeps, so the whole server stops serving.
Status debug_sleep(Call& call) {
  constexpr double kNsPerSecond = 1e9;
  const double seconds = std::strtod(std::string(call.arg(2)).c_str(), nullptr);
  if (seconds > 0) {
    const double whole = std::min(seconds, 1e9);
    timespec wait{.tv_sec = static_cast<time_t>(whole), .tv_nsec = 0};
    wait.tv_nsec = static_cast<long>((whole - static_cast<double>(wait.tv_sec)) * kNsPerSecond);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, nullptr);
  }
  return reply_ok(call);
}

Status debug_error(Call& call) {
  return Error::text(std::string(call.arg(2)));
}

Status debug_panic(Call&) {
  panic(__FILE__, __LINE__, "called by Unit Test");
}

Status debug_assert(Call& call) {
  ensure(call.argc() == 1);  // This fails: argc() is 2.
  return {};
}

Status debug_segfault(Call& call) {
  std::raise(SIGSEGV);
  return reply_ok(call);
}

Status debug_oom(Call& call) {
  deallocate(allocate(std::numeric_limits<size_t>::max() / 2), 0);
  return reply_ok(call);
}

Status debug_log(Call& call) {
  log(LogLevel::kWarning, "DEBUG LOG: " + std::string(call.arg(2)));
  return reply_ok(call);
}

// ---- Switches.

Status debug_set_active_expire(Call& call) {
  call.each_held([&](Shard& shard) { shard.active_expire = flag_of(call.arg(2)); });
  return reply_ok(call);
}

Status debug_pause_cron(Call& call) {
  call.each_held([&](Shard& shard) { shard.is_cron_paused = flag_of(call.arg(2)); });
  return reply_ok(call);
}

// DEBUG SET-DISABLE-DENY-SCRIPTS lets scripts run commands that are flagged noscript, as far as
// those can run inside a script: see script_call.cc.
Status debug_set_disable_deny_scripts(Call& call) {
  scripting::Scripting::of(call).allows_denied = flag_of(call.arg(2));
  return reply_ok(call);
}

Status debug_config_rewrite_force_all(Call& call) {
  return rewrite_own_config(call, RewriteScope::kAll);
}

Status debug_change_repl_id(Call& call) {
  log(LogLevel::kNotice, "Changing replication IDs after receiving change-repl-id");
  server_of(call).replication().history().begin();
  return reply_ok(call);
}

Status debug_quicklist_packed_threshold(Call& call) {
  constexpr uint64_t kMax = (uint64_t{1} << 32) - (uint64_t{1} << 20);
  const std::optional<uint64_t> bytes = parse_memory(call.arg(2));
  if (!bytes || *bytes > kMax)
    return Error::literal("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  call.each_held([&](Shard& shard) { shard.quicklist_packed_threshold = *bytes; });
  return reply_ok(call);
}

Status debug_set_skip_checksum_validation(Call& call) {
  const bool skips = flag_of(call.arg(2));
  call.each_held([&](Shard& shard) { shard.skips_dump_checksums = skips; });
  return reply_ok(call);
}

// DEBUG REPLYBUFFER does nothing. Output buffers are lent for a turn and never shrink on a
// schedule, so there is nothing to tune, but test suites that tune it expect OK.
Status debug_replybuffer(Call& call) {
  const std::string_view what = call.arg(2);
  if (equals_ignore_case(what, "resizing")) return reply_ok(call);
  if (!equals_ignore_case(what, "peak-reset-time")) return commands::subcommand_syntax(call);
  const std::string_view time = call.arg(3);
  if (!equals_ignore_case(time, "never") && !equals_ignore_case(time, "reset") &&
      !parse_int64(time))
    return errors::not_an_integer();
  return reply_ok(call);
}

// Both load files, for which all shards must go on: so they do not run in transactions.
Status refuse_in_transaction(Call& call) {
  if (!call.caller().in_transaction) return {};
  return Error::literal("ERR DEBUG RELOAD and DEBUG LOADAOF are not allowed in transactions");
}

Status debug_loadaof(Call& call) {
  if (Status refused = refuse_in_transaction(call); !refused.ok()) return refused;
  call.shards().persistence().reload({.from_aof = true, .saves_first = false}, call.answer_later());
  return {};
}

Status debug_reload(Call& call) {
  if (Status refused = refuse_in_transaction(call); !refused.ok()) return refused;
  persist::Persistence::Reload reload;
  for (engine::ArgReader args(call.args_from(2)); !args.done();) {
    if (args.take("MERGE")) {
      // Keys that are in the file and in memory keep the file's values.
    } else if (args.take("NOFLUSH")) {
      reload.flushes_first = false;
    } else if (args.take("NOSAVE")) {
      reload.saves_first = false;
    } else {
      return Error::literal(
          "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  call.shards().persistence().reload(reload, call.answer_later());
  return {};
}

// ---- Data.

Status debug_digest(Call& call) {
  Digest digest;
  for (uint32_t db = 0; db < static_cast<uint32_t>(call.options().databases); ++db) {
    std::vector<store::Keyspace*> spaces;
    call.hold().each(
        [&](engine::ShardData& shard) { spaces.push_back(shard.keyspace_if_any(DbIndex{db})); });
    add_database(digest, db, spaces);
  }
  call.reply().simple(digest.hex());
  return {};
}

Status debug_digest_value(Call& call) {
  call.reply().array(call.argc() - 2);
  for (const std::string_view name : call.args_from(2)) {
    const Key key = call.peek(name);
    call.reply().simple((key.exists() ? value_digest(key.entry()) : Digest()).hex());
  }
  return {};
}

Status debug_object(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) return errors::no_such_key();
  const store::Entry& entry = key.entry();
  char address[32];
  std::snprintf(address, sizeof(address), "%p", static_cast<const void*>(&entry));
  const int64_t idle_s = store::idle_ms(entry.access(), call.now_ms()) / 1000;
  call.reply().simple(
      "Value at:" + std::string(address) +
      " refcount:1 encoding:" + std::string(store::encoding_name(entry.encoding())) +
      " serializedlength:" + std::to_string(serialized_bytes(entry)) +
      " lru:" + std::to_string(entry.access()) + " lru_seconds_idle:" + std::to_string(idle_s) +
      (entry.encoding() == store::Encoding::kQuicklist
           ? quicklist_summary(*key.view<store::List>(), commands::list_limits(call))
           : std::string()));
  return {};
}

// DEBUG LISTPACK and DEBUG QUICKLIST print to standard output as Redis does, because test suites
// expect the same reply.
Status debug_listpack(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) return errors::no_such_key();
  const std::optional<store::Listpack> pack = listpack_of(key.entry());
  if (!pack) return Error::literal("ERR Not a listpack encoded object.");
  print(describe_listpack(pack->view()));
  call.reply().simple("Listpack structure printed on stdout");
  return {};
}

Status debug_quicklist(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) return errors::no_such_key();
  if (key.entry().encoding() != store::Encoding::kQuicklist)
    return Error::literal("ERR Not a quicklist encoded object.");
  const bool with_elements = call.argc() == 4 && flag_of(call.arg(3));
  print(describe_quicklist(*key.view<store::List>(), with_elements));
  call.reply().simple("Quicklist structure printed on stdout");
  return {};
}

Status debug_sdslen(Call& call) {
  Key key = call.inspect(2);
  if (!key.exists()) return errors::no_such_key();
  const store::Entry& entry = key.entry();
  if (entry.type() != store::ValueType::kString || entry.encoding() == store::Encoding::kInt)
    return Error::literal("ERR Not an sds encoded string.");
  const size_t spare = entry.is_blob() ? entry.blob()->capacity - entry.blob()->size : 0;
  call.reply().simple(
      "key_sds_len:" + std::to_string(entry.key().size()) +
      ", key_sds_avail:0, key_zmalloc: " + std::to_string(allocation_bytes(entry.bytes_asked())) +
      ", val_sds_len:" + std::to_string(key.string_size()) +
      ", val_sds_avail:" + std::to_string(spare) + ", val_zmalloc: " +
      std::to_string(entry.is_blob()
                         ? store::Keyspace::bytes_of(entry) - allocation_bytes(entry.bytes_asked())
                         : 0));
  return {};
}

// The value of the key `number`: "value:<number>". If `size` is not 0, it is cut or filled with
// zeros to `size` bytes.
std::string populated_value(int64_t number, size_t size) {
  std::string value = "value:" + std::to_string(number);
  if (size != 0) value.resize(size, '\0');
  return value;
}

Status debug_populate(Call& call) {
  const auto positive = [&](size_t arg) -> Result<int64_t> {
    const std::optional<int64_t> number = parse_int64(call.arg(arg));
    if (!number || *number < 0) return errors::must_be_positive();
    return *number;
  };
  const Result<int64_t> count = positive(2);
  if (!count.ok()) return count.error();
  const Result<int64_t> size = call.argc() == 5 ? positive(4) : Result<int64_t>(int64_t{0});
  if (!size.ok()) return size.error();
  if (static_cast<uint64_t>(*size) > call.options().proto_max_bulk_len)
    return errors::string_too_long();
  const std::string prefix(call.argc() >= 4 ? call.arg(3) : "key");
  for (int64_t i = 0; i < *count; ++i) {
    const std::string name = prefix + ":" + std::to_string(i);
    Key key = call.write(name);
    if (key.exists()) continue;
    key.set_string(populated_value(i, static_cast<size_t>(*size)), std::nullopt);
  }
  return reply_ok(call);
}

Status debug_htstats(Call& call) {
  const std::optional<int64_t> db = parse_int64(call.arg(2));
  if (!db) return errors::not_an_integer();
  if (*db < 0 || *db >= call.options().databases)
    return Error::literal("ERR Out of range database");
  std::string text = "[Dictionary HT]\n";
  std::string deadlines = "[Expires HT]\n";
  call.hold().each([&](const engine::ShardData& shard) {
    const store::Keyspace* space = shard.keyspace_if_any(static_cast<DbIndex>(*db));
    if (space == nullptr) return;
    const store::HashTable& table = space->table();
    text += "Hash table of shard " + std::to_string(shard.id()) +
            ":\n table size: " + std::to_string(table.slot_count()) +
            "\n number of elements: " + std::to_string(table.size()) +
            "\n buckets: " + std::to_string(table.bucket_count()) +
            "\n bytes: " + std::to_string(table.bytes()) +
            "\n resizing: " + (table.is_resizing() ? "yes" : "no") + "\n";
    deadlines += "Timing wheel of shard " + std::to_string(shard.id()) +
                 ":\n number of elements: " + std::to_string(space->deadlines().size()) + "\n";
  });
  call.reply().verbatim("txt", text + deadlines);
  return {};
}

Status debug_htstats_key(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) return errors::no_such_key();
  const bool with_distribution = call.argc() >= 4 && equals_ignore_case(call.arg(3), "full");
  const std::optional<std::string> text = describe_tables(key.entry(), with_distribution);
  if (!text)
    return Error::literal(
        "ERR The value stored at the specified key is not represented using an hash table");
  call.reply().verbatim("txt", *text);
  return {};
}

Status debug_structsize(Call& call) {
  call.reply().simple(fmt::format("bits:{} entry:{} session:{} waiter:{} command:{} ",
                                  sizeof(void*) * 8, sizeof(store::Entry), sizeof(engine::Session),
                                  sizeof(engine::Waiter), sizeof(engine::Command)));
  return {};
}

// ---- The allocator, and our own glob matcher.

Status debug_mallctl(Call& call) {
  std::optional<int64_t> value;
  if (call.argc() == 4 && !(value = parse_int64(call.arg(3)))) return errors::not_an_integer();
  const Result<int64_t> now = allocator_number(std::string(call.arg(2)), value);
  if (!now.ok()) return now.error();
  call.reply().integer(*now);
  return {};
}

Status debug_mallctl_str(Call& call) {
  std::optional<std::string> value;
  if (call.argc() == 4) value = std::string(call.arg(3));
  const Result<std::string> now = allocator_text(std::string(call.arg(2)), value);
  if (!now.ok()) return now.error();
  call.reply().bulk(*now);
  return {};
}

// Matches random patterns with random texts. The test passes if every match ends.
Status debug_stringmatch_test(Call& call) {
  constexpr int kRounds = 10'000;
  constexpr uint64_t kBytesMax = 32;
  constexpr std::string_view kPatternBytes = "*?[]^-\\abc";
  Random& random = call.hold().random();
  const auto text_of = [&](std::string_view alphabet) {
    std::string text;
    for (uint64_t left = random.below(kBytesMax); left != 0; --left)
      text += alphabet[random.below(alphabet.size())];
    return text;
  };
  for (int i = 0; i < kRounds; ++i)
    static_cast<void>(glob_match(text_of(kPatternBytes), text_of("abc-")));
  call.reply().simple("Apparently Redis did not crash: test passed");
  return {};
}

Status debug_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "ASSERT",
      "    Crash by assertion failed.",
      "CHANGE-REPL-ID",
      "    Change the replication IDs of the instance.",
      "    Dangerous: should be used only for testing the replication subsystem.",
      "CONFIG-REWRITE-FORCE-ALL",
      "    Like CONFIG REWRITE but writes all configuration options, including",
      "    keywords not listed in original configuration file or default values.",
      "DIGEST",
      "    Output a hex signature representing the current DB content.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Output a hex signature of the values of all the specified keys.",
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
      "HTSTATS <dbid>",
      "    Return hash table statistics of the specified database, shard by shard.",
      "HTSTATS-KEY <key> [full]",
      "    Return hash table statistics of the value of <key>, with the distribution of",
      "    its elements over the buckets if asked for.",
      "LISTPACK <key>",
      "    Show low level info about the listpack encoding of <key>.",
      "LOG <message>",
      "    Write <message> to the server log.",
      "MALLCTL <key> [<val>]",
      "    Get or set a malloc tuning integer.",
      "MALLCTL-STR <key> [<val>]",
      "    Get or set a malloc tuning string.",
      "OBJECT <key>",
      "    Show low level info about `key` and associated value.",
      "OOM",
      "    Crash the server simulating an out-of-memory error.",
      "PANIC",
      "    Crash the server simulating a panic.",
      "PAUSE-CRON <0|1>",
      "    Stop periodic cron job processing.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create <count> string keys named key:<num>. If <prefix> is specified then",
      "    it is used instead of the 'key' prefix. These are not propagated to",
      "    replicas.",
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
      "    true, false.",
      "QUICKLIST <key> [<0|1>]",
      "    Show low level info about the quicklist encoding of <key>.",
      "    The optional argument (0 by default) sets the level of detail",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Sets the threshold for elements to be inserted as plain vs packed nodes",
      "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
      "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|time>",
      "    Accepted without effect: reply buffers are not resized on a schedule.",
      "REPLYBUFFER RESIZING <0|1>",
      "    Accepted without effect.",
      "SDSLEN <key>",
      "    Show low level string info representing `key` and value.",
      "SEGFAULT",
      "    Crash the server with sigsegv.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Setting it to 0 disables expiring keys in background when they are not",
      "    accessed (otherwise the default behavior). Setting it to 1 reenables back the",
      "    default.",
      "SET-DISABLE-DENY-SCRIPTS <0|1>",
      "    Setting it to 1 lets scripts that hold the whole server call CONFIG, DEBUG,",
      "    LATENCY and ROLE. Setting it to 0 reenables the default.",
      "SLEEP <seconds>",
      "    Stop the server for <seconds>. Decimals allowed.",
      "STRINGMATCH-TEST",
      "    Match random patterns against random strings.",
      "STRUCTSIZE",
      "    Return the size of different core structures.",
  };
  return commands::reply_help(call, kLines);
}

// Which of the arguments that follow the subcommand are keys.
enum class DebugKeys : uint8_t {
  kNone,
  kFirst,    // The first argument is a key whose value is not read, only its properties.
  kAll,      // Every argument is a key whose value is read.
  kUnnamed,  // The command touches keys that its arguments do not name.
};

struct DebugRow {
  std::string_view name;
  size_t argc_min;
  size_t argc_max;
  Status (*run)(Call&);
  DebugKeys keys = DebugKeys::kNone;
};

constexpr size_t kAny = std::numeric_limits<size_t>::max();

constexpr DebugRow kRows[] = {
    {"assert", 2, 2, debug_assert},
    {"change-repl-id", 2, 2, debug_change_repl_id},
    {"config-rewrite-force-all", 2, 2, debug_config_rewrite_force_all},
    {"digest", 2, 2, debug_digest},
    {"digest-value", 2, kAny, debug_digest_value, DebugKeys::kAll},
    {"error", 3, 3, debug_error},
    {"help", 2, 2, debug_help},
    {"htstats", 3, kAny, debug_htstats},
    {"htstats-key", 3, kAny, debug_htstats_key, DebugKeys::kFirst},
    {"listpack", 3, 3, debug_listpack, DebugKeys::kFirst},
    {"loadaof", 2, 2, debug_loadaof},
    {"log", 3, 3, debug_log},
    {"mallctl", 3, 4, debug_mallctl},
    {"mallctl-str", 3, 4, debug_mallctl_str},
    {"object", 3, 4, debug_object, DebugKeys::kFirst},
    {"oom", 2, 2, debug_oom},
    {"panic", 2, 2, debug_panic},
    {"pause-cron", 3, 3, debug_pause_cron},
    {"populate", 3, 5, debug_populate, DebugKeys::kUnnamed},
    {"protocol", 3, 3, [](Call& call) { return write_sample(call.arg(2), call.reply()); }},
    {"quicklist", 3, 4, debug_quicklist, DebugKeys::kFirst},
    {"quicklist-packed-threshold", 3, 3, debug_quicklist_packed_threshold},
    {"reload", 2, kAny, debug_reload},
    {"replybuffer", 4, 4, debug_replybuffer},
    {"sdslen", 3, 3, debug_sdslen, DebugKeys::kFirst},
    {"segfault", 2, 2, debug_segfault},
    {"set-active-expire", 3, 3, debug_set_active_expire},
    {"set-disable-deny-scripts", 3, 3, debug_set_disable_deny_scripts},
    {"set-skip-checksum-validation", 3, 3, debug_set_skip_checksum_validation},
    {"sleep", 3, 3, debug_sleep},
    {"stringmatch-test", 2, 2, debug_stringmatch_test},
    {"structsize", 2, 2, debug_structsize},
};

// The row that the subcommand and the number of arguments select, or null.
const DebugRow* row_of(std::span<const std::string_view> argv) {
  for (const DebugRow& row : kRows) {
    if (equals_ignore_case(row.name, argv[1]) && argv.size() >= row.argc_min &&
        argv.size() <= row.argc_max)
      return &row;
  }
  return nullptr;
}

}  // namespace

Status debug(Call& call) {
  const DebugRow* row = row_of(call.args());
  return row == nullptr ? commands::subcommand_syntax(call) : row->run(call);
}

engine::Scope debug_scope(std::span<const std::string_view> argv, engine::Shard&) {
  const DebugRow* row = row_of(argv);
  const bool waits_for_files =
      row != nullptr && (row->run == debug_reload || row->run == debug_loadaof);
  return waits_for_files ? engine::Scope::kGather : engine::Scope::kAllShards;
}

engine::KeysFound debug_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys) {
  const DebugRow* row = row_of(argv);
  if (row == nullptr) return engine::KeysFound::kRefused;
  if (row->keys == DebugKeys::kUnnamed) return engine::KeysFound::kUnknown;
  if (row->keys == DebugKeys::kFirst) keys.push_back({2, engine::kKeyRO});
  if (row->keys == DebugKeys::kAll) {
    for (uint32_t at = 2; at < argv.size(); ++at)
      keys.push_back({at, engine::kKeyRO | engine::kKeyAccess});
  }
  return engine::KeysFound::kAll;
}

}  // namespace kvstash::server
