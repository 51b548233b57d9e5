#include "commands/shared/block_timeout.h"

#include "base/numbers.h"

#include <cmath>
#include <limits>

namespace kvstash::commands {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Error out_of_range() {
  return Error::literal("ERR timeout is out of range");
}

Result<BlockTimeout> checked_timeout(int64_t timeout_ms, int64_t now_ms) {
  if (timeout_ms < 0) return Error::literal("ERR timeout is negative");
  if (timeout_ms == 0) return BlockTimeout();
  if (timeout_ms > kMax - now_ms) return out_of_range();
  return BlockTimeout(timeout_ms);
}

}  // namespace

Result<BlockTimeout> parse_block_seconds(std::string_view text, int64_t now_ms) {
  const std::optional<long double> seconds = parse_long_double(text);
  if (!seconds) return Error::literal("ERR timeout is not a float or out of range");
  // Rounded up, because 0 would mean no timeout.
  const long double ms = std::ceil(*seconds * 1000);
  if (ms > static_cast<long double>(kMax)) return out_of_range();
  if (ms < 0) return Error::literal("ERR timeout is negative");
  return checked_timeout(static_cast<int64_t>(ms), now_ms);
}

Result<BlockTimeout> parse_block_milliseconds(std::string_view text, int64_t now_ms) {
  const std::optional<int64_t> ms = parse_int64(text);
  if (!ms) return Error::literal("ERR timeout is not an integer or out of range");
  return checked_timeout(*ms, now_ms);
}

}  // namespace kvstash::commands
