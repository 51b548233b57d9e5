#include "persist/snapshot/holdings.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {

using store::Entry;
using store::Keyspace;

ValueWatch& Holdings::watch(Keyspace& space, const Entry& entry) {
  if (ValueWatch* known = ValueWatch::find(entry)) return *known;
  std::unique_ptr<ValueWatch> made = ValueWatch::make(space, entry);
  ValueWatch& watch = *made;
  watch.set_home(*this);
  watches_.emplace(&watch, std::move(made));
  if (const auto kept = kept_.find(&space); kept != kept_.end()) ++kept->second.holders;
  return watch;
}

void Holdings::unwatch(ValueWatch& watch, store::Mark mark) {
  watch.remove(mark);
  if (!watch.is_unused()) return;
  const Keyspace* space = watch.space();
  watch.end(*garbage_);
  watches_.erase(&watch);
  if (space != nullptr) let_go(*space);
}

void Holdings::take(ValueWatch& watch) {
  watches_.insert(watch.home()->watches_.extract(&watch));
  watch.set_home(*this);
}

void Holdings::keep(std::unique_ptr<Keyspace>& space, size_t walks) {
  const auto values = std::ranges::count_if(
      watches_, [&](const auto& known) { return known.second->space() == space.get(); });
  const size_t holders = walks + static_cast<size_t>(values);
  if (holders == 0) return;
  const Keyspace* address = space.get();
  kept_.emplace(address, Kept{std::move(space), holders});
}

void Holdings::let_go(const Keyspace& space) {
  const auto kept = kept_.find(&space);
  if (kept == kept_.end() || --kept->second.holders != 0) return;
  std::shared_ptr<Keyspace> gone = std::move(kept->second.space);
  kept_.erase(kept);
  garbage_->add([gone = std::move(gone)]() mutable { gone.reset(); });
}

}  // namespace kvstash::persist
