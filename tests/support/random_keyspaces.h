// RandomKeyspaces: the databases of one shard, changed at random by everything that changes
// keyspaces and the values in them. Small limits make values change their forms all the time.
//
// For tests; one thread. The same seed makes the same changes.
#pragma once

#include "base/random.h"
#include "store/hash.h"
#include "store/keyspace.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::test {

class RandomKeyspaces {
 public:
  static constexpr HashSeed kSeed{11, 12, 13};
  static constexpr size_t kSpaces = 3;

  // The names of all keys begin with `prefix`.
  explicit RandomKeyspaces(uint64_t seed, std::string prefix = {})
      : random_(seed), prefix_(std::move(prefix)) {
    for (auto& space : spaces_)
      space = make();
  }

  std::vector<store::Keyspace*> spaces() const {
    std::vector<store::Keyspace*> all;
    for (const auto& space : spaces_)
      all.push_back(space.get());
    return all;
  }
  store::ShardMemory& memory() { return memory_; }
  Random& random() { return random_; }

  // Renames a key of another shard so that it comes here.
  void take_from(RandomKeyspaces& other) {
    const Place from{other.any_space(), other.any_name()};
    if (from.entry() == nullptr) return;
    const Place to{any_space(), any_name()};
    if (to.entry() != nullptr) to.space.erase(to.ref(), to.entry());
    to.space.move_in(to.ref(), from.space, from.ref(), from.entry());
  }

  void step() {
    ++now_ms_;
    if (random_.one_in(500)) grows_ = !grows_;
    switch (random_.below(40)) {
      case 0:
        if (random_.one_in(40)) drop(spaces_[random_.below(kSpaces)]);
        break;
      case 1:
        std::swap(spaces_[random_.below(kSpaces)], spaces_[random_.below(kSpaces)]);
        break;
      case 2:
        any_space().step_resize(4);
        break;
      case 3:
        expire(any_space());
        break;
      case 4:
      case 5:
        for (int i = 0; i < 20; ++i)
          change_filler(any_space());
        break;
      default:
        change_key(any_space(), any_name());
    }
  }

 private:
  using Consumer = store::Consumer;
  using ConsumerGroup = store::ConsumerGroup;
  using Encoding = store::Encoding;
  using Entry = store::Entry;
  using Hash = store::Hash;
  using HashField = store::HashField;
  using KeyRef = store::KeyRef;
  using Keyspace = store::Keyspace;
  using List = store::List;
  using ListEnd = store::ListEnd;
  using ListLimits = store::ListLimits;
  using Listpack = store::Listpack;
  using PackedValue = store::PackedValue;
  using Set = store::Set;
  using ShardMemory = store::ShardMemory;
  using SortedSet = store::SortedSet;
  using Stream = store::Stream;
  using StreamId = store::StreamId;
  static constexpr store::HashOptions kHashOptions{.listpack_entries_max = 8, .seed = kSeed};
  static constexpr store::SetOptions kSetOptions{
      .intset_entries_max = 10, .listpack_entries_max = 8, .seed = kSeed};
  static constexpr store::SortedSetOptions kSortedSetOptions{.listpack_entries_max = 8,
                                                             .seed = kSeed};
  static constexpr store::StreamLimits kStreamLimits{.block_entries_max = 5};

  struct Place {
    Keyspace& space;
    std::string name;
    KeyRef ref() const { return {name, keyed_hash(name, kSeed)}; }
    Entry* entry() const { return space.find(ref()); }
  };

  std::unique_ptr<Keyspace> make() { return std::make_unique<Keyspace>(kSeed, memory_, now_ms_); }
  std::string any_name() { return prefix_ + "k" + std::to_string(random_.below(24)); }
  Keyspace& any_space() { return *spaces_[random_.below(kSpaces)]; }
  void drop(std::unique_ptr<Keyspace>& space) {
    Keyspace::drop(std::move(space),
                   random_.one_in(2) ? Keyspace::Free::kHere : Keyspace::Free::kByReaper);
    memory_.garbage.clear();
    space = make();
  }
  std::optional<int64_t> deadline() {
    if (random_.one_in(2)) return std::nullopt;
    return now_ms_ + static_cast<int64_t>(random_.below(300));
  }
  std::string text(size_t bytes_max = 60) {
    const auto filler = static_cast<char>('a' + random_.below(26));
    return std::to_string(random_.below(1000)) + std::string(random_.below(bytes_max), filler);
  }
  std::string element() { return std::to_string(random_.below(100)); }

  // Keys that make tables grow and shrink.
  void change_filler(Keyspace& space) {
    const Place place{space, prefix_ + "f" + std::to_string(random_.below(2000))};
    if (random_.below(10) < (grows_ ? 8u : 2u)) {
      space.put_string(place.ref(), place.entry(), text(), std::nullopt);
    } else if (place.entry() != nullptr) {
      space.erase(place.ref(), place.entry());
    }
  }

  void expire(Keyspace& space) {
    size_t budget = 100;
    while (Entry* due = space.deadlines().next_due(now_ms_, budget)) {
      const Place place{space, std::string(due->key())};
      space.erase(place.ref(), due);
    }
    if (space.field_deadlines() == nullptr) return;
    budget = 100;
    while (Entry* due = space.field_deadlines()->next_due(now_ms_, budget)) {
      const Place place{space, std::string(due->key())};
      open<Hash>(place, [&](Hash& hash) {
        hash.erase_due(now_ms_, 1 + random_.below(5), [](const HashField&) {});
      });
    }
  }

  void change_key(Keyspace& space, std::string name) {
    const Place place{space, std::move(name)};
    Entry* entry = place.entry();
    if (entry == nullptr || random_.one_in(60)) return create(place);
    switch (random_.below(20)) {
      case 0:
        space.set_deadline(place.ref(), entry, deadline());
        return;
      case 1:
        if (random_.one_in(3)) space.erase(place.ref(), entry);
        return;
      case 2:
        return transfer(place, true);
      case 3:
        return transfer(place, false);
      case 4:
        entry->set_access(static_cast<uint32_t>(random_.below(1000)));
        return;
      default:
        change_value(place);
    }
  }

  void transfer(const Place& from, bool moves) {
    const Place to{any_space(), any_name()};
    if (to.entry() == from.entry()) return;
    if (to.entry() != nullptr) {
      if (random_.one_in(2)) return;
      to.space.erase(to.ref(), to.entry());
    }
    if (moves) {
      to.space.move_in(to.ref(), from.space, from.ref(), from.entry());
    } else {
      to.space.copy_in(to.ref(), *from.entry());
    }
  }

  template <store::Container T, typename Change>
  void open(const Place& place, const Change& change) {
    T value = T::adopt(place.space.open_object(place.ref(), *place.entry()));
    const size_t before = value.bytes();
    change(value);
    const bool is_empty = !store::keeps_empty<T>() && value.size() == 0;
    Entry* entry = place.space.update_object(place.ref(), place.entry(), value.release(), before);
    if (is_empty) place.space.erase(place.ref(), entry);
  }

  template <store::Container T, typename Change>
  void create_object(const Place& place, const Change& change) {
    T value;
    do {
      for (uint64_t left = random_.below(60); left != 0; --left)
        change(value);
    } while (!store::keeps_empty<T>() && value.size() == 0);
    place.space.put_object(place.ref(), place.entry(), T::kType, value.release(), deadline());
  }

  void create(const Place& place) {
    switch (random_.below(8)) {
      case 0:
        place.space.put_integer(place.ref(), place.entry(), 7, deadline());
        return;
      case 1:
        place.space.put_string(place.ref(), place.entry(), text(random_.one_in(2) ? 9000 : 60),
                               deadline());
        return;
      case 2:
        place.space.put_text(place.ref(), place.entry(), text(), Encoding::kRaw, deadline());
        return;
      case 3:
        return create_object<List>(place, [this](List& list) { change_list(list); });
      case 4:
        return create_object<Set>(place, [this](Set& set) { change_set(set); });
      case 5:
        return create_object<SortedSet>(place, [this](SortedSet& set) { change_sorted_set(set); });
      case 6:
        return create_object<Hash>(place, [this](Hash& hash) { change_hash(hash); });
      default:
        return create_object<Stream>(place, [this](Stream& stream) { change_stream(stream); });
    }
  }

  void change_value(const Place& place) {
    const uint64_t times = random_.one_in(10) ? random_.below(100) : 1 + random_.below(3);
    const auto repeat = [times](const auto& change) {
      return [times, change](auto& value) {
        for (uint64_t i = 0; i < times && (i == 0 || value.size() != 0); ++i)
          change(value);
      };
    };
    switch (place.entry()->type()) {
      case store::ValueType::kString:
        return change_string(place);
      case store::ValueType::kList:
        return open<List>(place, repeat([this](List& list) { change_list(list); }));
      case store::ValueType::kSet:
        return open<Set>(place, repeat([this](Set& set) { change_set(set); }));
      case store::ValueType::kSortedSet:
        return open<SortedSet>(place, repeat([this](SortedSet& set) { change_sorted_set(set); }));
      case store::ValueType::kHash:
        return open<Hash>(place, repeat([this](Hash& hash) { change_hash(hash); }));
      default:
        return open<Stream>(place, repeat([this](Stream& stream) { change_stream(stream); }));
    }
  }

  void change_string(const Place& place) {
    Entry* entry = place.entry();
    const size_t size = store::string_length(*entry);
    std::span<char> bytes;
    switch (random_.below(6)) {
      case 0:
        place.space.put_integer(place.ref(), entry, static_cast<int64_t>(random_.below(1000)),
                                random_.one_in(2) || !entry->has_deadline() ? Keyspace::Deadline()
                                                                            : entry->deadline_ms());
        return;
      case 1:
        place.space.put_string(place.ref(), entry, text(random_.one_in(3) ? 9000 : 60), deadline());
        return;
      case 2: {  // APPEND.
        const size_t more = random_.below(random_.one_in(5) ? 20'000 : 100);
        place.space.open_string(place.ref(), entry, size + more, bytes,
                                {.offset = size, .count = more});
        std::fill(bytes.begin() + static_cast<ptrdiff_t>(size), bytes.end(), 'x');
        return;
      }
      case 3: {  // SETRANGE.
        const store::ByteRange range{.offset = random_.below(size + 100),
                                     .count = random_.below(700)};
        place.space.open_string(place.ref(), entry, range.offset + range.count, bytes, range);
        const char fresh = static_cast<char>('A' + random_.below(26));
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(range.offset), range.count, fresh);
        return;
      }
      case 4:
        place.space.open_string(place.ref(), entry, size, bytes);
        for (char& byte : bytes)
          byte = static_cast<char>(byte + 1);
        return;
      default:
        // A string that is cut is a blob, or was opened before.
        if (!entry->is_blob() || random_.one_in(2))
          entry = place.space.open_string(place.ref(), entry, size, bytes, {.count = 0});
        if (size != 0) place.space.cut_string(place.ref(), entry, size - random_.below(size) / 4);
    }
  }

  void change_list(List& list) {
    const ListLimits limits{.listpack_size = random_.one_in(3) ? -1 : 4,
                            .compress_depth = random_.one_in(4) ? 1u : 0u,
                            .packed_threshold = random_.one_in(5) ? size_t{150} : size_t{0}};
    const std::string value = text(random_.one_in(3) ? 250 : 20);
    const ListEnd end = random_.one_in(2) ? ListEnd::kHead : ListEnd::kTail;
    const size_t size = list.size();
    switch (random_.below(12)) {
      case 0:
        return list.insert(random_.below(size + 1), value, limits);
      case 1:
        if (size != 0) list.set(random_.below(size), value, limits);
        return;
      case 2:
        if (size != 0) list.erase(random_.below(size), 1 + random_.below(12), limits);
        return;
      case 3:
        if (random_.one_in(8)) list.erase(2, size, limits);
        return;
      case 4:
        list.remove(end, element(), 1 + random_.below(3), limits);
        return;
      case 5:
        list.pop(end, random_.below(4), limits, [](PackedValue) {});
        return;
      case 6:
        list.append_plain(value, limits);
        return;
      case 7: {
        Listpack pack;
        for (int i = 0; i < 3; ++i)
          pack.push_back(std::string_view(element()));
        return list.append_pack(pack.view(), limits);
      }
      case 8:
        return list.settle(limits);
      default: {
        const std::string other = element();
        const std::array<std::string_view, 2> values{value, other};
        list.push(end, values, limits);
      }
    }
  }

  void change_set(Set& set) {
    const std::string name = random_.one_in(3) ? text(20) : element();
    const PackedValue member = std::string_view(name);
    const auto drop = [](PackedValue) {};
    switch (random_.below(10)) {
      case 0:
      case 1:
        set.erase(member);
        return;
      case 2:
        if (!set.empty()) set.pop(random_, drop);
        return;
      case 3:
        if (random_.one_in(5)) set.pop(random_, set.size() - set.size() / 8, kSetOptions, drop);
        return;
      case 4:
        set.pop(random_, std::min<size_t>(set.size(), 3), kSetOptions, drop);
        return;
      case 5:
        if (random_.one_in(10)) set.expect(20, kSetOptions);
        return;
      default:
        set.add(member, kSetOptions);
    }
  }

  void change_sorted_set(SortedSet& set) {
    const std::string member = random_.one_in(3) ? text(20) : element();
    const double score = static_cast<double>(random_.below(40)) / 4;
    switch (random_.below(12)) {
      case 0:
      case 1:
        set.erase(member);
        return;
      case 2:
        set.pop(random_.one_in(2) ? SortedSet::End::kLowest : SortedSet::End::kHighest);
        return;
      case 3: {
        if (set.empty()) return;
        const size_t first = random_.below(set.size());
        const size_t most = random_.one_in(6) ? 200 : 5;
        set.erase_ranks({first, std::min(set.size() - first, random_.below(most))});
        return;
      }
      case 4:
        if (random_.one_in(4)) set.make_small_if_fits(kSortedSetOptions);
        return;
      case 5:
        if (random_.one_in(10)) set.make_large(kSortedSetOptions, 20);
        return;
      case 6:
        if (set.empty()) return;
        if (!set.score("z" + member))
          set.append("z" + member, set.last().score() + 1, kSortedSetOptions);
        return;
      case 7:
        set.add(member, 1, {.increment = true}, kSortedSetOptions);
        return;
      default:
        set.add(member, score, kSortedSetOptions);
    }
  }

  void change_hash(Hash& hash) {
    const std::string field = random_.one_in(3) ? text(20) : element();
    switch (random_.below(12)) {
      case 0:
      case 1:
        hash.erase(field);
        return;
      case 2:
      case 3:
        hash.set_deadline(field, now_ms_ + static_cast<int64_t>(random_.below(200)), kHashOptions);
        return;
      case 4:
        hash.clear_deadline(field);
        return;
      case 5:
        hash.erase_if_due(field, now_ms_);
        return;
      case 6:
        hash.erase_due(now_ms_, random_.below(4), [](const HashField&) {});
        return;
      case 7:
        if (random_.one_in(10)) hash.expect(20, kHashOptions);
        return;
      case 8:
        hash.set(field, text(), kHashOptions, store::FieldDeadlineRule::kKeep);
        return;
      default:
        hash.set(field, text(), kHashOptions);
    }
  }

  void change_stream(Stream& stream) {
    const StreamId some{random_.below(stream.last_id().ms + 2), 0};
    switch (random_.below(16)) {
      case 0:
        stream.erase(some);
        return;
      case 1:
        stream.trim({.length_max = random_.below(stream.size() + 4),
                     .whole_blocks_only = random_.one_in(2)});
        return;
      case 2:
        stream.trim({.min_id = StreamId{some.ms / 2, 0}});
        return;
      case 3:
        stream.set_last_id(StreamId{stream.last_id().ms + 1, 0});
        stream.set_entries_added(stream.counters().entries_added + 1);
        stream.set_max_deleted_id(some);
        return;
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
      case 9: {
        const std::string group = "g" + std::to_string(random_.below(3));
        if (stream.find_group(group) == nullptr) {
          stream.create_group(group).set_last_id(some);
        } else {
          change_group(stream, *stream.find_group(group), some);
        }
        return;
      }
      default: {
        const std::string value = text();
        const std::array<std::string_view, 2> fields{"f", value};
        stream.append({stream.last_id().ms + 1 + random_.below(2), 0}, fields, kStreamLimits);
      }
    }
  }

  void change_group(Stream& stream, ConsumerGroup& group, StreamId id) {
    const std::string name = "c" + std::to_string(random_.below(3));
    Consumer* consumer = group.find_consumer(name);
    if (consumer == nullptr) {
      group.create_consumer(name, now_ms_);
      return;
    }
    switch (random_.below(12)) {
      case 0:
        if (random_.one_in(4)) stream.destroy_group(group);
        return;
      case 1:
        if (random_.one_in(3)) group.destroy_consumer(*consumer);
        return;
      case 2:
        return group.set_last_id(id);
      case 3:
        return group.set_entries_read(static_cast<int64_t>(id.ms));
      case 4:
        return group.set_seen(*consumer, now_ms_);
      case 5:
        return group.set_active(*consumer, now_ms_);
      case 6:
      case 7:
        group.acknowledge(id);
        return;
      case 8:
        if (group.find_pending(id) != nullptr)
          group.redeliver(id, {.delivered_ms = now_ms_, .deliveries = 9, .consumer = consumer});
        return;
      default:
        group.add_pending(id, {.delivered_ms = now_ms_, .deliveries = 1, .consumer = consumer});
    }
  }

  Random random_;
  std::string prefix_;
  ShardMemory memory_;
  std::array<std::unique_ptr<Keyspace>, kSpaces> spaces_;
  int64_t now_ms_ = 1'700'000'000'000;
  bool grows_ = true;
};

}  // namespace kvstash::test
