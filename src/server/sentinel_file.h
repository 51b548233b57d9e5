// The configuration file of a sentinel, which it reads at the start and rewrites whenever there is
// something to remember. Blocking I/O; main thread.
#pragma once

#include "base/result.h"

#include <string>

namespace kvstash::server {

// Reads the file. It must exist, and the process must be able to rewrite it. The error is a
// sentence for the operator.
Result<std::string> read_sentinel_file(const std::string& path);

// Whether `path` is a file that the process may execute.
bool can_execute(const std::string& path);

// Checks, before the process goes to the background, that a sentinel can start with this file. The
// error is the whole text for stderr.
Status check_sentinel_file(const std::string& path);

}  // namespace kvstash::server
