#include "store/keyspace.h"

#include "base/random.h"
#include "store/hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr HashSeed kSeed{1, 2, 3};
constexpr size_t kSizes[] = {0, 1, 20, 44, 45, 64, 65, 4096, 4097, 70000};

KeyRef key_ref(std::string_view name) {
  return {name, keyed_hash(name, kSeed)};
}

// One keyspace and its shard's memory, with a few words to use it.
class Space {
 public:
  void put(std::string_view name, std::string_view value,
           Keyspace::Deadline deadline = std::nullopt) {
    keys.put_string(key_ref(name), find(name), value, deadline);
  }
  void erase(std::string_view name) { keys.erase(key_ref(name), find(name)); }
  Entry* find(std::string_view name) const { return keys.find(key_ref(name)); }
  std::string value(std::string_view name) const {
    NumberText scratch;
    return std::string(string_bytes(*find(name), scratch));
  }
  std::span<char> open(std::string_view name, size_t size) {
    std::span<char> bytes;
    keys.open_string(key_ref(name), find(name), size, bytes);
    return bytes;
  }
  Encoding encoding(std::string_view name) const { return find(name)->encoding(); }

  // A hash of these fields; a deadline of 0: none.
  void put_hash(std::string_view name, const std::map<std::string, int64_t>& fields) {
    Hash hash;
    for (const auto& [field, deadline_ms] : fields) {
      hash.set(field, "v", {.seed = kSeed});
      if (deadline_ms != 0) hash.set_deadline(field, deadline_ms, {.seed = kSeed});
    }
    keys.put_object(key_ref(name), find(name), ValueType::kHash, hash.release(), std::nullopt);
  }
  template <typename Change>
  void change_hash(std::string_view name, Change&& change) {
    Hash hash = Hash::adopt(keys.open_object(key_ref(name), *find(name)));
    const size_t bytes_before = hash.bytes();
    change(hash);
    keys.update_object(key_ref(name), find(name), hash.release(), bytes_before);
  }
  size_t fields_in_wheel() const {
    return keys.field_deadlines() == nullptr ? 0 : keys.field_deadlines()->size();
  }
  // Takes the hashes that are due out of their wheel, one by one, by erasing them.
  size_t due_hashes(int64_t now_ms) {
    size_t due = 0;
    size_t budget = 1'000'000;
    if (keys.field_deadlines() == nullptr) return 0;
    while (const Entry* entry = keys.field_deadlines()->next_due(now_ms, budget)) {
      erase(std::string(entry->key()));
      ++due;
    }
    return due;
  }

  ShardMemory memory;
  Keyspace keys{kSeed, memory, kNow};
};

// The bytes of all entries, asked one by one.
size_t bytes_of_all(const Keyspace& keys) {
  size_t bytes = 0;
  ScanPosition position{};
  do {
    position = keys.table().scan(position,
                                 [&bytes](Entry* entry) { bytes += Keyspace::bytes_of(*entry); });
  } while (position != ScanPosition{});
  return bytes;
}

}  // namespace

TEST_CASE("strings of every size come back as they were put") {
  Space space;
  for (const size_t size : kSizes) {
    CAPTURE(size);
    const std::string value(size, 'v');
    space.put("k", value);
    CHECK(space.value("k") == value);
    CHECK(string_length(*space.find("k")) == size);
  }
  CHECK(space.keys.size() == 1);
}

TEST_CASE("the encoding is int for canonical integers, embstr up to 44 bytes, then raw") {
  Space space;
  const auto encoding_of = [&space](std::string_view value) {
    space.put("k", value);
    CHECK(space.value("k") == value);
    return space.encoding("k");
  };
  for (const char* number : {"0", "-1", "9223372036854775807", "-9223372036854775808"})
    CHECK(encoding_of(number) == Encoding::kInt);
  for (const char* text : {"", "-0", "+1", "007", " 1", "1.0", "9223372036854775808"})
    CHECK(encoding_of(text) == Encoding::kEmbstr);
  CHECK(encoding_of(std::string(44, 'x')) == Encoding::kEmbstr);
  CHECK(encoding_of(std::string(45, 'x')) == Encoding::kRaw);
  CHECK(encoding_of(std::string(5000, 'x')) == Encoding::kRaw);
}

TEST_CASE("an integer is kept as a number and reads as its digits") {
  Space space;
  Entry* entry = space.keys.put_integer(key_ref("n"), nullptr, -42, std::nullopt);
  CHECK(entry->integer() == -42);
  CHECK(space.value("n") == "-42");
  CHECK(string_length(*entry) == 3);
  entry = space.keys.put_integer(key_ref("n"), entry, 7, std::nullopt);
  CHECK(space.value("n") == "7");
}

TEST_CASE("a string opened for change keeps its bytes, and its growth is zeroed") {
  for (const size_t old_size : kSizes) {
    for (const size_t new_size : kSizes) {
      CAPTURE(old_size);
      CAPTURE(new_size);
      Space space;
      space.put("k", std::string(old_size, 'v'));
      const std::span<char> bytes = space.open("k", new_size);
      std::string expected(old_size, 'v');
      expected.resize(std::max(old_size, new_size), '\0');
      REQUIRE(std::string(bytes.begin(), bytes.end()) == expected);
      REQUIRE(space.value("k") == expected);
      REQUIRE(space.encoding("k") == Encoding::kRaw);
    }
  }
}

TEST_CASE("an integer opened for change becomes its digits") {
  Space space;
  space.put("n", "123");
  const std::span<char> bytes = space.open("n", 4);
  bytes[3] = '4';
  CHECK(space.value("n") == "1234");
  CHECK(space.encoding("n") == Encoding::kRaw);
}

TEST_CASE("an absent string opens as zeros") {
  Space space;
  CHECK(space.open("k", 100).size() == 100);
  CHECK(space.value("k") == std::string(100, '\0'));
}

TEST_CASE("bytes shrunk away and grown again are zeros, not what was there before") {
  Space space;
  space.open("k", 5000)[4999] = 'x';
  space.open("k", 9000);
  CHECK(space.value("k")[8999] == '\0');
  CHECK(space.value("k")[4999] == 'x');
}

TEST_CASE("a string that grows by little is seldom moved") {
  Space space;
  space.put("k", std::string(5000, 'v'));
  size_t moves = 0;
  const Blob* before = nullptr;
  for (size_t size = 5001; size < 200'000; ++size) {
    space.open("k", size);
    const Blob* blob = space.find("k")->blob();
    moves += blob != before ? 1 : 0;
    before = blob;
  }
  CHECK(moves < 10);
}

TEST_CASE("a deadline comes, moves and goes without touching key and value") {
  Space space;
  for (const char* value : {"text", "12", ""}) {
    CAPTURE(value);
    space.put("k", value);
    CHECK_FALSE(space.find("k")->has_deadline());
    space.keys.set_deadline(key_ref("k"), space.find("k"), kNow + 5);
    CHECK(space.find("k")->deadline_ms() == kNow + 5);
    CHECK(space.keys.deadlines().size() == 1);
    space.keys.set_deadline(key_ref("k"), space.find("k"), kNow + 50'000);
    CHECK(space.find("k")->deadline_ms() == kNow + 50'000);
    CHECK(space.keys.deadlines().size() == 1);
    CHECK(space.value("k") == value);
    space.keys.set_deadline(key_ref("k"), space.find("k"), std::nullopt);
    CHECK_FALSE(space.find("k")->has_deadline());
    CHECK(space.keys.deadlines().size() == 0);
    CHECK(space.value("k") == value);
  }
}

TEST_CASE("put decides about the deadline, open keeps it") {
  Space space;
  space.put("k", "v", kNow + 5);
  space.open("k", 300);
  CHECK(space.find("k")->deadline_ms() == kNow + 5);
  space.put("k", "w", kNow + 9);
  CHECK(space.find("k")->deadline_ms() == kNow + 9);
  space.put("k", "w");
  CHECK_FALSE(space.find("k")->has_deadline());
  CHECK(space.keys.deadlines().size() == 0);
}

TEST_CASE("the wheel hands out a key at the deadline it has now") {
  Space space;
  space.put("early", "v", kNow + 10);
  space.put("late", "v", kNow + 10);
  space.keys.set_deadline(key_ref("late"), space.find("late"), kNow + 20);
  size_t budget = 1000;
  Entry* due = space.keys.deadlines().next_due(kNow + 10, budget);
  REQUIRE(due == space.find("early"));
  space.erase("early");
  CHECK(space.keys.deadlines().next_due(kNow + 10, budget) == nullptr);
  CHECK(space.keys.deadlines().next_due(kNow + 20, budget) == space.find("late"));
}

TEST_CASE("access clock and marks stay with a key that changes its shape, and go with the key") {
  Space space;
  space.put("k", "v");
  space.find("k")->set_access(12345);
  space.keys.set_mark(*space.find("k"), Mark::kSecond, true);
  space.keys.set_mark(*space.find("k"), Mark::kSecond, true);
  space.put("k", std::string(4000, 'v'), kNow + 5);
  CHECK(space.find("k")->access() == 12345);
  CHECK(space.find("k")->has_mark(Mark::kSecond));
  CHECK_FALSE(space.find("k")->has_mark(Mark::kFirst));
  CHECK(space.keys.marked(Mark::kSecond) == 1);
  space.keys.move_in(key_ref("other"), space.keys, key_ref("k"), space.find("k"));
  CHECK_FALSE(space.find("other")->has_marks());
  CHECK(space.keys.marked(Mark::kSecond) == 0);
  space.keys.set_mark(*space.find("other"), Mark::kFirst, true);
  CHECK(space.keys.marked(Mark::kFirst) == 1);
  space.erase("other");
  CHECK(space.keys.marked(Mark::kFirst) == 0);
}

TEST_CASE("a moved value takes its deadline along, whatever its shape, into another keyspace") {
  ShardMemory memory;
  Keyspace source(kSeed, memory, kNow);
  Keyspace target(kSeed, memory, kNow);
  for (const size_t size : kSizes) {
    CAPTURE(size);
    const std::string value(size, 'v');
    Entry* entry = source.put_string(key_ref("from"), nullptr, value, kNow + 5);
    const Entry* moved = target.move_in(key_ref("to"), source, key_ref("from"), entry);
    NumberText scratch;
    CHECK(source.find(key_ref("from")) == nullptr);
    CHECK(source.deadlines().size() == 0);
    CHECK(target.find(key_ref("to")) == moved);
    CHECK(string_bytes(*moved, scratch) == value);
    CHECK(moved->deadline_ms() == kNow + 5);
    CHECK(memory.bytes == Keyspace::bytes_of(*moved));
    target.erase(key_ref("to"), target.find(key_ref("to")));
    CHECK(memory.bytes == 0);
  }
}

TEST_CASE("a value moves under another name in its own keyspace") {
  Space space;
  space.put("from", "v", kNow + 5);
  space.keys.move_in(key_ref("a longer name"), space.keys, key_ref("from"), space.find("from"));
  CHECK(space.find("from") == nullptr);
  CHECK(space.value("a longer name") == "v");
  CHECK(space.keys.size() == 1);
}

TEST_CASE("a copy is independent of its original") {
  Space space;
  for (const size_t size : kSizes) {
    CAPTURE(size);
    const std::string value(size, 'v');
    space.put("original", value, kNow + 5);
    space.keys.copy_in(key_ref("copy"), *space.find("original"));
    space.open("original", size + 1)[0] = 'x';
    CHECK(space.value("copy") == value);
    CHECK(space.find("copy")->deadline_ms() == kNow + 5);
    space.erase("original");
    CHECK(space.value("copy") == value);
    space.erase("copy");
  }
  CHECK(space.memory.bytes == 0);
}

TEST_CASE("long values that are dropped go to the garbage, short ones at once") {
  Space space;
  space.put("short", std::string(60'000, 'v'));
  space.erase("short");
  CHECK(space.memory.garbage.empty());
  space.put("long", std::string(70'000, 'v'));
  space.erase("long");
  CHECK(space.memory.garbage.size() == 1);
  space.put("long", std::string(70'000, 'v'));
  space.put("long", "replaced");
  CHECK(space.memory.garbage.size() == 2);
  space.memory.garbage.clear();
  CHECK(space.value("long") == "replaced");
}

TEST_CASE("the count of bytes is exact after any changes, and nothing is left at the end") {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    Random random(seed);
    Space space;
    std::map<std::string, std::string> expected;
    for (int round = 0; round < 6000; ++round) {
      const std::string name = "key:" + std::to_string(random.below(60));
      Entry* entry = space.find(name);
      REQUIRE((entry != nullptr) == expected.contains(name));
      const auto deadline = random.one_in(2)
                                ? Keyspace::Deadline(kNow + static_cast<int64_t>(random.below(100)))
                                : std::nullopt;
      const size_t size = random.one_in(20) ? random.below(100'000) : random.below(120);
      switch (random.below(6)) {
        case 0:
        case 1: {
          expected[name] = std::string(size, 'v');
          space.put(name, expected[name], deadline);
          break;
        }
        case 2: {
          const auto number = static_cast<int64_t>(random.next());
          expected[name] = std::to_string(number);
          space.keys.put_integer(key_ref(name), entry, number, deadline);
          break;
        }
        case 3: {
          const std::span<char> bytes = space.open(name, size);
          std::fill(bytes.begin(), bytes.end(), 'w');
          expected[name] = std::string(std::max(expected[name].size(), size), 'w');
          break;
        }
        case 4: {
          if (entry != nullptr) space.keys.set_deadline(key_ref(name), entry, deadline);
          break;
        }
        case 5: {
          if (entry != nullptr) space.erase(name);
          expected.erase(name);
          break;
        }
      }
      if (round % 100 == 0) REQUIRE(space.memory.bytes == bytes_of_all(space.keys));
    }
    REQUIRE(space.keys.size() == expected.size());
    for (const auto& [name, value] : expected) {
      REQUIRE(space.value(name) == value);
      space.erase(name);
    }
    CHECK(space.memory.bytes == 0);
    CHECK(space.keys.deadlines().size() == 0);
  }
}

TEST_CASE("a hash is in the wheel of fields by its earliest deadline, wherever its key goes") {
  Space space;
  Space other;
  const auto deadline_of = [](const Space& in, std::string_view name) {
    return in.find(name)->link(DeadlineOf::kFields).deadline_ms;
  };
  space.put_hash("h", {{"a", kNow + 50}, {"b", kNow + 70}, {"c", 0}});
  CHECK(space.fields_in_wheel() == 1);
  CHECK(deadline_of(space, "h") == kNow + 50);
  space.change_hash("h", [](Hash& hash) { hash.erase("a"); });
  CHECK(deadline_of(space, "h") == kNow + 70);
  space.keys.set_deadline(key_ref("h"), space.find("h"), kNow + 60);
  CHECK(deadline_of(space, "h") == kNow + 70);
  CHECK(space.keys.deadlines().size() == 1);

  other.keys.copy_in(key_ref("copy"), *space.find("h"));
  CHECK(other.fields_in_wheel() == 1);
  CHECK(other.keys.deadlines().size() == 1);
  CHECK(deadline_of(other, "copy") == kNow + 70);
  other.keys.move_in(key_ref("moved"), space.keys, key_ref("h"), space.find("h"));
  CHECK(space.fields_in_wheel() == 0);
  CHECK(other.fields_in_wheel() == 2);
  other.put("copy", "a string now");
  CHECK(other.fields_in_wheel() == 1);
  CHECK_FALSE(other.find("copy")->has_field_deadlines());
  other.change_hash("moved", [](Hash& hash) { hash.clear_deadline("b"); });
  CHECK(other.fields_in_wheel() == 0);
  CHECK_FALSE(other.find("moved")->has_field_deadlines());
  CHECK(other.find("moved")->deadline_ms() == kNow + 60);
  other.put_hash("moved", {{"x", kNow + 5}});
  CHECK(other.fields_in_wheel() == 1);
  other.erase("moved");
  CHECK(other.fields_in_wheel() == 0);
}

TEST_CASE("after any changes the wheel of fields holds exactly the hashes with deadlines") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Space spaces[2];
    const std::string names[] = {"a", "b", "c", "d", "e", std::string(300, 'f')};
    const auto some_name = [&] { return names[random.below(std::size(names))]; };
    const auto some_field = [&] {
      return std::string(1, static_cast<char>('0' + random.below(5)));
    };
    for (int step = 0; step < 2000; ++step) {
      Space& space = spaces[random.below(2)];
      const std::string name = some_name();
      const bool is_hash =
          space.find(name) != nullptr && space.find(name)->type() == ValueType::kHash;
      const auto at_ms = kNow + static_cast<int64_t>(random.below(1'000'000));
      switch (random.below(10)) {
        case 0:
          space.put(name, "v");
          break;
        case 1:
          if (space.find(name) != nullptr) space.erase(name);
          break;
        case 2:
          if (space.find(name) != nullptr)
            space.keys.set_deadline(key_ref(name), space.find(name),
                                    random.one_in(2) ? Keyspace::Deadline(at_ms) : std::nullopt);
          break;
        case 3: {
          Space& to = spaces[random.below(2)];
          const std::string to_name = some_name();
          if (space.find(name) == nullptr || to.find(to_name) != nullptr) break;
          if (random.one_in(2)) {
            to.keys.copy_in(key_ref(to_name), *space.find(name));
          } else {
            to.keys.move_in(key_ref(to_name), space.keys, key_ref(name), space.find(name));
          }
          break;
        }
        case 4:
          space.put_hash(name, {{"0", at_ms}, {"1", 0}});
          break;
        default:
          if (!is_hash) break;
          space.change_hash(name, [&](Hash& hash) {
            hash.set(some_field(), "v", {.seed = kSeed});
            hash.set_deadline(some_field(), at_ms, {.seed = kSeed});
            hash.clear_deadline(some_field());
            if (hash.size() > 1) hash.erase(some_field());
          });
      }
    }
    for (Space& space : spaces) {
      size_t with_deadlines = 0;
      for (const std::string& name : names) {
        const Entry* entry = space.find(name);
        if (entry == nullptr) continue;
        const auto next = entry->is_object()
                              ? next_field_deadline_ms(entry->type(), entry->object())
                              : std::nullopt;
        REQUIRE(entry->has_field_deadlines() == next.has_value());
        if (next) CHECK(entry->link(DeadlineOf::kFields).deadline_ms == *next);
        with_deadlines += next ? 1 : 0;
      }
      CHECK(space.fields_in_wheel() == with_deadlines);
      CHECK(space.due_hashes(kNow + 2'000'000) == with_deadlines);
      CHECK(space.memory.bytes == bytes_of_all(space.keys));
    }
  }
}

TEST_CASE("a keyspace that goes takes its bytes with it") {
  ShardMemory memory;
  {
    Keyspace keys(kSeed, memory, kNow);
    keys.put_string(key_ref("k"), nullptr, std::string(9000, 'v'), kNow + 5);
    CHECK(memory.bytes > 9000);
  }
  CHECK(memory.bytes == 0);
}

TEST_CASE("a dropped keyspace counts no longer, and may outlive its shard's memory") {
  for (const Keyspace::Free free : {Keyspace::Free::kHere, Keyspace::Free::kByReaper}) {
    auto memory = std::make_unique<ShardMemory>();
    auto keys = std::make_unique<Keyspace>(kSeed, *memory, kNow);
    keys->put_string(key_ref("k"), nullptr, std::string(9000, 'v'), std::nullopt);
    Keyspace::drop(std::move(keys), free);
    CHECK(memory->bytes == 0);
    CHECK(memory->garbage.size() == (free == Keyspace::Free::kHere ? 0 : 1));
    Garbage garbage = std::move(memory->garbage);
    memory.reset();
    garbage.clear();
  }
}

}  // namespace kvstash::store
