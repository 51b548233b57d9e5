#include "commands/client/client_name.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::commands {
namespace {

TEST_CASE("a name has printable bytes only, and no blanks") {
  CHECK(is_client_name(""));
  CHECK(is_client_name("worker-1~!"));
  for (const std::string bad : {"a b", "a\n", "\t", "\x7f", "\x1f", "caf\xc3\xa9"})
    CHECK_FALSE(is_client_name(bad));
}

}  // namespace
}  // namespace kvstash::commands
