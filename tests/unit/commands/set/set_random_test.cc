#include "commands/set/set.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

namespace kvstash::commands {
namespace {

// The words of a record, as RecordingSink writes it.
std::vector<std::string> words(const std::string& record) {
  std::istringstream in(record);
  std::vector<std::string> found;
  for (std::string word; in >> word;)
    found.push_back(word);
  return found;
}

}  // namespace

TEST_CASE("what SPOP took is journaled as the removal of those members") {
  test::HeldShards shards(1);
  shards.run_on(0, {"SADD", "s", "a", "b", "c", "d"});
  shards.forget_journal(0);
  const std::string reply = shards.run_on(0, {"SPOP", "s"});
  REQUIRE(shards.journal(0).size() == 1);
  const std::string popped = reply.substr(4, 1);
  CHECK(shards.journal(0)[0] == "0 SREM s " + popped);

  shards.forget_journal(0);
  const std::string pair = shards.run_on(0, {"SPOP", "s", "2"});
  REQUIRE(shards.journal(0).size() == 1);
  CHECK(shards.journal(0)[0] == "0 SREM s " + pair.substr(8, 1) + " " + pair.substr(15, 1));
}

TEST_CASE("SPOP of all members is journaled as the removal of the key") {
  test::HeldShards shards(1);
  shards.run_on(0, {"SADD", "s", "a", "b"});
  shards.forget_journal(0);
  shards.run_on(0, {"SPOP", "s", "5"});
  CHECK(shards.journal(0) == std::vector<std::string>{"0 DEL s"});
  shards.options.lazyfree_lazy_server_del = true;
  shards.run_on(0, {"SADD", "s", "a", "b"});
  shards.forget_journal(0);
  shards.run_on(0, {"SPOP", "s", "2"});
  CHECK(shards.journal(0) == std::vector<std::string>{"0 UNLINK s"});
}

TEST_CASE("SPOP of thousands is journaled in records of bounded length") {
  test::HeldShards shards(1);
  for (int i = 0; i < 6000; ++i)
    shards.run_on(0, {"SADD", "s", "m" + std::to_string(i)});
  shards.forget_journal(0);
  shards.run_on(0, {"SPOP", "s", "2500"});
  std::set<std::string> removed;
  REQUIRE(shards.journal(0).size() == 5);  // One unit.
  for (const std::string& record : shards.journal(0)) {
    if (record == "<" || record == ">") continue;
    const std::vector<std::string> argv = words(record);
    CHECK(argv.size() <= 3 + 1024);
    removed.insert(argv.begin() + 3, argv.end());
  }
  CHECK(removed.size() == 2500);
  CHECK(shards.run_on(0, {"SCARD", "s"}) == ":3500\r\n");
}

TEST_CASE("choices that change nothing are not journaled") {
  test::HeldShards shards(1);
  shards.run_on(0, {"SADD", "s", "a", "b"});
  shards.forget_journal(0);
  shards.run_on(0, {"SPOP", "s", "0"});
  shards.run_on(0, {"SPOP", "none"});
  shards.run_on(0, {"SRANDMEMBER", "s", "-3"});
  CHECK(shards.journal(0).empty());
}

TEST_CASE("a choice with repeats is bounded") {
  test::HeldShards shards(1);
  shards.run_on(0, {"SADD", "s", "a"});
  CHECK(shards.run_on(0, {"SRANDMEMBER", "s", "-9223372036854775807"}) ==
        "-ERR value is out of range\r\n");
}

}  // namespace kvstash::commands
