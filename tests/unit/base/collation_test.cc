#include "base/collation.h"

#include <doctest/doctest.h>

namespace kvstash {

TEST_CASE("without a language texts compare byte by byte") {
  const Collation collation("C");
  CHECK(collation.compare("a", "b") < 0);
  CHECK(collation.compare("b", "a") > 0);
  CHECK(collation.compare("a", "B") > 0);
  CHECK(collation.compare("a", "a") == 0);
  CHECK(collation.compare("", "a") < 0);
  CHECK(collation.compare("\xff", "a") > 0);
}

TEST_CASE("a locale that the machine does not have compares bytes") {
  const Collation collation("no_SUCH.locale");
  CHECK(collation.compare("a", "B") > 0);
  CHECK(collation.compare("a", "b") < 0);
}

TEST_CASE("the process keeps its own locale") {
  const std::string before = setlocale(LC_COLLATE, nullptr);
  { const Collation collation("C.UTF-8"); }
  CHECK(before == setlocale(LC_COLLATE, nullptr));
}

}  // namespace kvstash
