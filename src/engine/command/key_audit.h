// KeyAudit: checks that the keys which a running command touches are those that
// CommandTable::keys_of found in its arguments.
//
// Access control and routing rely on CommandTable::keys_of. Builds with slow checks compare its
// result with every key that a command looks up or changes, so that each test which runs a command
// tests the extraction as well. In other builds a Call has no audit.
//
// Belongs to a Call; its views live as long as the call's arguments.
#pragma once

#include "engine/command/command_table.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

namespace kvstash::engine {

class KeyAudit {
 public:
  using Args = std::span<const std::string_view>;

  // Whether keys_of found this key in the arguments, or may not have found all keys.
  bool allows(const Command& command, Args args, std::string_view key) {
    find(command, args);
    return is_open_ || flags_.contains(key);
  }
  // Whether keys_of found that the command changes this key, or may not have found all keys.
  bool allows_change(const Command& command, Args args, std::string_view key) {
    constexpr uint32_t kChanges = kKeyRW | kKeyOW | kKeyRM;
    find(command, args);
    const auto at = flags_.find(key);
    return is_open_ || (at != flags_.end() && (at->second & kChanges) != 0);
  }

  // Lets the command use a key that its arguments do not name, until forget(). False: they name it.
  bool excuse(const Command& command, Args args, std::string_view key) {
    find(command, args);
    return flags_.try_emplace(key, uint32_t{kKeyRO}).second;
  }
  void forget(std::string_view key) { flags_.erase(key); }

 private:
  void find(const Command& command, Args args) {
    if (is_made_) return;
    is_made_ = true;
    std::vector<KeyAt> keys;
    is_open_ = CommandTable::keys_of(command, args, keys) == KeysFound::kUnknown;
    for (const KeyAt& key : keys)
      flags_[args[key.index]] |= key.flags;
  }

  bool is_made_ = false;
  bool is_open_ = false;
  std::unordered_map<std::string_view, uint32_t> flags_;
};

// The audit of a Call where slow checks are off: it allows everything.
struct NoKeyAudit {
  static bool allows(const Command&, KeyAudit::Args, std::string_view) { return true; }
  static bool allows_change(const Command&, KeyAudit::Args, std::string_view) { return true; }
  static bool excuse(const Command&, KeyAudit::Args, std::string_view) { return false; }
  static void forget(std::string_view) {}
};

}  // namespace kvstash::engine
