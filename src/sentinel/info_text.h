// InfoText: what a sentinel reads in the INFO of a data node.
//
// Lines that are missing or malformed leave their field empty. What a replica says of itself counts
// only behind its line `role:slave`. Pure; any thread. Owns its bytes.
#pragma once

#include "sentinel/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::sentinel {

enum class DataRole : uint8_t { kPrimary, kReplica };

struct ListedReplica {
  std::string host;
  int64_t port = 0;

  bool operator==(const ListedReplica&) const = default;
};

struct InfoText {
  std::optional<std::string> run_id{};
  std::optional<DataRole> role{};
  std::vector<ListedReplica> replicas{};  // The lines slaveN, of both forms of Redis.
  Duration link_down{0};  // For how long the link to the primary is down; 0: up, -1 s: always.
  std::optional<std::string> primary_host{};
  std::optional<int64_t> primary_port{};
  std::optional<bool> is_link_up{};
  std::optional<int64_t> priority{};
  std::optional<uint64_t> offset{};
  std::optional<bool> is_announced{};

  bool operator==(const InfoText&) const = default;
};

inline constexpr size_t kRunIdChars = 40;
// Replicas beyond so many are not read.
inline constexpr size_t kListedReplicasMax = 10'000;

InfoText parse_info(std::string_view text);

// Whether the INFO of a server says that it is kvstash.
bool is_kvstash_info(std::string_view text);

}  // namespace kvstash::sentinel
