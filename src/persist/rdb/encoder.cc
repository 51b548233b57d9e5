#include "persist/rdb/encoder.h"

#include "base/lzf.h"
#include "base/numbers.h"

#include <bit>
#include <limits>
#include <optional>

namespace kvstash::persist::rdb {
namespace {

constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kFormBits = 0xc0;

void append_big(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i > 0; --i)
    to += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
}

void append_little(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    to += static_cast<char>(value >> (8 * i) & 0xff);
}

template <typename T>
bool fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

// Appends the compressed form of `text`, with its lengths. Returns false if it does not pay.
bool append_compressed(Encoder& to, std::string_view text, std::string& scratch) {
  constexpr size_t kGainMin = 4;  // As in Redis.
  if (scratch.size() < text.size()) scratch.resize(text.size());
  const size_t packed = lzf_compress(text, {scratch.data(), text.size() - kGainMin});
  if (packed == 0) return false;
  to.compressed_string({scratch.data(), packed}, text.size());
  return true;
}

}  // namespace

std::string compress(Encoded&& encoded) {
  if (encoded.compressible.empty()) return std::move(encoded.bytes);
  const std::string_view bytes = encoded.bytes;
  Encoded result;
  result.bytes.reserve(bytes.size());
  Encoder to(result);
  std::string scratch;
  size_t done = 0;
  for (const Encoded::Text& text : encoded.compressible) {
    const size_t start = text.at + length_bytes(text.size);
    to.raw(bytes.substr(done, text.at - done));
    done = start + text.size;
    if (!append_compressed(to, bytes.substr(start, text.size), scratch))
      to.raw(bytes.substr(text.at, done - text.at));
  }
  to.raw(bytes.substr(done));
  return std::move(result.bytes);
}

size_t length_bytes(uint64_t length) {
  if (length < 1u << 6) return 1;
  if (length < 1u << 14) return 2;
  return length <= UINT32_MAX ? 5 : kLengthBytesMax;
}

void Encoder::length(uint64_t length) {
  switch (length_bytes(length)) {
    case 1:
      byte(static_cast<uint8_t>(length));
      break;
    case 2:
      append_big(to_->bytes, length | 1u << 14, 2);
      break;
    case 5:
      byte(kLength32);
      append_big(to_->bytes, length, 4);
      break;
    default:
      byte(kLength64);
      append_big(to_->bytes, length, 8);
  }
}

// Returns false and writes nothing if the integer does not fit 32 bits.
bool Encoder::integer(int64_t value) {
  if (!fits<int32_t>(value)) return false;
  const StringForm form = fits<int8_t>(value)    ? StringForm::kInt8
                          : fits<int16_t>(value) ? StringForm::kInt16
                                                 : StringForm::kInt32;
  byte(kFormBits | static_cast<uint8_t>(form));
  append_little(to_->bytes, static_cast<uint64_t>(value), size_t{1} << static_cast<size_t>(form));
  return true;
}

void Encoder::string(std::string_view text) {
  constexpr size_t kIntegerCharsMax = 11;  // -2147483648
  if (text.size() <= kIntegerCharsMax) {
    const std::optional<int64_t> value = parse_int64(text);
    if (value && integer(*value)) return;
  }
  if (text.size() > kPlainBytesMax)
    to_->compressible.push_back({.at = to_->bytes.size(), .size = text.size()});
  length(text.size());
  raw(text);
}

void Encoder::string(store::PackedValue value) {
  if (!value.is_integer()) return string(value.text());
  if (integer(value.integer())) return;
  char scratch[kInt64CharsMax];
  string(value.string(scratch));
}

void Encoder::compressed_string(std::string_view lzf, size_t raw_bytes) {
  byte(kFormBits | static_cast<uint8_t>(StringForm::kLzf));
  length(lzf.size());
  length(raw_bytes);
  raw(lzf);
}

void Encoder::binary_double(double value) {
  append_little(to_->bytes, std::bit_cast<uint64_t>(value), sizeof(value));
}

void Encoder::millis(int64_t time_ms) {
  append_little(to_->bytes, static_cast<uint64_t>(time_ms), sizeof(time_ms));
}

void Encoder::stream_id(store::StreamId id) {
  append_big(to_->bytes, id.ms, 8);
  append_big(to_->bytes, id.seq, 8);
}

}  // namespace kvstash::persist::rdb
