#include "commands/sort/sort_elements.h"

#include "base/collation.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <algorithm>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::List;
using store::ListCursor;
using store::ListEnd;
using store::PackedValue;
using store::Set;
using store::SortedSet;
using store::ValueType;

size_t size_of(const Key& key) {
  if (key.type() == ValueType::kList) return key.view<List>()->size();
  if (key.type() == ValueType::kSet) return key.view<Set>()->size();
  return key.view<SortedSet>()->size();
}

// The order of SORT: whether one element comes before another.
class SortOrder {
 public:
  // If `collation` is null, bytes are compared.
  SortOrder(const SortOptions& options, const Collation* collation)
      : options_(&options), collation_(collation) {}

  bool operator()(const SortElement& one, const SortElement& other) const {
    const int order = compare(one, other);
    return options_->is_descending ? order > 0 : order < 0;
  }

 private:
  int compare(const SortElement& one, const SortElement& other) const {
    if (!options_->is_alpha) {
      if (one.score != other.score) return one.score < other.score ? -1 : 1;
      return one.text.compare(other.text);  // Makes the order unique.
    }
    if (!one.has_weight || !other.has_weight) return int{one.has_weight} - int{other.has_weight};
    return collation_ == nullptr ? one.weight.compare(other.weight)
                                 : collation_->compare(one.weight.data(), other.weight.data());
  }

  const SortOptions* options_;
  const Collation* collation_;
};

}  // namespace

std::string_view SortElements::keep(PackedValue value) {
  constexpr size_t kChunkBytes = size_t{64} << 10;
  char scratch[kInt64CharsMax];
  const std::string_view text = value.string(scratch);
  if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() <= text.size())
    chunks_.emplace_back().reserve(std::max(kChunkBytes, text.size() + 1));
  std::string& chunk = chunks_.back();
  const size_t at = chunk.size();
  chunk.append(text).push_back('\0');
  return std::string_view(chunk).substr(at, text.size());
}

Status SortElements::load(const Key& key, const SortOptions& options) {
  const ValueType type = key.type();
  if (type != ValueType::kList && type != ValueType::kSet && type != ValueType::kSortedSet)
    return engine::errors::wrong_type();
  range_ = sort_range(options, size_of(key));
  if (type == ValueType::kSet) {
    key.view<Set>()->for_each([this](PackedValue member) { add(member); });
  } else if (options.keeps_order) {
    load_in_order(key, range_, options.is_descending);
    range_.first = 0;
  } else {
    load_in_order(key, {.first = 0, .count = size_of(key)}, false);
  }
  return {};
}

// Loads a part of a list or a sorted set, counted from the end at which the part begins.
void SortElements::load_in_order(const Key& key, const SortRange& part, bool is_descending) {
  if (part.count == 0) return;
  elements_.reserve(part.count);
  const size_t start = is_descending ? size_of(key) - 1 - part.first : part.first;
  if (key.type() == ValueType::kList) {
    const auto list = key.view<List>();
    ListCursor cursor(*list, is_descending ? ListEnd::kTail : ListEnd::kHead, start);
    PackedValue value{int64_t{0}};
    while (elements_.size() < part.count && cursor.take(value))
      add(value);
  } else {
    const auto set = key.view<SortedSet>();
    for (auto at = set->at(start); elements_.size() < part.count;
         is_descending ? at.prev() : at.next())
      add(at.member());
  }
}

void SortElements::sort(const SortOptions& options, const std::string& locale) {
  std::optional<Collation> collation;
  // A stored result must be the same on every machine, so it does not depend on the locale.
  if (options.is_alpha && options.store_at == 0) collation.emplace(locale);
  const SortOrder order(options, collation ? &*collation : nullptr);
  const size_t end = range_.first + range_.count;
  if (end < elements_.size()) {
    std::partial_sort(elements_.begin(), elements_.begin() + static_cast<ptrdiff_t>(end),
                      elements_.end(), order);
  } else {
    std::stable_sort(elements_.begin(), elements_.end(), order);
  }
}

}  // namespace kvstash::commands
