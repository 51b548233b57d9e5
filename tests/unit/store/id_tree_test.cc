#include "store/id_tree.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;

namespace {

using Tree = IdTree<uint64_t>;
using Model = std::map<StreamId, uint64_t>;

template <typename T>
std::vector<StreamId> ids_of(const IdTree<T>& tree) {
  std::vector<StreamId> ids;
  for (auto at = tree.first(); !at.at_end(); at.next())
    ids.push_back(at.id());
  return ids;
}

bool agrees(const Tree& tree, const Model& model) {
  if (tree.size() != model.size() || !tree.is_sound()) return false;
  auto at = tree.first();
  for (const auto& [id, value] : model) {
    if (at.at_end() || at.id() != id || at.value() != value) return false;
    at.next();
  }
  if (!at.at_end()) return false;
  at = tree.last();
  for (auto it = model.rbegin(); it != model.rend(); ++it, at.prev()) {
    if (at.at_end() || at.id() != it->first) return false;
  }
  return at.at_end();
}

bool finds_alike(const Tree& tree, const Model& model, StreamId id) {
  const auto bound = model.lower_bound(id);
  const auto at = tree.lower_bound(id);
  if (at.at_end() != (bound == model.end())) return false;
  if (!at.at_end() && at.id() != bound->first) return false;
  const auto after = model.upper_bound(id);
  const auto before = tree.at_or_before(id);
  if (before.at_end() != (after == model.begin())) return false;
  if (!before.at_end() && before.id() != std::prev(after)->first) return false;
  const auto exact = model.find(id);
  const uint64_t* found = tree.find(id);
  return exact == model.end() ? found == nullptr : found != nullptr && *found == exact->second;
}

}  // namespace

TEST_CASE("a stream id has neighbours but at the ends") {
  CHECK(StreamId{1, 2}.next() == StreamId{1, 3});
  CHECK(StreamId{1, UINT64_MAX}.next() == StreamId{2, 0});
  CHECK(!StreamId::max().next());
  CHECK(StreamId{1, 2}.previous() == StreamId{1, 1});
  CHECK(StreamId{1, 0}.previous() == StreamId{0, UINT64_MAX});
  CHECK(!StreamId::min().previous());
}

TEST_CASE("a stream id is written as two decimals") {
  char text[kStreamIdCharsMax];
  CHECK(std::string_view(text, format_stream_id(text, {0, 7})) == "0-7");
  CHECK(std::string_view(text, format_stream_id(text, StreamId::max())) ==
        "18446744073709551615-18446744073709551615");
}

TEST_CASE("an id is inserted once, and erased once") {
  size_t bytes = 0;
  Tree tree(bytes);
  CHECK(tree.insert({5, 0}, 1));
  CHECK(!tree.insert({5, 0}, 2));
  CHECK(*tree.find({5, 0}) == 1);
  CHECK(!tree.erase({5, 1}));
  CHECK(tree.erase({5, 0}));
  CHECK(!tree.erase({5, 0}));
  CHECK(tree.empty());
  CHECK(bytes == 0);
}

TEST_CASE("a tree of one id is one small node, and a set has no room for values") {
  size_t bytes = 0;
  Tree map(bytes);
  map.insert({1, 0}, 1);
  CHECK(bytes == allocation_bytes(48));
  size_t set_bytes = 0;
  IdTree<NoValue> set(set_bytes);
  set.insert({1, 0}, {});
  CHECK(set_bytes == allocation_bytes(40));
  for (uint64_t i = 2; i < 1000; ++i)
    set.insert({i, 0}, {});
  CHECK(set.is_sound());
  CHECK(ids_of(set).size() == 999);
}

TEST_CASE("ids that come in order fill nodes completely") {
  size_t bytes = 0;
  Tree tree(bytes);
  for (uint64_t i = 0; i < 41 * 41; ++i)
    tree.insert({i, 0}, i);
  CHECK(tree.node_count() == 42);
  CHECK(tree.is_sound());
}

TEST_CASE("erasing from the front, as trimming does, gives the nodes back") {
  size_t bytes = 0;
  Tree tree(bytes);
  for (uint64_t i = 0; i < 5000; ++i)
    tree.insert({i, 0}, i);
  for (uint64_t i = 0; i < 4999; ++i) {
    CHECK(tree.first().id() == StreamId{i, 0});
    tree.erase({i, 0});
  }
  CHECK(tree.node_count() == 1);
  CHECK(tree.is_sound());
  tree.clear();
  CHECK(bytes == 0);
}

TEST_CASE("a tree does what a map does, whatever the order") {
  Random random(31);
  for (const uint64_t universe : {30u, 3000u, 60000u}) {
    CAPTURE(universe);
    size_t bytes = 0;
    {
      Tree tree(bytes);
      Model model;
      for (int phase = 0; phase < 6; ++phase) {
        const uint64_t erase_odds = phase % 2 == 0 ? 2 : 8;  // Of ten.
        for (uint64_t step = 0; step < universe / 2 + 500; ++step) {
          const StreamId id{random.below(universe) / 7, random.below(7)};
          if (random.below(10) < erase_odds) {
            REQUIRE(tree.erase(id) == (model.erase(id) != 0));
          } else {
            REQUIRE(tree.insert(id, step) == model.emplace(id, step).second);
          }
          REQUIRE(finds_alike(tree, model, {random.below(universe) / 7, random.below(8)}));
        }
        REQUIRE(agrees(tree, model));
      }
      while (!model.empty()) {
        const StreamId id =
            std::next(model.begin(),
                      static_cast<ptrdiff_t>(random.below(std::min<size_t>(model.size(), 50))))
                ->first;
        model.erase(id);
        REQUIRE(tree.erase(id));
        if (model.size() % 997 == 0) REQUIRE(agrees(tree, model));
      }
      CHECK(bytes == 0);
    }
  }
}
