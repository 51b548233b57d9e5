#include "store/sorted_set.h"

#include "base/alloc.h"
#include "base/ensure.h"
#include "store/member_index.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace kvstash::store {

struct SortedSet::Large {
  Large(const HashSeed& seed, size_t expected) : index(seed, expected) {}

  ScoredMember* find(std::string_view member) const {
    return index.find(member, index.hash(member));
  }
  ScoredMember* make(std::string_view member, double score) {
    ScoredMember* element = ScoredMember::make(member, score);
    element_bytes += allocation_bytes(ScoredMember::bytes_for(element->size));
    index.insert(element, index.hash(member));
    return element;
  }
  void add(std::string_view member, double score) {
    ScoredMember* element = make(member, score);
    tree.insert(element);
    tell_born(*element);
  }
  void append(std::string_view member, double score) {
    ScoredMember* element = make(member, score);
    tree.append(element);
    tell_born(*element);
  }
  void rescore(ScoredMember& element, double score) {
    tell_change(element);
    tree.rescore(element, score);
  }
  void erase(ScoredMember* element) {
    tell_change(*element);
    tree.erase(*element);
    index.erase(element, index.hash(element->member()));
    drop(element);
  }
  void drop(ScoredMember* element) {
    element_bytes -= allocation_bytes(ScoredMember::bytes_for(element->size));
    ScoredMember::destroy(element);
  }
  size_t bytes() const {
    static_assert(sizeof(Large) == 128, "a size class of the allocator");
    return allocation_bytes(sizeof(Large)) + tree.bytes() + index.bytes() + element_bytes;
  }

  void tell_change(const ScoredMember& element) {
    if (observer != nullptr) [[unlikely]]
      observer->before_change(element);
  }
  void tell_born(const ScoredMember& element) {
    if (observer != nullptr) [[unlikely]]
      observer->born(element);
  }

  ScoreTree tree;
  MemberIndex index;
  size_t element_bytes = 0;
  MemberObserver* observer = nullptr;
};

namespace {

// ---- Scores in a listpack.

// The text of a score as Redis writes it, or an integer if the score is one. Redis stores integers
// of up to half of the 64-bit range so.
PackedValue packed_score(double score, char (&scratch)[kDoubleCharsMax]) {
  constexpr auto kIntegerMax = static_cast<double>(std::numeric_limits<int64_t>::max() / 2);
  if (score >= -kIntegerMax && score <= kIntegerMax) {
    const auto integer = static_cast<int64_t>(score);
    if (static_cast<double>(integer) == score) return integer;
  }
  return std::string_view(scratch, format_double(scratch, score));
}

std::optional<double> read_score(PackedValue value) {
  if (value.is_integer()) return static_cast<double>(value.integer());
  const std::string_view text = value.text();
  double score = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), score);
  if (error != std::errc{} || end != text.data() + text.size() || std::isnan(score))
    return std::nullopt;
  return score;
}

// Reads a score from a pack that was checked or written by us. Walks call it for every element, so
// the usual case is first.
double score_of(PackedValue value) {
  if (value.is_integer()) [[likely]]
    return static_cast<double>(value.integer());
  const std::optional<double> score = read_score(value);
  ensure(score.has_value());
  return *score;
}

// ---- Predicates for count_while: true for elements before a bound.

struct BeforeScore {
  double bound;
  bool or_equal;
  template <typename Element>
  bool operator()(double score, const Element&) const {
    return or_equal ? score <= bound : score < bound;
  }
};

struct BeforeMember {
  LexBound bound;
  bool or_equal;
  template <typename Element>
  bool operator()(double, const Element& element) const {
    if (bound.kind == LexBound::Kind::kLowest) return false;
    if (bound.kind == LexBound::Kind::kHighest) return true;
    return or_equal ? element.member() <= bound.text : element.member() < bound.text;
  }
};

struct BeforeElement {
  double to;
  std::string_view member;
  template <typename Element>
  bool operator()(double score, const Element& element) const {
    return score != to ? score < to : element.member() < member;
  }
};

RankRange between(size_t first, size_t end) {
  return {first, end > first ? end - first : 0};
}

// A member in a listpack; the text of an integer is made only when it is asked for.
class PackedMember {
 public:
  explicit PackedMember(PackedValue value) : value_(value) {}
  std::string_view member() const { return value_.string(scratch_); }

 private:
  PackedValue value_;
  mutable char scratch_[kInt64CharsMax];
};

// The first element of a listpack for which `before` is false: its rank and its position.
struct PackPlace {
  size_t rank = 0;
  PackPosition at;
};

template <typename Before>
PackPlace place_in(ListpackView pack, const Before& before) {
  PackPlace place{.at = pack.first()};
  for (PackPosition at = place.at; at; place.at = at, ++place.rank) {
    const PackedMember member(pack.take(at));
    ensure(static_cast<bool>(at));  // Every member has a score.
    if (!before(score_of(pack.take(at)), member)) break;
  }
  return place;
}

PackPosition member_at(ListpackView pack, size_t rank) {
  return pack.seek(static_cast<int64_t>(rank * 2));
}

// The result of giving `score` under the rule to a member that has the score `current`.
AddResult decide(double current, double score, const ScoreRule& rule) {
  if (rule.only_new) return {ScoreChange::kSkipped, current};
  if (rule.increment) score += current;
  if (std::isnan(score)) return {ScoreChange::kNotANumber, 0};
  const bool refused =
      (rule.only_less && score >= current) || (rule.only_greater && score <= current);
  if (refused) return {ScoreChange::kSkipped, current};
  return {score == current ? ScoreChange::kUnchanged : ScoreChange::kUpdated, score};
}

bool fits(const SortedSetOptions& options, size_t members, size_t member_bytes) {
  return members <= options.listpack_entries_max &&
         member_bytes <= options.listpack_value_bytes_max;
}

}  // namespace

// ---- Iterator.

void SortedSet::Iterator::show(const unsigned char* pack, PackPosition at) {
  pack_ = at ? pack : nullptr;
  member_at_ = at;
  if (!at) return;
  member_ = ListpackView(pack).take(at);
  score_at_ = at;
}

double SortedSet::Iterator::packed_score() const {
  return score_of(ListpackView(pack_).value(score_at_));
}

std::string_view SortedSet::Iterator::member() const {
  return pack_ != nullptr ? member_.string(scratch_) : at_.element().member();
}

void SortedSet::Iterator::next() {
  if (pack_ == nullptr) return at_.next();
  show(pack_, ListpackView(pack_).next(score_at_));
}

void SortedSet::Iterator::prev() {
  if (pack_ == nullptr) return at_.prev();
  const ListpackView view(pack_);
  const PackPosition score = view.prev(member_at_);
  show(pack_, score ? view.prev(score) : score);
}

// ---- Making.

SortedSet::SortedSet() : SortedSet(reinterpret_cast<uintptr_t>(Listpack().release())) {}

SortedSet::SortedSet(const SortedSetOptions& options, size_t expected, size_t member_bytes)
    : SortedSet() {
  make_large_if_due(options, expected, member_bytes);
}

void SortedSet::drop() {
  if (offer()) return;
  while (free_some(std::numeric_limits<size_t>::max())) {
  }
}

std::optional<SortedSet> SortedSet::from_listpack(ListpackView pack, bool deep) {
  std::vector<std::string> members;
  std::optional<std::pair<double, std::string>> last;
  for (PackPosition at = pack.first(); at;) {
    const PackedMember member(pack.take(at));
    if (!at) return std::nullopt;
    const std::optional<double> score = read_score(pack.take(at));
    if (!score) return std::nullopt;
    std::pair<double, std::string> element(*score, member.member());
    if (last && !(*last < element)) return std::nullopt;
    if (deep) members.push_back(element.second);
    last = std::move(element);
  }
  std::sort(members.begin(), members.end());
  if (std::adjacent_find(members.begin(), members.end()) != members.end()) return std::nullopt;
  return SortedSet(reinterpret_cast<uintptr_t>(Listpack(pack).release()));
}

SortedSet SortedSet::copy() const {
  if (is_small()) return SortedSet(reinterpret_cast<uintptr_t>(Listpack(listpack()).release()));
  const SortedSetOptions options{.seed = large().index.seed()};
  SortedSet made;
  made.make_large(options, size());
  for (Iterator at = first(); !at.at_end(); at.next())
    made.append(at.member(), at.score(), options);
  return made;
}

// ---- Changing.

template <typename Edit>
void SortedSet::edit(const Edit& change) {
  ensure(is_small());
  Listpack pack = Listpack::adopt(reinterpret_cast<unsigned char*>(word_));
  change(pack);
  word_ = reinterpret_cast<uintptr_t>(pack.release());
}

AddResult SortedSet::add(std::string_view member, double score, const ScoreRule& rule,
                         const SortedSetOptions& options) {
  ensure(!std::isnan(score));
  if (is_small()) return add_small(member, score, rule, options);
  ScoredMember* element = large().find(member);
  if (element == nullptr) {
    if (rule.only_existing) return {ScoreChange::kSkipped, 0};
    large().add(member, score);
    return {ScoreChange::kAdded, score};
  }
  const AddResult result = decide(element->score, score, rule);
  if (result.change == ScoreChange::kUpdated) large().rescore(*element, result.score);
  return result;
}

AddResult SortedSet::add_small(std::string_view member, double score, const ScoreRule& rule,
                               const SortedSetOptions& options) {
  const ListpackView pack = listpack();
  const PackPosition at = pack.empty() ? PackPosition{} : pack.find(member, pack.first(), 1);
  if (!at) {
    if (rule.only_existing) return {ScoreChange::kSkipped, 0};
    make_large_if_due(options, size() + 1, member.size());
    if (!is_small()) return add(member, score, rule, options);
    insert_small(member, score);
    return {ScoreChange::kAdded, score};
  }
  const AddResult result = decide(score_of(pack.value(pack.next(at))), score, rule);
  if (result.change == ScoreChange::kUpdated) {
    edit([&](Listpack& change) { change.erase(at, 2); });
    insert_small(member, result.score);
  }
  return result;
}

void SortedSet::insert_small(std::string_view member, double score) {
  const PackPosition at = place_in(listpack(), BeforeElement{score, member}).at;
  char scratch[kDoubleCharsMax];
  const PackedValue packed = packed_score(score, scratch);
  edit([&](Listpack& pack) {
    if (at) {
      pack.insert_after(pack.insert_before(at, member), packed);
    } else {
      pack.push_back(member);
      pack.push_back(packed);
    }
  });
}

void SortedSet::append(std::string_view member, double score, const SortedSetOptions& options) {
  ensure(!std::isnan(score));
  make_large_if_due(options, size() + 1, member.size());
  if (is_small()) {
    char scratch[kDoubleCharsMax];
    const PackedValue packed = packed_score(score, scratch);
    edit([&](Listpack& pack) {
      pack.push_back(member);
      pack.push_back(packed);
    });
    return;
  }
  large().append(member, score);
}

bool SortedSet::erase(std::string_view member) {
  if (!is_small()) {
    ScoredMember* element = large().find(member);
    if (element != nullptr) large().erase(element);
    return element != nullptr;
  }
  const ListpackView pack = listpack();
  const PackPosition at = pack.empty() ? PackPosition{} : pack.find(member, pack.first(), 1);
  if (at) edit([&](Listpack& change) { change.erase(at, 2); });
  return static_cast<bool>(at);
}

void SortedSet::erase_ranks(const RankRange& at) {
  ensure(at.first <= size() && at.count <= size() - at.first);
  if (at.count == 0) return;
  if (is_small()) {
    edit([&](Listpack& pack) { pack.erase(member_at(pack.view(), at.first), at.count * 2); });
    return;
  }
  if (large().observer != nullptr) [[unlikely]]
    tell_ranks(at);
  const auto forget = [&](ScoredMember* element) {
    large().index.erase(element, large().index.hash(element->member()));
    large().drop(element);
  };
  for (size_t left = at.count; left != 0;)
    left -= large().tree.take(at.first, left, forget);
}

// Tells all elements before the first is removed, so that the observer always sees a whole set.
void SortedSet::tell_ranks(const RankRange& range) {
  ScoreTree::Position at = large().tree.at(range.first);
  for (size_t left = range.count; left != 0; --left, at.next())
    large().tell_change(at.element());
}

std::optional<SortedSet::Popped> SortedSet::pop(End end) {
  if (empty()) return std::nullopt;
  const size_t rank = end == End::kLowest ? 0 : size() - 1;
  const Iterator at = this->at(rank);
  Popped popped{.member = std::string(at.member()), .score = at.score()};
  erase_ranks({rank, 1});
  return popped;
}

// ---- Asking.

size_t SortedSet::size() const {
  return is_small() ? listpack().size() / 2 : large().tree.size();
}

std::optional<double> SortedSet::score(std::string_view member) const {
  if (!is_small()) {
    const ScoredMember* element = large().find(member);
    return element != nullptr ? std::optional(element->score) : std::nullopt;
  }
  const ListpackView pack = listpack();
  const PackPosition at = pack.empty() ? PackPosition{} : pack.find(member, pack.first(), 1);
  return at ? std::optional(score_of(pack.value(pack.next(at)))) : std::nullopt;
}

std::optional<size_t> SortedSet::rank(std::string_view member) const {
  if (!is_small()) {
    const ScoredMember* element = large().find(member);
    return element != nullptr ? std::optional(large().tree.rank_of(*element)) : std::nullopt;
  }
  const ListpackView pack = listpack();
  size_t rank = 0;
  for (PackPosition at = pack.first(); at; at = pack.next(pack.next(at)), ++rank)
    if (pack.equals(at, member)) return rank;
  return std::nullopt;
}

template <typename Before>
size_t SortedSet::count_while(const Before& before) const {
  return is_small() ? place_in(listpack(), before).rank : large().tree.count_while(before);
}

RankRange SortedSet::ranks_of(const ScoreRange& range) const {
  return between(count_while(BeforeScore{range.min, range.min_exclusive}),
                 count_while(BeforeScore{range.max, !range.max_exclusive}));
}

RankRange SortedSet::ranks_of(const LexRange& range) const {
  using Kind = LexBound::Kind;
  return between(count_while(BeforeMember{range.min, range.min.kind == Kind::kExclusive}),
                 count_while(BeforeMember{range.max, range.max.kind == Kind::kInclusive}));
}

// ---- Walking.

SortedSet::Iterator SortedSet::at(size_t rank) const {
  if (!is_small()) return Iterator(large().tree.at(rank));
  if (rank >= size()) return Iterator(ScoreTree::Position{});
  return {listpack(), member_at(listpack(), rank)};
}

SortedSet::Iterator SortedSet::last() const {
  return at(empty() ? 0 : size() - 1);
}

SortedSet::Iterator SortedSet::sample(Random& random) const {
  return at(random.below(size()));
}

ScanPosition SortedSet::scan(ScanPosition position, const Visit& visit) const {
  if (!is_small()) {
    return large().index.scan(
        position, [&](const ScoredMember& element) { visit(element.member(), element.score); });
  }
  for (Iterator at = first(); !at.at_end(); at.next())
    visit(at.member(), at.score());
  return ScanPosition{};
}

// ---- For snapshots.

bool SortedSet::descend(Descent& place, size_t count, const Visit& visit) const {
  return descend_while(place, [&](std::string_view member, double score) {
    if (count == 0) return false;
    --count;
    visit(member, score);
    return true;
  });
}

bool SortedSet::descend_while(
    Descent& place, const std::function<bool(std::string_view member, double score)>& visit) const {
  const size_t above =
      place.has_begun ? count_while(BeforeElement{place.score, place.member}) : size();
  if (above == 0) return false;
  Iterator at = this->at(above - 1);
  Iterator last = at;
  bool has_moved = false;
  for (; !at.at_end() && visit(at.member(), at.score()); at.prev()) {
    last = at;
    has_moved = true;
  }
  if (has_moved) {
    place.has_begun = true;
    place.score = last.score();
    place.member = last.member();
  }
  return !at.at_end();
}

void SortedSet::set_observer(MemberObserver* observer) const {
  ensure(!is_small());
  large().observer = observer;
}

MemberObserver* SortedSet::observer() const {
  return is_small() ? nullptr : large().observer;
}

bool SortedSet::offer() {
  if (observer() == nullptr) return false;
  return std::exchange(large().observer, nullptr)->take(word_);
}

// ---- Forms.

ListpackView SortedSet::listpack() const {
  ensure(is_small() && word_ != 0);
  return ListpackView(reinterpret_cast<const unsigned char*>(word_));
}

void SortedSet::make_large_if_due(const SortedSetOptions& options, size_t expected,
                                  size_t member_bytes) {
  if (!is_small()) return;
  const bool is_safe = listpack().total_bytes() + member_bytes <= ListpackView::kBytesMax;
  if (is_safe && fits(options, expected, member_bytes)) return;
  make_large(options, expected);
}

void SortedSet::make_large(const SortedSetOptions& options, size_t expected) {
  if (!is_small()) return;
  auto* made = new (allocate(sizeof(Large))) Large(options.seed, std::max(expected, size()));
  for (Iterator at = first(); !at.at_end(); at.next())
    made->tree.append(made->make(at.member(), at.score()));
  free_some(1);
  word_ = reinterpret_cast<uintptr_t>(made) | kLarge;
}

bool SortedSet::make_small_if_fits(const SortedSetOptions& options) {
  if (is_small()) return true;
  if (size() > options.listpack_entries_max) return false;
  size_t total_bytes = 0;
  for (Iterator at = first(); !at.at_end(); at.next()) {
    if (at.member().size() > options.listpack_value_bytes_max) return false;
    total_bytes += at.member().size();
  }
  if (total_bytes > ListpackView::kBytesMax) return false;
  SortedSet small;
  for (Iterator at = first(); !at.at_end(); at.next())
    small.append(at.member(), at.score(), options);
  if (!small.is_small()) return false;
  *this = std::move(small);
  return true;
}

// ---- Memory.

size_t SortedSet::bytes() const {
  return is_small() ? allocation_bytes(listpack().total_bytes()) : large().bytes();
}

std::optional<TableShapes> SortedSet::table_shapes() const {
  if (is_small()) return std::nullopt;
  return large().index.shapes();
}

bool SortedSet::free_some(size_t budget) {
  if (word_ == 0) return false;
  if (is_small()) {
    const Listpack freed = Listpack::adopt(reinterpret_cast<unsigned char*>(word_));
    word_ = 0;
    return false;
  }
  Large& gone = large();
  ensure(gone.observer == nullptr);
  while (gone.tree.size() != 0) {
    if (budget == 0) return true;
    budget -= gone.tree.take(0, budget, [&](ScoredMember* element) { gone.drop(element); });
  }
  if (gone.index.free_some(budget)) return true;
  gone.~Large();
  deallocate(&gone, sizeof(Large));
  word_ = 0;
  return false;
}

bool SortedSet::is_sound() const {
  if (is_small()) return from_listpack(listpack(), true).has_value();
  if (!large().tree.is_sound() || large().index.size() != size()) return false;
  size_t element_bytes = 0;
  for (ScoreTree::Position at = large().tree.at(0); !at.at_end(); at.next()) {
    if (large().find(at.element().member()) != &at.element()) return false;
    element_bytes += allocation_bytes(ScoredMember::bytes_for(at.element().size));
  }
  return element_bytes == large().element_bytes;
}

}  // namespace kvstash::store
