// Values for tests of the RDB format: a keyspace with values of every type, size and encoding under
// given limits, and the way of a value into bytes and back.
#pragma once

#include "persist/rdb/encoder.h"
#include "persist/rdb/value.h"
#include "persist/rdb/value_reader.h"
#include "persist/rdb/value_writer.h"
#include "store/hash.h"
#include "store/keyspace.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

inline constexpr HashSeed kRdbSeed{5, 6, 7};

// The limits at which values change their encoding: those of Redis, or one extreme.
enum class Extreme : uint8_t { kUsual, kNothingPacked, kAllPacked, kCompressed };

inline persist::rdb::ReadOptions rdb_options(Extreme extreme) {
  persist::rdb::ReadOptions options;
  options.hash.seed = options.set.seed = options.sorted_set.seed = kRdbSeed;
  if (extreme == Extreme::kCompressed) options.list = {.listpack_size = 8, .compress_depth = 1};
  if (extreme == Extreme::kUsual || extreme == Extreme::kCompressed) return options;
  const bool packs = extreme == Extreme::kAllPacked;
  const size_t entries = packs ? 100'000 : 0;
  const size_t bytes = packs ? 100'000 : 0;
  options.hash.listpack_entries_max = entries;
  options.hash.listpack_value_bytes_max = bytes;
  options.set.intset_entries_max = entries;
  options.set.listpack_entries_max = entries;
  options.set.listpack_value_bytes_max = bytes;
  options.sorted_set.listpack_entries_max = entries;
  options.sorted_set.listpack_value_bytes_max = bytes;
  options.list.listpack_size = packs ? 30'000 : 1;
  if (!packs) options.list.packed_threshold = 30;
  return options;
}

class RdbSpace {
 public:
  explicit RdbSpace(Extreme extreme = Extreme::kUsual) : options_(rdb_options(extreme)) {}

  store::Keyspace& space() { return space_; }
  const persist::rdb::ReadOptions& options() const { return options_; }
  static store::KeyRef ref(std::string_view name) { return {name, keyed_hash(name, kRdbSeed)}; }

  store::Entry& put(std::string_view name, persist::rdb::Value value,
                    std::optional<int64_t> deadline_ms = std::nullopt) {
    store::Entry* old = space_.find(ref(name));
    return value.is_string()
               ? *space_.put_string(ref(name), old, value.text(), deadline_ms)
               : *space_.put_object(ref(name), old, value.type(), value.release(), deadline_ms);
  }

  template <typename Visit>
  void for_each(const Visit& visit) {
    std::optional<uint64_t> at = 0;
    while (at)
      at = space_.table().walk(*at, {}, [&](const store::Entry* entry) { visit(*entry); });
  }

  void fill() {
    fill_strings();
    for (const size_t size : {1u, 3u, 20u, 129u, 600u}) {
      for (const bool is_long : {false, true}) {
        const std::string suffix = std::to_string(size) + (is_long ? "-long" : "-short");
        put("list-" + suffix, persist::rdb::Value::object(list(size, is_long)));
        put("set-" + suffix, persist::rdb::Value::object(set(size, is_long)));
        put("zset-" + suffix, persist::rdb::Value::object(sorted_set(size, is_long)), 1'000'000);
        put("hash-" + suffix, persist::rdb::Value::object(hash(size, is_long)));
        put("stream-" + suffix, persist::rdb::Value::object(stream(size, is_long)));
      }
      put("ints-" + std::to_string(size), persist::rdb::Value::object(integers(size)));
      put("mixed-" + std::to_string(size), persist::rdb::Value::object(mixed(size)));
    }
    put("stream-of-nothing", persist::rdb::Value::object(store::Stream()));
  }

  void fill_field_deadlines() {
    store::Hash all = hash(20, true);
    store::Hash some = hash(3, false);
    for (int i = 0; i < 20; ++i)
      all.set_deadline(text(static_cast<size_t>(i), true), 1'000'000 + i * 1000, options_.hash);
    some.set_deadline(text(1, false), 5, options_.hash);
    put("deadlines-all", persist::rdb::Value::object(std::move(all)));
    put("deadlines-some", persist::rdb::Value::object(std::move(some)), 7);
  }

  static std::string text(size_t number, bool is_long) {
    if (!is_long) return "e" + std::to_string(number);
    return std::string(60 + number % 20, 'x') + std::to_string(number);
  }

 private:
  void fill_strings() {
    const std::string long_text(5000, 'y');
    for (const std::string_view value :
         {std::string_view(""), std::string_view("0"), std::string_view("-1"),
          std::string_view("127"), std::string_view("-129"), std::string_view("40000"),
          std::string_view("2147483648"), std::string_view("-9223372036854775808"),
          std::string_view("007"), std::string_view("text"), std::string_view("\0\xff\r\n", 4),
          std::string_view(long_text).substr(0, 20), std::string_view(long_text).substr(0, 21),
          std::string_view(long_text).substr(0, 44), std::string_view(long_text).substr(0, 45),
          std::string_view(long_text)}) {
      const std::string name = "string-" + std::to_string(space_.size());
      put(name, persist::rdb::Value::string(value), 42);
    }
  }
  store::List list(size_t size, bool is_long) const {
    store::List made;
    for (size_t i = 0; i < size; ++i) {
      const std::string element = text(i, is_long);
      const std::array elements{std::string_view(element)};
      made.push(i % 3 == 0 ? store::ListEnd::kHead : store::ListEnd::kTail, elements,
                options_.list);
    }
    return made;
  }
  store::Set set(size_t size, bool is_long) const {
    store::Set made;
    for (size_t i = 0; i < size; ++i)
      made.add(std::string_view(text(i, is_long)), options_.set);
    return made;
  }
  store::Set integers(size_t size) const {
    store::Set made;
    for (size_t i = 0; i < size; ++i)
      made.add(static_cast<int64_t>(i * i * i * i) - 100, options_.set);
    return made;
  }
  store::Set mixed(size_t size) const {
    store::Set made;
    for (size_t i = 0; i < size; ++i) {
      if (i % 2 == 0) {
        made.add(static_cast<int64_t>(i), options_.set);
      } else {
        made.add(std::string_view(text(i, false)), options_.set);
      }
    }
    return made;
  }
  store::SortedSet sorted_set(size_t size, bool is_long) const {
    constexpr double kScores[] = {0,
                                  1,
                                  -1.5,
                                  1e300,
                                  std::numeric_limits<double>::infinity(),
                                  17,
                                  0.1,
                                  -std::numeric_limits<double>::infinity()};
    store::SortedSet made;
    for (size_t i = 0; i < size; ++i)
      made.add(text(i, is_long), kScores[i % std::size(kScores)] + static_cast<double>(i / 8),
               options_.sorted_set);
    return made;
  }
  store::Hash hash(size_t size, bool is_long) const {
    store::Hash made;
    for (size_t i = 0; i < size; ++i)
      made.set(text(i, is_long), i % 2 == 0 ? std::to_string(i) : text(i, is_long), options_.hash);
    return made;
  }
  static store::Stream stream(size_t size, bool is_long) {
    store::Stream made;
    for (size_t i = 0; i < size; ++i) {
      const std::string value = text(i, is_long);
      const std::array<std::string_view, 4> fields{"a", value, i % 5 == 0 ? "c" : "b", "17"};
      made.append({1000 + i, i % 3}, fields, {});
    }
    for (size_t i = 0; i < size; i += 7)
      made.erase({1000 + i, i % 3});
    if (size < 20) return made;
    made.create_group("idle").set_last_id({1000, 0});
    store::ConsumerGroup& group = made.create_group("group");
    group.set_last_id({1010, 1});
    group.set_entries_read(11);
    store::Consumer& first = group.create_consumer("first", 500);
    store::Consumer& second = group.create_consumer("second", 600);
    group.set_active(first, 550);
    for (uint64_t i = 0; i < 10; ++i)
      group.add_pending({1000 + i, i % 3}, {.delivered_ms = 700 + static_cast<int64_t>(i),
                                            .deliveries = i + 1,
                                            .consumer = i % 4 == 0 ? &second : &first});
    return made;
  }

  persist::rdb::ReadOptions options_;
  store::ShardMemory memory_;
  store::Keyspace space_{kRdbSeed, memory_, 0};
};

// A value as it stands in a file or a payload, with its type.
struct RdbBytes {
  std::string key;
  persist::rdb::Type type;
  std::string bytes;
};

inline RdbBytes rdb_bytes_of(const store::Entry& entry, unsigned version, bool is_compressed) {
  persist::rdb::Encoded encoded;
  persist::rdb::Encoder to(encoded);
  persist::rdb::write_value(to, entry, version);
  return {.key = std::string(entry.key()),
          .type = persist::rdb::type_of(entry, version),
          .bytes = is_compressed ? persist::rdb::compress(std::move(encoded))
                                 : std::move(encoded.bytes)};
}

// Values of every type that is written, for tests of what reads them.
inline std::vector<RdbBytes> rdb_samples() {
  std::vector<RdbBytes> samples;
  for (const Extreme extreme : {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kCompressed}) {
    RdbSpace space(extreme);
    space.fill();
    space.fill_field_deadlines();
    space.for_each([&](const store::Entry& entry) {
      for (const unsigned version : {persist::rdb::kVersionForRedis70, persist::rdb::kVersionUsual})
        samples.push_back(rdb_bytes_of(entry,
                                       std::max(version, entry.has_field_deadlines() ? 12u : 0u),
                                       version == persist::rdb::kVersionUsual));
    });
  }
  return samples;
}

}  // namespace kvstash::test
