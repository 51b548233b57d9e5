#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using engine::EngineOptions;
using engine::EvictionPolicy;

constexpr ValueWord kPolicyWords[] = {
    {"volatile-lru", static_cast<int64_t>(EvictionPolicy::kVolatileLru)},
    {"volatile-lfu", static_cast<int64_t>(EvictionPolicy::kVolatileLfu)},
    {"volatile-random", static_cast<int64_t>(EvictionPolicy::kVolatileRandom)},
    {"volatile-ttl", static_cast<int64_t>(EvictionPolicy::kVolatileTtl)},
    {"allkeys-lru", static_cast<int64_t>(EvictionPolicy::kAllkeysLru)},
    {"allkeys-lfu", static_cast<int64_t>(EvictionPolicy::kAllkeysLfu)},
    {"allkeys-random", static_cast<int64_t>(EvictionPolicy::kAllkeysRandom)},
    {"noeviction", static_cast<int64_t>(EvictionPolicy::kNoEviction)},
};

constexpr Directive kRows[] = {
    {.name = "maxmemory",
     .kind = kMemory,
     .slot = field<&EngineOptions::maxmemory_bytes>,
     .about = "Bytes of data at which eviction, or refusal of writes, begins. 0: no limit. Leave "
              "room beside it for clients, replication and the allocator.",
     .max = kUint64Max},
    {.name = "maxmemory-policy",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::maxmemory_policy>,
     .about = "What to do at maxmemory. noeviction refuses writes, right for a database; the "
              "others remove keys, right for a cache: the least recently used (lru), the least "
              "often used (lfu), any (random) or those that expire soonest (ttl), among all keys "
              "or only the volatile ones, which have an expiry.",
     .words = kPolicyWords},
    {.name = "maxmemory-samples",
     .kind = kInteger,
     .slot = field<&EngineOptions::maxmemory_samples>,
     .about = "Keys looked at to choose one to evict. More choose better and cost more; 5 is "
              "good, 10 is close to exact.",
     .min = 1,
     .max = kIntMax},
    {.name = "maxmemory-eviction-tenacity",
     .kind = kInteger,
     .slot = field<&EngineOptions::maxmemory_eviction_tenacity>,
     .about = "How long one round of eviction may take: 0 for the least latency, 100 to go on "
              "until memory is below the limit.",
     .max = 100},
    {.name = "lfu-log-factor",
     .kind = kInteger,
     .slot = field<&EngineOptions::lfu_log_factor>,
     .about = "How many hits fill the 8-bit counter of the lfu policies. A larger factor tells "
              "busy keys apart better, and takes longer to notice them.",
     .max = kIntMax},
    {.name = "lfu-decay-time",
     .kind = kInteger,
     .slot = field<&EngineOptions::lfu_decay_time_min>,
     .about = "Minutes after which an unused key's counter goes down by one. 0: it never does.",
     .max = kIntMax},
    {.name = "active-expire-effort",
     .kind = kInteger,
     .slot = field<&EngineOptions::active_expire_effort>,
     .about = "How much of a turn may go into removing expired keys, from 1 to 10. More frees "
              "memory sooner when very many keys expire at once.",
     .min = 1,
     .max = 10},
    {.name = "huge-pages",
     .kind = kBool,
     .slot = field<&EngineOptions::huge_pages>,
     .about =
         "Keep large bucket arrays of the keys behind huge pages, which makes look-ups cheaper. "
         "A thread of its own fetches the pages, so that no client waits for them, and nothing "
         "forks that would have to copy them. Needs a kernel that gives huge pages to who asks "
         "(transparent_hugepage/enabled at madvise or always).",
     .flags = kImmutable},
    {.name = "lazyfree-lazy-eviction",
     .kind = kBool,
     .slot = field<&EngineOptions::lazyfree_lazy_eviction>,
     .about = "Free evicted values in the background."},
    {.name = "lazyfree-lazy-expire",
     .kind = kBool,
     .slot = field<&EngineOptions::lazyfree_lazy_expire>,
     .about = "Free expired values in the background."},
    {.name = "lazyfree-lazy-server-del",
     .kind = kBool,
     .slot = field<&EngineOptions::lazyfree_lazy_server_del>,
     .about = "Free values that a command replaces, such as RENAME does, in the background."},
    {.name = "lazyfree-lazy-user-del",
     .kind = kBool,
     .slot = field<&EngineOptions::lazyfree_lazy_user_del>,
     .about = "Let DEL free as UNLINK does."},
    {.name = "lazyfree-lazy-user-flush",
     .kind = kBool,
     .slot = field<&EngineOptions::lazyfree_lazy_user_flush>,
     .about = "Let FLUSHDB, FLUSHALL, SCRIPT FLUSH and FUNCTION FLUSH be ASYNC unless they say "
              "SYNC."},
    {.name = "hz",
     .kind = kSpecial,
     .slot = kHzSlot,
     .about = "Rounds of background work a second, from 1 to 500. Ten is plenty; more spends "
              "processor time on precision nobody sees."},
    {.name = "dynamic-hz",
     .kind = kBool,
     .slot = field<&EngineOptions::dynamic_hz>,
     .about = "Do more rounds while many clients are connected."},
};

}  // namespace

DirectiveGroup memory_directives() {
  return {"Memory",
          "How much to keep, and what goes first. Sizes take a unit: 1k is 1000 bytes, "
          "1kb is 1024; likewise m, mb, g, gb.",
          kRows};
}

}  // namespace kvstash::server
