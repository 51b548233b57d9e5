#include "engine/telemetry/slowlog.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

SlowlogEntry entry(uint64_t id) {
  SlowlogEntry made;
  made.id = id;
  return made;
}

std::vector<uint64_t> ids(const Slowlog& log) {
  std::vector<uint64_t> all;
  for (const SlowlogEntry& each : log.entries())
    all.push_back(each.id);
  return all;
}

TEST_CASE("the newest entry stands first, the oldest goes") {
  Slowlog log;
  for (uint64_t id = 0; id < 5; ++id)
    log.add(entry(id), 3);
  CHECK(ids(log) == std::vector<uint64_t>{4, 3, 2});
}

TEST_CASE("a length of zero keeps nothing") {
  Slowlog log;
  log.add(entry(1), 0);
  CHECK(log.entries().empty());
}

TEST_CASE("a shorter length cuts the oldest") {
  Slowlog log;
  for (uint64_t id = 0; id < 5; ++id)
    log.add(entry(id), 10);
  log.trim(2);
  CHECK(ids(log) == std::vector<uint64_t>{4, 3});
  log.clear();
  CHECK(log.entries().empty());
}

TEST_CASE("an argument is shown up to 128 bytes") {
  const std::string whole(128, 'x');
  const std::string longer(200, 'x');
  const std::string_view argv[] = {"SET", whole, longer};
  const std::vector<std::string> cut = Slowlog::cut(argv);
  REQUIRE(cut.size() == 3);
  CHECK(cut[0] == "SET");
  CHECK(cut[1] == whole);
  CHECK(cut[2] == whole + "... (72 more bytes)");
}

TEST_CASE("32 arguments are shown, of more only 31 and how many there were") {
  const std::vector<std::string_view> fits(32, "a");
  CHECK(Slowlog::cut(fits) == std::vector<std::string>(32, "a"));
  const std::vector<std::string_view> many(40, "a");
  const std::vector<std::string> cut = Slowlog::cut(many);
  REQUIRE(cut.size() == 32);
  CHECK(cut[30] == "a");
  CHECK(cut[31] == "... (9 more arguments)");
}

}  // namespace
}  // namespace kvstash::engine
