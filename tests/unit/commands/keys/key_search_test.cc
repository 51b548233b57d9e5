#include "commands/keys/key_search.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

constexpr HashSeed kSeed{1, 2, 3};
constexpr int64_t kNow = 1'700'000'000'000;

class Keys {
 public:
  void add(const std::string& key, store::Keyspace::Deadline deadline = std::nullopt) {
    space_.put_string(ref(key), space_.find(ref(key)), "v", deadline);
  }
  void erase(const std::string& key) { space_.erase(ref(key), space_.find(ref(key))); }
  store::Keyspace& space() { return space_; }

 private:
  static store::KeyRef ref(const std::string& key) { return {key, keyed_hash(key, kSeed)}; }

  store::ShardMemory memory_;
  store::Keyspace space_{kSeed, memory_, kNow};
};

// The names in a run of bulk strings.
std::multiset<std::string> names_in(const FoundKeys& found) {
  std::multiset<std::string> names;
  std::string_view rest = found.bulks;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const size_t length = std::stoul(std::string(rest.substr(1, end - 1)));
    names.emplace(rest.substr(end + 2, length));
    rest.remove_prefix(end + 2 + length + 2);
  }
  return names;
}

std::multiset<std::string> walk_all(Keys& keys, const KeyFilter& filter) {
  return names_in(walk_keys(keys.space(), {}, filter, {}, kNow).found);
}

TEST_CASE("a walk tells apart what would be shown had it not expired") {
  Keys keys;
  keys.add("apple", kNow - 1);
  keys.add("apricot", kNow + 1);
  keys.add("plum", kNow - 1);
  const WalkResult result = walk_keys(keys.space(), {}, {.pattern = "ap*", .type = {}}, {}, kNow);
  CHECK(names_in(result.found) == std::multiset<std::string>{"apricot"});
  CHECK(result.expired == std::vector<std::string>{"apple"});
}

TEST_CASE("a walk shows what the pattern and the type ask for") {
  Keys keys;
  keys.add("apple");
  keys.add("apricot");
  keys.add("plum");
  CHECK(walk_all(keys, {}) == std::multiset<std::string>{"apple", "apricot", "plum"});
  CHECK(walk_all(keys, {.pattern = "ap*", .type = {}}) ==
        std::multiset<std::string>{"apple", "apricot"});
  CHECK(walk_all(keys, {.pattern = "ap*", .type = store::ValueType::kString}).size() == 2);
  CHECK(walk_all(keys, {.pattern = "ap*", .type = store::ValueType::kList}).empty());
  CHECK(walk_all(keys, {.pattern = "*", .type = {}, .matches_nothing = true}).empty());
}

TEST_CASE("a walk does not show keys whose deadline has passed") {
  Keys keys;
  keys.add("gone", kNow);
  keys.add("there", kNow + 1);
  CHECK(walk_all(keys, {}) == std::multiset<std::string>{"there"});
  CHECK(find_literal(keys.space(), {.pattern = "gone", .type = {}}, kNow).count == 0);
  CHECK(find_literal(keys.space(), {.pattern = "there", .type = {}}, kNow).count == 1);
}

TEST_CASE("a literal pattern finds its key and nothing else") {
  Keys keys;
  keys.add("user:1");
  keys.add("user:10");
  CHECK(names_in(find_literal(keys.space(), {.pattern = "user:1", .type = {}}, kNow)) ==
        std::multiset<std::string>{"user:1"});
  CHECK(find_literal(keys.space(), {.pattern = "user:2", .type = {}}, kNow).count == 0);
  CHECK(find_literal(keys.space(), {.pattern = "user:1", .type = store::ValueType::kHash}, kNow)
            .count == 0);
}

TEST_CASE("only a pattern without wildcards, classes and escapes is literal") {
  for (const std::string_view literal : {"", "a", "user:1", "a]b", "a-b^"})
    CHECK(is_literal(literal));
  for (const std::string_view pattern : {"*", "a?", "[a]", "a\\b", "a*b"})
    CHECK(!is_literal(pattern));
}

TEST_CASE("names may hold any bytes") {
  Keys keys;
  const std::string odd("\r\n$5\0*", 7);
  keys.add(odd);
  keys.add("");
  CHECK(walk_all(keys, {}) == std::multiset<std::string>{"", odd});
}

TEST_CASE("a walk ends at about its count, and sooner in a table that is nearly empty") {
  Keys keys;
  for (unsigned i = 0; i < 10'000; ++i)
    keys.add("key:" + std::to_string(i));
  const WalkResult ten = walk_keys(keys.space(), {}, {}, {.keys = 10, .buckets = 100}, kNow);
  CHECK(ten.seen >= 10);
  CHECK(ten.seen < 40);
  CHECK(ten.next != store::ScanPosition{});
  const WalkResult five = walk_keys(keys.space(), {}, {}, {.keys = 1000, .buckets = 5}, kNow);
  CHECK(five.seen < 100);
  CHECK(five.next != store::ScanPosition{});
}

// The promise of SCAN: a key that is there from the first call to the last is shown. One that was
// never there is not. The table grows and shrinks by factors meanwhile.
TEST_CASE("a scan shows every key that stays, whatever is added and removed between its calls") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Keys keys;
    std::set<std::string> stay;
    std::vector<std::string> passing;
    const size_t kept = 1 + random.below(1000);
    const size_t pace = size_t{1} << random.below(9);  // A slow resize meets more of the scan.
    for (size_t i = 0; i < kept; ++i) {
      const std::string key = "stay:" + std::to_string(i);
      keys.add(key);
      stay.insert(key);
    }
    size_t next_name = 0;
    const auto grow = [&](size_t by) {
      for (size_t i = 0; i < by; ++i) {
        passing.push_back("pass:" + std::to_string(next_name++));
        keys.add(passing.back());
      }
    };
    const auto shrink = [&](size_t by) {
      for (size_t i = 0; i < by && !passing.empty(); ++i) {
        std::swap(passing[random.below(passing.size())], passing.back());
        keys.erase(passing.back());
        passing.pop_back();
      }
    };
    grow(random.below(3000));

    std::set<std::string> shown;
    store::ScanPosition position{};
    bool grows = random.one_in(2);
    size_t calls = 0;
    do {
      const size_t count = 1 + random.below(50);
      const WalkResult part =
          walk_keys(keys.space(), position, {}, {.keys = count, .buckets = count * 10}, kNow);
      shown.merge([&] {
        const auto names = names_in(part.found);
        return std::set<std::string>(names.begin(), names.end());
      }());
      position = part.next;
      if (random.one_in(40)) grows = !grows;
      grows ? grow(random.below(pace + 1)) : shrink(random.below(pace + 1));
      if (random.one_in(100)) keys.space().finish_resize();
      REQUIRE(++calls < 100'000);
    } while (position != store::ScanPosition{});

    for (const std::string& key : stay) {
      CAPTURE(key);
      REQUIRE(shown.contains(key));
    }
    for (const std::string& key : shown)
      CHECK((stay.contains(key) || std::stoul(key.substr(5)) < next_name));
  }
}

}  // namespace
}  // namespace kvstash::commands
