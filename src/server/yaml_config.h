// A configuration file in YAML: the same directives, nested as one likes.
//
//   port: 7000
//   tls:            # tls-port, tls-cert-file
//     port: 7001
//     cert-file: /etc/tls/server.crt
//   save: [3600, 1, 300, 100]
//   user:           # Two lines: a list of lists repeats the directive.
//     - [ann, on, nopass]
//     - [bob, off]
//
// Nested keys join with '-', a list gives several words, true and false are yes and no. Pure; wraps
// yaml-cpp, whose exceptions end here.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// One directive with its words, and the line of the file it stands on (from 1).
struct YamlLine {
  int line = 0;
  std::vector<std::string> words;
};

// Fails on what is not YAML, not a mapping, or too deep or large; the error names the line.
Result<std::vector<YamlLine>> parse_yaml_config(std::string_view text);

}  // namespace kvstash::server
