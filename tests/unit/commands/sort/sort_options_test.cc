#include "commands/sort/sort_options.h"

#include <doctest/doctest.h>

#include <limits>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;

// `words`: what follows the key.
Result<SortOptions> parse(Words words, SortPatterns patterns = SortPatterns::kAllowed) {
  words.insert(words.begin(), {"SORT", "k"});
  SortOptions options;
  if (Status status = parse_sort_options(words, SortStore::kAllowed, patterns, options);
      !status.ok())
    return status.error();
  return options;
}

std::string key_for(std::string_view pattern, std::string_view element) {
  std::string name;
  SortPattern(pattern).key_for(element, name);
  return name;
}

}  // namespace

TEST_CASE("a pattern's first star stands for the element") {
  CHECK(key_for("w*", "1") == "w1");
  CHECK(key_for("*", "x") == "x");
  CHECK(key_for("a*b*c", "x") == "axb*c");
  CHECK(key_for("a*b", "*") == "a*b");
  CHECK(SortPattern("#").is_element());
  CHECK(!SortPattern("constant").names_keys());
  CHECK(!SortPattern("constant").is_element());
  CHECK(!SortPattern("").names_keys());
}

TEST_CASE("an arrow behind the star names a field, unless it ends the pattern") {
  CHECK(SortPattern("h*->f").field() == "f");
  CHECK(key_for("h*->f", "1") == "h1");
  CHECK(key_for("h*:x->f->g", "1") == "h1:x");
  CHECK(SortPattern("h*:x->f->g").field() == "f->g");
  CHECK(!SortPattern("h*->").has_field());
  CHECK(key_for("h*->", "1") == "h1->");
  CHECK(key_for("a->b*", "1") == "a->b1");
  CHECK(!SortPattern("a->b*").has_field());
}

TEST_CASE("only patterns that name keys of elements need other keys") {
  CHECK(!parse({"ALPHA", "DESC"})->reads_other_keys());
  CHECK(!parse({"GET", "#", "GET", "x"})->reads_other_keys());
  CHECK(!parse({"BY", "nosort"})->reads_other_keys());
  CHECK(!parse({"BY", "w*", "BY", "nosort"})->reads_other_keys());
  CHECK(parse({"BY", "w*"})->reads_other_keys());
  CHECK(parse({"GET", "#", "GET", "x*"})->reads_other_keys());
}

TEST_CASE("patterns are refused to those who may not read every key") {
  const auto refused = SortPatterns::kRefused;
  CHECK(parse({"BY", "nosort"}, refused).ok());
  CHECK(parse({"BY", "w*"}, refused).error().message() ==
        "ERR BY option of SORT denied due to insufficient ACL permissions.");
  CHECK(parse({"GET", "#"}, refused).error().message() ==
        "ERR GET option of SORT denied due to insufficient ACL permissions.");
}

TEST_CASE("the last STORE tells where to, whatever words stand around it") {
  CHECK(parse({"ALPHA"})->store_at == 0);
  CHECK(parse({"STORE", "BY", "STORE", "secret"})->store_at == 5);
  CHECK(parse({"BY", "STORE", "STORE", "store"})->store_at == 5);
  CHECK(parse({"LIMIT", "0", "1", "store", "GET"})->store_at == 6);
}

TEST_CASE("what stood before a fault is known") {
  SortOptions options;
  const Words words = {"SORT", "k", "STORE", "d", "BAD", "STORE", "e"};
  CHECK_FALSE(parse_sort_options(words, SortStore::kAllowed, SortPatterns::kAllowed, options).ok());
  CHECK(options.store_at == 3);
}

TEST_CASE("a limit is cut to what there is") {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto range = [](int64_t offset, int64_t count, size_t size) {
    SortOptions options;
    options.offset = offset;
    options.count = count;
    const SortRange cut = sort_range(options, size);
    return std::pair(cut.first, cut.count);
  };
  using Pair = std::pair<size_t, size_t>;
  CHECK(range(0, -1, 5) == Pair(0, 5));
  CHECK(range(2, 2, 5) == Pair(2, 2));
  CHECK(range(4, 9, 5) == Pair(4, 1));
  CHECK(range(5, 9, 5) == Pair(5, 0));
  CHECK(range(-3, 2, 5) == Pair(0, 2));
  CHECK(range(kMax, kMax, 5) == Pair(5, 0));
  CHECK(range(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min(), 5) ==
        Pair(0, 5));
  CHECK(range(0, 0, 0) == Pair(0, 0));
}

}  // namespace kvstash::commands
