// Due keys: those whose deadline has passed and that were not removed yet.
#pragma once

namespace kvstash::engine {

class Hold;
class ShardData;

// Whether due keys and fields of the shard stay where they are until a command changes their key,
// and readers do not see them: while clients are paused, and on a replica, which removes what its
// primary removes.
bool keeps_due_keys(const Hold& hold, const ShardData& shard);

}  // namespace kvstash::engine
