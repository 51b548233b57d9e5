#include "persist/rdb/container_readers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace kvstash::persist::rdb {
namespace {

using store::Hash;
using store::HashOptions;
using store::Listpack;
using store::PackedValue;
using store::PackPosition;

constexpr size_t kFieldBytesMin = 2;  // A field and its value take a byte each at least.

bool is_beyond(PackedValue value, size_t bytes_max) {
  char scratch[kInt64CharsMax];
  return value.string(scratch).size() > bytes_max;
}

// Of packs, only zipmaps are measured by the length of their elements, as in Redis.
bool has_long_elements(store::ListpackView pack, const HashOptions& options) {
  for (PackPosition at = pack.first(); at;)
    if (is_beyond(pack.take(at), options.listpack_value_bytes_max)) return true;
  return false;
}

Hash read_packed(Decoder& from, Type type, const ReadOptions& options) {
  Listpack pack = type == Type::kHashZipmap    ? read_zipmap(from)
                  : type == Type::kHashZiplist ? read_ziplist(from)
                                               : read_listpack(from);
  if (pack.size() % 2 != 0) from.fail("a field of a hash has no value");
  if (options.finds_repeats && from.ok() && has_repeats(pack.view(), 2))
    from.fail("a field of a hash repeats");
  if (!from.ok()) return {};
  const bool is_long = type == Type::kHashZipmap && has_long_elements(pack.view(), options.hash);
  Hash hash(std::move(pack));
  hash.expect(is_long ? options.hash.listpack_entries_max + 1 : hash.size(), options.hash);
  return hash;
}

struct NewField {
  std::string_view name;
  std::string_view value;
  std::optional<uint64_t> deadline_ms = std::nullopt;
};

void add_field(Decoder& from, Hash& hash, const NewField& field, const HashOptions& options) {
  if (field.deadline_ms.value_or(0) > kFieldDeadlineMax)
    from.fail("the deadline of a field is out of range");
  if (!from.ok()) return;
  if (!hash.set(field.name, field.value, options)) return from.fail("a field of a hash repeats");
  if (field.deadline_ms)
    hash.set_deadline(field.name, static_cast<int64_t>(*field.deadline_ms), options);
}

// Reads fields into a pack as long as all fit it, so that a small hash is not searched for each of
// its fields. The first field that does not fit is given back in `next`.
Listpack read_small_fields(Decoder& from, size_t& left, const HashOptions& options,
                           std::optional<std::pair<std::string, std::string>>& next) {
  constexpr size_t kOverheadMax = 20;  // Bytes that a listpack adds to a field and its value.
  Listpack pack;
  std::string name_scratch;
  std::string value_scratch;
  for (; left != 0 && !next; --left) {
    const std::array field{from.string(name_scratch), from.string(value_scratch)};
    if (!from.ok()) break;
    const size_t added = field[0].size() + field[1].size() + kOverheadMax;
    if (std::max(field[0].size(), field[1].size()) > options.listpack_value_bytes_max ||
        pack.total_bytes() + added > store::ListpackView::kBytesMax) {
      next.emplace(field[0], field[1]);
    } else {
      pack.append(std::span<const std::string_view>(field));
    }
  }
  if (has_repeats(pack.view(), 2)) from.fail("a field of a hash repeats");
  return pack;
}

Hash read_fields(Decoder& from, const HashOptions& options) {
  size_t left = from.count(kFieldBytesMin);
  std::optional<std::pair<std::string, std::string>> next;
  Hash hash;
  if (left <= options.listpack_entries_max)
    hash = Hash(read_small_fields(from, left, options, next));
  if (left == 0 && !next) return hash;
  hash.expect(std::max(left, options.listpack_entries_max + 1), options);
  if (next) add_field(from, hash, {.name = next->first, .value = next->second}, options);
  std::string name_scratch;
  std::string value_scratch;
  for (; left != 0 && from.ok(); --left) {
    const std::string_view name = from.string(name_scratch);
    const std::string_view value = from.string(value_scratch);
    add_field(from, hash, {.name = name, .value = value}, options);
  }
  return hash;
}

// A deadline is kept as its distance from a base, plus one; zero: there is none.
std::optional<uint64_t> deadline_of(Decoder& from, uint64_t distance, uint64_t base_ms) {
  if (distance > kFieldDeadlineMax || base_ms > kFieldDeadlineMax)
    from.fail("the deadline of a field is out of range");
  if (distance == 0 || !from.ok()) return std::nullopt;
  return base_ms + distance - 1;
}

// Redis before the release of 7.4 wrote no base; a deadline was written as it is.
Hash read_with_deadlines(Decoder& from, Type type, const HashOptions& options) {
  constexpr size_t kBytesMin = kFieldBytesMin + 1;
  const bool has_base = type == Type::kHashFieldDeadlines;
  const uint64_t base_ms = has_base ? static_cast<uint64_t>(from.millis()) : 1;
  Hash hash;
  size_t left = from.count(kBytesMin);
  hash.expect(left, options);
  std::string name_scratch;
  std::string value_scratch;
  for (; left != 0 && from.ok(); --left) {
    const std::optional<uint64_t> deadline_ms = deadline_of(from, from.length(), base_ms);
    const std::string_view name = from.string(name_scratch);
    const std::string_view value = from.string(value_scratch);
    add_field(from, hash, {.name = name, .value = value, .deadline_ms = deadline_ms}, options);
  }
  return hash;
}

// A listpack of fields, values and deadlines; a deadline of zero: there is none.
Hash read_triples(Decoder& from, Type type, const HashOptions& options) {
  if (type == Type::kHashListpackEx) static_cast<void>(from.millis());
  const Listpack pack = read_listpack(from);
  if (pack.size() % 3 != 0) from.fail("a field of a hash has no value or no deadline");
  Hash hash;
  for (PackPosition at = pack.view().first(); at && from.ok();) {
    char name_scratch[kInt64CharsMax];
    char value_scratch[kInt64CharsMax];
    const std::string_view name = pack.view().take(at).string(name_scratch);
    const std::string_view value = pack.view().take(at).string(value_scratch);
    const PackedValue deadline = pack.view().take(at);
    if (!deadline.is_integer()) from.fail("the deadline of a field is not a number");
    if (!from.ok()) break;
    NewField field{.name = name, .value = value};
    if (deadline.integer() != 0) field.deadline_ms = static_cast<uint64_t>(deadline.integer());
    add_field(from, hash, field, options);
  }
  return hash;
}

}  // namespace

Hash read_hash(Decoder& from, Type type, const ReadOptions& options) {
  switch (type) {
    case Type::kHash:
      return read_fields(from, options.hash);
    case Type::kHashFieldDeadlines:
    case Type::kHashFieldDeadlinesEarly:
      return read_with_deadlines(from, type, options.hash);
    case Type::kHashListpackEx:
    case Type::kHashListpackEarly:
      return read_triples(from, type, options.hash);
    default:
      return read_packed(from, type, options);
  }
}

// Each field is followed by its deadline in eight bytes; -1: it has none.
Hash read_valkey_hash(Decoder& from, const ReadOptions& options) {
  constexpr size_t kBytesMin = kFieldBytesMin + 8;
  constexpr int64_t kNoDeadline = -1;
  Hash hash;
  size_t left = from.count(kBytesMin);
  hash.expect(left, options.hash);
  std::string name_scratch;
  std::string value_scratch;
  for (; left != 0 && from.ok(); --left) {
    const std::string_view name = from.string(name_scratch);
    const std::string_view value = from.string(value_scratch);
    const int64_t deadline_ms = from.millis();
    NewField field{.name = name, .value = value};
    if (deadline_ms != kNoDeadline) field.deadline_ms = static_cast<uint64_t>(deadline_ms);
    add_field(from, hash, field, options.hash);
  }
  return hash;
}

}  // namespace kvstash::persist::rdb
