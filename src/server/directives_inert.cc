#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kAllowedWords[] = {
    {"no", static_cast<int64_t>(engine::Allowed::kNo)},
    {"yes", static_cast<int64_t>(engine::Allowed::kYes)},
    {"local", static_cast<int64_t>(engine::Allowed::kLocal)},
};

constexpr std::string_view kNoDefrag =
    "values are not moved in memory; the allocator gives unused pages back by itself";
constexpr std::string_view kNoIoThreads = "each shard reads and writes its own clients; see shards";
constexpr std::string_view kNoCpuLists =
    "start the server under taskset(1) or a cpuset, which it respects";

// CONFIG SET refuses to turn defragmentation on, because the client would wait for an effect. A
// file may say yes, so that the server starts.
Status check_defrag(Words words, SetFrom from) {
  const bool wants_it = !words[0].empty() && (words[0][0] == 'y' || words[0][0] == 'Y');
  if (from == SetFrom::kCommand && wants_it)
    return Error::literal(
        "Active defragmentation cannot be enabled: values are not moved in memory");
  return {};
}

constexpr Directive kRows[] = {
    {.name = "activedefrag",
     .kind = kBool,
     .slot = field<&InertOptions::activedefrag>,
     .about = "Moving values to fill gaps in memory.",
     .inert = kNoDefrag,
     .check = check_defrag},
    {.name = "active-defrag-ignore-bytes",
     .kind = kMemory,
     .slot = field<&InertOptions::active_defrag_ignore_bytes>,
     .about = "Waste below which not to start.",
     .min = 1,
     .max = kInt64Max,
     .inert = kNoDefrag},
    {.name = "active-defrag-threshold-lower",
     .kind = kInteger,
     .slot = field<&InertOptions::active_defrag_threshold_lower>,
     .about = "Waste in per cent at which to start.",
     .max = 1000,
     .inert = kNoDefrag},
    {.name = "active-defrag-threshold-upper",
     .kind = kInteger,
     .slot = field<&InertOptions::active_defrag_threshold_upper>,
     .about = "Waste in per cent at which to do the most.",
     .max = 1000,
     .inert = kNoDefrag},
    {.name = "active-defrag-cycle-min",
     .kind = kInteger,
     .slot = field<&InertOptions::active_defrag_cycle_min>,
     .about = "The least processor time to spend on it, in per cent.",
     .min = 1,
     .max = 99,
     .inert = kNoDefrag},
    {.name = "active-defrag-cycle-max",
     .kind = kInteger,
     .slot = field<&InertOptions::active_defrag_cycle_max>,
     .about = "The most processor time to spend on it, in per cent.",
     .min = 1,
     .max = 99,
     .inert = kNoDefrag},
    {.name = "active-defrag-max-scan-fields",
     .kind = kInteger,
     .slot = field<&InertOptions::active_defrag_max_scan_fields>,
     .about = "Elements of a value to go through in one step.",
     .min = 1,
     .max = kInt64Max,
     .inert = kNoDefrag},
    {.name = "io-threads",
     .kind = kInteger,
     .slot = field<&InertOptions::io_threads>,
     .about = "Helper threads for reading and writing sockets.",
     .flags = kImmutable,
     .min = 1,
     .max = 128,
     .inert = kNoIoThreads},
    {.name = "io-threads-do-reads",
     .kind = kBool,
     .slot = field<&InertOptions::io_threads_do_reads>,
     .about = "Let them read as well.",
     .flags = kImmutable,
     .inert = kNoIoThreads},
    {.name = "jemalloc-bg-thread",
     .kind = kBool,
     .slot = field<&InertOptions::jemalloc_bg_thread>,
     .about = "Give memory back to the system in a thread of the allocator.",
     .inert = "the allocator is set up at build time"},
    {.name = "activerehashing",
     .kind = kBool,
     .slot = field<&engine::EngineOptions::activerehashing>,
     .about = "Go on growing and shrinking tables while idle.",
     .inert = "tables are always resized in small steps"},
    {.name = "always-show-logo",
     .kind = kBool,
     .slot = field<&ProcessOptions::always_show_logo>,
     .about = "Begin the log with a drawing.",
     .flags = kImmutable,
     .inert = "there is no drawing"},
    {.name = "crash-memcheck-enabled",
     .kind = kBool,
     .slot = field<&ProcessOptions::crash_memcheck_enabled>,
     .about = "Test the machine's memory after a crash.",
     .inert = "memory is better tested by a program made for it, such as memtest86+"},
    {.name = "ignore-warnings",
     .kind = kString,
     .slot = field<&ProcessOptions::ignore_warnings>,
     .about = "Names of warnings at start that shall not stop it.",
     .inert = "warnings never stop the start"},
    {.name = "watchdog-period",
     .kind = kInteger,
     .slot = field<&ProcessOptions::watchdog_period_ms>,
     .about = "Log a stack trace whenever the server hangs for so many milliseconds.",
     .flags = kHidden,
     .max = kIntMax,
     .inert = "use latency-monitor-threshold, or perf(1)"},
    {.name = "enable-module-command",
     .kind = kEnum,
     .slot = enum_field<&engine::EngineOptions::enable_module_command>,
     .about = "Who may load modules.",
     .flags = kImmutable,
     .words = kAllowedWords,
     .inert = "there is no module interface; it decides how MODULE is refused"},
    {.name = "server-cpulist",
     .kind = kString,
     .slot = field<&ProcessOptions::server_cpulist>,
     .about = "Cores for the threads that serve.",
     .alias = "server_cpulist",
     .flags = kImmutable,
     .inert = kNoCpuLists},
    {.name = "bio-cpulist",
     .kind = kString,
     .slot = field<&ProcessOptions::bio_cpulist>,
     .about = "Cores for the threads in the background.",
     .alias = "bio_cpulist",
     .flags = kImmutable,
     .inert = kNoCpuLists},
    {.name = "aof-rewrite-cpulist",
     .kind = kString,
     .slot = field<&ProcessOptions::aof_rewrite_cpulist>,
     .about = "Cores for rewriting the log.",
     .alias = "aof_rewrite_cpulist",
     .flags = kImmutable,
     .inert = kNoCpuLists},
    {.name = "bgsave-cpulist",
     .kind = kString,
     .slot = field<&ProcessOptions::bgsave_cpulist>,
     .about = "Cores for saving snapshots.",
     .alias = "bgsave_cpulist",
     .flags = kImmutable,
     .inert = kNoCpuLists},
};

}  // namespace

DirectiveGroup inert_directives() {
  return {"Without effect here",
          "Known so that configuration files of Redis can be used as they are. CONFIG GET shows "
          "what was set; the log says at start why it changes nothing.",
          kRows};
}

}  // namespace kvstash::server
