#include "store/sorted_set.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::store {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr SortedSetOptions kDefault{.seed = {7, 8, 9}};
constexpr SortedSetOptions kLargeOnly{.listpack_entries_max = 0, .seed = {7, 8, 9}};
constexpr SortedSetOptions kForms[] = {kDefault, kLargeOnly};

using Elements = std::vector<std::pair<std::string, double>>;
using Kind = LexBound::Kind;

std::string name(size_t number) {
  return "m" + std::to_string(number);
}

SortedSet make(const Elements& elements, const SortedSetOptions& options = kDefault) {
  SortedSet set;
  for (const auto& [member, score] : elements)
    set.add(member, score, options);
  return set;
}

Elements elements_of(const SortedSet& set) {
  Elements seen;
  for (SortedSet::Iterator at = set.first(); !at.at_end(); at.next())
    seen.emplace_back(at.member(), at.score());
  return seen;
}

std::string members_in(const SortedSet& set, const RankRange& ranks) {
  std::string seen;
  SortedSet::Iterator at = set.at(ranks.first);
  for (size_t i = 0; i < ranks.count; ++i, at.next())
    seen += std::string(at.member()) + " ";
  return seen;
}

// Every answer of `set` beside that of plain containers.
class Model {
 public:
  explicit Model(const SortedSetOptions& options) : options_(options) {}

  void add(const std::string& member, double score) {
    const auto known = scores_.find(member);
    ScoreChange want = ScoreChange::kAdded;
    if (known != scores_.end()) {
      want = known->second == score ? ScoreChange::kUnchanged : ScoreChange::kUpdated;
      order_.erase({known->second, member});
    }
    scores_[member] = score;
    order_.insert({score, member});
    const AddResult result = set.add(member, score, options_);
    REQUIRE(result.change == want);
    REQUIRE(result.score == score);
  }
  void increment(const std::string& member, double by) {
    const auto known = scores_.find(member);
    const double want = by + (known == scores_.end() ? 0 : known->second);
    if (known != scores_.end()) order_.erase({known->second, member});
    scores_[member] = want;
    order_.insert({want, member});
    REQUIRE(set.add(member, by, {.increment = true}, options_).score == want);
  }
  void erase(const std::string& member) {
    const auto known = scores_.find(member);
    REQUIRE(set.erase(member) == (known != scores_.end()));
    if (known == scores_.end()) return;
    order_.erase({known->second, member});
    scores_.erase(known);
  }
  void erase_ranks(size_t first, size_t count) {
    set.erase_ranks({first, count});
    auto at = std::next(order_.begin(), static_cast<std::ptrdiff_t>(first));
    for (; count != 0; --count) {
      scores_.erase(at->second);
      at = order_.erase(at);
    }
  }
  void pop(SortedSet::End end) {
    const std::optional<SortedSet::Popped> popped = set.pop(end);
    REQUIRE(popped.has_value() == !order_.empty());
    if (!popped) return;
    const auto want = end == SortedSet::End::kLowest ? order_.begin() : std::prev(order_.end());
    REQUIRE(popped->score == want->first);
    REQUIRE(popped->member == want->second);
    erase_known(want->second);
  }
  void check_range(const ScoreRange& range) {
    size_t before = 0;
    size_t inside = 0;
    for (const auto& [score, member] : order_) {
      const bool past_min = range.min_exclusive ? score > range.min : score >= range.min;
      const bool to_max = range.max_exclusive ? score < range.max : score <= range.max;
      if (!past_min) ++before;
      if (past_min && to_max) ++inside;
    }
    const RankRange found = set.ranks_of(range);
    REQUIRE(found.count == inside);
    if (inside != 0) REQUIRE(found.first == before);
  }
  void check_all() const {
    REQUIRE(set.is_sound());
    REQUIRE(set.size() == order_.size());
    size_t rank = 0;
    SortedSet::Iterator at = set.first();
    for (const auto& [score, member] : order_) {
      REQUIRE(at.member() == member);
      REQUIRE(at.score() == score);
      REQUIRE(set.score(member) == score);
      REQUIRE(set.rank(member) == rank);
      REQUIRE(set.at(rank).member() == member);
      at.next();
      ++rank;
    }
    REQUIRE(at.at_end());
    REQUIRE(set.at(rank).at_end());
    at = set.last();
    for (auto want = order_.rbegin(); want != order_.rend(); ++want, at.prev())
      REQUIRE(at.member() == want->second);
    REQUIRE(at.at_end());
  }
  size_t size() const { return order_.size(); }

  SortedSet set;

 private:
  void erase_known(std::string member) {
    order_.erase({scores_.at(member), member});
    scores_.erase(member);
  }

  SortedSetOptions options_;
  std::map<std::string, double> scores_;
  std::set<std::pair<double, std::string>> order_;
};

double random_score(Random& random) {
  switch (random.below(8)) {
    case 0:
      return random.one_in(2) ? kInfinity : -kInfinity;
    case 1:
      return random.unit() * 1e300;
    case 2:
      return -random.unit();
    case 3:
      return static_cast<double>(random.next());
    default:
      return static_cast<double>(random.below(60)) - 20;
  }
}

void step(Model& model, Random& random, uint64_t growth_percent, size_t names) {
  // Half of the members look like integers, which a listpack keeps as such.
  const size_t number = random.below(names);
  const std::string member = number % 2 == 0 ? std::to_string(number) : name(number);
  const size_t size = model.size();
  if (random.below(100) < growth_percent) {
    model.add(member, random_score(random));
  } else if (random.one_in(3)) {
    model.increment(member, static_cast<double>(random.below(9)) - 4.5);
  } else if (random.one_in(8)) {
    model.pop(random.one_in(2) ? SortedSet::End::kLowest : SortedSet::End::kHighest);
  } else if (size != 0 && random.one_in(8)) {
    const size_t first = random.below(size);
    model.erase_ranks(first, random.below(std::min<size_t>(size - first, 30) + 1));
  } else {
    model.erase(member);
  }
}

std::string bytes_of(const SortedSet& set) {
  return std::string(set.listpack().raw());
}

}  // namespace

TEST_CASE("a sorted set agrees with std::map and std::set while it crosses the limit both ways") {
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    Random random(seed);
    const SortedSetOptions options{.listpack_entries_max = 40, .seed = {seed, 2, 3}};
    Model model(options);
    size_t large = 0;
    for (size_t round = 0; round < 40; ++round) {
      const uint64_t growth = round % 4 < 2 ? 70 : 25;
      for (size_t i = 0; i < 60; ++i)
        step(model, random, growth, 150);
      model.check_all();
      for (int i = 0; i < 20; ++i)
        model.check_range(
            {random_score(random), random_score(random), random.one_in(2), random.one_in(2)});
      large += model.set.encoding() == Encoding::kSkiplist ? 1 : 0;
      if (model.size() <= 40) {
        REQUIRE(model.set.make_small_if_fits(options));
        REQUIRE(model.set.encoding() == Encoding::kListpack);
        model.check_all();
      }
    }
    CHECK(large > 3);
    CHECK(large < 37);
  }
}

TEST_CASE("a large sorted set agrees with std::map and std::set over tens of thousands of steps") {
  Random random(77);
  Model model(kDefault);
  for (const uint64_t growth : {90u, 95u, 50u, 20u, 5u}) {
    for (size_t i = 0; i < 12'000; ++i)
      step(model, random, growth, 30'000);
    model.check_all();
  }
  CHECK(model.set.encoding() == Encoding::kSkiplist);
}

TEST_CASE("a small sorted set keeps the bytes that Redis keeps") {
  CHECK(bytes_of(SortedSet()) == std::string("\x07\0\0\0\0\0\xff", 7));
  // ZADD k 1 a 2.5 b -3 10: the member 10 as an integer, integral scores too.
  const SortedSet set = make({{"a", 1}, {"b", 2.5}, {"10", -3}});
  CHECK(bytes_of(set) == std::string("\x19\0\0\0\6\0"
                                     "\x0a\1"
                                     "\xdf\xfd\2"
                                     "\x81"
                                     "a\2"
                                     "\1\1"
                                     "\x81"
                                     "b\2"
                                     "\x83"
                                     "2.5\4"
                                     "\xff",
                                     25));
}

TEST_CASE(
    "scores in a listpack are integers up to half of 64 bits, and text of as few digits as tell "
    "them") {
  struct Case {
    double score;
    const char* text;
  };
  const Case cases[] = {
      {0.1, "0.1"},         {kInfinity, "inf"},
      {-kInfinity, "-inf"}, {4611686018427387904.0 * 2, "9223372036854776000"},
      {1e300, "1e+300"},    {5e-324, "5e-324"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const SortedSet set = make({{"m", c.score}});
    const ListpackView pack = set.listpack();
    CHECK(pack.value(pack.last()).text() == c.text);
    CHECK(set.score("m") == c.score);
    CHECK(set.first().score() == c.score);
  }
  for (const double score : {0.0, -1.0, 4611686018427387904.0, -4611686018427387904.0, 1e15}) {
    CAPTURE(score);
    const SortedSet set = make({{"m", score}});
    const ListpackView pack = set.listpack();
    CHECK(pack.value(pack.last()).integer() == static_cast<int64_t>(score));
    CHECK(set.score("m") == score);
  }
}

TEST_CASE("a negative zero is stored as zero in a small set, and equals zero everywhere") {
  CHECK(!std::signbit(*make({{"m", -0.0}}).score("m")));
  for (const SortedSetOptions& options : kForms) {
    SortedSet set = make({{"m", 0}}, options);
    CHECK(set.add("m", -0.0, options).change == ScoreChange::kUnchanged);
    CHECK(set.ranks_of(ScoreRange{-0.0, -0.0}).count == 1);
    CHECK(set.ranks_of(ScoreRange{0.0, -0.0, true, false}).count == 0);
  }
}

TEST_CASE("a set becomes large with one member too many, or one too long, and stays so") {
  SortedSet set;
  for (size_t i = 0; i < 128; ++i)
    set.add(name(i), 1, kDefault);
  CHECK(set.encoding() == Encoding::kListpack);
  set.add(name(5), 2, kDefault);
  CHECK(set.encoding() == Encoding::kListpack);
  set.add("one more", 1, kDefault);
  CHECK(set.encoding() == Encoding::kSkiplist);
  set.erase("one more");
  CHECK(set.encoding() == Encoding::kSkiplist);

  SortedSet other = make({{std::string(64, 'x'), 1}});
  CHECK(other.encoding() == Encoding::kListpack);
  other.add(std::string(65, 'x'), 1, kDefault);
  CHECK(other.encoding() == Encoding::kSkiplist);
  CHECK(elements_of(other) == Elements{{std::string(64, 'x'), 1}, {std::string(65, 'x'), 1}});

  CHECK(make({{"m", 1}}, kLargeOnly).encoding() == Encoding::kSkiplist);
}

TEST_CASE("a set is made large at once if its expected size or member says so") {
  CHECK(SortedSet(kDefault, 128, 64).encoding() == Encoding::kListpack);
  CHECK(SortedSet(kDefault, 129, 1).encoding() == Encoding::kSkiplist);
  CHECK(SortedSet(kDefault, 1, 65).encoding() == Encoding::kSkiplist);
}

TEST_CASE("a large set becomes small again only on demand and within the limits") {
  SortedSet set(kDefault, 1000, 1);
  for (size_t i = 0; i < 130; ++i)
    set.add(name(i), static_cast<double>(i % 7), kDefault);
  CHECK(!set.make_small_if_fits(kDefault));
  set.pop(SortedSet::End::kLowest);
  set.pop(SortedSet::End::kLowest);
  const Elements before = elements_of(set);
  CHECK(set.make_small_if_fits(kDefault));
  CHECK(set.encoding() == Encoding::kListpack);
  CHECK(elements_of(set) == before);

  SortedSet with_long = make({{std::string(65, 'x'), 1}});
  CHECK(!with_long.make_small_if_fits(kDefault));
}

TEST_CASE("rules decide which changes are made, in both forms") {
  struct Case {
    const char* member;
    double score;
    ScoreRule rule;
    ScoreChange change;
    double result;
  };
  const Case cases[] = {
      {"old", 5, {.only_new = true}, ScoreChange::kSkipped, 10},
      {"new", 5, {.only_new = true}, ScoreChange::kAdded, 5},
      {"old", 5, {.only_existing = true}, ScoreChange::kUpdated, 5},
      {"new", 5, {.only_existing = true}, ScoreChange::kSkipped, 0},
      {"old", 5, {.only_greater = true}, ScoreChange::kSkipped, 10},
      {"old", 10, {.only_greater = true}, ScoreChange::kSkipped, 10},
      {"old", 11, {.only_greater = true}, ScoreChange::kUpdated, 11},
      {"new", 5, {.only_greater = true}, ScoreChange::kAdded, 5},
      {"old", 5, {.only_less = true}, ScoreChange::kUpdated, 5},
      {"old", 11, {.only_less = true}, ScoreChange::kSkipped, 10},
      {"old", 10, {}, ScoreChange::kUnchanged, 10},
      {"old", 5, {.increment = true}, ScoreChange::kUpdated, 15},
      {"old", 0, {.increment = true}, ScoreChange::kUnchanged, 10},
      {"new", 5, {.increment = true}, ScoreChange::kAdded, 5},
      {"old", 5, {.only_new = true, .increment = true}, ScoreChange::kSkipped, 10},
      {"old", -5, {.only_greater = true, .increment = true}, ScoreChange::kSkipped, 10},
      {"top", -kInfinity, {.increment = true}, ScoreChange::kNotANumber, 0},
      {"top", 7, {.increment = true}, ScoreChange::kUnchanged, kInfinity},
  };
  for (const SortedSetOptions& options : kForms) {
    for (const Case& c : cases) {
      CAPTURE(c.member);
      CAPTURE(c.score);
      SortedSet set = make({{"old", 10}, {"top", kInfinity}}, options);
      const AddResult result = set.add(c.member, c.score, c.rule, options);
      CHECK(result.change == c.change);
      CHECK(result.score == c.result);
      CHECK(set.size() == (c.change == ScoreChange::kAdded ? 3 : 2));
      if (c.change == ScoreChange::kAdded || c.change == ScoreChange::kUpdated)
        CHECK(set.score(c.member) == c.result);
      else
        CHECK(elements_of(set) == Elements{{"old", 10}, {"top", kInfinity}});
    }
  }
}

TEST_CASE("score ranges include or exclude their ends, in both forms") {
  struct Case {
    ScoreRange range;
    const char* members;
  };
  const Case cases[] = {
      {{-kInfinity, kInfinity}, "low a b c d top "},
      {{-kInfinity, kInfinity, true, true}, "a b c d "},
      {{1, 3}, "a b c d "},
      {{1, 3, true, false}, "b c d "},
      {{1, 3, false, true}, "a b c "},
      {{2, 2}, "b c "},
      {{2, 2, true, false}, ""},
      {{2, 2, false, true}, ""},
      {{3, 1}, ""},
      {{1.5, 2.5}, "b c "},
      {{4, 5}, ""},
      {{kInfinity, kInfinity}, "top "},
      {{-kInfinity, -kInfinity}, "low "},
      {{-kInfinity, 1, false, true}, "low "},
  };
  for (const SortedSetOptions& options : kForms) {
    const SortedSet set = make(
        {{"top", kInfinity}, {"b", 2}, {"a", 1}, {"d", 3}, {"c", 2}, {"low", -kInfinity}}, options);
    for (const Case& c : cases) {
      CAPTURE(c.members);
      CHECK(members_in(set, set.ranks_of(c.range)) == c.members);
    }
  }
}

TEST_CASE("lexical ranges include or exclude their ends, in both forms") {
  struct Case {
    LexRange range;
    const char* members;
  };
  const LexBound lowest{Kind::kLowest};
  const LexBound highest{Kind::kHighest};
  const Case cases[] = {
      {{lowest, highest}, "10 9 a aa b c "},
      {{highest, lowest}, ""},
      {{lowest, lowest}, ""},
      {{highest, highest}, ""},
      {{{Kind::kInclusive, "a"}, {Kind::kInclusive, "b"}}, "a aa b "},
      {{{Kind::kExclusive, "a"}, {Kind::kInclusive, "b"}}, "aa b "},
      {{{Kind::kInclusive, "a"}, {Kind::kExclusive, "b"}}, "a aa "},
      {{{Kind::kExclusive, "a"}, {Kind::kExclusive, "a"}}, ""},
      {{{Kind::kInclusive, "aa"}, {Kind::kInclusive, "aa"}}, "aa "},
      {{{Kind::kInclusive, "ab"}, {Kind::kInclusive, "az"}}, ""},
      {{{Kind::kInclusive, "c"}, {Kind::kInclusive, "a"}}, ""},
      {{{Kind::kInclusive, ""}, {Kind::kInclusive, "9"}}, "10 9 "},
      {{{Kind::kExclusive, "b"}, highest}, "c "},
      {{lowest, {Kind::kExclusive, "9"}}, "10 "},
  };
  for (const SortedSetOptions& options : kForms) {
    const SortedSet set =
        make({{"b", 0}, {"10", 0}, {"a", 0}, {"9", 0}, {"c", 0}, {"aa", 0}}, options);
    for (const Case& c : cases) {
      CAPTURE(c.members);
      CHECK(members_in(set, set.ranks_of(c.range)) == c.members);
    }
  }
}

TEST_CASE("ranks are counted from the lowest, and absent members have none") {
  for (const SortedSetOptions& options : kForms) {
    const SortedSet set = make({{"x", 3}, {"7", 1}, {"y", 3}}, options);
    CHECK(set.rank("7") == 0);
    CHECK(set.rank("x") == 1);
    CHECK(set.rank("y") == 2);
    CHECK(!set.rank("z").has_value());
    CHECK(!set.score("z").has_value());
    CHECK(set.last().member() == "y");
  }
}

TEST_CASE("an empty set has no ends to walk from or to pop") {
  for (const SortedSetOptions& options : kForms) {
    SortedSet set(options, 1, 1);
    CHECK(set.empty());
    CHECK(set.first().at_end());
    CHECK(set.last().at_end());
    CHECK(!set.pop(SortedSet::End::kLowest).has_value());
    CHECK(!set.erase("m"));
    CHECK(set.ranks_of(ScoreRange{-kInfinity, kInfinity}).count == 0);
    set.erase_ranks({0, 0});
  }
}

TEST_CASE("an iterator's member stays readable when the iterator is copied") {
  for (const SortedSetOptions& options : kForms) {
    const SortedSet set = make({{"123456", 1}, {"b", 2}}, options);
    const SortedSet::Iterator first = set.first();
    SortedSet::Iterator other = first;
    other.next();
    CHECK(first.member() == "123456");
    CHECK(other.member() == "b");
    other.prev();
    CHECK(other.member() == "123456");
    other.prev();
    CHECK(other.at_end());
  }
}

TEST_CASE("random members are drawn evenly from both forms") {
  Random random(3);
  for (const SortedSetOptions& options : kForms) {
    SortedSet set;
    for (size_t i = 0; i < 100; ++i)
      set.add(name(i), static_cast<double>(i * i), options);
    std::map<std::string, int> drawn;
    for (int i = 0; i < 20'000; ++i)
      ++drawn[std::string(set.sample(random).member())];
    CHECK(drawn.size() == 100);
    for (const auto& [member, times] : drawn) {
      CHECK(times > 120);
      CHECK(times < 300);
    }
  }
}

TEST_CASE("a scan sees every member that stays, while the set grows from small to huge and back") {
  SortedSet set;
  for (size_t i = 0; i < 100; ++i)
    set.add("stays" + std::to_string(i), 0, kDefault);
  Random random(8);
  for (int round = 0; round < 6; ++round) {
    if (round == 3) set.make_large(kDefault, 0);
    std::set<std::string> seen;
    ScanPosition at{};
    size_t passing = 0;
    do {
      at = set.scan(at, [&](std::string_view member, double) { seen.emplace(member); });
      for (int i = 0; i < 40; ++i) {
        if (round % 2 == 0 && passing < 4000) {
          set.add(name(passing++), random.unit(), kDefault);
        } else if (round % 2 != 0) {
          set.erase(name(random.below(4000)));
        }
      }
    } while (at != ScanPosition{});
    for (size_t i = 0; i < 100; ++i)
      REQUIRE(seen.count("stays" + std::to_string(i)) == 1);
  }
  CHECK(set.is_sound());
}

TEST_CASE("a copy has the same elements and form, and a life of its own") {
  for (const SortedSetOptions& options : kForms) {
    SortedSet set;
    for (size_t i = 0; i < 120; ++i)
      set.add(name(i), static_cast<double>(i % 10), options);
    SortedSet twin = set.copy();
    CHECK(twin.encoding() == set.encoding());
    CHECK(elements_of(twin) == elements_of(set));
    CHECK(twin.is_sound());
    twin.erase(name(1));
    CHECK(set.score(name(1)) == 1);
  }
}

TEST_CASE("a set built by appending equals one built by adding") {
  for (const size_t count : {0u, 1u, 128u, 129u, 5000u}) {
    CAPTURE(count);
    SortedSet appended;
    SortedSet added;
    for (size_t i = 0; i < count; ++i) {
      const auto score = static_cast<double>(i / 3) + (i % 3 == 0 ? 0.5 : 0.75);
      const std::string member = std::string(1 + i % 3, 'a') + std::to_string(i / 3);
      appended.append(member, score, kDefault);
      added.add(member, score, kDefault);
    }
    CHECK(appended.encoding() == added.encoding());
    CHECK(elements_of(appended) == elements_of(added));
    CHECK(appended.is_sound());
  }
}

TEST_CASE("a listpack from outside is taken only if it is a sorted set's") {
  const auto pack_of = [](std::initializer_list<std::string_view> values) {
    Listpack pack;
    for (const std::string_view value : values)
      pack.push_back(value);
    return pack;
  };
  const auto is_taken = [&](std::initializer_list<std::string_view> values, bool deep) {
    return SortedSet::from_listpack(pack_of(values).view(), deep).has_value();
  };
  CHECK(is_taken({}, true));
  CHECK(is_taken({"10", "1", "9", "1", "a", "2.5", "b", "inf"}, true));
  CHECK(!is_taken({"a"}, true));                 // No score.
  CHECK(!is_taken({"a", "1", "b"}, true));       // The same.
  CHECK(!is_taken({"a", "x"}, true));            // Not a number.
  CHECK(!is_taken({"a", "nan"}, true));          // The same.
  CHECK(!is_taken({"a", "2", "b", "1"}, true));  // Not in order.
  CHECK(!is_taken({"b", "1", "a", "1"}, true));  // The same.
  CHECK(!is_taken({"a", "1", "a", "1"}, true));  // The same.
  CHECK(!is_taken({"a", "1", "a", "2"}, true));  // One member twice,
  CHECK(is_taken({"a", "1", "a", "2"}, false));  // which only a deep look finds.

  const SortedSet source = make({{"x", 1.5}, {"2", 2}});
  CHECK(elements_of(*SortedSet::from_listpack(source.listpack(), true)) == elements_of(source));
}

TEST_CASE("a set is freed in slices of the budget, from whatever form") {
  SortedSet set;
  for (size_t i = 0; i < 30'000; ++i)
    set.add(name(i), static_cast<double>(i * 7919 % 30'011), kDefault);
  size_t slices = 1;
  size_t last_bytes = set.bytes();
  while (set.free_some(1000)) {
    ++slices;
    const size_t bytes = set.bytes();
    REQUIRE(bytes < last_bytes);
    last_bytes = bytes;
  }
  CHECK(slices >= 30);
  CHECK(slices <= 40);
  CHECK(!set.free_some(1));

  SortedSet small = make({{"a", 1}});
  CHECK(!small.free_some(1));
}

TEST_CASE("the bytes of a set follow its growth and its shrinking") {
  SortedSet set;
  const size_t empty = set.bytes();
  for (size_t i = 0; i < 45'000; ++i)
    set.add("member:" + std::to_string(100'000'000 + i * 7919 % 45'007), static_cast<double>(i),
            kDefault);
  const size_t full = set.bytes();
  CHECK(full > 45'000 * 48);
  CHECK(full < 45'000 * 66);
  CHECK(set.is_sound());
  set.erase_ranks({0, 44'990});
  CHECK(set.bytes() < full / 10);
  set.make_small_if_fits(kDefault);
  set.erase_ranks({0, set.size()});
  CHECK(set.bytes() == empty);
}

TEST_CASE("a set survives as one word, and a moved one leaves nothing behind") {
  for (const SortedSetOptions& options : kForms) {
    SortedSet set = make({{"a", 1}, {"b", 2}}, options);
    const uintptr_t word = set.release();
    SortedSet back = SortedSet::adopt(word);
    SortedSet moved = std::move(back);
    CHECK(elements_of(moved) == Elements{{"a", 1}, {"b", 2}});
    CHECK(moved.encoding() == (&options == &kForms[0] ? Encoding::kListpack : Encoding::kSkiplist));
  }
}

}  // namespace kvstash::store
