// Flags of scripts and functions: `#!lua flags=no-writes,allow-oom` in the first line, or the
// `flags` of redis.register_function.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::scripting {

enum ScriptFlag : uint32_t {
  kNoWrites = 1u << 0,
  kAllowOom = 1u << 1,
  kAllowStale = 1u << 2,
  kNoCluster = 1u << 3,
  kAllowCrossSlotKeys = 1u << 4,
  kUndeclared = 1u << 5,    // The script has no such first line, so it may do anything.
  kDeclaredKeys = 1u << 6,  // It promises to touch only the keys it is called with.
};

struct NamedScriptFlag {
  std::string_view name;
  ScriptFlag flag;
};

// The flags as clients write them, in the order in which they are shown.
inline constexpr NamedScriptFlag kScriptFlagNames[] = {
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
    {"declared-keys", kDeclaredKeys},  // Not in Redis.
};

std::optional<ScriptFlag> script_flag(std::string_view name);

// The parsed first line of a script for EVAL, and its size without the line feed.
struct Shebang {
  uint32_t flags = kUndeclared;
  size_t bytes = 0;
};
Result<Shebang> parse_shebang(std::string_view script);

}  // namespace kvstash::scripting
