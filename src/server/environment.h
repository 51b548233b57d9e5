// Directives from the environment: KVSTASH_TLS_PORT=7000 means `tls-port 7000`.
//
// Useful for containers, where a variable is easier to set than a file. Pure.
#pragma once

#include <string>
#include <vector>

namespace kvstash::server {

// One directive with its words, and the variable that gave it.
struct EnvironmentLine {
  std::string variable;
  std::vector<std::string> words;

  bool operator==(const EnvironmentLine&) const = default;
};

struct EnvironmentLines {
  std::vector<EnvironmentLine> lines;  // Sorted by variable.
  std::vector<std::string> notices;    // KVSTASH_ variables that name no directive.
};

// Reads the directives in `environment` (as main() gets it: NAME=value, ends with null). Ignores
// variables that container systems set for a service called "kvstash" (KVSTASH_SERVICE_HOST,
// KVSTASH_PORT=tcp://..., KVSTASH_PORT_6379_TCP).
EnvironmentLines environment_lines(const char* const* environment);

}  // namespace kvstash::server
