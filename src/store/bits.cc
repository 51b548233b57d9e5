#include "store/bits.h"

#include "base/ensure.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace kvstash::store {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);
// Sources are combined a block at a time, so that the block stays in the first-level cache.
constexpr size_t kBlockBytes = 8192;

uint64_t load_word(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

// The number of zeros before the first one in a word that was loaded from memory, counted from the
// highest bit of its first byte. The word must not be 0.
size_t leading_zeros(uint64_t word) {
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return static_cast<size_t>(std::countl_zero(word));
}

// Masks for one byte: the bits from `position` % 8 on, and the bits before that one.
uint8_t mask_from(size_t position) {
  return static_cast<uint8_t>(0xff >> (position % 8));
}
uint8_t mask_before(size_t position) {
  return static_cast<uint8_t>(~mask_from(position));
}

std::string_view block_of(std::string_view bytes, size_t begin, size_t size) {
  return begin < bytes.size() ? bytes.substr(begin, size) : std::string_view();
}

// out[i] = combine(out[i], in[i]), four words at a time.
template <typename Combine>
void combine_into(char* out, std::string_view in, Combine combine) {
  const char* from = in.data();
  size_t left = in.size();
  for (; left >= 4 * kWordBytes; left -= 4 * kWordBytes) {
    uint64_t mine[4];
    uint64_t other[4];
    std::memcpy(mine, out, sizeof(mine));
    std::memcpy(other, from, sizeof(other));
    for (size_t i = 0; i < 4; ++i)
      mine[i] = combine(mine[i], other[i]);
    std::memcpy(out, mine, sizeof(mine));
    out += sizeof(mine);
    from += sizeof(mine);
  }
  for (size_t i = 0; i < left; ++i) {
    const auto mine = static_cast<uint8_t>(out[i]);
    const auto other = static_cast<uint8_t>(from[i]);
    out[i] = static_cast<char>(combine(uint64_t{mine}, uint64_t{other}) & 0xff);
  }
}

void invert(std::span<char> block) {
  combine_into(block.data(), {block.data(), block.size()},
               [](uint64_t mine, uint64_t) { return ~mine; });
}

void fold_block(BitOperation operation, std::string_view in, std::span<char> out) {
  switch (operation) {
    case BitOperation::kAnd:
      combine_into(out.data(), in, [](uint64_t a, uint64_t b) { return a & b; });
      std::fill(out.begin() + static_cast<ptrdiff_t>(in.size()), out.end(), '\0');
      return;
    case BitOperation::kOr:
      return combine_into(out.data(), in, [](uint64_t a, uint64_t b) { return a | b; });
    case BitOperation::kXor:
      return combine_into(out.data(), in, [](uint64_t a, uint64_t b) { return a ^ b; });
    case BitOperation::kNot:
      ensure(false);  // NOT has only one source.
  }
}

}  // namespace

size_t count_bits(std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  size_t counts[4] = {};  // Four independent sums let the processor count four words at once.
  for (; left >= 4 * kWordBytes; left -= 4 * kWordBytes, at += 4 * kWordBytes) {
    for (size_t i = 0; i < 4; ++i)
      counts[i] += static_cast<size_t>(std::popcount(load_word(at + i * kWordBytes)));
  }
  size_t count = counts[0] + counts[1] + counts[2] + counts[3];
  for (size_t i = 0; i < left; ++i)
    count += static_cast<size_t>(std::popcount(static_cast<uint8_t>(at[i])));
  return count;
}

size_t count_bits(std::string_view bytes, BitRange range) {
  ensure(range.end <= bytes.size() * 8);
  if (range.begin >= range.end) return 0;
  const size_t first = range.begin / 8;
  const size_t last = (range.end - 1) / 8;
  size_t count = count_bits(bytes.substr(first, last - first + 1));
  const auto before = static_cast<uint8_t>(byte_at(bytes, first) & mask_before(range.begin));
  count -= static_cast<size_t>(std::popcount(before));
  if (range.end % 8 != 0) {
    const auto after = static_cast<uint8_t>(byte_at(bytes, last) & mask_from(range.end));
    count -= static_cast<size_t>(std::popcount(after));
  }
  return count;
}

std::optional<size_t> find_bit(std::string_view bytes, bool value) {
  const uint64_t flip = value ? 0 : ~uint64_t{0};  // Turns the bits that are searched into ones.
  size_t at = 0;
  for (; at + kWordBytes <= bytes.size(); at += kWordBytes) {
    const uint64_t word = load_word(bytes.data() + at) ^ flip;
    if (word != 0) return at * 8 + leading_zeros(word);
  }
  for (; at < bytes.size(); ++at) {
    const auto byte = static_cast<uint8_t>(byte_at(bytes, at) ^ (flip & 0xff));
    if (byte != 0) return at * 8 + static_cast<size_t>(std::countl_zero(byte));
  }
  return std::nullopt;
}

std::optional<size_t> find_bit(std::string_view bytes, BitRange range, bool value) {
  ensure(range.end <= bytes.size() * 8);
  if (range.begin >= range.end) return std::nullopt;
  size_t position = range.begin;
  if (position % 8 != 0) {  // The range starts inside a byte: search the rest of that byte.
    const auto flipped = static_cast<uint8_t>(byte_at(bytes, position / 8) ^ (value ? 0 : 0xff));
    const auto wanted = static_cast<uint8_t>(flipped & mask_from(position));
    position = position / 8 * 8 + (wanted != 0 ? static_cast<size_t>(std::countl_zero(wanted)) : 8);
    if (wanted != 0) return position < range.end ? std::optional(position) : std::nullopt;
    if (position >= range.end) return std::nullopt;
  }
  const size_t bytes_end = (range.end + 7) / 8;
  const std::optional<size_t> found =
      find_bit(bytes.substr(position / 8, bytes_end - position / 8), value);
  if (!found || position + *found >= range.end) return std::nullopt;
  return position + *found;
}

bool bit_at(std::string_view bytes, size_t position) {
  if (position / 8 >= bytes.size()) return false;
  return (byte_at(bytes, position / 8) >> (7 - position % 8) & 1) != 0;
}

void set_bit(std::span<char> bytes, size_t position, bool value) {
  ensure(position / 8 < bytes.size());
  char& byte = bytes[position / 8];
  const unsigned mask = 1u << (7 - position % 8);
  const unsigned others = static_cast<uint8_t>(byte) & ~mask;
  byte = static_cast<char>(others | (value ? mask : 0));
}

void combine_bits(BitOperation operation, std::span<const std::string_view> sources,
                  std::span<char> out) {
  ensure(!sources.empty());
  ensure(operation != BitOperation::kNot || sources.size() == 1);
  for (size_t begin = 0; begin < out.size(); begin += kBlockBytes) {
    const std::span<char> block = out.subspan(begin, std::min(kBlockBytes, out.size() - begin));
    const std::string_view first = block_of(sources.front(), begin, block.size());
    const auto rest = std::copy(first.begin(), first.end(), block.begin());
    std::fill(rest, block.end(), '\0');
    if (operation == BitOperation::kNot) invert(block);
    for (const std::string_view source : sources.subspan(1))
      fold_block(operation, block_of(source, begin, block.size()), block);
  }
}

}  // namespace kvstash::store
