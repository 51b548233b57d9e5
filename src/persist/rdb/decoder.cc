#include "persist/rdb/decoder.h"

#include "base/ensure.h"
#include "base/lzf.h"
#include "base/numbers.h"

#include <bit>
#include <limits>
#include <optional>

namespace kvstash::persist::rdb {
namespace {

// Longer strings fit none of the structures that keep them.
constexpr uint64_t kStringBytesMax = std::numeric_limits<uint32_t>::max();

uint64_t read_big(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

uint64_t read_little(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

}  // namespace

void Decoder::fail(std::string_view why) {
  ensure(!why.empty());
  if (!ok()) return;
  why_ = why;
  failed_at_ = offset_;
}

Error Decoder::error() const {
  ensure(!ok());
  std::string text = "At byte " + std::to_string(failed_at_) + " of the value ";
  text += why_;
  return Error::text(std::move(text));
}

std::string_view Decoder::raw(size_t size) {
  if (!ok()) return {};
  if (size > left()) {
    fail("the data is cut short");
    return {};
  }
  const std::string_view bytes = bytes_.substr(offset_, size);
  offset_ += size;
  return bytes;
}

uint8_t Decoder::byte() {
  const std::string_view one = raw(1);
  return one.empty() ? uint8_t{0} : static_cast<uint8_t>(one.front());
}

Decoder::Length Decoder::any_length() {
  const uint8_t first = byte();
  const uint64_t low = first & 0x3fu;
  switch (first >> 6) {
    case 0:
      return {.value = low};
    case 1:
      return {.value = low << 8 | byte()};
    case 2:
      if (first == 0x80) return {.value = read_big(raw(4))};
      if (first == 0x81) return {.value = read_big(raw(8))};
      fail("a length has an unknown form");
      return {};
    default:
      return {.value = low, .is_form = true};
  }
}

uint64_t Decoder::length() {
  const Length length = any_length();
  if (length.is_form) fail("a length is wanted, and there is an encoded string");
  return ok() ? length.value : 0;
}

size_t Decoder::count(size_t bytes_each) {
  ensure(bytes_each != 0);
  const uint64_t count = length();
  if (count > left() / bytes_each) fail("more elements are promised than there are bytes");
  return ok() ? static_cast<size_t>(count) : 0;
}

std::string_view Decoder::string(std::string& scratch) {
  const Length size = any_length();
  if (!ok()) return {};
  if (!size.is_form) {
    if (size.value > kStringBytesMax) fail("a string is too long");
    return ok() ? raw(static_cast<size_t>(size.value)) : std::string_view();
  }
  const auto form = static_cast<StringForm>(size.value);
  switch (form) {
    case StringForm::kInt8:
    case StringForm::kInt16:
    case StringForm::kInt32:
      return integer(form, scratch);
    case StringForm::kLzf:
      return compressed(scratch);
  }
  fail("a string has an unknown form");
  return {};
}

std::string_view Decoder::integer(StringForm form, std::string& scratch) {
  const uint64_t value = read_little(raw(size_t{1} << static_cast<size_t>(form)));
  if (!ok()) return {};
  const int64_t extended = form == StringForm::kInt8    ? static_cast<int8_t>(value)
                           : form == StringForm::kInt16 ? static_cast<int16_t>(value)
                                                        : static_cast<int32_t>(value);
  scratch.resize(kInt64CharsMax);
  scratch.resize(format_int64(scratch.data(), extended));
  return scratch;
}

std::string_view Decoder::compressed(std::string& scratch) {
  const uint64_t packed = length();
  const uint64_t whole = length();
  if (!ok()) return {};
  if (packed > left()) {
    fail("a compressed string is cut short");
    return {};
  }
  if (whole > kStringBytesMax || whole > packed * kLzfExpansionMax) {
    fail("a compressed string promises more than its bytes can hold");
    return {};
  }
  const std::string_view bytes = raw(static_cast<size_t>(packed));
  scratch.resize(static_cast<size_t>(whole));
  if (!lzf_decompress(bytes, {scratch.data(), scratch.size()})) {
    fail("a compressed string does not have the size that it promises");
    return {};
  }
  return scratch;
}

double Decoder::binary_double() {
  return std::bit_cast<double>(read_little(raw(8)));
}

double Decoder::text_double() {
  constexpr uint8_t kNan = 253;
  constexpr uint8_t kInfinity = 254;
  constexpr uint8_t kMinusInfinity = 255;
  const uint8_t size = byte();
  if (size == kNan) return std::numeric_limits<double>::quiet_NaN();
  if (size == kInfinity) return std::numeric_limits<double>::infinity();
  if (size == kMinusInfinity) return -std::numeric_limits<double>::infinity();
  const std::optional<double> value = parse_double(raw(size));
  if (!value) fail("a score is not a number");
  return value.value_or(0);
}

int64_t Decoder::millis() {
  return static_cast<int64_t>(read_little(raw(8)));
}

int64_t Decoder::seconds() {
  return static_cast<int32_t>(read_little(raw(4)));
}

store::StreamId Decoder::stream_id() {
  const uint64_t ms = read_big(raw(8));
  return {ms, read_big(raw(8))};
}

}  // namespace kvstash::persist::rdb
