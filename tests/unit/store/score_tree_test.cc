#include "store/score_tree.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::store {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A tree that owns its elements, beside the std::set that says what must be in it.
class Checked {
 public:
  Checked() = default;
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;
  ~Checked() { take(0, tree.size()); }

  void insert(double score, const std::string& member) {
    ScoredMember* element = ScoredMember::make(member, score);
    expected.insert({score, member});
    tree.insert(element);
  }
  void append(double score, const std::string& member) {
    ScoredMember* element = ScoredMember::make(member, score);
    expected.insert({score, member});
    tree.append(element);
  }
  ScoredMember* at(size_t rank) const {
    return const_cast<ScoredMember*>(&tree.at(rank).element());
  }
  void erase(size_t rank) {
    ScoredMember* element = at(rank);
    tree.erase(*element);
    expected.erase({element->score, std::string(element->member())});
    ScoredMember::destroy(element);
  }
  void rescore(size_t rank, double score) {
    ScoredMember* element = at(rank);
    expected.erase({element->score, std::string(element->member())});
    tree.rescore(*element, score);
    expected.insert({score, std::string(element->member())});
  }
  void take(size_t rank, size_t count) {
    while (count != 0) {
      const size_t taken = tree.take(rank, count, [&](ScoredMember* element) {
        expected.erase({element->score, std::string(element->member())});
        ScoredMember::destroy(element);
      });
      REQUIRE(taken != 0);
      REQUIRE(taken <= count);
      count -= taken;
    }
  }

  // Order, ranks, walking both ways.
  bool is_as_expected() const {
    if (!tree.is_sound() || tree.size() != expected.size()) return false;
    size_t rank = 0;
    auto want = expected.begin();
    for (ScoreTree::Position at = tree.at(0); !at.at_end(); at.next(), ++want, ++rank) {
      const ScoredMember& element = at.element();
      if (element.score != want->first || element.member() != want->second) return false;
      if (rank % 7 == 0 && tree.rank_of(element) != rank) return false;
      if (rank % 7 == 1 && &tree.at(rank).element() != &element) return false;
    }
    if (want != expected.end() || !tree.at(rank).at_end()) return false;
    if (expected.empty()) return true;
    for (ScoreTree::Position at = tree.at(rank - 1); !at.at_end(); at.prev())
      if (at.element().member() != (--want)->second) return false;
    return want == expected.begin();
  }

  ScoreTree tree;
  std::set<std::pair<double, std::string>> expected;
};

std::string name(size_t number) {
  return "member:" + std::to_string(number);
}

void churn(Checked& checked, Random& random, size_t steps, uint64_t growth_percent) {
  static uint64_t number = 0;
  for (size_t i = 0; i < steps; ++i) {
    const size_t size = checked.tree.size();
    const auto score = static_cast<double>(random.below(500));
    if (size == 0 || random.below(100) < growth_percent) {
      checked.insert(score, name(++number));
    } else if (random.one_in(3)) {
      checked.rescore(random.below(size), score);
    } else if (random.one_in(20)) {
      const size_t rank = random.below(size);
      checked.take(rank, 1 + random.below(std::min<size_t>(size - rank, 100)));
    } else {
      checked.erase(random.below(size));
    }
  }
}

}  // namespace

TEST_CASE("an empty score tree has no places and takes no memory") {
  const ScoreTree tree;
  CHECK(tree.size() == 0);
  CHECK(tree.bytes() == 0);
  CHECK(tree.at(0).at_end());
  CHECK(tree.is_sound());
  CHECK(tree.count_while([](double, const ScoredMember&) { return true; }) == 0);
}

TEST_CASE("a score tree agrees with a std::set through growth, churn and shrinking") {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    Random random(seed);
    Checked checked;
    for (const uint64_t growth : {90u, 60u, 95u, 30u, 10u, 80u, 5u}) {
      churn(checked, random, 3000, growth);
      REQUIRE(checked.is_as_expected());
    }
  }
}

TEST_CASE("a score tree of three levels keeps its counts through inserts and erasures anywhere") {
  Random random(9);
  Checked checked;
  for (size_t i = 0; i < 20'000; ++i)
    checked.insert(static_cast<double>(random.below(1'000'000)), name(i));
  REQUIRE(checked.is_as_expected());
  while (checked.tree.size() > 3) {
    for (size_t i = checked.tree.size() / 2; i != 0; --i)
      checked.erase(random.below(checked.tree.size()));
    REQUIRE(checked.is_as_expected());
  }
}

TEST_CASE("elements of one score are ordered by the bytes of their members") {
  Checked checked;
  const std::string members[] = {"b", "a", "", std::string("a\0", 2), "\xff", "aa", "B"};
  for (const std::string& member : members)
    checked.insert(0, member);
  std::vector<std::string> seen;
  for (ScoreTree::Position at = checked.tree.at(0); !at.at_end(); at.next())
    seen.emplace_back(at.element().member());
  CHECK(seen == std::vector<std::string>{"", "B", "a", std::string("a\0", 2), "aa", "b", "\xff"});
}

TEST_CASE("infinities are the ends of the order, and both zeros are one score") {
  Checked checked;
  checked.insert(kInfinity, "last");
  checked.insert(-kInfinity, "first");
  checked.insert(0.0, "b");
  checked.insert(-0.0, "a");
  checked.insert(-0.0, "c");
  std::string seen;
  for (ScoreTree::Position at = checked.tree.at(0); !at.at_end(); at.next())
    seen += std::string(at.element().member()) + " ";
  CHECK(seen == "first a b c last ");
}

TEST_CASE("a tree built in ascending or descending order has full leaves") {
  constexpr size_t kCount = 50'000;
  Checked appended;
  Checked ascending;
  Checked descending;
  for (size_t i = 0; i < kCount; ++i) {
    appended.append(static_cast<double>(i), name(i));
    ascending.insert(static_cast<double>(i), name(i));
    descending.insert(-static_cast<double>(i), name(i));
  }
  for (const Checked* checked : {&appended, &ascending, &descending}) {
    CHECK(checked->tree.bytes() < kCount * 18);  // 16.5 in a leaf, the rest in inner nodes.
    CHECK(checked->is_as_expected());
  }
}

TEST_CASE("a tree built in random order is four fifths full") {
  constexpr size_t kCount = 50'000;
  Random random(4);
  Checked checked;
  for (size_t i = 0; i < kCount; ++i)
    checked.insert(random.unit(), name(i));
  CHECK(checked.tree.bytes() < kCount * 165 / 8 + 40'000);
}

TEST_CASE("counting up to a bound agrees with counting one by one") {
  Random random(6);
  Checked checked;
  for (size_t i = 0; i < 8000; ++i)
    checked.insert(static_cast<double>(random.below(200)), name(i));
  for (double bound = -1; bound <= 201; bound += 0.5) {
    const auto before = [&](double score, const ScoredMember&) { return score < bound; };
    size_t want = 0;
    for (const auto& [score, member] : checked.expected)
      want += score < bound ? 1 : 0;
    REQUIRE(checked.tree.count_while(before) == want);
  }
}

TEST_CASE("a score that keeps an element between its neighbours moves nothing") {
  Checked checked;
  for (size_t i = 0; i < 1000; ++i)
    checked.insert(static_cast<double>(i * 10), name(i));
  for (size_t rank = 0; rank < 1000; ++rank) {
    checked.rescore(rank, static_cast<double>(rank * 10 + 3));
    REQUIRE(checked.tree.rank_of(*checked.at(rank)) == rank);
  }
  CHECK(checked.is_as_expected());
}

TEST_CASE("taking ranks removes exactly those, over leaves and levels") {
  for (const size_t first : {0u, 1u, 61u, 62u, 63u, 5000u, 9999u}) {
    for (const size_t count : {1u, 61u, 62u, 63u, 1000u, 10'000u}) {
      CAPTURE(first);
      CAPTURE(count);
      Checked checked;
      for (size_t i = 0; i < 10'000; ++i)
        checked.append(static_cast<double>(i), name(i));
      const size_t taken = std::min<size_t>(count, 10'000 - first);
      checked.take(first, taken);
      REQUIRE(checked.tree.size() == 10'000 - taken);
      REQUIRE(checked.is_as_expected());
    }
  }
}

}  // namespace kvstash::store
