// Values that are written in slices: a write beside a snapshot costs what it changes, and nothing
// takes long. See timed_snapshot.h for how to measure with larger ones.

#include "persist/snapshot/big_value.h"

#include "support/timed_snapshot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace kvstash::persist {
namespace {

using store::Entry;
using store::KeyRef;
using store::Keyspace;

constexpr HashSeed kSeed{21, 22, 23};
constexpr store::HashOptions kHashOptions{.seed = kSeed};
constexpr store::SetOptions kSetOptions{.seed = kSeed};
constexpr store::SortedSetOptions kSortedSetOptions{.seed = kSeed};
constexpr store::ListLimits kListLimits{};
constexpr store::StreamLimits kStreamLimits{};
const size_t kElements = test::snapshot_elements();

std::string name(uint64_t number) {
  return "element:" + std::to_string(number);
}

// A key with a large value in a keyspace of its own.
class Key {
 public:
  Keyspace& space() { return space_; }
  store::ShardMemory& memory() { return memory_; }
  Random& random() { return random_; }
  Entry* entry() { return space_.find(ref()); }
  KeyRef ref() const { return {"key", keyed_hash("key", kSeed)}; }

  template <store::Container T>
  void put(T value) {
    space_.put_object(ref(), entry(), T::kType, value.release(), std::nullopt);
  }
  template <store::Container T, typename Change>
  void open(const Change& change) {
    T value = T::adopt(space_.open_object(ref(), *entry()));
    const size_t before = value.bytes();
    change(value);
    space_.update_object(ref(), entry(), value.release(), before);
  }

 private:
  store::ShardMemory memory_;
  Keyspace space_{kSeed, memory_, 0};
  Random random_{7};
};

}  // namespace

TEST_CASE("a large hash is written while its fields change") {
  Key key;
  store::Hash hash;
  for (size_t i = 0; i < kElements; ++i)
    hash.set(name(i), name(i), kHashOptions);
  hash.set_deadline(name(3), 5'000'000, kHashOptions);
  key.put(std::move(hash));
  const auto write = [&] {
    key.open<store::Hash>([&](store::Hash& value) {
      const std::string field = name(key.random().below(kElements * 2));
      if (key.random().one_in(3)) {
        value.erase(field);
      } else if (key.random().one_in(4)) {
        value.set_deadline(field, 4'000'000 + static_cast<int64_t>(key.random().below(99)),
                           kHashOptions);
      } else {
        value.set(field, "new", kHashOptions);
      }
    });
  };
  CHECK(test::timed_snapshot("hash", key.space(), key.memory(), 40, write) < size_t{64} << 20);
}

TEST_CASE("a large set is written while its members change") {
  Key key;
  store::Set set;
  for (size_t i = 0; i < kElements; ++i) {
    const std::string member = name(i);
    set.add(std::string_view(member), kSetOptions);
  }
  key.put(std::move(set));
  const auto write = [&] {
    key.open<store::Set>([&](store::Set& value) {
      const std::string member = name(key.random().below(kElements * 2));
      if (key.random().one_in(3)) {
        value.pop(key.random(), [](store::PackedValue) {});
      } else if (key.random().one_in(2)) {
        value.erase(std::string_view(member));
      } else {
        value.add(std::string_view(member), kSetOptions);
      }
    });
  };
  CHECK(test::timed_snapshot("set", key.space(), key.memory(), 40, write) < size_t{64} << 20);
}

TEST_CASE("a large sorted set is written while its scores change") {
  Key key;
  store::SortedSet set;
  for (size_t i = 0; i < kElements; ++i)
    set.add(name(i), static_cast<double>(i % 1000), kSortedSetOptions);
  key.put(std::move(set));
  const auto write = [&] {
    key.open<store::SortedSet>([&](store::SortedSet& value) {
      const std::string member = name(key.random().below(kElements * 2));
      if (key.random().one_in(4)) {
        value.erase(member);
      } else if (key.random().one_in(4)) {
        value.pop(key.random().one_in(2) ? store::SortedSet::End::kLowest
                                         : store::SortedSet::End::kHighest);
      } else {
        value.add(member, static_cast<double>(key.random().below(2000)), kSortedSetOptions);
      }
    });
  };
  CHECK(test::timed_snapshot("sorted set", key.space(), key.memory(), 40, write) < size_t{64}
                                                                                       << 20);
}

TEST_CASE("a large list is written while it is pushed, popped and changed inside") {
  Key key;
  store::List list;
  for (size_t i = 0; i < kElements; ++i) {
    const std::string value = name(i);
    const std::array<std::string_view, 1> values{value};
    list.push(store::ListEnd::kTail, values, kListLimits);
  }
  key.put(std::move(list));
  const auto write = [&] {
    key.open<store::List>([&](store::List& value) {
      const std::string fresh = name(key.random().below(kElements));
      const std::array<std::string_view, 1> values{fresh};
      const auto end = key.random().one_in(2) ? store::ListEnd::kHead : store::ListEnd::kTail;
      switch (key.random().below(4)) {
        case 0:
          return value.pop(end, 1 + key.random().below(3), kListLimits, [](store::PackedValue) {});
        case 1:
          return value.set(key.random().below(std::min<size_t>(value.size(), 100'000)), fresh,
                           kListLimits);
        case 2:
          return value.erase(value.size() / 2, 3, kListLimits);
        default:
          value.push(end, values, kListLimits);
      }
    });
  };
  CHECK(test::timed_snapshot("list", key.space(), key.memory(), 5, write) < size_t{64} << 20);
}

TEST_CASE("a large stream is written while entries come, go and are acknowledged") {
  Key key;
  store::Stream stream;
  uint64_t last = 0;
  const auto append = [&](store::Stream& to) {
    const std::string value = name(last);
    const std::array<std::string_view, 2> fields{"f", value};
    to.append({++last, 0}, fields, kStreamLimits);
  };
  for (size_t i = 0; i < kElements; ++i)
    append(stream);
  store::ConsumerGroup& made = stream.create_group("g");
  for (uint64_t i = 0; i < 10; ++i)
    made.create_consumer(name(i), 1);
  for (uint64_t id = 1; id <= last; ++id)
    made.add_pending(
        {id, 0},
        {.delivered_ms = 2, .deliveries = 1, .consumer = made.find_consumer(name(id % 10))});
  key.put(std::move(stream));
  const auto write = [&] {
    key.open<store::Stream>([&](store::Stream& value) {
      const store::StreamId id{1 + key.random().below(last), 0};
      store::ConsumerGroup& group = *value.find_group("g");
      switch (key.random().below(6)) {
        case 0:
          value.erase(id);
          return;
        case 1:
          value.trim({.length_max = value.size() - 2});
          return;
        case 2:
          group.acknowledge(id);
          return;
        case 3:
          if (group.find_pending(id) != nullptr)
            group.redeliver(id, {.delivered_ms = 3,
                                 .deliveries = 2,
                                 .consumer = group.find_consumer(name(key.random().below(10)))});
          return;
        case 4:
          group.set_last_id(id);
          return;
        default:
          append(value);
      }
    });
  };
  CHECK(test::timed_snapshot("stream", key.space(), key.memory(), 20, write) < size_t{64} << 20);
}

TEST_CASE("a long string is written while its bytes change and it grows") {
  Key key;
  key.space().put_string(key.ref(), nullptr, std::string(kElements * 50, 's'), std::nullopt);
  const auto write = [&] {
    const size_t size = store::string_length(*key.entry());
    std::span<char> bytes;
    const size_t offset = key.random().below(size);
    if (key.random().one_in(50)) {
      key.space().open_string(key.ref(), key.entry(), size + 10, bytes,
                              {.offset = size, .count = 10});
      std::fill(bytes.begin() + static_cast<ptrdiff_t>(size), bytes.end(), 'x');
      return;
    }
    key.space().open_string(key.ref(), key.entry(), size, bytes, {.offset = offset, .count = 1});
    bytes[offset] = 'c';
  };
  CHECK(test::timed_snapshot("string", key.space(), key.memory(), 20, write) < size_t{128} << 20);
}

}  // namespace kvstash::persist
