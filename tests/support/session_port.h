// SessionPort: a shard's port without sockets. It keeps what the sessions would have sent, and
// closes those whose output is over.
//
// Used on the shard's thread.
#pragma once

#include "engine/shard.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class SessionPort final : public engine::ShardPort {
 public:
  explicit SessionPort(engine::Shard& shard) : shard_(&shard) { shard.set_port(*this); }

  void ring() override {}
  void flush_sessions() override {
    for (engine::Session* session : shard_->clients().take_ready()) {
      const std::string_view out = session->replies.sendable();
      sent[session->info.id] += out;
      session->replies.drop_sent(out.size());
      if ((session->stopped & engine::kStopClosing) != 0 && session->replies.bytes() == 0)
        close_session(*session);
    }
  }
  void close_session(engine::Session& session) override {
    closed.push_back(session.info.id);
    shard_->clients().close(session);
  }

  std::map<uint64_t, std::string> sent;  // By session.
  std::vector<uint64_t> closed;          // Sessions, in the order in which they were closed.

 private:
  engine::Shard* shard_;
};

}  // namespace kvstash::test
