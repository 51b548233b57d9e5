#include "sentinel/options.h"

#include "base/text.h"

namespace kvstash::sentinel {

std::string MonitorOptions::name_of(std::string_view command) const {
  if (renamed.empty()) return std::string(command);
  const auto found = renamed.find(to_upper(command));
  return found == renamed.end() ? std::string(command) : found->second;
}

}  // namespace kvstash::sentinel
