#include "engine/release/gate.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::engine {

void Gate::wait(Lsn lsn, int64_t now_ms, Released then) {
  const auto at = std::ranges::upper_bound(waiting_, lsn, {}, &Waiting::lsn);
  waiting_.insert(at, {.lsn = lsn, .since_ms = now_ms, .then = std::move(then)});
}

std::optional<int64_t> Gate::oldest_ms() const {
  if (waiting_.empty()) return std::nullopt;
  return std::ranges::min_element(waiting_, {}, &Waiting::since_ms)->since_ms;
}

// The thread that raises the journal's number reads the flag is_awaited_ afterwards, and this
// thread reads the number after it has set the flag: so at least one of the two sees the other's
// write.
void Gate::open() {
  const auto has_reached = [this] {
    return !waiting_.empty() && waiting_.front().lsn <= released_->load(std::memory_order_seq_cst);
  };
  do {
    while (has_reached()) {
      const Released then = std::move(waiting_.front().then);
      waiting_.pop_front();
      then();
    }
    if (waiting_.empty()) return;
    is_awaited_.store(true, std::memory_order_seq_cst);
  } while (has_reached());
}

}  // namespace kvstash::engine
