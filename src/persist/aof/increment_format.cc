#include "persist/aof/increment_format.h"

#include "base/crc64.h"
#include "base/numbers.h"

namespace kvstash::persist {
namespace {

constexpr std::string_view kHeadField = " head=";
constexpr std::string_view kVersion = "1";
constexpr size_t kHexChars = 16;

void append_hex(std::string& out, uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(value >> shift) & 15];
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<uint64_t> parse_hex(std::string_view text) {
  if (text.size() != kHexChars) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const std::optional<unsigned> digit = hex_digit(c);
    if (!digit) return std::nullopt;
    value = value << 4 | *digit;
  }
  return value;
}

bool is_replid(std::string_view text) {
  if (text.size() != kReplidChars) return false;
  for (const char c : text) {
    if (!hex_digit(c)) return false;
  }
  return true;
}

std::string with_head(std::string line, uint64_t salt) {
  const uint64_t head = crc64(salt, line);
  line += kHeadField;
  append_hex(line, head);
  return line += "\r\n";
}

// Returns the line before " head=" if the checksum is right.
std::optional<std::string_view> without_head(std::string_view line, uint64_t salt) {
  constexpr size_t kTailBytes = kHeadField.size() + kHexChars + 2;
  if (line.size() < kTailBytes || line.size() > kOwnLineBytesMax || !line.ends_with("\r\n"))
    return std::nullopt;
  const std::string_view text = line.substr(0, line.size() - kTailBytes);
  const std::string_view tail = line.substr(text.size());
  if (!tail.starts_with(kHeadField)) return std::nullopt;
  if (parse_hex(tail.substr(kHeadField.size(), kHexChars)) != crc64(salt, text))
    return std::nullopt;
  return text;
}

// Takes words one after another off a line: "<mark><value> <name>=<value> ...".
class Fields {
 public:
  explicit Fields(std::string_view line) : left_(line) {}

  std::optional<std::string_view> take(std::string_view prefix) {
    if (!left_.starts_with(prefix)) return std::nullopt;
    left_.remove_prefix(prefix.size());
    const std::string_view value = left_.substr(0, left_.find(' '));
    left_.remove_prefix(value.size());
    return value;
  }
  std::optional<uint64_t> take_number(std::string_view prefix) {
    const std::optional<std::string_view> value = take(prefix);
    return value ? parse_uint64(*value) : std::nullopt;
  }
  std::optional<uint64_t> take_hex(std::string_view prefix) {
    const std::optional<std::string_view> value = take(prefix);
    return value ? parse_hex(*value) : std::nullopt;
  }
  bool is_done() const { return left_.empty(); }

 private:
  std::string_view left_;
};

std::optional<std::string_view> value_of(std::string_view line, std::string_view mark) {
  if (!line.starts_with(mark) || !line.ends_with("\r\n")) return std::nullopt;
  return line.substr(mark.size(), line.size() - mark.size() - 2);
}

}  // namespace

std::string print_increment_header(const IncrementHeader& header) {
  std::string line(kIncrementMark);
  line.append(kVersion).append(" lsn=").append(std::to_string(header.lsn));
  line.append(" synced=").append(std::to_string(header.synced));
  line.append(" replid=").append(header.replid).append(" salt=");
  append_hex(line, header.salt);
  return with_head(std::move(line), 0);
}

std::string print_block_header(const BlockHeader& header, uint64_t salt) {
  std::string line(kBlockMark);
  line.append(std::to_string(header.bytes)).append(" lsn=").append(std::to_string(header.lsn));
  line.append(" synced=").append(std::to_string(header.synced)).append(" crc=");
  append_hex(line, header.crc);
  return with_head(std::move(line), salt);
}

std::optional<IncrementHeader> parse_increment_header(std::string_view line) {
  const std::optional<std::string_view> text = without_head(line, 0);
  if (!text) return std::nullopt;
  Fields fields(*text);
  if (fields.take(kIncrementMark) != kVersion) return std::nullopt;
  const std::optional<uint64_t> lsn = fields.take_number(" lsn=");
  const std::optional<uint64_t> synced = fields.take_number(" synced=");
  const std::optional<std::string_view> replid = fields.take(" replid=");
  const std::optional<uint64_t> salt = fields.take_hex(" salt=");
  if (!lsn || !synced || !replid || !is_replid(*replid) || !salt || !fields.is_done())
    return std::nullopt;
  return IncrementHeader{
      .lsn = *lsn, .synced = *synced, .replid = std::string(*replid), .salt = *salt};
}

std::optional<BlockHeader> parse_block_header(std::string_view line, uint64_t salt) {
  const std::optional<std::string_view> text = without_head(line, salt);
  if (!text) return std::nullopt;
  Fields fields(*text);
  const std::optional<uint64_t> bytes = fields.take_number(kBlockMark);
  const std::optional<uint64_t> lsn = fields.take_number(" lsn=");
  const std::optional<uint64_t> synced = fields.take_number(" synced=");
  const std::optional<uint64_t> crc = fields.take_hex(" crc=");
  if (!bytes || !lsn || !synced || !crc || !fields.is_done()) return std::nullopt;
  return BlockHeader{.bytes = *bytes, .lsn = *lsn, .synced = *synced, .crc = *crc};
}

std::optional<int64_t> parse_timestamp(std::string_view line) {
  const std::optional<std::string_view> value = value_of(line, kTimestampMark);
  return value ? parse_int64(*value) : std::nullopt;
}

std::optional<uint64_t> parse_stream_only(std::string_view line) {
  const std::optional<std::string_view> value = value_of(line, kStreamOnlyMark);
  return value ? parse_uint64(*value) : std::nullopt;
}

}  // namespace kvstash::persist
