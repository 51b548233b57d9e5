// MemberValue: a large sorted set as a snapshot sees it (BigValue).
//
// It is walked from the highest element down, which is how Redis loads one fastest, and written in
// exactly that order. A member that is about to change is judged by its score, which is the one
// that it had at the cut: below the walk it is kept, and written when the walk comes to its place.
// From then on the walk skips the member wherever it stands.
#pragma once

#include "persist/snapshot/big_value.h"
#include "persist/snapshot/name_filter.h"
#include "store/object.h"
#include "store/scored_member.h"
#include "store/sorted_set.h"

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace kvstash::persist {

class MemberValue final : public BigValue {
 public:
  MemberValue(Place place, Tally& tally, store::ObjectWord word);

  // As MemberObserver.
  void before_change(const store::ScoredMember& member);
  void born(const store::ScoredMember& member);

 private:
  // A member with the score that it had at the cut.
  struct Scored {
    double score;
    std::string_view member;  // A view of a name in known_.
    bool operator<(const Scored& other) const {
      return score != other.score ? score < other.score : member < other.member;
    }
  };
  using Names = std::set<std::string, std::less<>>;

  bool write_elements(rdb::Encoded& to, Budget& budget) override;
  bool write_live(rdb::Encoded& to, Budget& budget, const Scored& live);
  void write_highest_saved(rdb::Encoded& to, Budget& budget);
  void write(rdb::Encoded& to, Budget& budget, const Scored& element);
  bool has_passed(const Scored& element) const;
  // Makes the walk skip a member. Returns the kept name, or nothing if it did so already.
  const std::string* note(std::string_view member);

  store::ObjectWord word_;
  size_t left_;  // Members of the cut that were not written yet.
  bool is_walked_ = false;
  store::SortedSet::Descent place_;  // Just below the last live member that was visited.
  Names known_;                      // Members that changed or came since the cut.
  NameFilter filter_;                // Of known_.
  std::set<Scored> saved_;           // Those of the cut among them that are to be written.
};

}  // namespace kvstash::persist
