// ClientFilter: which connections CLIENT KILL and CLIENT LIST select. It is parsed once, then every
// shard matches its own sessions against it. A value that owns its text.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::engine {
class Acl;
class Session;
}  // namespace kvstash::engine

namespace kvstash::commands {

enum class ClientType : uint8_t { kNormal, kReplica, kMaster, kPubsub };

// Parses a client type. The error is "Unknown client type '...'".
Result<ClientType> parse_client_type(std::string_view word);
ClientType type_of(const engine::Session& session);

struct ClientFilter {
  std::optional<uint64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  std::optional<std::string> user;
  std::optional<int64_t> age_s_min;
  bool skips_caller = true;

  // Whether the session matches all conditions that are set. skips_caller is left to the caller.
  bool matches(const engine::Session& session, int64_t now_ms) const;
};

// Parses the arguments of CLIENT KILL: an address alone, or pairs of an option and its value. A
// user must be known to `acl`.
Result<ClientFilter> parse_kill_filter(std::span<const std::string_view> args,
                                       const engine::Acl& acl);

}  // namespace kvstash::commands
