// Directives from the environment: KVSTASH_TLS_PORT=7000 means `tls-port 7000`.
//
// For containers, where a variable is easier to give than a file. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace kvstash::server {

// One directive with its words, and the variable it came from.
struct EnvironmentLine {
  std::string variable;
  std::vector<std::string> words;
};

// The directives that `environment` (as main() gets it: NAME=value, ends with null) holds, sorted
// by name. Other programs' variables are passed over; one that starts with KVSTASH_ and names no
// directive is an error, for it is a typing mistake.
Result<std::vector<EnvironmentLine>> environment_lines(const char* const* environment);

}  // namespace kvstash::server
