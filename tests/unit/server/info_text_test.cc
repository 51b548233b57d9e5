#include "server/info_text.h"

#include <doctest/doctest.h>

namespace kvstash::server {

TEST_CASE("lines end with CR LF and sections begin after an empty line") {
  InfoText text;
  text.section("One");
  text.field("number", -5);
  text.field("word", "x");
  text.fixed("rate", 1.006, 2);
  text.section("Two");
  text.fields({"a", "b"}, "0");
  CHECK(text.take() == "# One\r\nnumber:-5\r\nword:x\r\nrate:1.01\r\n\r\n# Two\r\na:0\r\nb:0\r\n");
}

TEST_CASE("fixed text has as many decimals as asked for") {
  CHECK(fixed_text(2.5, 0) == "2");
  CHECK(fixed_text(2.5, 3) == "2.500");
}

}  // namespace kvstash::server
