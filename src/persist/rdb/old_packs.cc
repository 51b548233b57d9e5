#include "persist/rdb/old_packs.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvstash::persist::rdb {
namespace {

using store::Listpack;
using store::PackedValue;

constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kLongLength = 0xfe;

uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

uint64_t little(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | byte_at(bytes, i - 1);
  return value;
}

uint64_t big(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value = value << 8 | byte_at(bytes, i);
  return value;
}

// An integer of so many bytes, with its sign.
int64_t signed_little(std::string_view bytes) {
  const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes.size());
  return static_cast<int64_t>(little(bytes) << unused) >> unused;
}

// Takes parts from the front of bytes; nothing if there are too few.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }
  std::optional<std::string_view> take(size_t size) {
    if (size > left()) return std::nullopt;
    const std::string_view part = bytes_.substr(offset_, size);
    offset_ += size;
    return part;
  }
  std::optional<uint8_t> byte() {
    const std::optional<std::string_view> one = take(1);
    if (!one) return std::nullopt;
    return byte_at(*one, 0);
  }
  // One byte, or the mark of a long length and four bytes.
  std::optional<size_t> short_or_long() {
    const std::optional<uint8_t> first = byte();
    if (!first || *first == kEnd) return std::nullopt;
    if (*first != kLongLength) return size_t{*first};
    const std::optional<std::string_view> four = take(4);
    if (!four) return std::nullopt;
    return static_cast<size_t>(little(*four));
  }

 private:
  std::string_view bytes_;
  size_t offset_ = 0;
};

std::optional<PackedValue> text_of(Parts& parts, std::optional<size_t> size) {
  if (!size) return std::nullopt;
  const std::optional<std::string_view> text = parts.take(*size);
  if (!text) return std::nullopt;
  return PackedValue(*text);
}

std::optional<PackedValue> integer_of(Parts& parts, size_t size) {
  const std::optional<std::string_view> bytes = parts.take(size);
  if (!bytes) return std::nullopt;
  return PackedValue(signed_little(*bytes));
}

std::optional<size_t> text_size(Parts& parts, uint8_t head) {
  if (head < 0x40) return head;
  const std::optional<std::string_view> more = parts.take(head < 0x80 ? 1 : 4);
  if (!more) return std::nullopt;
  const uint64_t high = head < 0x80 ? (head & 0x3fu) << 8 : 0;
  return static_cast<size_t>(high | big(*more));
}

// Reads the head and the text of an entry of a ziplist.
std::optional<PackedValue> ziplist_value(Parts& parts) {
  const std::optional<uint8_t> head = parts.byte();
  if (!head) return std::nullopt;
  if (*head < 0xc0) return text_of(parts, text_size(parts, *head));
  switch (*head) {
    case 0xc0:
      return integer_of(parts, 2);
    case 0xd0:
      return integer_of(parts, 4);
    case 0xe0:
      return integer_of(parts, 8);
    case 0xf0:
      return integer_of(parts, 3);
    case 0xfe:
      return integer_of(parts, 1);
    default:
      break;
  }
  if (*head < 0xf1 || *head > 0xfd) return std::nullopt;
  return PackedValue(int64_t{*head & 0x0f} - 1);
}

// Collects values that become a listpack, as long as that stays small enough.
class Collector {
 public:
  bool add(PackedValue value) {
    bytes_ += Listpack::entry_bytes(value);
    if (bytes_ > store::ListpackView::kBytesMax) return false;
    values_.push_back(value);
    return true;
  }
  size_t size() const { return values_.size(); }
  Listpack listpack() {
    Listpack made;
    made.append(std::span<PackedValue>(values_));
    return made;
  }

 private:
  std::vector<PackedValue> values_;
  size_t bytes_ = store::ListpackView::kEmptyBytes;
};

}  // namespace

std::optional<Listpack> listpack_of_ziplist(std::string_view bytes) {
  constexpr size_t kHeaderBytes = 10;
  constexpr size_t kCountUnknown = 0xffff;
  if (bytes.size() <= kHeaderBytes || little(bytes.substr(0, 4)) != bytes.size() ||
      byte_at(bytes, bytes.size() - 1) != kEnd)
    return std::nullopt;
  Parts parts(bytes.substr(0, bytes.size() - 1));
  static_cast<void>(parts.take(kHeaderBytes));
  Collector collected;
  size_t before = 0;  // Bytes of the entry before.
  size_t last = kHeaderBytes;
  while (parts.left() != 0) {
    last = parts.offset();
    const std::optional<size_t> stored_before = parts.short_or_long();
    if (!stored_before || *stored_before != before) return std::nullopt;
    const std::optional<PackedValue> value = ziplist_value(parts);
    if (!value || !collected.add(*value)) return std::nullopt;
    before = parts.offset() - last;
  }
  const uint64_t count = little(bytes.substr(8, 2));
  if (count != kCountUnknown && count != collected.size()) return std::nullopt;
  if (little(bytes.substr(4, 4)) != last) return std::nullopt;
  return collected.listpack();
}

std::optional<Listpack> listpack_of_zipmap(std::string_view bytes) {
  constexpr uint8_t kCountUnknown = 254;
  if (bytes.size() < 2 || byte_at(bytes, bytes.size() - 1) != kEnd) return std::nullopt;
  Parts parts(bytes.substr(0, bytes.size() - 1));
  const uint8_t count = parts.byte().value_or(0);
  Collector collected;
  while (parts.left() != 0) {
    const std::optional<PackedValue> field = text_of(parts, parts.short_or_long());
    if (!field) return std::nullopt;
    const std::optional<size_t> size = parts.short_or_long();
    const std::optional<uint8_t> unused = parts.byte();
    if (!size || !unused) return std::nullopt;
    const std::optional<PackedValue> value = text_of(parts, size);
    if (!value || !parts.take(*unused)) return std::nullopt;
    if (!collected.add(*field) || !collected.add(*value)) return std::nullopt;
  }
  if (count < kCountUnknown && count != collected.size() / 2) return std::nullopt;
  return collected.listpack();
}

}  // namespace kvstash::persist::rdb
