// LoadOptions: what a run of the load generator sends, where to, and until when. A plain value.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::bench {

inline constexpr uint64_t kClientsMax = 20'000;
inline constexpr uint64_t kPipelineMax = 10'000;
inline constexpr uint64_t kKeysMax = 1'000'000'000'000;  // Twelve digits.
inline constexpr uint64_t kDataBytesMax = uint64_t{16} << 20;
inline constexpr uint64_t kSecondsMax = 86'400;

struct LoadOptions {
  std::string host = "127.0.0.1";  // An IPv4 address.
  uint16_t port = 6379;
  uint64_t clients = 50;
  uint64_t pipeline = 1;  // Commands that every client has under way.
  uint64_t keys = 1'000'000;
  uint64_t data_bytes = 64;
  uint64_t count = 0;  // Commands in all; 0: as many as `duration` allows.
  std::chrono::milliseconds duration{3000};
  uint64_t seed = 1;
  std::vector<std::string> commands;  // See CommandTemplate. Sent in turn.
};

// Reads the arguments after the program's name. Fails with a sentence about what is wrong.
Result<LoadOptions> parse_load_options(std::span<const std::string_view> args);

std::string load_usage();

}  // namespace kvstash::bench
