#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kPropagationWords[] = {
    {"ignore", static_cast<int64_t>(engine::PropagationError::kIgnore)},
    {"panic", static_cast<int64_t>(engine::PropagationError::kPanic)},
    {"panic-on-replicas", static_cast<int64_t>(engine::PropagationError::kPanicOnReplicas)},
};

constexpr Directive kRows[] = {
    {.name = "propagation-error-behavior",
     .kind = kEnum,
     .slot = enum_field<&engine::EngineOptions::propagation_error_behavior>,
     .about = "What to do when a command from a primary or a log fails: ignore it, panic, or "
              "panic-on-replicas.",
     .words = kPropagationWords},
    {.name = "use-exit-on-panic",
     .kind = kBool,
     .slot = field<&ProcessOptions::use_exit_on_panic>,
     .about = "End with exit instead of abort when an invariant breaks.",
     .flags = kHidden},
    {.name = "rdb-key-save-delay",
     .kind = kInteger,
     .slot = field<&PersistOptions::rdb_key_save_delay_us>,
     .about = "Microseconds to wait after each key that is saved; -n waits one microsecond every "
              "n keys.",
     .flags = kHidden,
     .min = kIntMin,
     .max = kIntMax},
    {.name = "key-load-delay",
     .kind = kInteger,
     .slot = field<&PersistOptions::key_load_delay_us>,
     .about = "The same after each key that is loaded from a snapshot.",
     .flags = kHidden,
     .min = kIntMin,
     .max = kIntMax},
    {.name = "loading-process-events-interval-bytes",
     .kind = kInteger,
     .slot = field<&PersistOptions::loading_process_events_interval_bytes>,
     .about = "Bytes loaded between two looks at the clients.",
     .flags = kHidden,
     .min = 1024,
     .max = kIntMax,
     .inert = "clients are answered all the time"},
};

}  // namespace

DirectiveGroup testing_directives() {
  return {"For tests", "Slow things down and make failures loud. Leave these alone in production.",
          kRows};
}

}  // namespace kvstash::server
