#include "server/debug_state.h"

#include "base/random.h"

#include <array>

namespace kvstash::server {

std::string DebugState::random_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 20> bytes{};
  random_bytes(bytes.data(), bytes.size());
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace kvstash::server
