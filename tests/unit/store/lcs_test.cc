#include "store/lcs.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace kvstash::store {
namespace {

size_t plain_length(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                         : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.size()][b.size()];
}

std::string random_word(Random& random, size_t size_max) {
  std::string word(random.below(size_max + 1), '\0');
  for (char& byte : word)
    byte = static_cast<char>('a' + random.below(3));
  return word;
}

}  // namespace

TEST_CASE("the subsequence of the Redis manual is found with its runs, the last one first") {
  const Lcs lcs = find_lcs("ohmytext", "mynewtext");
  CHECK(lcs.text == "mytext");
  CHECK(lcs.runs == std::vector<LcsRun>{{4, 5, 4}, {2, 0, 2}});
  CHECK(lcs_length("ohmytext", "mynewtext") == 6);
}

TEST_CASE("strings without a byte in common have an empty subsequence") {
  CHECK(find_lcs("abc", "xyz").text.empty());
  CHECK(find_lcs("abc", "xyz").runs.empty());
  CHECK(find_lcs("", "xyz").text.empty());
  CHECK(find_lcs("abc", "").text.empty());
  CHECK(lcs_length("", "") == 0);
}

TEST_CASE("equal strings are one run") {
  CHECK(find_lcs("same", "same").runs == std::vector<LcsRun>{{0, 0, 4}});
}

TEST_CASE("runs spell out the subsequence in both strings, as long as any can be") {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    const std::string a = random_word(random, 30);
    const std::string b = random_word(random, 30);
    CAPTURE(a);
    CAPTURE(b);
    const Lcs lcs = find_lcs(a, b);
    REQUIRE(lcs.text.size() == plain_length(a, b));
    REQUIRE(lcs_length(a, b) == lcs.text.size());
    std::string from_a;
    std::string from_b;
    size_t a_end = 0;
    size_t b_end = 0;
    for (auto run = lcs.runs.rbegin(); run != lcs.runs.rend(); ++run) {
      REQUIRE(run->a_begin >= a_end);
      REQUIRE(run->b_begin >= b_end);
      from_a += a.substr(run->a_begin, run->length);
      from_b += b.substr(run->b_begin, run->length);
      a_end = run->a_begin + run->length;
      b_end = run->b_begin + run->length;
    }
    REQUIRE(from_a == lcs.text);
    REQUIRE(from_b == lcs.text);
  }
}

}  // namespace kvstash::store
