#include "base/lzf.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace kvstash {
namespace {

constexpr size_t kLiteralsMax = 32;
constexpr size_t kDistanceMax = 8192;
constexpr size_t kMatchMin = 3;
constexpr size_t kReadBytes = 4;  // Three bytes are read by loading four.
constexpr size_t kMatchMax = 264;
constexpr size_t kMatchShortMax = 8;  // A longer match takes one byte more.
constexpr unsigned kTableBitsMin = 8;
constexpr unsigned kTableBitsMax = 13;

// Small inputs use only part of the table, so that clearing it stays cheap.
unsigned table_bits(size_t input_size) {
  unsigned bits = kTableBitsMin;
  while (bits < kTableBitsMax && (size_t{1} << bits) < input_size)
    ++bits;
  return bits;
}

// Loads four bytes, which must be there, and returns three.
uint32_t three_bytes(const char* p) {
  static_assert(std::endian::native == std::endian::little);
  uint32_t word;
  std::memcpy(&word, p, sizeof(word));
  return word & 0xffffff;
}

uint32_t hash_three_bytes(const char* p, unsigned bits) {
  return three_bytes(p) * 2654435761u >> (32 - bits);
}

// Returns the number of equal bytes. The first three are known to be equal.
size_t match_length(const char* a, const char* b, size_t max) {
  size_t length = kMatchMin;
  while (length < max && a[length] == b[length])
    ++length;
  return length;
}

// Writes to a bounded span. Once it is full, it stays full.
class Output {
 public:
  explicit Output(std::span<char> out) : out_(out) {}

  void literals(const char* from, size_t count) {
    while (count > 0 && !full_) {
      const size_t run = std::min(count, kLiteralsMax);
      if (!reserve(run + 1)) return;
      out_[at_++] = static_cast<char>(run - 1);
      std::memcpy(out_.data() + at_, from, run);
      at_ += run;
      from += run;
      count -= run;
    }
  }

  void match(size_t distance, size_t length) {
    const size_t offset = distance - 1;
    const bool is_short = length <= kMatchShortMax;
    if (!reserve(is_short ? 2 : 3)) return;
    const size_t code = is_short ? length - 2 : 7;
    out_[at_++] = static_cast<char>(code << 5 | offset >> 8);
    if (!is_short) out_[at_++] = static_cast<char>(length - 9);
    out_[at_++] = static_cast<char>(offset & 255);
  }

  bool full() const { return full_; }
  size_t size() const { return full_ ? 0 : at_; }

 private:
  bool reserve(size_t bytes) {
    full_ = full_ || out_.size() - at_ < bytes;
    return !full_;
  }

  std::span<char> out_;
  size_t at_ = 0;
  bool full_ = false;
};

}  // namespace

size_t lzf_compress(std::string_view input, std::span<char> out) {
  // The last place of three bytes with this hash, as the low half of its offset. That is enough,
  // since only the last 8192 bytes matter, and a wrong guess is found by comparing.
  uint32_t seen[size_t{1} << kTableBitsMax];
  const unsigned bits = table_bits(input.size());
  std::memset(seen, 0, sizeof(seen[0]) << bits);

  Output output(out);
  const char* data = input.data();
  size_t literals_from = 0;
  size_t at = 0;
  while (at + kReadBytes <= input.size() && !output.full()) {
    uint32_t& slot = seen[hash_three_bytes(data + at, bits)];
    const size_t distance = static_cast<uint32_t>(at) - slot;  // The difference is modulo 2^32.
    slot = static_cast<uint32_t>(at);
    const bool is_near = distance != 0 && distance <= kDistanceMax && distance <= at;
    if (!is_near || three_bytes(data + at - distance) != three_bytes(data + at)) {
      ++at;
      continue;
    }
    const size_t length_max = std::min(kMatchMax, input.size() - at);
    const size_t length = match_length(data + at - distance, data + at, length_max);
    output.literals(data + literals_from, at - literals_from);
    output.match(distance, length);
    at += length;
    literals_from = at;
    // Note the last places inside the match, so that repetitions of what follows are found.
    for (size_t inside = at - 2; inside < at && inside + kReadBytes <= input.size(); ++inside)
      seen[hash_three_bytes(data + inside, bits)] = static_cast<uint32_t>(inside);
  }
  output.literals(data + literals_from, input.size() - literals_from);
  return output.size();
}

bool lzf_decompress(std::string_view input, std::span<char> out) {
  size_t at = 0;
  size_t written = 0;
  while (at < input.size()) {
    const size_t head = static_cast<unsigned char>(input[at++]);
    if (head < kLiteralsMax) {
      const size_t count = head + 1;
      if (count > input.size() - at || count > out.size() - written) return false;
      std::memcpy(out.data() + written, input.data() + at, count);
      at += count;
      written += count;
      continue;
    }
    size_t length = (head >> 5) + 2;
    if (input.size() - at < (length == 9 ? 2 : 1)) return false;
    if (length == 9) length += static_cast<unsigned char>(input[at++]);
    const size_t distance = ((head & 31) << 8 | static_cast<unsigned char>(input[at++])) + 1;
    if (distance > written || length > out.size() - written) return false;
    char* to = out.data() + written;
    const char* from = to - distance;
    if (distance >= length) {
      std::memcpy(to, from, length);
    } else {
      // The ranges overlap: bytes written here are read again, which is how a run is encoded.
      for (size_t i = 0; i < length; ++i)
        to[i] = from[i];
    }
    written += length;
  }
  return written == out.size();
}

}  // namespace kvstash
