#include "persist/rdb/payload.h"

#include "base/crc64.h"
#include "base/ensure.h"
#include "persist/rdb/encoder.h"
#include "persist/rdb/value_writer.h"

#include <cstdint>

namespace kvstash::persist::rdb {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kSumBytes = 8;
constexpr size_t kTrailerBytes = kVersionBytes + kSumBytes;

void append_little(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    to += static_cast<char>(value >> (8 * i) & 0xff);
}

uint64_t read_little(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

std::optional<Dialect> dialect_of(unsigned version) {
  if (version <= kReadVersionMax) return Dialect::kRedis;
  if (version >= kValkeyVersionMin && version <= kValkeyVersionMax) return Dialect::kValkey;
  return std::nullopt;
}

}  // namespace

std::string dump_payload(const store::Entry& entry, unsigned version, bool is_compressed) {
  ensure(check_writable(entry, version).ok());
  Encoded encoded;
  Encoder to(encoded);
  to.type(type_of(entry, version));
  write_value(to, entry, version);
  std::string payload = is_compressed ? compress(std::move(encoded)) : std::move(encoded.bytes);
  append_little(payload, version, kVersionBytes);
  append_little(payload, crc64(0, payload), kSumBytes);
  return payload;
}

std::optional<Payload> open_payload(std::string_view bytes, bool checks_sum) {
  if (bytes.size() < kTrailerBytes) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kTrailerBytes);
  const auto version = static_cast<unsigned>(read_little(bytes.substr(body.size(), kVersionBytes)));
  const std::optional<Dialect> dialect = dialect_of(version);
  if (!dialect) return std::nullopt;
  const std::string_view summed = bytes.substr(0, bytes.size() - kSumBytes);
  if (checks_sum && read_little(bytes.substr(summed.size())) != crc64(0, summed))
    return std::nullopt;
  return Payload{.type = static_cast<Type>(body.empty() ? UINT8_MAX : body.front()),
                 .dialect = *dialect,
                 .version = version,
                 .value = body.substr(body.empty() ? 0 : 1)};
}

}  // namespace kvstash::persist::rdb
