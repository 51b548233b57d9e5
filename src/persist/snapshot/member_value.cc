#include "persist/snapshot/member_value.h"

#include "base/ensure.h"
#include "engine/execution/key.h"
#include "persist/rdb/value_writer.h"

#include <functional>
#include <utility>

namespace kvstash::persist {

using store::ScoredMember;
using store::SortedSet;

namespace {

size_t hash_of(std::string_view member) {
  return std::hash<std::string_view>()(member);
}

}  // namespace

MemberValue::MemberValue(Place place, Tally& tally, store::ObjectWord word)
    : BigValue(std::move(place), tally),
      word_(word),
      left_(engine::Viewed<SortedSet>(word)->size()) {
  rdb::write_count(head(), left_);
}

bool MemberValue::has_passed(const Scored& element) const {
  return is_walked_ || (place_.has_begun && !(element < Scored{place_.score, place_.member}));
}

const std::string* MemberValue::note(std::string_view member) {
  const auto at = known_.lower_bound(member);
  if (at != known_.end() && *at == member) return nullptr;
  add_overlay(kNodeBytes + sizeof(std::string) + member.size());
  filter_.add(hash_of(member));
  return &*known_.emplace_hint(at, member);
}

void MemberValue::before_change(const ScoredMember& member) {
  if (is_walked_) return;
  // A member behind the walk is noted, too: its new score may bring it ahead again.
  const std::string* name = note(member.member());
  if (name == nullptr) return;
  const Scored element{member.score, *name};
  if (has_passed(element)) return;
  saved_.insert(element);
  add_overlay(kNodeBytes + sizeof(Scored));
  count_preimages(1);
}

void MemberValue::born(const ScoredMember& member) {
  if (!is_walked_) note(member.member());
}

bool MemberValue::write_elements(rdb::Encoded& to, Budget& budget) {
  if (!is_walked_) {
    const engine::Viewed<SortedSet> set(word_);
    is_walked_ = !set->descend_while(place_, [&](std::string_view member, double score) {
      return write_live(to, budget, {score, member});
    });
  }
  if (!is_walked_) return true;
  while (!saved_.empty() && !budget.is_spent())
    write_highest_saved(to, budget);
  if (!saved_.empty()) return true;
  ensure(left_ == 0);
  return false;
}

// Writes saved members above a live one, and then the live one, unless the walk skips it. Returns
// false if the budget did not suffice.
bool MemberValue::write_live(rdb::Encoded& to, Budget& budget, const Scored& live) {
  while (!budget.is_spent()) {
    if (saved_.empty() || *saved_.rbegin() < live) {
      if (!filter_.may_have(hash_of(live.member)) || !known_.contains(live.member)) {
        write(to, budget, live);
      } else {
        budget.spend(1);
      }
      return true;
    }
    write_highest_saved(to, budget);
  }
  return false;
}

void MemberValue::write_highest_saved(rdb::Encoded& to, Budget& budget) {
  const auto highest = std::prev(saved_.end());
  write(to, budget, *highest);
  saved_.erase(highest);
  drop_overlay(kNodeBytes + sizeof(Scored));
}

void MemberValue::write(rdb::Encoded& to, Budget& budget, const Scored& element) {
  ensure(left_ != 0);
  --left_;
  const size_t before = to.bytes.size();
  rdb::Encoder encoder(to);
  rdb::write_scored(encoder, element.member, element.score);
  budget.spend(1, to.bytes.size() - before);
}

}  // namespace kvstash::persist
