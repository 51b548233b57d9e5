// What the journal gets for writes that hang on what is there: words that every version knows.

#include "commands/string/string_conditional.h"

#include "commands/tables.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  Node() : HeldShards(1, kRows) {}

  static inline const CommandRows kRows[] = {string_commands(), string_conditional_commands()};
};

}  // namespace

TEST_CASE("SET with a comparison that holds is journaled without it, otherwise not at all") {
  Node node;
  node.run_on(0, {"set", "k", "a"});
  CHECK(node.effects_of({"set", "k", "b", "ifeq", "x"}) == Records{});
  CHECK(node.effects_of({"set", "k", "b", "ifeq", "a"}) == Records{"0 SET k b"});
  CHECK(node.effects_of({"set", "k", "c", "ifne", "b"}) == Records{});
  CHECK(node.effects_of({"set", "k", "c", "get", "ifne", "x"}) == Records{"0 SET k c"});
  CHECK(node.effects_of({"set", "k", "d", "ifeq", "c", "ex", "5"}) ==
        Records{"0 SET k d PXAT " + node.in(5000)});
  CHECK(node.effects_of({"set", "k", "e", "keepttl", "ifeq", "d"}) == Records{"0 SET k e KEEPTTL"});
}

TEST_CASE("DELIFEQ and DELEX are journaled as DEL if they deleted") {
  Node node;
  node.run_on(0, {"mset", "a", "1", "b", "2", "c", "3"});
  CHECK(node.effects_of({"delifeq", "a", "2"}) == Records{});
  CHECK(node.effects_of({"delifeq", "a", "1"}) == Records{"0 DEL a"});
  CHECK(node.effects_of({"delex", "b", "ifne", "2"}) == Records{});
  CHECK(node.effects_of({"delex", "b", "ifeq", "2"}) == Records{"0 DEL b"});
  CHECK(node.effects_of({"delex", "c"}) == Records{"0 DEL c"});
  CHECK(node.effects_of({"delex", "c"}) == Records{});
}

TEST_CASE("MSETEX is journaled as one SET for each key, with an absolute deadline") {
  Node node;
  CHECK(node.effects_of({"msetex", "2", "a", "1", "b", "2"}) ==
        Records{"<", "0 SET a 1", "0 SET b 2", ">"});
  CHECK(node.effects_of({"msetex", "1", "a", "3", "nx"}) == Records{});
  CHECK(node.effects_of({"msetex", "2", "a", "4", "c", "5", "ex", "9"}) ==
        Records{"<", "0 SET a 4 PXAT " + node.in(9000), "0 SET c 5 PXAT " + node.in(9000), ">"});
  CHECK(node.effects_of({"msetex", "1", "a", "6", "xx", "keepttl"}) ==
        Records{"0 SET a 6 KEEPTTL"});
}

}  // namespace kvstash::commands
