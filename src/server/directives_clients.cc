#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using engine::EngineOptions;
using engine::ScriptKeys;

constexpr uint64_t kMiB = 1024 * 1024;

constexpr ValueWord kScriptKeysWords[] = {
    {"any", static_cast<int64_t>(ScriptKeys::kAny)},
    {"declared", static_cast<int64_t>(ScriptKeys::kDeclared)},
};

constexpr Directive kRows[] = {
    {.name = "client-output-buffer-limit",
     .kind = kSpecial,
     .slot = kOutputBufferLimitSlot,
     .about = "Close a client whose unread replies pass the hard limit, or stay above the soft "
              "limit for so many seconds: class, hard, soft, seconds, for the classes normal, "
              "replica and pubsub. 0 is no limit. Normal clients ask before they are answered, "
              "so only those who are sent things unasked have limits by default.",
     .flags = kMultiArg | kAccumulates},
    {.name = "client-query-buffer-limit",
     .kind = kMemory,
     .slot = field<&EngineOptions::client_query_buffer_limit>,
     .about = "Bytes of unfinished request that one client may have sent; more closes it.",
     .min = kMiB,
     .max = kInt64Max},
    {.name = "proto-max-bulk-len",
     .kind = kMemory,
     .slot = field<&EngineOptions::proto_max_bulk_len>,
     .about = "Bytes of one argument, and so of one string value.",
     .min = kMiB,
     .max = kInt64Max},
    {.name = "maxmemory-clients",
     .kind = kPercentOrMemory,
     .slot = field<&EngineOptions::maxmemory_clients>,
     .about = "Bytes that all clients' buffers may take together, or a percentage of maxmemory "
              "such as 5%. Above it the largest clients are closed. 0: no limit.",
     .max = kInt64Max},
    {.name = "client-unsent-reply-limit",
     .kind = kMemory,
     .slot = field<&EngineOptions::client_unsent_reply_limit_bytes>,
     .about = "Stop reading from a client that has so many bytes of replies waiting: it gets no "
              "more served than it takes in. 0: off, so that a client may send a pipeline of any "
              "length before it reads, as long as memory allows.",
     .max = kInt64Max},
    {.name = "client-unsent-total-limit",
     .kind = kMemory,
     .slot = field<&EngineOptions::client_unsent_total_limit_bytes>,
     .about = "Bytes of replies that may wait for all clients together. Above it no client is read "
              "from that has more than 64 kB of them, and the largest that take nothing for "
              "client-stall-timeout are closed. 0: a quarter of maxmemory, or else of the memory "
              "that the process may use.",
     .max = kInt64Max},
    {.name = "client-stall-timeout",
     .kind = kInteger,
     .slot = field<&EngineOptions::client_stall_timeout_s>,
     .about = "Seconds after which a client is closed that takes nothing of its waiting replies "
              "while one of these limits is passed. 0: never.",
     .max = kIntMax},
    {.name = "client-command-rate-limit",
     .kind = kInteger,
     .slot = field<&EngineOptions::client_command_rate_limit>,
     .about = "Commands a second that one connection is served; the rest wait their turn, so one "
              "client in a loop does not starve the others. 0: no limit.",
     .max = kIntMax},
    {.name = "client-commands-in-flight-limit",
     .kind = kInteger,
     .slot = field<&EngineOptions::client_commands_in_flight_limit>,
     .about = "Commands of one connection that may be under way at once; the rest wait. 0: no "
              "limit but that of the buffers.",
     .max = kIntMax},
    {.name = "tracking-table-max-keys",
     .kind = kInteger,
     .slot = field<&EngineOptions::tracking_table_max_keys>,
     .about = "Keys remembered for client side caching. Above it some are forgotten, and their "
              "readers told to drop them. 0: no limit.",
     .max = kInt64Max},
    {.name = "busy-reply-threshold",
     .kind = kInteger,
     .slot = field<&EngineOptions::busy_reply_threshold_ms>,
     .about = "Milliseconds that a script may run before others are answered BUSY and SCRIPT KILL "
              "is accepted. 0: never.",
     .alias = "lua-time-limit",
     .max = kInt64Max},
    {.name = "script-keys",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::script_keys>,
     .about =
         "What scripts and functions may touch. any: every key; each of them then holds all "
         "shards. declared promises that they touch the keys alone that they are called with, "
         "or others in the same slots: then a script holds the shards of those keys, others "
         "go on meanwhile, and what breaks the promise is an error. A script without keys, or "
         "with the flag allow-cross-slot-keys, may touch any; the flag declared-keys makes the "
         "promise for one script or function.",
     .words = kScriptKeysWords},
};

}  // namespace

DirectiveGroup client_directives() {
  return {"Clients", "What one client may take from the others.", kRows};
}

}  // namespace kvstash::server
