#include "engine/execution/record_words.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

std::vector<std::string> texts_of(RecordWords& records) {
  std::vector<std::string> texts;
  records.for_each([&](DbIndex db, RecordWords::Words argv) {
    std::string& text = texts.emplace_back(std::to_string(static_cast<uint32_t>(db)));
    for (const std::string_view word : argv)
      text.append(" ").append(word);
  });
  return texts;
}

}  // namespace

TEST_CASE("records keep their words, whatever becomes of those they were given") {
  RecordWords records;
  CHECK(records.empty());
  std::string word = "SET";
  records.begin(DbIndex{2});
  records.add(word);
  word = "other";
  records.add("");
  records.begin(DbIndex{0});
  const std::string_view more[] = {"DEL", "k"};
  records.add(more);
  CHECK(records.size() == 2);
  CHECK(texts_of(records) == std::vector<std::string>{"2 SET ", "0 DEL k"});
  records.clear();
  CHECK(records.empty());
  CHECK(texts_of(records).empty());
}

TEST_CASE("memory is kept for the next command, and given back if it was much") {
  RecordWords records;
  records.begin(DbIndex{0});
  records.add(std::string(1000, 'x'));
  records.clear();
  CHECK(records.memory_bytes() >= 1000);
  records.begin(DbIndex{0});
  for (int i = 0; i < 10'000; ++i)
    records.add("some words that are many");
  CHECK(records.memory_bytes() > 2 * RecordWords::kBytesKept);
  records.clear();
  CHECK(records.memory_bytes() < RecordWords::kBytesKept);
}

}  // namespace kvstash::engine
