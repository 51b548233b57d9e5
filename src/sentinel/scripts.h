// Scripts: running what the ScriptQueue holds, and telling about it.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// Starts what may start, and kills what runs too long.
void run_scripts(State& state);
void kill_late_scripts(State& state);

void script_started(State& state, const ScriptStarted& event);
void script_ended(State& state, const ScriptEnded& event);

}  // namespace kvstash::sentinel
