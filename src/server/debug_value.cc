#include "server/debug_value.h"

#include "base/text.h"
#include "engine/key.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <fmt/format.h>

namespace kvstash::server {
namespace {

using engine::Viewed;
using store::Encoding;
using store::List;
using store::ListpackView;
using store::PackedValue;
using store::ValueType;

constexpr size_t kShownBytesMax = 40;  // Of an element.

// ---- Sizes in Redis's snapshot format.

size_t length_bytes(size_t length) {
  return length < 64 ? 1 : length < 16384 ? 2 : length <= UINT32_MAX ? 5 : 9;
}

size_t raw_bytes(size_t size) {
  return length_bytes(size) + size;
}

// A string: small integers are written as such.
size_t string_bytes(std::string_view text) {
  if (const std::optional<int64_t> number = parse_int64(text)) {
    if (*number == static_cast<int8_t>(*number)) return 2;
    if (*number == static_cast<int16_t>(*number)) return 3;
    if (*number == static_cast<int32_t>(*number)) return 5;
  }
  return raw_bytes(text.size());
}

size_t element_bytes(PackedValue value) {
  char scratch[kInt64CharsMax];
  return string_bytes(value.string(scratch));
}

size_t list_bytes(const List& list) {
  size_t pieces = 0;
  size_t bytes = 0;
  list.for_each_piece([&](const List::Piece& piece) {
    ++pieces;
    bytes += 1 + raw_bytes(piece.stored.size());  // A piece tells first what it is.
    if (piece.is_compressed) bytes += 1 + length_bytes(piece.raw_bytes);
  });
  return length_bytes(pieces) + bytes;
}

size_t set_bytes(const store::Set& set) {
  if (set.encoding() == Encoding::kIntset) return raw_bytes(set.intset_bytes().size());
  if (set.encoding() == Encoding::kListpack) return raw_bytes(set.listpack().total_bytes());
  size_t bytes = length_bytes(set.size());
  set.for_each([&](PackedValue member) { bytes += element_bytes(member); });
  return bytes;
}

size_t sorted_set_bytes(const store::SortedSet& set) {
  if (set.encoding() == Encoding::kListpack) return raw_bytes(set.listpack().total_bytes());
  size_t bytes = length_bytes(set.size());
  for (auto at = set.at(0); !at.at_end(); at.next())
    bytes += string_bytes(at.member()) + sizeof(double);
  return bytes;
}

size_t hash_bytes(const store::Hash& hash) {
  if (hash.encoding() == Encoding::kListpack) return raw_bytes(hash.listpack().total_bytes());
  size_t bytes = length_bytes(hash.size());
  hash.for_each(store::Hash::kNothingDue, [&](const store::HashField& field) {
    bytes += element_bytes(field.name) + element_bytes(field.value);
  });
  return bytes;
}

// ---- Showing.

std::string shown(PackedValue value) {
  if (value.is_integer()) return std::to_string(value.integer());
  const std::string_view text = value.text();
  return quote(text.substr(0, kShownBytesMax)) + (text.size() > kShownBytesMax ? "..." : "");
}

}  // namespace

size_t serialized_bytes(const store::Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: {
      store::NumberText scratch;
      return string_bytes(store::string_bytes(entry, scratch));
    }
    case ValueType::kList:
      return list_bytes(*Viewed<List>(entry.object()));
    case ValueType::kSet:
      return set_bytes(*Viewed<store::Set>(entry.object()));
    case ValueType::kSortedSet:
      return sorted_set_bytes(*Viewed<store::SortedSet>(entry.object()));
    case ValueType::kHash:
      return hash_bytes(*Viewed<store::Hash>(entry.object()));
    case ValueType::kStream:
    case ValueType::kCount:
      break;
  }
  panic(__FILE__, __LINE__, "not a type");
}

std::optional<store::Listpack> listpack_of(const store::Entry& entry) {
  if (entry.encoding() != Encoding::kListpack) return std::nullopt;
  switch (entry.type()) {
    case ValueType::kList: {
      std::optional<store::Listpack> pack;
      Viewed<List>(entry.object())->for_each_piece([&](const List::Piece& piece) {
        const auto* data = reinterpret_cast<const unsigned char*>(piece.stored.data());
        pack = store::Listpack(ListpackView(data));
      });
      return pack;
    }
    case ValueType::kSet:
      return store::Listpack(Viewed<store::Set>(entry.object())->listpack());
    case ValueType::kSortedSet:
      return store::Listpack(Viewed<store::SortedSet>(entry.object())->listpack());
    case ValueType::kHash:
      return Viewed<store::Hash>(entry.object())->listpack();
    default:
      panic(__FILE__, __LINE__, "no type that is kept as a listpack");
  }
}

std::string describe_listpack(ListpackView pack) {
  std::string text =
      fmt::format("listpack of {} bytes, {} elements\n", pack.total_bytes(), pack.size());
  size_t index = 0;
  for (store::PackPosition at = pack.first(); at; at = pack.next(at), ++index) {
    text += fmt::format("  {}: at {}, {} bytes: {}\n", index, at.offset, pack.entry_bytes_at(at),
                        shown(pack.value(at)));
  }
  return text;
}

std::string quicklist_summary(const List& list, const store::ListLimits& limits) {
  size_t pieces = 0;
  size_t bytes = 0;
  list.for_each_piece([&](const List::Piece& piece) {
    ++pieces;
    bytes += piece.raw_bytes;
  });
  return fmt::format(
      " ql_nodes:{} ql_avg_node:{:.2f} ql_listpack_max:{} ql_compressed:{} "
      "ql_uncompressed_size:{}",
      pieces, static_cast<double>(list.size()) / static_cast<double>(pieces), limits.listpack_size,
      limits.compress_depth != 0 ? 1 : 0, bytes);
}

std::string describe_quicklist(const List& list, bool with_elements) {
  size_t pieces = 0;
  std::string text;
  list.for_each_piece([&](const List::Piece& piece) {
    text += fmt::format("  piece {}: {} of {} bytes{}\n", pieces++,
                        piece.is_plain ? "one element" : "listpack", piece.raw_bytes,
                        piece.is_compressed ? fmt::format(", compressed to {}", piece.stored.size())
                                            : std::string());
  });
  text = fmt::format("quicklist of {} pieces, {} elements\n", pieces, list.size()) + text;
  if (!with_elements) return text;
  store::ListCursor cursor(list, store::ListEnd::kHead);
  PackedValue value{int64_t{0}};
  for (size_t index = 0; cursor.take(value); ++index)
    text += fmt::format("  {}: {}\n", index, shown(value));
  return text;
}

}  // namespace kvstash::server
