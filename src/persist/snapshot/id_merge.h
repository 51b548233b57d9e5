// merge_ids: a walk by id over what a tree of ids held at the cut: the ids that are in the tree
// now, and the saved ones of those that have changed since.
//
// Pure; used by the parts of a StreamValue.
#pragma once

#include "base/ensure.h"
#include "persist/snapshot/big_value.h"
#include "store/id_tree.h"
#include "store/stream_id.h"

#include <optional>
#include <set>
#include <utility>

namespace kvstash::persist {

inline store::StreamId id_of(store::StreamId id) {
  return id;
}
template <typename Value>
store::StreamId id_of(const std::pair<const store::StreamId, Value>& saved) {
  return saved.first;
}

// Visits the ids from `next` on in their order, as long as the budget lasts, and moves `next`
// behind them; to nothing after the last. An id that is in both is visited as a saved one.
//   live      the tree, or null if it is gone: visit_live(position)
//   saved     a set, or a map by id: visit_saved(iterator) returns the iterator behind it
// The visitors spend the budget.
template <typename Tree, typename Saved, typename VisitLive, typename VisitSaved>
void merge_ids(std::optional<store::StreamId>& next, const Tree* live, Saved& saved,
               const Budget& budget, const VisitLive& visit_live, const VisitSaved& visit_saved) {
  ensure(next.has_value());
  auto at = live != nullptr ? live->lower_bound(*next) : typename Tree::Position{};
  auto kept = saved.lower_bound(*next);
  while (!budget.is_spent() && next) {
    if (at.at_end() && kept == saved.end()) {
      next = std::nullopt;
      return;
    }
    const bool is_saved = kept != saved.end() && (at.at_end() || id_of(*kept) <= at.id());
    const store::StreamId id = is_saved ? id_of(*kept) : at.id();
    if (is_saved) {
      kept = visit_saved(kept);
    } else {
      visit_live(at);
    }
    if (!at.at_end() && at.id() == id) at.next();
    next = id.next();
  }
}

}  // namespace kvstash::persist
