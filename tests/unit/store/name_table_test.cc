#include "store/name_table.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace kvstash;
using namespace kvstash::store;

namespace {

struct Thing {
  Thing(std::string_view name, size_t& bytes) : owned(name, bytes) {}
  std::string_view name() const { return owned.view(); }
  OwnedName owned;
  int number = 0;
};

}  // namespace

TEST_CASE("things are found by their names, and stay where they are") {
  size_t bytes = 0;
  {
    NameTable<Thing> table(bytes);
    std::map<std::string, Thing*> model;
    Random random(5);
    for (int step = 0; step < 5000; ++step) {
      const std::string name(random.below(3), static_cast<char>('a' + random.below(20)));
      const std::string key = name + (random.one_in(3) ? "" : std::to_string(random.below(100)));
      Thing* found = table.find(key);
      REQUIRE(found == (model.contains(key) ? model[key] : nullptr));
      if (found == nullptr) {
        model[key] = &table.create(key);
      } else if (random.one_in(2)) {
        table.destroy(*found);
        model.erase(key);
      }
      REQUIRE(table.size() == model.size());
    }
    size_t at = 0;
    for (const auto& [name, thing] : model)
      REQUIRE(table.all()[at++] == thing);
    while (!table.empty())
      table.destroy(*table.find(table.all().back()->name()));
    CHECK(bytes == 0);
    table.create("x");
  }
  CHECK(bytes == 0);
}
