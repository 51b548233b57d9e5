#include "commands/keys/scan_cursor.h"

namespace kvstash::commands {
namespace {

constexpr uint64_t kPositionMask = (uint64_t{1} << ScanCursor::kPositionBits) - 1;

Error invalid_cursor() {
  return Error::literal("ERR invalid cursor");
}

}  // namespace

uint64_t cursor_number(const ScanCursor& cursor) {
  const auto position = static_cast<uint64_t>(cursor.position);
  ensure(cursor.shard < ScanCursor::kShardsMax && position <= kPositionMask);
  return uint64_t{cursor.shard} << ScanCursor::kPositionBits | position;
}

ScanCursor cursor_of(uint64_t number) {
  return {.shard = static_cast<size_t>(number >> ScanCursor::kPositionBits),
          .position = static_cast<store::ScanPosition>(number & kPositionMask)};
}

Result<uint64_t> parse_cursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));  // Redis stops reading at a NUL.
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  const std::string_view digits = has_sign ? text.substr(1) : text;
  if (has_sign && digits.empty()) return invalid_cursor();
  uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return invalid_cursor();
    if (__builtin_mul_overflow(number, uint64_t{10}, &number) ||
        __builtin_add_overflow(number, static_cast<uint64_t>(c - '0'), &number)) {
      return invalid_cursor();
    }
  }
  return text.starts_with('-') ? 0 - number : number;
}

}  // namespace kvstash::commands
