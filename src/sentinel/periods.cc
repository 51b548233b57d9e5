#include "sentinel/periods.h"

namespace kvstash::sentinel {
namespace {

constexpr PeriodRow kRows[] = {
    {"INFO-PERIOD", &Periods::info},
    {"PING-PERIOD", &Periods::ping},
    {"ASK-PERIOD", &Periods::ask},
    {"PUBLISH-PERIOD", &Periods::publish},
    {"DEFAULT-DOWN-AFTER", &Periods::default_down_after},
    {"DEFAULT-FAILOVER-TIMEOUT", &Periods::default_failover_timeout},
    {"TILT-TRIGGER", &Periods::tilt_trigger},
    {"TILT-PERIOD", &Periods::tilt},
    {"SLAVE-RECONF-TIMEOUT", &Periods::replica_reconf_timeout},
    {"MIN-LINK-RECONNECT-PERIOD", &Periods::link_reconnect_min},
    {"ELECTION-TIMEOUT", &Periods::election_timeout},
    {"SCRIPT-MAX-RUNTIME", &Periods::script_run_max},
    {"SCRIPT-RETRY-DELAY", &Periods::script_retry},
};

}  // namespace

std::span<const PeriodRow> period_rows() {
  return kRows;
}

}  // namespace kvstash::sentinel
