#include "commands/list/list.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

namespace kvstash::commands {
namespace {

using Records = std::vector<std::string>;

// What the journal gets for a command on the list "l" of the elements a, b, c and d.
Records journal_of(const test::HeldShards::Argv& argv) {
  test::HeldShards shards(1);
  shards.run_on(0, {"rpush", "l", "a", "b", "c", "d"});
  shards.forget_journal(0);
  shards.run_on(0, argv);
  return shards.journal(0);
}

}  // namespace

TEST_CASE("a pop from one key is its own effect") {
  CHECK(journal_of({"lpop", "l"}) == Records{"0 lpop l"});
  CHECK(journal_of({"rpop", "l", "2"}) == Records{"0 rpop l 2"});
  CHECK(journal_of({"lpop", "none"}).empty());
  CHECK(journal_of({"lpop", "l", "0"}).empty());
}

TEST_CASE("a pop from the first of several lists is journaled as what it took from which") {
  CHECK(journal_of({"lmpop", "2", "none", "l", "left"}) == Records{"0 LPOP l 1"});
  CHECK(journal_of({"lmpop", "1", "l", "right", "count", "3"}) == Records{"0 RPOP l 3"});
  CHECK(journal_of({"lmpop", "1", "l", "left", "count", "100"}) == Records{"0 LPOP l 4"});
  CHECK(journal_of({"lmpop", "1", "none", "left"}).empty());
}

TEST_CASE("a blocking pop is journaled as one that does not block") {
  CHECK(journal_of({"blpop", "none", "l", "0"}) == Records{"0 LPOP l"});
  CHECK(journal_of({"brpop", "l", "1.5"}) == Records{"0 RPOP l"});
  CHECK(journal_of({"blmpop", "0", "2", "none", "l", "right", "count", "2"}) ==
        Records{"0 RPOP l 2"});
}

}  // namespace kvstash::commands
