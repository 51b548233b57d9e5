// Client names: what CLIENT SETNAME, CLIENT SETINFO and HELLO accept. CLIENT LIST shows one client
// a line and separates fields by blanks, so a name may contain neither blanks nor line ends. Pure;
// any thread.
#pragma once

#include "base/result.h"

#include <algorithm>
#include <string_view>

namespace kvstash::commands {

inline bool is_client_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; });
}

inline Error invalid_client_name() {
  return Error::literal("ERR Client names cannot contain spaces, newlines or special characters.");
}

}  // namespace kvstash::commands
