// WaitingSessions: the connections of one shard that wait in a blocking command, ordered by the
// time at which their waits end. Lives on the shard of the connections, used on its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace kvstash::engine {

class WaitingSessions {
 public:
  // By the node's monotonic clock, in ns; none: the session waits for ever.
  using Deadline = std::optional<int64_t>;

  size_t size() const { return count_; }
  size_t with_deadline() const { return by_deadline_.size(); }

  void add(uint64_t session_id, Deadline deadline) {
    ++count_;
    if (deadline) by_deadline_.emplace(*deadline, session_id);
  }
  void remove(uint64_t session_id, Deadline deadline) {
    --count_;
    if (deadline) by_deadline_.erase({*deadline, session_id});
  }

  Deadline next_deadline_ns() const {
    return by_deadline_.empty() ? Deadline() : Deadline(by_deadline_.begin()->first);
  }
  // Ids of the sessions whose deadline has passed, the earliest first. They stay until removed.
  std::vector<uint64_t> due(int64_t now_ns) const {
    std::vector<uint64_t> ids;
    for (const auto& [deadline_ns, id] : by_deadline_) {
      if (deadline_ns > now_ns) break;
      ids.push_back(id);
    }
    return ids;
  }

 private:
  size_t count_ = 0;
  std::set<std::pair<int64_t, uint64_t>> by_deadline_;
};

}  // namespace kvstash::engine
