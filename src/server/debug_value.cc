#include "server/debug_value.h"

#include "base/text.h"
#include "engine/execution/key.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <fmt/format.h>

namespace kvstash::server {
namespace {

using engine::Viewed;
using store::Encoding;
using store::List;
using store::ListpackView;
using store::PackedValue;
using store::ValueType;

constexpr size_t kShownBytesMax = 40;  // Longer elements are cut to this size.

// ---- Sizes in Redis's snapshot format.

size_t length_bytes(size_t length) {
  return length < 64 ? 1 : length < 16384 ? 2 : length <= UINT32_MAX ? 5 : 9;
}

size_t raw_bytes(size_t size) {
  return length_bytes(size) + size;
}

// The size of a string, which is smaller if it can be written as an integer.
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
    bytes += 1 + raw_bytes(piece.stored.size());  // A byte before each piece says its kind.
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

constexpr size_t kStreamIdBytes = 2 * sizeof(uint64_t);

size_t id_bytes(store::StreamId id) {
  return length_bytes(id.ms) + length_bytes(id.seq);
}

size_t group_bytes(const store::ConsumerGroup& group) {
  size_t bytes = raw_bytes(group.name().size()) + id_bytes(group.last_id()) +
                 length_bytes(static_cast<uint64_t>(group.entries_read()));
  bytes += length_bytes(group.pending().size());
  for (auto at = group.pending().first(); !at.at_end(); at.next())
    bytes += kStreamIdBytes + sizeof(int64_t) + length_bytes(at.value().deliveries);
  bytes += length_bytes(group.consumers().size());
  for (const store::Consumer* consumer : group.consumers().all()) {
    bytes += raw_bytes(consumer->name().size()) + 2 * sizeof(int64_t);  // Times seen and active.
    const size_t pending = consumer->pending().size();
    bytes += length_bytes(pending) + pending * kStreamIdBytes;
  }
  return bytes;
}

size_t stream_bytes(const store::Stream& stream) {
  const store::Stream::Counters& counters = stream.counters();
  size_t bytes = length_bytes(stream.blocks().size());
  for (auto at = stream.blocks().first(); !at.at_end(); at.next())
    bytes += raw_bytes(kStreamIdBytes) + raw_bytes(ListpackView(at.value()).total_bytes());
  bytes += length_bytes(counters.length) + id_bytes(counters.last_id) +
           id_bytes(counters.first_id) + id_bytes(counters.max_deleted_id) +
           length_bytes(counters.entries_added);
  const store::ConsumerGroups* groups = stream.groups();
  bytes += length_bytes(groups == nullptr ? 0 : groups->size());
  if (groups == nullptr) return bytes;
  for (const store::ConsumerGroup* group : groups->all())
    bytes += group_bytes(*group);
  return bytes;
}

// ---- Showing.

double ratio(size_t part, size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string distribution_of(const store::TableShape& shape) {
  const size_t used = shape.buckets - shape.buckets_of[0];
  std::string text = fmt::format(
      " different slots: {}\n"
      " max chain length: {}\n"
      " avg chain length (counted): {:.2f}\n"
      " avg chain length (computed): {:.2f}\n"
      " Chain length distribution:\n",
      used, shape.longest, ratio(shape.elements, used), ratio(shape.elements, used));
  for (size_t size = 0; size < shape.buckets_of.size(); ++size) {
    const size_t count = shape.buckets_of[size];
    if (count == 0) continue;
    text += fmt::format("   {}{}: {} ({:.2f}%)\n", size + 1 == shape.buckets_of.size() ? ">= " : "",
                        size, count, 100 * ratio(count, shape.buckets));
  }
  return text;
}

std::string describe_table(const store::TableShape& shape, std::string_view title,
                           bool with_distribution) {
  std::string text = fmt::format("Hash table {}:\n", title);
  if (shape.elements == 0) return text + "No stats available for empty dictionaries\n";
  text += fmt::format(" table size: {}\n number of elements: {}\n", shape.buckets, shape.elements);
  return with_distribution ? text + distribution_of(shape) : text;
}

std::optional<store::TableShapes> tables_of(const store::Entry& entry) {
  switch (entry.type()) {
    case ValueType::kSet:
      return Viewed<store::Set>(entry.object())->table_shapes();
    case ValueType::kSortedSet:
      return Viewed<store::SortedSet>(entry.object())->table_shapes();
    case ValueType::kHash:
      return Viewed<store::Hash>(entry.object())->table_shapes();
    default:
      return std::nullopt;
  }
}

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
      return stream_bytes(*Viewed<store::Stream>(entry.object()));
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

std::optional<std::string> describe_tables(const store::Entry& entry, bool with_distribution) {
  const std::optional<store::TableShapes> shapes = tables_of(entry);
  if (!shapes) return std::nullopt;
  std::string text =
      describe_table(shapes->current, "0 stats (main hash table)", with_distribution);
  if (shapes->target)
    text += describe_table(*shapes->target, "1 stats (rehashing target)", with_distribution);
  return text;
}

}  // namespace kvstash::server
