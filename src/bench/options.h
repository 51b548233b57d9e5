// LoadOptions: which commands a run of the load generator sends, to which server, and for how long.
// A plain value.
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
inline constexpr uint64_t kKeysMax = 1'000'000'000'000;  // Numbers have twelve digits.
inline constexpr uint64_t kDataBytesMax = uint64_t{16} << 20;
inline constexpr uint64_t kSecondsMax = 86'400;

struct LoadOptions {
  std::string host = "127.0.0.1";  // An IPv4 address.
  uint16_t port = 6379;
  uint64_t clients = 50;
  uint64_t pipeline = 1;  // Commands in each batch of a client.
  uint64_t keys = 1'000'000;
  uint64_t data_bytes = 64;
  uint64_t count = 0;  // Number of commands; 0: as many as `duration` allows.
  std::chrono::milliseconds duration{3000};
  uint64_t seed = 1;
  std::vector<std::string> commands;  // Templates (see CommandTemplate), sent in turn.
};

// Reads the arguments after the program's name. Fails with a sentence that says what is wrong.
Result<LoadOptions> parse_load_options(std::span<const std::string_view> args);

std::string load_usage();

}  // namespace kvstash::bench
