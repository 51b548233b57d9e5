#include "server/environment.h"

#include "base/text.h"
#include "server/directives.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace kvstash::server {
namespace {

constexpr std::string_view kPrefix = "KVSTASH_";

// Whether a container system set this variable for a service called "kvstash".
bool is_service_variable(std::string_view name, std::string_view value) {
  return name.starts_with("SERVICE_") || name.starts_with("PORT_") || value.starts_with("tcp://");
}

// Converts the name of a variable to that of a directive: TLS_PORT -> tls-port.
std::string directive_name(std::string_view name) {
  std::string result = to_lower(name);
  std::replace(result.begin(), result.end(), '_', '-');
  return result;
}

// Whether the name is that of a line that is no directive but may be given in the environment.
bool is_other_line(std::string_view name) {
  return name == "user" || name == "rename-command";
}

// The words of the value. A directive takes the value as one word; other lines are split into
// words.
std::optional<std::vector<std::string>> words_of(const std::string& name, std::string_view value) {
  if (find_directive(name) != nullptr) return std::vector<std::string>{name, std::string(value)};
  if (!is_other_line(name)) return std::nullopt;
  Result<std::vector<std::string>> words = split_args(value);
  if (!words.ok()) return std::nullopt;
  words->insert(words->begin(), name);
  return std::move(*words);
}

}  // namespace

EnvironmentLines environment_lines(const char* const* environment) {
  EnvironmentLines found;
  if (environment == nullptr) return found;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const size_t equals = entry.find('=');
    if (!entry.starts_with(kPrefix) || equals == entry.npos) continue;
    const std::string_view variable = entry.substr(0, equals);
    const std::string_view name = variable.substr(kPrefix.size());
    const std::string_view value = entry.substr(equals + 1);
    if (is_service_variable(name, value)) continue;

    std::optional<std::vector<std::string>> words = words_of(directive_name(name), value);
    if (words) {
      found.lines.push_back({std::string(variable), std::move(*words)});
    } else {
      found.notices.push_back("The environment variable " + std::string(variable) +
                              " names no directive and is ignored.");
    }
  }
  std::sort(found.lines.begin(), found.lines.end(),
            [](const auto& a, const auto& b) { return a.variable < b.variable; });
  return found;
}

}  // namespace kvstash::server
