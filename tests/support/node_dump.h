// NodeDump: all data of a set of shards as text, to compare two nodes key by key whatever their
// numbers of shards: digests of values, deadlines of keys and of fields, and what a stream keeps
// beside its entries.
//
// How often and when a pending entry was delivered is left out: when it is read again there is no
// record, as in Redis.
#pragma once

#include "engine/shard.h"
#include "engine/shard_set.h"
#include "server/debug_digest.h"
#include "store/consumer_group.h"
#include "store/hash.h"
#include "store/stream.h"

#include <map>
#include <string>
#include <utility>

namespace kvstash::test {

using NodeDump = std::map<std::string, std::string>;  // From "db key" to the text of its value.

inline std::string id_text(store::StreamId id) {
  char text[store::kStreamIdCharsMax];
  return {text, store::format_stream_id(text, id)};
}

inline void describe_group(const store::ConsumerGroup& group, std::string& to) {
  to += " group " + std::string(group.name()) + " " + id_text(group.last_id()) + " read " +
        std::to_string(group.entries_read());
  for (const store::Consumer* consumer : group.consumers().all()) {
    to += " consumer " + std::string(consumer->name());
    for (auto at = consumer->pending().lower_bound(store::StreamId::min()); !at.at_end(); at.next())
      to += " " + id_text(at.id());
  }
}

inline void describe_stream(const store::Stream& stream, std::string& to) {
  const auto& counters = stream.counters();
  to += " length " + std::to_string(counters.length) + " last " + id_text(counters.last_id) +
        " first " + id_text(counters.first_id) + " deleted " + id_text(counters.max_deleted_id) +
        " added " + std::to_string(counters.entries_added);
  if (stream.groups() == nullptr) return;
  for (const store::ConsumerGroup* group : stream.groups()->all())
    describe_group(*group, to);
}

inline void describe_deadlines(const store::Hash& hash, std::string& to) {
  std::map<std::string, int64_t> deadlines;
  hash.for_each(store::Hash::kNothingDue, [&](const store::HashField& field) {
    char scratch[kInt64CharsMax];
    if (field.deadline_ms)
      deadlines.emplace(std::string(field.name.string(scratch)), *field.deadline_ms);
  });
  for (const auto& [name, deadline_ms] : deadlines)
    to += " " + name + ":" + std::to_string(deadline_ms);
}

inline std::string describe(const store::Entry& entry) {
  std::string text =
      std::string(store::type_name(entry.type())) + " " + server::value_digest(entry).hex();
  if (entry.has_deadline()) text += " until " + std::to_string(entry.deadline_ms());
  if (entry.type() == store::ValueType::kHash)
    describe_deadlines(*engine::Viewed<store::Hash>(entry.object()), text);
  if (entry.type() == store::ValueType::kStream)
    describe_stream(*engine::Viewed<store::Stream>(entry.object()), text);
  return text;
}

// Dumps the shards, which their threads must not be using.
inline NodeDump dump(engine::ShardSet& set) {
  NodeDump found;
  for (size_t id = 0; id < set.size(); ++id) {
    set.at(id).data().each_keyspace([&found](engine::DbIndex db, store::Keyspace& space) {
      if (space.table().is_resizing()) space.finish_resize();
      store::ScanPosition at{};
      do {
        at = space.table().scan(at, [&](const store::Entry* entry) {
          found[std::to_string(static_cast<uint32_t>(db)) + " " + std::string(entry->key())] =
              describe(*entry);
        });
      } while (at != store::ScanPosition{});
    });
  }
  return found;
}

// The differences, a line for each key.
inline std::string difference(const NodeDump& expected, const NodeDump& found) {
  std::string lines;
  for (const auto& [key, value] : expected) {
    const auto at = found.find(key);
    if (at == found.end()) {
      lines += "missing " + key + ": " + value + "\n";
    } else if (at->second != value) {
      lines += "differs " + key + ":\n  " + value + "\n  " + at->second + "\n";
    }
  }
  for (const auto& [key, value] : found) {
    if (!expected.contains(key)) lines += "not expected " + key + ": " + value + "\n";
  }
  return lines;
}

}  // namespace kvstash::test
