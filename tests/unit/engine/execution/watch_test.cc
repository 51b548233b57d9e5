#include "engine/execution/watch.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash::engine {
namespace {

constexpr DbIndex kZero{0};
constexpr DbIndex kOne{1};

WatchedKey watched(WatchTable& table, DbIndex db, std::string_view key) {
  return {.db = db, .key = std::string(key), .version = table.watch(db, key)};
}

TEST_CASE("a key stays unchanged until it is touched") {
  WatchTable table;
  const WatchedKey a = watched(table, kZero, "a");
  const WatchedKey b = watched(table, kZero, "b");
  CHECK(table.is_unchanged(a));
  table.touch(kZero, "a");
  CHECK_FALSE(table.is_unchanged(a));
  CHECK(table.is_unchanged(b));
}

TEST_CASE("the same key in another database is another key") {
  WatchTable table;
  const WatchedKey key = watched(table, kZero, "k");
  table.touch(kOne, "k");
  CHECK(table.is_unchanged(key));
}

TEST_CASE("who watches after a change does not see it") {
  WatchTable table;
  const WatchedKey early = watched(table, kZero, "k");
  table.touch(kZero, "k");
  const WatchedKey late = watched(table, kZero, "k");
  CHECK_FALSE(table.is_unchanged(early));
  CHECK(table.is_unchanged(late));
}

TEST_CASE("touching what nobody watches does nothing") {
  WatchTable table;
  table.touch(kZero, "k");
  CHECK(table.empty());
}

TEST_CASE("a key is forgotten with its last watcher") {
  WatchTable table;
  const WatchedKey first = watched(table, kZero, "k");
  const WatchedKey second = watched(table, kZero, "k");
  CHECK(first.version == second.version);
  table.unwatch(kZero, "k");
  CHECK(table.is_unchanged(second));
  table.unwatch(kZero, "k");
  CHECK(table.empty());
  table.unwatch(kZero, "k");  // Once too often is no harm.
  CHECK(table.empty());
}

TEST_CASE("a version is never used twice, even after a key was forgotten") {
  WatchTable table;
  const WatchedKey old = watched(table, kZero, "k");
  table.unwatch(kZero, "k");
  const WatchedKey fresh = watched(table, kZero, "k");
  CHECK_FALSE(table.is_unchanged(old));
  CHECK(table.is_unchanged(fresh));
}

TEST_CASE("flushing a database touches those of its watched keys that are affected") {
  WatchTable table;
  const WatchedKey there = watched(table, kZero, "there");
  const WatchedKey absent = watched(table, kZero, "absent");
  const WatchedKey elsewhere = watched(table, kOne, "there");
  table.touch_all(kZero, [](std::string_view key) { return key == "there"; });
  CHECK_FALSE(table.is_unchanged(there));
  CHECK(table.is_unchanged(absent));
  CHECK(table.is_unchanged(elsewhere));
}

TEST_CASE("keys may hold any bytes") {
  WatchTable table;
  using namespace std::string_view_literals;
  const WatchedKey nul = watched(table, kZero, "a\0b"sv);
  const WatchedKey cut = watched(table, kZero, "a");
  const WatchedKey none = watched(table, kZero, "");
  table.touch(kZero, "a\0b"sv);
  CHECK_FALSE(table.is_unchanged(nul));
  CHECK(table.is_unchanged(cut));
  CHECK(table.is_unchanged(none));
}

}  // namespace
}  // namespace kvstash::engine
