#include "commands/bitmap/bit_offset.h"

#include "base/numbers.h"

#include <optional>

namespace kvstash::commands {
namespace {

Result<size_t> scaled_offset(std::string_view text, int64_t width, uint64_t bytes_max) {
  const Error error = Error::literal("ERR bit offset is not an integer or out of range");
  const std::optional<int64_t> number = parse_int64(text);
  if (!number || *number < 0) return error;
  const std::optional<int64_t> offset = checked_mul(*number, width);
  if (!offset || static_cast<uint64_t>(*offset) / 8 >= bytes_max) return error;
  return static_cast<size_t>(*offset);
}

}  // namespace

Result<size_t> parse_bit_offset(std::string_view text, uint64_t bytes_max) {
  return scaled_offset(text, 1, bytes_max);
}

Result<size_t> parse_field_offset(std::string_view text, unsigned width, uint64_t bytes_max) {
  if (text.starts_with('#')) return scaled_offset(text.substr(1), width, bytes_max);
  return scaled_offset(text, 1, bytes_max);
}

}  // namespace kvstash::commands
