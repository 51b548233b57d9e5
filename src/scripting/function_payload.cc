#include "scripting/function_payload.h"

#include "base/crc64.h"
#include "base/lzf.h"

#include <cstdint>
#include <optional>

namespace kvstash::scripting {
namespace {

constexpr unsigned char kFunctionOpcode = 245;
constexpr unsigned kReadRdbVersionMax = 12;
constexpr size_t kVersionBytes = 2;
constexpr size_t kTrailerBytes = kVersionBytes + 8;

// ---- Numbers: little endian in the trailer, big endian in lengths.

void append_little(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    to += static_cast<char>(value >> (8 * i) & 0xff);
}

void append_big(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i > 0; --i)
    to += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
}

uint64_t read_little(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

uint64_t read_big(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// ---- Strings of an RDB file.

void append_string(std::string& to, std::string_view text) {
  const uint64_t size = text.size();
  if (size < 1u << 6) {
    to += static_cast<char>(size);
  } else if (size < 1u << 14) {
    append_big(to, size | 1u << 14, 2);
  } else if (size <= UINT32_MAX) {
    to += static_cast<char>(0x80);
    append_big(to, size, 4);
  } else {
    to += static_cast<char>(0x81);
    append_big(to, size, 8);
  }
  to += text;
}

class StringReader {
 public:
  StringReader(std::string_view bytes, size_t strings_max)
      : rest_(bytes), strings_left_(strings_max) {}

  bool done() const { return rest_.empty(); }
  std::optional<unsigned char> byte() {
    if (rest_.empty()) return std::nullopt;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  // Reads a string. Nothing: the bytes are cut short or no string, or the strings are too large.
  std::optional<std::string> string();

 private:
  struct Length {
    uint64_t value = 0;
    bool is_encoding = false;
  };
  std::optional<Length> length();
  std::optional<std::string_view> take(uint64_t size);
  std::optional<std::string> plain(uint64_t size);
  std::optional<std::string> compressed();

  std::string_view rest_;
  size_t strings_left_;  // Bytes left for strings.
};

std::optional<std::string_view> StringReader::take(uint64_t size) {
  if (size > rest_.size()) return std::nullopt;
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::optional<StringReader::Length> StringReader::length() {
  const std::optional<unsigned char> first = byte();
  if (!first) return std::nullopt;
  const uint64_t low = *first & 0x3f;
  switch (*first >> 6) {
    case 0:
      return Length{.value = low};
    case 1: {
      const std::optional<unsigned char> second = byte();
      if (!second) return std::nullopt;
      return Length{.value = low << 8 | *second};
    }
    case 2: {
      const std::optional<std::string_view> bytes = take(*first == 0x81 ? 8 : 4);
      if (!bytes || *first > 0x81) return std::nullopt;
      return Length{.value = read_big(*bytes)};
    }
    default:
      return Length{.value = low, .is_encoding = true};
  }
}

std::optional<std::string> StringReader::plain(uint64_t size) {
  const std::optional<std::string_view> bytes = take(size);
  if (!bytes || bytes->size() > strings_left_) return std::nullopt;
  strings_left_ -= bytes->size();
  return std::string(*bytes);
}

std::optional<std::string> StringReader::compressed() {
  const std::optional<Length> packed = length();
  const std::optional<Length> whole = length();
  if (!packed || !whole || packed->is_encoding || whole->is_encoding) return std::nullopt;
  const std::optional<std::string_view> bytes = take(packed->value);
  if (!bytes || whole->value > kLzfExpansionMax * bytes->size() || whole->value > strings_left_)
    return std::nullopt;
  strings_left_ -= whole->value;
  std::string text(whole->value, '\0');
  if (!lzf_decompress(*bytes, {text.data(), text.size()})) return std::nullopt;
  return text;
}

// The code of a library is never a number, so the only encoding that occurs is compression.
std::optional<std::string> StringReader::string() {
  constexpr uint64_t kLzf = 3;
  const std::optional<Length> size = length();
  if (!size) return std::nullopt;
  if (!size->is_encoding) return plain(size->value);
  return size->value == kLzf ? compressed() : std::nullopt;
}

bool is_intact(std::string_view payload) {
  if (payload.size() < kTrailerBytes) return false;
  const std::string_view trailer = payload.substr(payload.size() - kTrailerBytes);
  if (read_little(trailer.substr(0, kVersionBytes)) > kReadRdbVersionMax) return false;
  const uint64_t stored = read_little(trailer.substr(kVersionBytes));
  return stored == crc64(0, payload.substr(0, payload.size() - 8));
}

}  // namespace

std::string dump_functions(const Libraries& libraries, unsigned rdb_version) {
  std::string payload;
  for (const auto& [name, library] : libraries.all()) {
    payload += static_cast<char>(kFunctionOpcode);
    append_string(payload, library->code);
  }
  append_little(payload, rdb_version, kVersionBytes);
  append_little(payload, crc64(0, payload), 8);
  return payload;
}

Result<std::vector<std::string>> functions_in(std::string_view payload, size_t bytes_max) {
  if (!is_intact(payload)) return Error::literal("ERR DUMP payload version or checksum are wrong");
  StringReader reader(payload.substr(0, payload.size() - kTrailerBytes), bytes_max);
  std::vector<std::string> codes;
  while (!reader.done()) {
    if (reader.byte() != kFunctionOpcode) return Error::literal("ERR given type is not a function");
    std::optional<std::string> code = reader.string();
    if (!code) return Error::literal("ERR failed loading the given functions payload");
    codes.push_back(*std::move(code));
  }
  return codes;
}

}  // namespace kvstash::scripting
