// A configuration file in YAML: the same directives, nested as one likes.
//
//   port: 7000
//   tls:            # tls-port, tls-cert-file
//     port: 7001
//     cert-file: /etc/tls/server.crt
//   save: [3600, 1, 300, 100]
//
// Nested keys join with '-', a list gives several words. Pure; wraps yaml-cpp, whose exceptions end
// here.
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

Result<std::vector<YamlLine>> parse_yaml_config(std::string_view text);

}  // namespace kvstash::server
