#include "commands/list/list.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;
using Argv = test::HeldShards::Argv;

const std::vector<bool> kBoth = {true, true};

}  // namespace

TEST_CASE("a blocking move is journaled as one that does not block") {
  for (const bool blocks : {false, true}) {
    test::HeldShards shards(2);
    const std::string near = shards.key_on(0);
    const std::string far = shards.key_on(1);
    shards.run(0, {"rpush", near, "a", "b", "c"}, kBoth);
    shards.forget_journal(0);
    const Argv move = blocks ? Argv{"blmove", near, far, "left", "right", "0"}
                             : Argv{"lmove", near, far, "left", "right"};
    const Argv pass = blocks ? Argv{"brpoplpush", near, far, "0"} : Argv{"rpoplpush", near, far};
    CHECK(shards.run(0, move, kBoth) == "$1\r\na\r\n");
    CHECK(shards.run(0, pass, kBoth) == "$1\r\nc\r\n");
    const std::string rest = " " + near + " " + far;
    CHECK(shards.journal(0) ==
          Records{std::string(blocks ? "0 LMOVE" : "0 lmove") + rest + " left right",
                  std::string(blocks ? "0 RPOPLPUSH" : "0 rpoplpush") + rest});
    CHECK(shards.run(0, {"lrange", far, "0", "-1"}, kBoth) == "*2\r\n$1\r\nc\r\n$1\r\na\r\n");
  }
}

TEST_CASE("a move from an absent list is no effect") {
  test::HeldShards shards(1);
  CHECK(shards.run_on(0, {"lmove", "none", "l", "left", "left"}) == "$-1\r\n");
  CHECK(shards.journal(0).empty());
}

}  // namespace kvstash::commands
