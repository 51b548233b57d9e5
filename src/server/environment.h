// Directives from the environment: KVSTASH_TLS_PORT=7000 means `tls-port 7000`.
//
// For containers, where a variable is easier to give than a file. Pure.
#pragma once

#include <string>
#include <vector>

namespace kvstash::server {

// One directive with its words, and the variable it came from.
struct EnvironmentLine {
  std::string variable;
  std::vector<std::string> words;

  bool operator==(const EnvironmentLine&) const = default;
};

struct EnvironmentLines {
  std::vector<EnvironmentLine> lines;  // Sorted by variable.
  std::vector<std::string> notices;    // KVSTASH_ variables that name no directive.
};

// What `environment` (as main() gets it: NAME=value, ends with null) says to us. Variables that
// container systems make up for a service called "kvstash" (KVSTASH_SERVICE_HOST,
// KVSTASH_PORT=tcp://..., KVSTASH_PORT_6379_TCP) are passed over in silence.
EnvironmentLines environment_lines(const char* const* environment);

}  // namespace kvstash::server
