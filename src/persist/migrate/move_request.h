// MoveRequest: what MIGRATE asks for, read from its arguments. Pure.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct MoveRequest {
  std::string host;
  uint16_t port = 0;
  std::vector<std::string> keys;
  int64_t db = 0;                           // Of the target.
  std::chrono::milliseconds timeout{1000};  // Of each step of the connection.
  bool is_copy = false;                     // The keys stay.
  bool replaces = false;                    // Keys of the target are overwritten.
  std::optional<std::string> user;
  std::optional<std::string> password;
};

// `argv` begins with the name of the command and fits its arity. Errors are replies.
Result<MoveRequest> parse_move(std::span<const std::string_view> argv);

// Finds the keys among the arguments (FindKeys).
engine::KeysFound migrate_keys(std::span<const std::string_view> argv,
                               std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::persist
