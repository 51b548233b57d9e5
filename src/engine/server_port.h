// ServerPort: what commands of the server room reach through a Call, without the engine knowing
// what a server is. Implemented by server::Server; CONFIG, INFO, DEBUG and SHUTDOWN use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvstash::engine {

class Session;

class ServerPort {
 public:
  virtual ~ServerPort() = default;

  // Checks a password of the default user. Constant time in the text. Any shard's thread.
  virtual bool is_password(std::string_view password) const = 0;
};

}  // namespace kvstash::engine
