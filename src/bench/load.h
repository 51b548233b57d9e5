// run_load: sends commands to a server over TCP and measures the server's answers.
//
// A closed loop: each client sends a batch, waits for all its replies, and sends the next. There is
// one thread with epoll and nothing between it and the sockets, so that the generator costs less
// than any server that it drives. Blocks until the run is over; ends it if the server is silent for
// kSilenceMax.
#pragma once

#include "base/result.h"
#include "bench/options.h"
#include "bench/report.h"

#include <chrono>

namespace kvstash::bench {

inline constexpr std::chrono::seconds kSilenceMax{30};

// Fails if a command cannot be parsed, or if the server cannot be reached, closes a connection, is
// silent for too long or sends bytes that are not RESP. Error replies are counted and are no
// failure.
Result<LoadReport> run_load(const LoadOptions& options);

}  // namespace kvstash::bench
