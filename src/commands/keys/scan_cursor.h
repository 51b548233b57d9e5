// ScanCursor: the number that SCAN gives a client and gets back: where in which shard to go on.
//
//    63   62            48 47                                   0
//   ┌───┬────────────────┬───────────────────────────────────────┐
//   │ 0 │     shard      │   position in the shard's hash space   │
//   └───┴────────────────┴───────────────────────────────────────┘
//
// 0 is both the beginning and, as an answer, the end. It stays below 2^63, because many clients
// keep it in a signed integer. Nothing on the server remembers a cursor: any number is a valid
// question, and one that we never gave is answered with some keys or none. Pure; any thread.
#pragma once

#include "base/result.h"
#include "store/hash_table.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

struct ScanCursor {
  static constexpr unsigned kPositionBits = 48;
  static constexpr size_t kShardsMax = size_t{1} << 15;

  size_t shard = 0;
  store::ScanPosition position{};

  bool operator==(const ScanCursor&) const = default;
};

uint64_t cursor_number(const ScanCursor& cursor);
ScanCursor cursor_of(uint64_t number);

// As strtoul reads it, which is what Redis does: a sign is fine, "" is 0, "-1" is 2^64 - 1; blanks
// in front or anything behind is not.
Result<uint64_t> parse_cursor(std::string_view text);

}  // namespace kvstash::commands
