#include "persist/rdb/container_readers.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace kvstash::persist::rdb {
namespace {

using store::SortedSet;

SortedSet read_packed(Decoder& from, Type type, const ReadOptions& options) {
  const store::Listpack pack =
      type == Type::kSortedSetZiplist ? read_ziplist(from) : read_listpack(from);
  if (!from.ok()) return {};
  std::optional<SortedSet> set = SortedSet::from_listpack(pack.view(), options.finds_repeats);
  if (!set) {
    from.fail("a sorted set is not in order, or a member has no score or repeats");
    return {};
  }
  set->make_large_if_due(options.sorted_set, set->size(), 0);
  return *std::move(set);
}

// The elements are in any order, the highest first as a rule.
SortedSet read_elements(Decoder& from, Type type, const store::SortedSetOptions& options) {
  constexpr size_t kElementBytesMin = 2;
  SortedSet set;
  size_t left = from.count(kElementBytesMin);
  set.make_large(options, left);
  std::string scratch;
  for (; left != 0; --left) {
    const std::string_view member = from.string(scratch);
    const double score = type == Type::kSortedSet ? from.binary_double() : from.text_double();
    if (std::isnan(score)) from.fail("a score is not a number");
    if (!from.ok()) break;
    if (set.add(member, score, options).change != store::ScoreChange::kAdded) {
      from.fail("a member of a sorted set repeats");
      break;
    }
  }
  set.make_small_if_fits(options);
  return set;
}

}  // namespace

SortedSet read_sorted_set(Decoder& from, Type type, const ReadOptions& options) {
  if (type == Type::kSortedSet || type == Type::kSortedSetText)
    return read_elements(from, type, options.sorted_set);
  return read_packed(from, type, options);
}

}  // namespace kvstash::persist::rdb
