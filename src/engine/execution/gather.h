// GatherPlan: one question to several shards, which are asked by message and not held.
#pragma once

#include "engine/execution/hold.h"
#include "resp/reply_writer.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace kvstash::engine {

class Shard;

// Writes the reply to a command that waits for work outside of the shards (Call::answer_later).
using WriteReply = std::function<void(resp::ReplyWriter& to)>;
// Ends such a command; any thread, once.
using LaterAnswer = std::function<void(WriteReply write)>;

struct GatherPlan {
  std::vector<size_t> asked;  // Ids of the asked shards.
  // Finds and keeps the answer of shard asked[index], under a hold that covers it. Called once for
  // each asked shard; for different shards it may run on different threads.
  std::function<void(size_t index, const Hold& hold, Shard& shard)> part;
  // Writes the reply, on the thread of the connection, when every part is over.
  std::function<void(resp::ReplyWriter& to)> finish;
};

}  // namespace kvstash::engine
