#include "commands/sort/sort_elements.h"

#include "commands/sort/sort.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

namespace kvstash::commands {
namespace {

using Journal = std::vector<std::string>;

}  // namespace

TEST_CASE("texts that are kept stay where they are, with a NUL behind them") {
  SortElements elements;
  std::vector<std::string_view> kept;
  for (int64_t i = 0; i < 20000; ++i)
    kept.push_back(elements.keep(store::PackedValue(i)));
  const std::string long_text(200000, 'x');
  const std::string_view kept_long = elements.keep(store::PackedValue(std::string_view(long_text)));
  for (size_t i = 0; i < kept.size(); ++i) {
    REQUIRE(kept[i] == std::to_string(i));
    REQUIRE(kept[i].data()[kept[i].size()] == '\0');
  }
  CHECK(kept_long == long_text);
}

TEST_CASE("what SORT stores is journaled as the list it made") {
  test::HeldShards shards(1);
  shards.run_on(0, {"RPUSH", "l", "3", "1", "2"});
  shards.forget_journal(0);
  shards.run_on(0, {"SORT", "l", "STORE", "to"});
  CHECK(shards.journal(0) == Journal{"0 RPUSH to 1 2 3"});
  shards.forget_journal(0);
  shards.run_on(0, {"SORT", "l", "DESC", "LIMIT", "0", "2", "STORE", "to"});
  CHECK(shards.journal(0) == Journal{"<", "0 DEL to", "0 RPUSH to 3 2", ">"});
  shards.forget_journal(0);
  shards.run_on(0, {"SORT", "none", "STORE", "to"});
  CHECK(shards.journal(0) == Journal{"0 DEL to"});
  shards.forget_journal(0);
  shards.run_on(0, {"SORT", "none", "STORE", "to"});
  shards.run_on(0, {"SORT", "l", "BY", "w*"});
  CHECK(shards.journal(0).empty());
}

TEST_CASE("a long result is journaled in records of bounded length") {
  test::HeldShards shards(1);
  for (int i = 0; i < 3000; ++i)
    shards.run_on(0, {"RPUSH", "l", std::to_string(i)});
  shards.forget_journal(0);
  shards.run_on(0, {"SORT", "l", "STORE", "to"});
  CHECK(shards.journal(0).size() == 5);  // Three records, one unit.
}

TEST_CASE("SORT holds all shards only if patterns ask for other keys") {
  test::HeldShards shards(2);
  const auto scope = [&](const test::HeldShards::Argv& argv) {
    return sort_scope(argv, shards.at(0));
  };
  CHECK(scope({"SORT", "l"}) == engine::Scope::kKeys);
  CHECK(scope({"SORT", "l", "BY", "nosort", "GET", "#"}) == engine::Scope::kKeys);
  CHECK(scope({"SORT", "l", "BY", "w*"}) == engine::Scope::kAllShards);
  CHECK(scope({"SORT", "l", "GET", "n*", "STORE", "to"}) == engine::Scope::kAllShards);
  CHECK(scope({"SORT", "l", "GET", "n*", "nonsense"}) == engine::Scope::kKeys);
  CHECK(scope({"SORT"}) == engine::Scope::kKeys);
}

TEST_CASE("the first elements of a limit are those of the whole order") {
  for (const bool is_descending : {false, true}) {
    test::HeldShards shards(1);
    for (int i = 0; i < 500; ++i)
      shards.run_on(0, {"RPUSH", "l", std::to_string(i * 7919 % 501)});
    const std::string order = is_descending ? "DESC" : "ASC";
    const std::string all = shards.run_on(0, {"SORT", "l", order});
    const std::string some = shards.run_on(0, {"SORT", "l", order, "LIMIT", "0", "20"});
    CHECK(all.substr(all.find('$')).starts_with(some.substr(some.find('$'))));
  }
}

}  // namespace kvstash::commands
