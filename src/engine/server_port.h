// ServerPort: the functions of the server that commands of the server room reach through a Call, so
// that the engine need not know the server. Implemented by server::Server; CONFIG, INFO, DEBUG,
// SHUTDOWN, ACL and REPLICAOF use it.
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

  // Describes a connection as CLIENT LIST shows it, for records that outlive the connection. Called
  // on the thread of the session's shard.
  virtual std::string describe(const Session& session, int64_t now_ms) const = 0;

  // load_acl() reads the file of users into the Acl, save_acl() writes it. Every shard is held. An
  // error is the reply to the client.
  virtual Status load_acl() = 0;
  virtual Status save_acl() = 0;

  // Makes the node a replica of the primary at this address; an empty host: a primary. Every shard
  // is held. An error is the reply to the client.
  virtual Status set_primary(std::string_view host, uint16_t port) = 0;

  // FLUSHALL has emptied all databases. Every shard is held.
  virtual void flushed_all() {}
};

}  // namespace kvstash::engine
