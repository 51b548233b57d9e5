#include "engine/tracking/broadcast_table.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

// "prefix: key key -> home home" for each prefix that has something to tell.
std::vector<std::string> told(BroadcastTable& table) {
  std::vector<std::string> lines;
  table.take_pending([&](const BroadcastTable::Homes& homes, const PrefixInvalidation& news) {
    std::string line = news.prefix + ":";
    for (const auto& [key, author] : news.keys)
      line += " " + key + "/" + std::to_string(author);
    line += " ->";
    for (const auto& [home, followers] : homes)
      line += " " + std::to_string(home) + "*" + std::to_string(followers);
    lines.push_back(line);
  });
  return lines;
}

}  // namespace

TEST_CASE("changes are collected for every prefix they have, each key once with its last author") {
  BroadcastTable table;
  table.add("", 0);
  table.add("ab", 1);
  table.add("ab", 0);
  table.add("x", 1);
  table.note_change("abc", 5);
  table.note_change("ab", 6);
  table.note_change("abc", 7);
  table.note_change("a", 8);
  CHECK(table.pending() == 5);
  CHECK(told(table) ==
        std::vector<std::string>{": a/8 ab/6 abc/7 -> 0*1", "ab: ab/6 abc/7 -> 0*1 1*1"});
  CHECK(table.pending() == 0);
  CHECK(told(table).empty());
}

TEST_CASE("a prefix that nobody follows any more is forgotten with its changes") {
  BroadcastTable table;
  table.add("a", 0);
  table.add("a", 0);
  table.add("b", 2);
  table.note_change("a1", 1);
  table.note_change("b1", 1);
  table.remove("a", 0);
  CHECK(table.prefix_count() == 2);
  table.remove("a", 0);
  CHECK(table.prefix_count() == 1);
  CHECK(table.pending() == 1);
  CHECK(told(table) == std::vector<std::string>{"b: b1/1 -> 2*1"});
  table.remove("b", 2);
  CHECK(table.empty());
}

}  // namespace kvstash::engine
