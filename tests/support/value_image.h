// ValueImage: a real copy of what a key holds, as texts that can be compared, for tests.
#pragma once

#include "base/alloc.h"
#include "store/hash.h"
#include "store/keyspace.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

// The image of a key at some moment. Elements without an order of their own are sorted.
struct ValueImage {
  store::ValueType type{};
  store::Encoding encoding{};
  std::optional<int64_t> deadline_ms;
  std::vector<std::string> parts;

  bool operator==(const ValueImage&) const = default;
};

using KeyspaceImage = std::map<std::string, ValueImage>;

// Calls `look` with an object's value, which the entry goes on owning.
template <store::Container T, typename Look>
auto look_into(store::ObjectWord word, const Look& look) {
  T value = T::adopt(word);
  if constexpr (std::is_void_v<decltype(look(value))>) {
    look(value);
    static_cast<void>(value.release());
  } else {
    auto answer = look(value);
    static_cast<void>(value.release());
    return answer;
  }
}

inline std::string text_of(store::PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

inline std::string text_of(store::StreamId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}

// The text of a field of a hash, or of a member of a set, which has no value.
inline std::string field_text(std::string_view name, std::optional<std::string_view> value,
                              std::optional<int64_t> deadline_ms) {
  std::string text(name);
  if (value) text += "=" + std::string(*value);
  if (deadline_ms) text += "@" + std::to_string(*deadline_ms);
  return text;
}

inline std::string member_text(std::string_view member, double score) {
  char text[64];
  std::snprintf(text, sizeof(text), "%a ", score);
  return text + std::string(member);
}

inline std::vector<std::string> elements_of(const store::QuicklistNode& node) {
  std::vector<unsigned char> raw(node.data, node.data + node.stored_bytes);
  if (node.is_compressed) {
    raw.resize(node.raw_bytes);
    store::Quicklist::decompress(node, raw.data());
  }
  if (node.is_plain) return {std::string(raw.begin(), raw.end())};
  std::vector<std::string> elements;
  const store::ListpackView pack(raw.data());
  for (store::PackPosition at = pack.first(); at;)
    elements.push_back(text_of(pack.take(at)));
  return elements;
}

inline std::string block_text(store::StreamId id, const unsigned char* bytes) {
  return "block " + text_of(id) + " " + std::string(store::ListpackView(bytes).raw());
}

inline std::string counters_text(const store::Stream::Counters& counters) {
  return "counters " + text_of(counters.last_id) + " " + text_of(counters.first_id) + " " +
         text_of(counters.max_deleted_id) + " " + std::to_string(counters.entries_added) + " " +
         std::to_string(counters.length);
}

inline std::string group_text(const store::ConsumerGroup& group) {
  return "group " + std::string(group.name()) + " " + text_of(group.last_id()) + " " +
         std::to_string(group.entries_read());
}

inline std::string consumer_text(const store::ConsumerGroup& group,
                                 const store::Consumer& consumer) {
  return "consumer " + std::string(group.name()) + " " + std::string(consumer.name()) + " " +
         std::to_string(consumer.seen_ms()) + " " + std::to_string(consumer.active_ms());
}

inline std::string pending_text(const store::ConsumerGroup& group, store::StreamId id,
                                const store::PendingEntry& entry) {
  return "pending " + std::string(group.name()) + " " + text_of(id) + " " +
         std::to_string(entry.delivered_ms) + " " + std::to_string(entry.deliveries) + " " +
         std::string(entry.consumer->name());
}

inline std::vector<std::string> parts_of(const store::Stream& stream) {
  std::vector<std::string> parts{counters_text(stream.counters())};
  for (auto at = stream.blocks().first(); !at.at_end(); at.next())
    parts.push_back(block_text(at.id(), at.value()));
  if (stream.groups() == nullptr) return parts;
  for (const store::ConsumerGroup* group : stream.groups()->all()) {
    parts.push_back(group_text(*group));
    for (const store::Consumer* consumer : group->consumers().all())
      parts.push_back(consumer_text(*group, *consumer));
    for (auto at = group->pending().first(); !at.at_end(); at.next())
      parts.push_back(pending_text(*group, at.id(), at.value()));
  }
  return parts;
}

inline std::vector<std::string> parts_of(const store::Entry& entry) {
  std::vector<std::string> parts;
  switch (entry.type()) {
    case store::ValueType::kString: {
      store::NumberText scratch;
      parts.emplace_back(store::string_bytes(entry, scratch));
      break;
    }
    case store::ValueType::kList:
      look_into<store::List>(entry.object(), [&](const store::List& list) {
        store::ListCursor cursor(list, store::ListEnd::kHead);
        store::PackedValue value{int64_t{0}};
        while (cursor.take(value))
          parts.push_back(text_of(value));
      });
      break;
    case store::ValueType::kSet:
      look_into<store::Set>(entry.object(), [&](const store::Set& set) {
        set.for_each([&](store::PackedValue member) { parts.push_back(text_of(member)); });
      });
      break;
    case store::ValueType::kHash:
      look_into<store::Hash>(entry.object(), [&](const store::Hash& hash) {
        hash.for_each(store::Hash::kNothingDue, [&](const store::HashField& field) {
          parts.push_back(field_text(text_of(field.name), text_of(field.value), field.deadline_ms));
        });
      });
      break;
    case store::ValueType::kSortedSet:
      look_into<store::SortedSet>(entry.object(), [&](const store::SortedSet& set) {
        for (store::SortedSet::Iterator at = set.first(); !at.at_end(); at.next())
          parts.push_back(member_text(at.member(), at.score()));
      });
      break;
    default:
      look_into<store::Stream>(entry.object(),
                               [&](const store::Stream& stream) { parts = parts_of(stream); });
  }
  if (entry.type() != store::ValueType::kList) std::ranges::sort(parts);
  return parts;
}

inline ValueImage image_without_parts(const store::Entry& entry) {
  ValueImage image{
      .type = entry.type(), .encoding = entry.encoding(), .deadline_ms = std::nullopt, .parts = {}};
  if (entry.has_deadline()) image.deadline_ms = entry.deadline_ms();
  return image;
}

inline ValueImage image_of(const store::Entry& entry) {
  ValueImage image = image_without_parts(entry);
  image.parts = parts_of(entry);
  return image;
}

inline KeyspaceImage image_of(const store::Keyspace& space) {
  KeyspaceImage image;
  std::optional<uint64_t> at = 0;
  while (at) {
    at = space.table().walk(*at, {}, [&](const store::Entry* entry) {
      ensure(image.emplace(entry->key(), image_of(*entry)).second);
    });
  }
  return image;
}

// The first difference, as text for people; empty if there is none.
inline std::string difference(const KeyspaceImage& copy, const KeyspaceImage& real) {
  for (const auto& [key, image] : real) {
    const auto found = copy.find(key);
    if (found == copy.end()) return key + " is missing";
    if (found->second == image) continue;
    std::string text = key + ", a " + std::string(store::type_name(image.type)) + " as " +
                       std::string(store::encoding_name(image.encoding)) + ", differs:";
    const auto add_parts = [&text](const std::vector<std::string>& parts) {
      for (size_t i = 0; i < parts.size() && i < 20; ++i)
        text += " [" + parts[i].substr(0, 40) + "]";
    };
    add_parts(found->second.parts);
    text += " instead of";
    add_parts(image.parts);
    return text;
  }
  for (const auto& [key, image] : copy)
    if (!real.contains(key)) return key + " is too much";
  return {};
}

}  // namespace kvstash::test
