// LCS: the longest common subsequence of two byte strings; among several, the one that Redis finds.
//
// Time is proportional to the product of the sizes, so callers bound them. Strings are shorter than
// 2^32 bytes. The functions are pure and may run on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::store {

// A run of bytes that both strings have in common, beginning at a[a_begin] and b[b_begin].
struct LcsRun {
  size_t a_begin;
  size_t b_begin;
  size_t length;

  bool operator==(const LcsRun&) const = default;
};

struct Lcs {
  std::string text;
  std::vector<LcsRun> runs;  // From the end of the strings to their beginning.
};

// Takes four bytes of memory for each byte of `b`.
size_t lcs_length(std::string_view a, std::string_view b);

// Takes the memory of lcs_length, and a bit for each pair of a byte of `a` and a byte of `b`.
Lcs find_lcs(std::string_view a, std::string_view b);

}  // namespace kvstash::store
