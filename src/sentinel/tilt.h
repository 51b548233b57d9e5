// TILT: the state in which a sentinel does not trust its sense of time.
//
// If the timer comes much too late, the process was stopped, or the machine sleeps or is
// overloaded; then everybody else looks down for no fault of theirs. For a while the sentinel only
// watches: it calls nobody down, gives no failover a step, and tells peers that no primary is down.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// The timer fired: enters TILT if it is too late.
void check_timer(State& state);

// Whether we only watch. Leaves TILT if it lasted long enough.
bool is_tilted_now(State& state);

}  // namespace kvstash::sentinel
