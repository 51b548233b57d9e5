// The line that CLIENT LIST and CLIENT INFO show of a connection. It has the fields of Redis 7.2 in
// its order, and ends in a newline. Call it on the shard of the session.
#pragma once

#include <cstdint>
#include <string>

namespace kvstash::engine {
class Session;
}

namespace kvstash::commands {

std::string client_line(const engine::Session& session, int64_t now_ms);

}  // namespace kvstash::commands
