#include "engine/release/gate.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::engine {

void Gate::wait(Lsn lsn, Released then) {
  const auto at = std::ranges::upper_bound(waiting_, lsn, {}, &Waiting::lsn);
  waiting_.insert(at, {.lsn = lsn, .then = std::move(then)});
}

// Whoever lets the journal's number grow looks at the flag afterwards, and this looks at the number
// after it has set the flag: one of the two sees the other.
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
