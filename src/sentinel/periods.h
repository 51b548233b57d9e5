// Periods: the times of a sentinel that hold for everything it watches. SENTINEL DEBUG shows and
// changes those of Redis; the table gives their names in Redis's order.
#pragma once

#include "sentinel/time.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::sentinel {

struct Periods {
  Duration info{10'000};    // Between two INFO of an instance.
  Duration ping{1'000};     // Between two PING, at most.
  Duration ask{1'000};      // Between two questions to a peer about a primary that is down.
  Duration publish{2'000};  // Between two hello messages.
  Duration default_down_after{30'000};
  Duration default_failover_timeout{180'000};
  Duration tilt_trigger{2'000};  // A timer that is late by so much makes us mistrust our times.
  Duration tilt{30'000};         // So long we only watch then.
  Duration replica_reconf_timeout{10'000};
  Duration link_reconnect_min{15'000};  // A link younger than this is not closed for being silent.
  Duration election_timeout{10'000};
  Duration script_run_max{60'000};
  Duration script_retry{30'000};  // Before the first repetition; doubled for each further one.

  bool operator==(const Periods&) const = default;
};

// What Redis has no name for.
inline constexpr Duration kInfoUrgent{1'000};     // INFO of replicas while their primary is down.
inline constexpr Duration kStartDelayMax{1'000};  // Redis's desynchronisation of candidates.
inline constexpr Duration kTimerMin{50};          // The timer fires after 50 to 100 ms, as
inline constexpr Duration kTimerMax{100};         // Redis's, so that sentinels do not march.
inline constexpr uint32_t kPendingCommandsMax =
    100;                                        // On one link, for each primary that shares it.
inline constexpr Duration kFreshInfoWait{300};  // For INFO of replicas before one is chosen.

struct PeriodRow {
  std::string_view name;  // As SENTINEL DEBUG prints it.
  Duration Periods::*value;
};

std::span<const PeriodRow> period_rows();

}  // namespace kvstash::sentinel
