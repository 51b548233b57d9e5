#include "store/bit_field.h"

#include "base/ensure.h"

#include <algorithm>
#include <limits>

namespace kvstash::store {
namespace {

using Wide = __int128;  // Holds every sum of two 64-bit numbers.

struct Bounds {
  Wide min;
  Wide max;
};

Bounds bounds_of(FieldType type) {
  if (!type.is_signed) return {0, (Wide{1} << type.width) - 1};
  const Wide half = Wide{1} << (type.width - 1);
  return {-half, half - 1};
}

// Returns the low bits of `bits` as a number of type `type`.
int64_t narrowed(FieldType type, uint64_t bits) {
  const unsigned unused = 64 - type.width;
  const uint64_t raised = bits << unused;
  return type.is_signed ? static_cast<int64_t>(raised) >> unused
                        : static_cast<int64_t>(raised >> unused);
}

bool is_sound(FieldType type) {
  return type.width >= 1 &&
         type.width <= (type.is_signed ? kSignedFieldBitsMax : kUnsignedFieldBitsMax);
}

Wide nearest(const Bounds& bounds, Wide value, Wide sum) {
  if (sum > bounds.max) return bounds.max;
  // Redis first computes the distance from the value to the maximum in 64 bits, and only then looks
  // at the minimum, so a value whose distance does not fit saturates upwards. BITFIELD SET answers
  // the same here.
  const bool is_far_below =
      value < bounds.min && bounds.max - value > std::numeric_limits<int64_t>::max();
  return is_far_below ? bounds.max : bounds.min;
}

}  // namespace

int64_t read_field(std::string_view bytes, size_t offset, FieldType type) {
  ensure(is_sound(type));
  uint64_t bits = 0;
  for (unsigned left = type.width; left > 0;) {
    const size_t index = offset / 8;
    const auto skipped = static_cast<unsigned>(offset % 8);
    const unsigned taken = std::min(left, 8 - skipped);
    const unsigned byte = index < bytes.size() ? static_cast<uint8_t>(bytes[index]) : 0;
    bits = bits << taken | (byte >> (8 - skipped - taken) & ((1u << taken) - 1));
    offset += taken;
    left -= taken;
  }
  return narrowed(type, bits);
}

void write_field(std::span<char> bytes, size_t offset, FieldType type, int64_t value) {
  ensure(is_sound(type));
  ensure((offset + type.width + 7) / 8 <= bytes.size());
  auto bits = static_cast<uint64_t>(value);
  size_t end = offset + type.width;
  for (unsigned left = type.width; left > 0;) {  // From the lowest bits upwards.
    char& byte = bytes[(end - 1) / 8];
    const auto below = static_cast<unsigned>(7 - (end - 1) % 8);
    const unsigned taken = std::min(left, 8 - below);
    const unsigned mask = ((1u << taken) - 1) << below;
    const unsigned fresh = static_cast<unsigned>(bits & 0xff) << below & mask;
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | fresh);
    bits >>= taken;
    end -= taken;
    left -= taken;
  }
}

FittedNumber fit_sum(FieldType type, Overflow overflow, int64_t value, int64_t increment) {
  ensure(is_sound(type));
  const Bounds bounds = bounds_of(type);
  const Wide start = type.is_signed ? Wide{value} : Wide{static_cast<uint64_t>(value)};
  const Wide sum = start + increment;
  if (sum >= bounds.min && sum <= bounds.max) return {static_cast<int64_t>(sum), false};
  if (overflow == Overflow::kSaturate)
    return {static_cast<int64_t>(nearest(bounds, start, sum)), true};
  return {narrowed(type, static_cast<uint64_t>(sum)), true};
}

}  // namespace kvstash::store
