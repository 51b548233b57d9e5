// LCS: the longest common subsequence of two byte strings, the one that Redis finds among equals.
//
// Time is the product of the sizes, so callers bound it. Pure; any thread. Strings are shorter than
// 2^32 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::store {

// A run of bytes that both strings have in common: a[a_begin ..] and b[b_begin ..].
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

// Memory: four bytes for each byte of `b`.
size_t lcs_length(std::string_view a, std::string_view b);

// Memory: a bit for each pair of bytes besides.
Lcs find_lcs(std::string_view a, std::string_view b);

}  // namespace kvstash::store
