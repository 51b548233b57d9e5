// ScanCursor: the number that SCAN gives to a client and gets back. It says where to go on: a
// shard, and a position in it.
//
//    63   62            48 47                                   0
//   ┌───┬────────────────┬───────────────────────────────────────┐
//   │ 0 │     shard      │   position in the shard's hash space   │
//   └───┴────────────────┴───────────────────────────────────────┘
//
// 0 is both the beginning and, in a reply, the end. Cursors stay below 2^63, because many clients
// keep them in a signed integer. The server remembers no cursors: every number is accepted, and a
// number that it never gave out finds some keys or none. Pure; any thread.
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

// Parses a cursor as strtoul does, because Redis uses that: a sign is accepted, "" is 0, "-1" is
// 2^64 - 1. Blanks in front and anything after the number are refused.
Result<uint64_t> parse_cursor(std::string_view text);

}  // namespace kvstash::commands
