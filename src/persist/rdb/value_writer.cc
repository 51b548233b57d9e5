#include "persist/rdb/value_writer.h"

#include "base/ensure.h"
#include "base/text.h"
#include "store/eviction.h"
#include "store/hash.h"
#include "store/keyspace.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <string>
#include <utility>

namespace kvstash::persist::rdb {
namespace {

using store::Encoding;
using store::ValueType;

// Lets `look` see the object of an entry, which keeps it.
template <store::Container T, typename Look>
auto borrow(const store::Entry& entry, Look&& look) {
  T value = T::adopt(entry.object());
  struct Return {
    T* value;
    ~Return() { static_cast<void>(value->release()); }
  } const back{&value};
  return look(std::as_const(value));
}

Type hash_type(const store::Entry& entry) {
  if (entry.encoding() == Encoding::kListpack) return Type::kHashListpack;
  return entry.has_field_deadlines() ? Type::kHashFieldDeadlines : Type::kHash;
}

Type set_type(const store::Entry& entry, unsigned version) {
  if (entry.encoding() == Encoding::kIntset) return Type::kSetIntset;
  const bool is_pack = entry.encoding() == Encoding::kListpack;
  return is_pack && version > kVersionForRedis70 ? Type::kSetListpack : Type::kSet;
}

void write_pack(Encoder& to, store::ListpackView pack) {
  to.string(pack.raw());
}

void write_string(Encoder& to, const store::Entry& entry) {
  store::NumberText scratch;
  to.string(store::string_bytes(entry, scratch));
}

size_t node_count(const store::Quicklist& list) {
  size_t count = 0;
  for (const store::Quicklist::Node* node = list.head(); node != nullptr; node = node->next)
    ++count;
  return count;
}

store::ListpackView pack_of(const store::QuicklistNode& node) {
  ensure(!node.is_plain && !node.is_compressed);
  return store::ListpackView(node.data);
}

// Elements that were pushed at the head may gather in a small piece of their own, which counts as
// one with the next piece (quicklist.h). Redis would have both as one piece.
const store::QuicklistNode* write_gathered(Encoder& to, const store::Quicklist& list) {
  const store::QuicklistNode* first = list.head();
  if (node_count(list) == list.node_count()) return first;
  store::Listpack joined(pack_of(*first->next));
  joined.prepend(pack_of(*first));
  to.length(static_cast<uint64_t>(ListPiece::kPacked));
  write_pack(to, joined.view());
  return first->next->next;
}

void write_list(Encoder& to, const store::List& list) {
  write_count(to, list.piece_count());
  const store::Quicklist* pieces = list.large_form();
  if (pieces == nullptr) {
    list.for_each_piece([&to](const store::List::Piece& piece) { write_list_piece(to, piece); });
    return;
  }
  const store::QuicklistNode* node = write_gathered(to, *pieces);
  for (; node != nullptr; node = node->next)
    write_list_piece(to, *node);
}

void write_set(Encoder& to, const store::Set& set, Type type) {
  if (type == Type::kSetIntset) return to.string(set.intset_bytes());
  if (type == Type::kSetListpack) return write_pack(to, set.listpack());
  write_count(to, set.size());
  set.for_each([&to](store::PackedValue member) { write_member(to, member); });
}

void write_sorted_set(Encoder& to, const store::SortedSet& set) {
  if (set.encoding() == Encoding::kListpack) return write_pack(to, set.listpack());
  write_count(to, set.size());
  for (store::SortedSet::Iterator at = set.last(); !at.at_end(); at.prev())
    write_scored(to, at.member(), at.score());
}

void write_hash(Encoder& to, const store::Hash& hash) {
  if (hash.encoding() == Encoding::kListpack) return write_pack(to, hash.listpack().view());
  const std::optional<int64_t> base_ms = hash.next_deadline_ms();
  write_hash_head(to, hash.size(), base_ms);
  hash.for_each(store::Hash::kNothingDue, [&](const store::HashField& field) {
    if (base_ms) return write_field(to, field.name, field.value, *base_ms, field.deadline_ms);
    write_field(to, field.name, field.value);
  });
}

void write_group(Encoder& to, const store::ConsumerGroup& group, unsigned version) {
  write_group_head(
      to, {.name = group.name(), .last_id = group.last_id(), .entries_read = group.entries_read()});
  write_count(to, group.pending().size());
  for (auto at = group.pending().first(); !at.at_end(); at.next())
    write_pending(to, at.id(), at.value().delivered_ms, at.value().deliveries);
  write_count(to, group.consumers().size());
  for (const store::Consumer* consumer : group.consumers().all()) {
    write_consumer_head(to,
                        {.name = consumer->name(),
                         .seen_ms = consumer->seen_ms(),
                         .active_ms = consumer->active_ms()},
                        version);
    write_count(to, consumer->pending().size());
    for (auto at = consumer->pending().first(); !at.at_end(); at.next())
      write_owned(to, at.id());
  }
}

void write_stream(Encoder& to, const store::Stream& stream, unsigned version) {
  write_count(to, stream.blocks().size());
  for (auto at = stream.blocks().first(); !at.at_end(); at.next())
    write_stream_block(to, at.id(), store::ListpackView(at.value()));
  write_stream_counters(to, stream.counters());
  if (stream.groups() == nullptr) return write_count(to, 0);
  write_count(to, stream.groups()->size());
  for (const store::ConsumerGroup* group : stream.groups()->all())
    write_group(to, *group, version);
}

void write_access(Encoder& to, const store::Entry& entry, const WriteOptions& options) {
  constexpr int64_t kMillisPerSecond = 1000;
  switch (options.access) {
    case AccessNote::kNone:
      break;
    case AccessNote::kIdle:
      to.opcode(Opcode::kIdle);
      to.length(
          static_cast<uint64_t>(store::idle_ms(entry.access(), options.now_ms) / kMillisPerSecond));
      break;
    case AccessNote::kFrequency:
      to.opcode(Opcode::kFreq);
      to.byte(store::lfu_counter(entry.access(), options.now_ms, options.lfu_decay_time_min));
  }
}

}  // namespace

// ---- Whole entries.

unsigned version_for(const store::Entry& entry) {
  return entry.has_field_deadlines() ? kVersionOfFieldDeadlines : kVersionUsual;
}

Status check_writable(const store::Entry& entry, unsigned version) {
  if (!entry.has_field_deadlines() || version >= kVersionOfFieldDeadlines) return {};
  return Error::text("The hash " + quote(entry.key()) +
                     " has fields with deadlines, which RDB version " + std::to_string(version) +
                     " cannot hold");
}

Type type_of(const store::Entry& entry, unsigned version) {
  switch (entry.type()) {
    case ValueType::kString:
      return Type::kString;
    case ValueType::kList:
      return Type::kListQuicklist2;
    case ValueType::kSet:
      return set_type(entry, version);
    case ValueType::kSortedSet:
      return entry.encoding() == Encoding::kListpack ? Type::kSortedSetListpack : Type::kSortedSet;
    case ValueType::kHash:
      return hash_type(entry);
    case ValueType::kStream:
      return version > kVersionForRedis70 ? Type::kStream3 : Type::kStream2;
    case ValueType::kCount:
      break;
  }
  ensure(false);
  return Type::kString;
}

void write_value(Encoder& to, const store::Entry& entry, unsigned version) {
  switch (entry.type()) {
    case ValueType::kString:
      return write_string(to, entry);
    case ValueType::kList:
      return borrow<store::List>(entry, [&](const auto& list) { write_list(to, list); });
    case ValueType::kSet:
      return borrow<store::Set>(
          entry, [&](const auto& set) { write_set(to, set, set_type(entry, version)); });
    case ValueType::kSortedSet:
      return borrow<store::SortedSet>(entry, [&](const auto& set) { write_sorted_set(to, set); });
    case ValueType::kHash:
      return borrow<store::Hash>(entry, [&](const auto& hash) { write_hash(to, hash); });
    case ValueType::kStream:
      return borrow<store::Stream>(entry,
                                   [&](const auto& stream) { write_stream(to, stream, version); });
    case ValueType::kCount:
      break;
  }
  ensure(false);
}

void write_entry_head(Encoder& to, const store::Entry& entry, const WriteOptions& options) {
  if (entry.has_deadline()) {
    to.opcode(Opcode::kExpireMillis);
    to.millis(entry.deadline_ms());
  }
  write_access(to, entry, options);
  to.type(type_of(entry, options.version));
  to.string(entry.key());
}

void write_entry(Encoder& to, const store::Entry& entry, const WriteOptions& options) {
  ensure(!entry.has_field_deadlines() || options.version >= kVersionOfFieldDeadlines);
  write_entry_head(to, entry, options);
  write_value(to, entry, options.version);
}

// ---- Parts of large values.

void write_hash_head(Encoder& to, size_t fields, std::optional<int64_t> base_ms) {
  if (base_ms) to.millis(*base_ms);
  write_count(to, fields);
}

void write_field(Encoder& to, store::PackedValue name, store::PackedValue value) {
  to.string(name);
  to.string(value);
}

// A deadline is written as its distance from the base, plus one: zero means that there is none.
void write_field(Encoder& to, store::PackedValue name, store::PackedValue value, int64_t base_ms,
                 std::optional<int64_t> deadline_ms) {
  ensure(!deadline_ms || *deadline_ms >= base_ms);
  to.length(deadline_ms ? static_cast<uint64_t>(*deadline_ms - base_ms) + 1 : 0);
  write_field(to, name, value);
}

void write_member(Encoder& to, store::PackedValue member) {
  to.string(member);
}

void write_scored(Encoder& to, std::string_view member, double score) {
  to.string(member);
  to.binary_double(score);
}

void write_list_piece(Encoder& to, const store::List::Piece& piece) {
  to.length(static_cast<uint64_t>(piece.is_plain ? ListPiece::kPlain : ListPiece::kPacked));
  if (piece.is_compressed) return to.compressed_string(piece.stored, piece.raw_bytes);
  to.string(piece.stored);
}

void write_list_piece(Encoder& to, const store::QuicklistNode& node) {
  write_list_piece(to, store::List::Piece{.stored = node.stored(),
                                          .raw_bytes = node.raw_bytes,
                                          .is_plain = node.is_plain,
                                          .is_compressed = node.is_compressed});
}

void write_stream_block(Encoder& to, store::StreamId id, store::ListpackView block) {
  to.length(kStreamIdBytes);  // The id is a string of that size.
  to.stream_id(id);
  write_pack(to, block);
}

void write_stream_counters(Encoder& to, const store::Stream::Counters& counters) {
  to.length(counters.length);
  for (const store::StreamId id : {counters.last_id, counters.first_id, counters.max_deleted_id}) {
    to.length(id.ms);
    to.length(id.seq);
  }
  to.length(counters.entries_added);
}

void write_group_head(Encoder& to, const GroupHead& group) {
  to.string(group.name);
  to.length(group.last_id.ms);
  to.length(group.last_id.seq);
  to.length(static_cast<uint64_t>(group.entries_read));
}

void write_pending(Encoder& to, store::StreamId id, int64_t delivered_ms, uint64_t deliveries) {
  to.stream_id(id);
  to.millis(delivered_ms);
  to.length(deliveries);
}

void write_consumer_head(Encoder& to, const ConsumerHead& consumer, unsigned version) {
  to.string(consumer.name);
  to.millis(consumer.seen_ms);
  if (version > kVersionForRedis70) to.millis(consumer.active_ms);
}

void write_owned(Encoder& to, store::StreamId id) {
  to.stream_id(id);
}

}  // namespace kvstash::persist::rdb
