#include "engine/telemetry/slowlog.h"

#include <algorithm>

namespace kvstash::engine {

void Slowlog::add(SlowlogEntry entry, size_t length_max) {
  if (length_max == 0) return;
  entries_.push_front(std::move(entry));
  trim(length_max);
}

void Slowlog::trim(size_t length_max) {
  while (entries_.size() > length_max)
    entries_.pop_back();
}

std::vector<std::string> Slowlog::cut(std::span<const std::string_view> argv) {
  std::vector<std::string> out;
  const size_t kept = std::min(argv.size(), kArgsMax);
  out.reserve(kept);
  for (size_t i = 0; i < kept; ++i) {
    if (i == kArgsMax - 1 && argv.size() > kArgsMax) {
      out.push_back("... (" + std::to_string(argv.size() - kArgsMax + 1) + " more arguments)");
      break;
    }
    std::string arg(argv[i].substr(0, kArgBytesMax));
    if (argv[i].size() > kArgBytesMax)
      arg += "... (" + std::to_string(argv[i].size() - kArgBytesMax) + " more bytes)";
    out.push_back(std::move(arg));
  }
  return out;
}

}  // namespace kvstash::engine
