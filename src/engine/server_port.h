// ServerPort: what commands of the server room reach through a Call, without the engine knowing
// what a server is. Implemented by server::Server; CONFIG, INFO, DEBUG, SHUTDOWN and ACL use it.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::engine {

class Session;

class ServerPort {
 public:
  virtual ~ServerPort() = default;

  // A connection as CLIENT LIST shows it, for records that outlive it. On its shard.
  virtual std::string describe(const Session& session, int64_t now_ms) const = 0;

  // The users' file: reads it into the Acl, or writes it. Every shard is held. The error is a
  // reply.
  virtual Status load_acl() = 0;
  virtual Status save_acl() = 0;
};

}  // namespace kvstash::engine
