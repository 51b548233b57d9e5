// ScriptCache: every script that the server knows, by its SHA1, for all shards.
//
// A shard uses the cache when it meets a script for the first time; afterwards it has its own
// compiled copy. Bounded: of the scripts that came with EVAL the 500 used last are kept, and all
// scripts together have no more than kBytesMax; the script not used for longest is dropped first. A
// client whose script was dropped gets NOSCRIPT and sends it again.
//
// One for the process. Its own mutex is held for a look-up or one walk over the scripts.
#pragma once

#include "scripting/script_flags.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kvstash::scripting {

// A script, shared by the cache and the shards that compiled it. Only the atomic fields change.
struct Script {
  std::string sha;  // 40 hex digits, lower case.
  std::string body;
  Shebang shebang;
  std::atomic<bool> is_loaded{false};  // Set by SCRIPT LOAD.
  std::atomic<bool> is_dropped{false};
  std::atomic<int64_t> used_ms{0};
};
using ScriptRef = std::shared_ptr<Script>;

class ScriptCache {
 public:
  static constexpr size_t kEvalScriptsMax = 500;
  static constexpr size_t kBytesMax = size_t{128} << 20;

  // The script with this SHA1, in lower case; null if the cache does not have it.
  ScriptRef find(std::string_view sha);
  // Adds the script, unless the cache has one with its SHA1. Returns the one that the cache has
  // now.
  ScriptRef add(ScriptRef script);
  void clear();

  size_t count() const { return count_.load(std::memory_order_relaxed); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void make_room();
  void drop_oldest(bool loaded_too);

  std::mutex lock_;
  std::unordered_map<std::string_view, ScriptRef> scripts_;
  std::atomic<size_t> count_{0};
  std::atomic<size_t> bytes_{0};
};

}  // namespace kvstash::scripting
