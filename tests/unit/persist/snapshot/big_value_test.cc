// Values that are written in slices: a write beside a snapshot costs what it changes, and nothing
// takes long. KVSTASH_LARGE_VALUE is the number of elements, to measure with large ones; then the
// longest step and write are printed, in microseconds of processor time.

#include "persist/snapshot/big_value.h"

#include "base/numbers.h"
#include "persist/snapshot/shard_snapshots.h"
#include "support/cpu_time.h"
#include "support/pulled_snapshot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
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
constexpr size_t kElements = 20'000;

size_t elements() {
  const char* text = std::getenv("KVSTASH_LARGE_VALUE");
  return text == nullptr ? kElements : parse_uint64(text).value_or(kElements);
}

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

struct Longest {
  int64_t ns = 0;
  template <typename Work>
  void time(const Work& work) {
    const int64_t begin = test::thread_cpu_ns();
    work();
    ns = std::max(ns, test::thread_cpu_ns() - begin);
  }
};

// Snapshots the key, in slices, while `write` changes it `writes_per_slice` times between two of
// them. Returns the most bytes that overlays took at one time.
size_t check_snapshot(std::string_view type, Key& key, size_t writes_per_slice,
                      const std::function<void()>& write) {
  const bool compares = elements() == kElements;
  engine::ThreadParking parking;
  ShardSnapshots shard(0, key.memory(), [&](const ShardSnapshots::Visit& visit) {
    visit(0, key.space());
  });
  const auto snapshot = std::make_shared<Snapshot>(parking, Snapshot::Options{});
  test::KeyspaceImage real;
  if (compares) real = test::without_encoding(test::image_of(key.space()));
  shard.begin(snapshot);
  test::PulledSnapshot pulled(snapshot);
  Longest step;
  Longest change;
  size_t overlay_bytes_max = 0;
  size_t pulled_bytes = 0;
  for (StepResult result = StepResult::kWorks; result != StepResult::kDone;) {
    for (size_t i = 0; i < writes_per_slice; ++i)
      change.time(write);
    step.time([&] { result = shard.step(Budget(1000, size_t{256} << 10)); });
    key.memory().garbage.clear();
    overlay_bytes_max = std::max(overlay_bytes_max, snapshot->progress().overlay_bytes);
    bool is_empty = false;
    while (!is_empty) {
      if (compares) {
        const size_t before = pulled.bytes();
        is_empty = !pulled.pull() || pulled.bytes() == before;
        continue;
      }
      const auto chunk = snapshot->try_next(is_empty);
      if (chunk.ok() && *chunk) pulled_bytes += (*chunk)->encoded.bytes.size();
      if (!chunk.ok() || !*chunk) break;
    }
  }
  if (compares) {
    pulled.pull_all();
    REQUIRE(pulled.is_whole());
    CHECK(test::difference(pulled.images().at(0), real) == "");
    return overlay_bytes_max;
  }
  std::printf("%-12.*s longest step %6ld us, longest write %6ld us, overlay %zu KiB, %zu MiB\n",
              static_cast<int>(type.size()), type.data(), static_cast<long>(step.ns / 1000),
              static_cast<long>(change.ns / 1000), overlay_bytes_max >> 10, pulled_bytes >> 20);
  return overlay_bytes_max;
}

}  // namespace

TEST_CASE("a large hash is written while its fields change") {
  Key key;
  store::Hash hash;
  for (size_t i = 0; i < elements(); ++i)
    hash.set(name(i), name(i), kHashOptions);
  hash.set_deadline(name(3), 5'000'000, kHashOptions);
  key.put(std::move(hash));
  const auto write = [&] {
    key.open<store::Hash>([&](store::Hash& value) {
      const std::string field = name(key.random().below(elements() * 2));
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
  CHECK(check_snapshot("hash", key, 40, write) < size_t{64} << 20);
}

TEST_CASE("a large set is written while its members change") {
  Key key;
  store::Set set;
  for (size_t i = 0; i < elements(); ++i) {
    const std::string member = name(i);
    set.add(std::string_view(member), kSetOptions);
  }
  key.put(std::move(set));
  const auto write = [&] {
    key.open<store::Set>([&](store::Set& value) {
      const std::string member = name(key.random().below(elements() * 2));
      if (key.random().one_in(3)) {
        value.pop(key.random(), [](store::PackedValue) {});
      } else if (key.random().one_in(2)) {
        value.erase(std::string_view(member));
      } else {
        value.add(std::string_view(member), kSetOptions);
      }
    });
  };
  CHECK(check_snapshot("set", key, 40, write) < size_t{64} << 20);
}

TEST_CASE("a large sorted set is written while its scores change") {
  Key key;
  store::SortedSet set;
  for (size_t i = 0; i < elements(); ++i)
    set.add(name(i), static_cast<double>(i % 1000), kSortedSetOptions);
  key.put(std::move(set));
  const auto write = [&] {
    key.open<store::SortedSet>([&](store::SortedSet& value) {
      const std::string member = name(key.random().below(elements() * 2));
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
  CHECK(check_snapshot("sorted set", key, 40, write) < size_t{64} << 20);
}

TEST_CASE("a large list is written while it is pushed, popped and changed inside") {
  Key key;
  store::List list;
  for (size_t i = 0; i < elements(); ++i) {
    const std::string value = name(i);
    const std::array<std::string_view, 1> values{value};
    list.push(store::ListEnd::kTail, values, kListLimits);
  }
  key.put(std::move(list));
  const auto write = [&] {
    key.open<store::List>([&](store::List& value) {
      const std::string fresh = name(key.random().below(elements()));
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
  CHECK(check_snapshot("list", key, 5, write) < size_t{64} << 20);
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
  for (size_t i = 0; i < elements(); ++i)
    append(stream);
  store::ConsumerGroup& made = stream.create_group("g");
  for (uint64_t i = 0; i < 10; ++i)
    made.create_consumer(name(i), 1);
  for (uint64_t id = 1; id <= last; ++id)
    made.add_pending({id, 0}, {.delivered_ms = 2,
                               .deliveries = 1,
                               .consumer = made.find_consumer(name(id % 10))});
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
  CHECK(check_snapshot("stream", key, 20, write) < size_t{64} << 20);
}

TEST_CASE("a long string is written while its bytes change and it grows") {
  Key key;
  key.space().put_string(key.ref(), nullptr, std::string(elements() * 50, 's'), std::nullopt);
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
  CHECK(check_snapshot("string", key, 20, write) < size_t{128} << 20);
}

}  // namespace kvstash::persist
