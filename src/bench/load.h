// run_load: sends commands to a server over TCP and measures how it takes them.
//
// A closed loop: each client sends a batch, waits for all its replies, and sends the next. One
// thread, epoll and nothing between it and the sockets, so that the generator costs less than any
// server it drives. Blocks until the run is over; a server silent for kSilenceMax ends it.
#pragma once

#include "base/result.h"
#include "bench/options.h"
#include "bench/report.h"

#include <chrono>

namespace kvstash::bench {

inline constexpr std::chrono::seconds kSilenceMax{30};

// Fails if a command cannot be parsed, if the server cannot be reached, closes a connection, falls
// silent or sends what is not RESP. Error replies are counted, they are no failure.
Result<LoadReport> run_load(const LoadOptions& options);

}  // namespace kvstash::bench
