// A configuration file in YAML: the same directives as in redis.conf syntax, nested in any way.
//
//   port: 7000
//   tls:            # tls-port, tls-cert-file
//     port: 7001
//     cert-file: /etc/tls/server.crt
//   save: [3600, 1, 300, 100]
// Two lines: a list of lists repeats the directive.
//     - [ann, on, nopass]
//     - [bob, off]
//
// Nested keys are joined with '-', a list gives several words, true and false mean yes and no.
// Pure. Wraps yaml-cpp and catches its exceptions.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// One directive with its words, and its line number in the file (from 1).
struct YamlLine {
  int line = 0;
  std::vector<std::string> words;
};

// Fails if the text is not YAML, is not a mapping, or is too deep or too large. The error names the
// line.
Result<std::vector<YamlLine>> parse_yaml_config(std::string_view text);

}  // namespace kvstash::server
