#include "server/debug_digest.h"

#include "base/numbers.h"
#include "engine/execution/key.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

namespace kvstash::server {
namespace {

// Adds a number to a digest as four bytes, the highest first.
void mix_number(Digest& digest, uint32_t number) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  digest.mix({bytes, sizeof(bytes)});
}

// The number that Redis, not kvstash, gives to a type.
uint32_t type_number(store::ValueType type) {
  switch (type) {
    case store::ValueType::kString:
      return 0;
    case store::ValueType::kList:
      return 1;
    case store::ValueType::kSet:
      return 2;
    case store::ValueType::kSortedSet:
      return 3;
    case store::ValueType::kHash:
      return 4;
    case store::ValueType::kStream:
      return 6;
    case store::ValueType::kCount:
      break;
  }
  panic(__FILE__, __LINE__, "not a type");
}

void mix_value(Digest& digest, store::PackedValue value) {
  store::NumberText scratch;
  digest.mix(value.string(scratch));
}

void mix_list(Digest& digest, const store::List& list) {
  store::ListCursor cursor(list, store::ListEnd::kHead);
  for (store::PackedValue value{int64_t{0}}; cursor.take(value);)
    mix_value(digest, value);
}

// Sets, hashes and sorted sets are digested without regard to the order of their elements.

void merge_set(Digest& digest, const store::Set& set) {
  set.for_each([&](store::PackedValue member) {
    store::NumberText scratch;
    digest.merge(member.string(scratch));
  });
}

void merge_sorted_set(Digest& digest, const store::SortedSet& set) {
  char score[kDoubleCharsMax];
  for (auto at = set.at(0); !at.at_end(); at.next()) {
    Digest element;
    element.mix(at.member());
    element.mix({score, format_double(score, at.score())});
    digest.merge(element);
  }
}

void merge_hash(Digest& digest, const store::Hash& hash) {
  hash.for_each(store::Hash::kNothingDue, [&](const store::HashField& field) {
    Digest element;
    mix_value(element, field.name);
    mix_value(element, field.value);
    if (field.deadline_ms) element.merge("!!hexpire!!");
    digest.merge(element);
  });
}

// A digest writes an entry's id with a point instead of a hyphen. Consumer groups are left out.
void mix_stream(Digest& digest, const store::Stream& stream) {
  store::StreamCursor cursor(stream, store::StreamId::min(), store::StreamId::max());
  while (cursor.next()) {
    char id[store::kStreamIdCharsMax];
    const size_t size = store::format_stream_id(id, cursor.id());
    *std::find(id, id + size, '-') = '.';
    digest.mix({id, size});
    cursor.entry().for_each([&](store::PackedValue field, store::PackedValue value) {
      mix_value(digest, field);
      mix_value(digest, value);
    });
  }
}

void add_value(Digest& digest, const store::Entry& entry) {
  using engine::Viewed;
  mix_number(digest, type_number(entry.type()));
  switch (entry.type()) {
    case store::ValueType::kString: {
      store::NumberText scratch;
      digest.mix(store::string_bytes(entry, scratch));
      break;
    }
    case store::ValueType::kList:
      mix_list(digest, *Viewed<store::List>(entry.object()));
      break;
    case store::ValueType::kSet:
      merge_set(digest, *Viewed<store::Set>(entry.object()));
      break;
    case store::ValueType::kSortedSet:
      merge_sorted_set(digest, *Viewed<store::SortedSet>(entry.object()));
      break;
    case store::ValueType::kHash:
      merge_hash(digest, *Viewed<store::Hash>(entry.object()));
      break;
    case store::ValueType::kStream:
      mix_stream(digest, *Viewed<store::Stream>(entry.object()));
      break;
    case store::ValueType::kCount:
      panic(__FILE__, __LINE__, "not a type that is stored");
  }
  if (entry.has_deadline()) digest.merge("!!expire!!");
}

}  // namespace

Digest::Bytes Digest::hash(std::string_view bytes) {
  Bytes out;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

void Digest::merge(std::string_view bytes) {
  const Bytes other = hash(bytes);
  for (size_t i = 0; i < bytes_.size(); ++i)
    bytes_[i] = static_cast<unsigned char>(bytes_[i] ^ other[i]);
}

void Digest::merge(const Digest& other) {
  merge(other.view());
}

void Digest::mix(std::string_view bytes) {
  merge(bytes);
  bytes_ = hash(view());
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes_) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Digest value_digest(const store::Entry& entry) {
  Digest digest;
  add_value(digest, entry);
  return digest;
}

void add_database(Digest& digest, uint32_t db, std::span<store::Keyspace* const> shards) {
  bool is_numbered = false;
  for (store::Keyspace* space : shards) {
    if (space == nullptr || space->size() == 0) continue;
    if (!std::exchange(is_numbered, true)) mix_number(digest, db);
    if (space->table().is_resizing()) space->finish_resize();
    store::ScanPosition at{};
    do {
      at = space->table().scan(at, [&](store::Entry* entry) {
        Digest key;
        key.mix(entry->key());
        add_value(key, *entry);
        digest.merge(key);
      });
    } while (at != store::ScanPosition{});
  }
}

}  // namespace kvstash::server
