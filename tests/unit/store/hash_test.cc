#include "store/hash.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kvstash::store {
namespace {

using namespace std::string_view_literals;

constexpr HashOptions kOptions{.seed = {1, 2, 3}};
constexpr int64_t kNow = 1000;
constexpr int64_t kNothingDue = Hash::kNothingDue;

using Contents = std::map<std::string, std::string>;

std::string text(PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

std::string value_of(const Hash& hash, std::string_view field, int64_t now_ms = kNothingDue) {
  const std::optional<PackedValue> found = hash.find(field, now_ms);
  return found ? text(*found) : "(none)";
}

// Fails if a field comes twice.
Contents contents(const Hash& hash, int64_t now_ms = kNothingDue) {
  Contents all;
  hash.for_each(now_ms, [&all](const HashField& field) {
    REQUIRE(all.emplace(text(field.name), text(field.value)).second);
  });
  return all;
}

Hash numbered(size_t fields, const HashOptions& options = kOptions) {
  Hash hash;
  for (size_t i = 0; i < fields; ++i)
    hash.set("field:" + std::to_string(i), std::to_string(i), options);
  return hash;
}

}  // namespace

TEST_CASE("a hash gives back what was stored, as text, in both forms") {
  for (const size_t entries_max : {0u, 128u}) {
    HashOptions options = kOptions;
    options.listpack_entries_max = entries_max;
    Hash hash;
    CHECK(hash.set("name", "ann", options));
    CHECK(hash.set("age", "42", options));
    CHECK(hash.set("", "", options));
    CHECK(!hash.set("age", "-7", options));
    CHECK(hash.size() == 3);
    CHECK(value_of(hash, "name") == "ann");
    CHECK(value_of(hash, "age") == "-7");
    CHECK(value_of(hash, "") == "");
    CHECK(value_of(hash, "ann") == "(none)");
    CHECK(!hash.contains("-7", kNothingDue));
    CHECK(hash.erase("name"));
    CHECK(!hash.erase("name"));
    CHECK(contents(hash) == Contents{{"age", "-7"}, {"", ""}});
    CHECK(hash.encoding() == (entries_max == 0 ? Encoding::kHashtable : Encoding::kListpack));
  }
}

TEST_CASE("a hash of ten small fields takes one allocation, smaller than its listpack's") {
  Hash hash;
  for (size_t i = 0; i < 10; ++i)
    hash.set("field" + std::to_string(i), "value:" + std::to_string(i), kOptions);
  CHECK(hash.encoding() == Encoding::kListpack);
  CHECK(hash.listpack().total_bytes() == 7 + 10 * (6 + 2 + 7 + 2));
  CHECK(hash.bytes() == allocation_bytes(7 + 10 * (6 + 1 + 7 + 1)));
}

TEST_CASE("a hash becomes a table with one field too many, and stays one") {
  Hash hash = numbered(128);
  CHECK(hash.encoding() == Encoding::kListpack);
  CHECK(!hash.set("field:5", "other", kOptions));
  CHECK(hash.encoding() == Encoding::kListpack);
  CHECK(hash.set("one more", "x", kOptions));
  CHECK(hash.encoding() == Encoding::kHashtable);
  CHECK(hash.size() == 129);
  CHECK(value_of(hash, "field:5") == "other");
  CHECK(value_of(hash, "field:127") == "127");
  for (size_t i = 0; i < 128; ++i)
    CHECK(hash.erase("field:" + std::to_string(i)));
  CHECK(hash.encoding() == Encoding::kHashtable);
  CHECK(contents(hash) == Contents{{"one more", "x"}});
}

TEST_CASE("a hash becomes a table with a field or value that is too long") {
  const std::string fits(64, 'x');
  const std::string too_long(65, 'x');
  Hash hash;
  hash.set(fits, fits, kOptions);
  CHECK(hash.encoding() == Encoding::kListpack);
  hash.set(fits, too_long, kOptions);
  CHECK(hash.encoding() == Encoding::kHashtable);
  CHECK(value_of(hash, fits) == too_long);
  Hash other;
  other.set(too_long, "", kOptions);
  CHECK(other.encoding() == Encoding::kHashtable);
}

TEST_CASE("a hash that is told of too many fields becomes a table before they come") {
  Hash hash = numbered(3);
  hash.expect(128, kOptions);
  CHECK(hash.encoding() == Encoding::kListpack);
  hash.expect(129, kOptions);
  CHECK(hash.encoding() == Encoding::kHashtable);
  CHECK(hash.size() == 3);
}

TEST_CASE("a hash agrees with a map through random changes over the thresholds") {
  HashOptions options = kOptions;
  options.listpack_entries_max = 20;
  Random random(1);
  for (int round = 0; round < 30; ++round) {
    Hash hash;
    Contents expected;
    for (size_t i = 0; i < 600; ++i) {
      const size_t range = i < 100 ? 15 : 400;
      const std::string field = std::to_string(random.below(range) * (random.one_in(2) ? 1 : 1000));
      if (random.below(10) < (i < 400 ? 7u : 3u)) {
        const std::string value(random.below(i < 90 ? 60 : 90), 'v');
        CHECK(hash.set(field, value, options) == !expected.contains(field));
        expected[field] = value;
      } else {
        CHECK(hash.erase(field) == (expected.erase(field) == 1));
      }
      if (i % 50 == 0) {
        REQUIRE(hash.is_sound());
        REQUIRE(contents(hash) == expected);
        REQUIRE(contents(hash.copy()) == expected);
      }
    }
    CHECK(hash.size() == expected.size());
    for (const auto& [field, value] : expected)
      CHECK(value_of(hash, field) == value);
  }
}

TEST_CASE("a hash with deadlines agrees with maps while fields come, go and fall due") {
  HashOptions options = kOptions;
  options.listpack_entries_max = 10;
  Random random(2);
  for (int round = 0; round < 40; ++round) {
    Hash hash;
    Contents expected;
    std::map<std::string, int64_t> deadlines;
    int64_t now_ms = 1000;
    const auto is_live = [&](const std::string& field) {
      return expected.contains(field) &&
             (!deadlines.contains(field) || deadlines.at(field) > now_ms);
    };
    for (int i = 0; i < 400; ++i) {
      const std::string field = "f" + std::to_string(random.below(i < 80 ? 8 : 60));
      const auto at_ms = now_ms + static_cast<int64_t>(random.below(200)) - 20;
      switch (random.below(7)) {
        case 0:
        case 1: {
          const bool keeps = random.one_in(2);
          const std::string value(random.below(100), 'v');
          CHECK(hash.set(field, value, options,
                         keeps ? FieldDeadlineRule::kKeep : FieldDeadlineRule::kDrop) ==
                !expected.contains(field));
          expected[field] = value;
          if (!keeps) deadlines.erase(field);
          break;
        }
        case 2:
          CHECK(hash.set_deadline(field, at_ms, options) == expected.contains(field));
          if (expected.contains(field)) deadlines[field] = at_ms;
          break;
        case 3:
          CHECK(hash.clear_deadline(field) == (deadlines.erase(field) == 1));
          break;
        case 4:
          CHECK(hash.erase(field) == (expected.erase(field) == 1));
          deadlines.erase(field);
          break;
        case 5:
          CHECK(hash.contains(field, now_ms) == is_live(field));
          break;
        default: {
          now_ms += static_cast<int64_t>(random.below(30));
          const size_t erased = hash.erase_due(now_ms, 1000, [](const HashField&) {});
          size_t due = 0;
          for (auto at = deadlines.begin(); at != deadlines.end();) {
            const bool is_due = at->second <= now_ms;
            due += is_due ? 1 : 0;
            if (is_due) expected.erase(at->first);
            at = is_due ? deadlines.erase(at) : std::next(at);
          }
          CHECK(erased == due);
        }
      }
      std::optional<int64_t> first;
      for (const auto& [name, deadline_ms] : deadlines)
        first = std::min(first.value_or(deadline_ms), deadline_ms);
      REQUIRE(hash.next_deadline_ms() == first);
      REQUIRE(hash.size() == expected.size());
    }
    REQUIRE(hash.is_sound());
    CHECK(contents(hash) == expected);
    CHECK(contents(hash.copy()) == expected);
    for (const auto& [field, value] : expected) {
      const auto at = deadlines.find(field);
      CHECK(hash.deadline_ms(field) ==
            (at == deadlines.end() ? std::nullopt : std::optional(at->second)));
    }
  }
}

TEST_CASE("a hash moves as one word, also to another thread") {
  for (const size_t fields : {3u, 3000u}) {
    Hash hash = numbered(fields);
    const uintptr_t word = hash.release();
    Hash back = Hash::adopt(word);
    CHECK(back.size() == fields);
    Hash moved(std::move(back));
    std::thread([word = moved.release()] { Hash::adopt(word); }).join();
  }
}

TEST_CASE("the bytes of a hash come back to nothing with its fields, whatever their sizes") {
  Hash hash = numbered(200);
  const size_t before = hash.bytes();
  for (size_t i = 0; i < 200; ++i) {
    hash.set("big:" + std::to_string(i), std::string(1000 * i, 'x'), kOptions);
    hash.set_deadline("big:" + std::to_string(i), 5, kOptions);
  }
  CHECK(hash.bytes() > 1000 * 199 * 100);
  for (size_t i = 0; i < 200; ++i)
    hash.erase("big:" + std::to_string(i));
  CHECK(hash.bytes() < before + before / 2);
}

// ---- Deadlines.

TEST_CASE("a field with a deadline is absent from its time on, and stays until it is erased") {
  Hash hash = numbered(3);
  CHECK(!hash.has_deadlines());
  CHECK(!hash.set_deadline("nobody", kNow, kOptions));
  CHECK(hash.encoding() == Encoding::kListpack);
  CHECK(hash.set_deadline("field:1", kNow, kOptions));
  CHECK(hash.encoding() == Encoding::kHashtable);
  CHECK(hash.deadline_ms("field:1") == kNow);
  CHECK(!hash.deadline_ms("field:0"));
  CHECK(!hash.deadline_ms("nobody"));

  CHECK(value_of(hash, "field:1", kNow - 1) == "1");
  CHECK(value_of(hash, "field:1", kNow) == "(none)");
  CHECK(contents(hash, kNow) == Contents{{"field:0", "0"}, {"field:2", "2"}});
  CHECK(hash.live_size(kNow - 1) == 3);
  CHECK(hash.live_size(kNow) == 2);
  CHECK(hash.size() == 3);

  CHECK(!hash.erase_if_due("field:1", kNow - 1));
  CHECK(!hash.erase_if_due("field:0", kNow));
  CHECK(hash.erase_if_due("field:1", kNow));
  CHECK(hash.size() == 2);
  CHECK(!hash.has_deadlines());
}

TEST_CASE("storing a value drops its field's deadline unless told to keep it") {
  Hash hash = numbered(2);
  hash.set_deadline("field:0", kNow, kOptions);
  hash.set_deadline("field:1", kNow, kOptions);
  hash.set("field:0", std::string(300, 'x'), kOptions, FieldDeadlineRule::kKeep);
  hash.set("field:1", "x", kOptions);
  CHECK(hash.deadline_ms("field:0") == kNow);
  CHECK(!hash.deadline_ms("field:1"));
  CHECK(hash.clear_deadline("field:0"));
  CHECK(!hash.clear_deadline("field:0"));
  CHECK(!hash.clear_deadline("nobody"));
  CHECK(!hash.has_deadlines());
  CHECK(hash.is_sound());
}

TEST_CASE("due fields of a hash are erased within a budget, the earliest first") {
  Hash hash = numbered(1000);
  for (size_t i = 0; i < 1000; i += 2)
    hash.set_deadline("field:" + std::to_string(i), kNow + static_cast<int64_t>(i), kOptions);
  CHECK(hash.next_deadline_ms() == kNow);
  std::vector<std::string> gone;
  const auto note = [&gone](const HashField& field) { gone.push_back(text(field.name)); };
  CHECK(hash.erase_due(kNow + 99, 30, note) == 30);
  CHECK(hash.erase_due(kNow + 99, 30, note) == 20);
  CHECK(gone.front() == "field:0");
  CHECK(gone.back() == "field:98");
  CHECK(hash.next_deadline_ms() == kNow + 100);
  CHECK(hash.copy().next_deadline_ms() == kNow + 100);
  CHECK(hash.size() == 950);
  Hash small = numbered(3);
  CHECK(small.erase_due(kNow, 30, note) == 0);
}

// ---- Scanning and sampling.

TEST_CASE("a scan of a hash sees all that stays, through conversion, growth and shrinking") {
  for (const bool grows : {true, false}) {
    CAPTURE(grows);
    Hash hash = numbered(grows ? 200 : 4000);
    size_t next = hash.size();
    std::set<std::string> seen;
    ScanPosition position{};
    do {
      position = hash.scan(position, kNothingDue,
                           [&seen](const HashField& field) { seen.insert(text(field.name)); });
      for (size_t i = 0; i < 50; ++i) {
        if (grows && next < 4000) hash.set("field:" + std::to_string(next++), "x", kOptions);
        if (!grows && next > 200) hash.erase("field:" + std::to_string(--next));
      }
    } while (position != ScanPosition{});
    for (size_t i = 0; i < 200; ++i)
      CHECK(seen.contains("field:" + std::to_string(i)));
  }
}

TEST_CASE("a scan of a small hash is over at once, wherever it says to be") {
  const Hash hash = numbered(50);
  for (const uint64_t position : {0u, 12345u}) {
    size_t seen = 0;
    CHECK(hash.scan(ScanPosition{position}, kNothingDue, [&](const HashField&) { ++seen; }) ==
          ScanPosition{});
    CHECK(seen == 50);
  }
}

TEST_CASE("samples of a hash are its fields with their values") {
  for (const size_t size : {40u, 400u}) {
    const Hash hash = numbered(size);
    Random random(2);
    for (const size_t count : {1u, 5u, 39u, 1000u}) {
      Contents picked;
      hash.sample(random, count, kNow, [&](const HashField& field) {
        REQUIRE(picked.emplace(text(field.name), text(field.value)).second);
      });
      CHECK(picked.size() == std::min(count, size));
      for (const auto& [field, value] : picked)
        CHECK(field == "field:" + value);
    }
    std::map<std::string, size_t> hits;
    hash.sample_with_repeats(random, size * 100, kNow, [&](const HashField& field) {
      REQUIRE(text(field.name) == "field:" + text(field.value));
      ++hits[text(field.name)];
    });
    CHECK(hits.size() == size);
    for (const auto& [field, count] : hits) {
      CHECK(count > 50);
      CHECK(count < 160);
    }
  }
}

TEST_CASE("samples of an empty hash, or of one where all is due, are none") {
  Random random(1);
  const auto fail = [](const HashField&) { FAIL("nothing is there"); };
  Hash().sample(random, 3, kNow, fail);
  Hash().sample_with_repeats(random, 3, kNow, fail);
  Hash hash = numbered(1);
  hash.set_deadline("field:0", kNow, kOptions);
  hash.sample(random, 3, kNow, fail);
  hash.sample_with_repeats(random, 3, kNow, fail);
  hash.scan(ScanPosition{}, kNow, fail);
}

TEST_CASE("a large hash is freed in slices, a small one at once") {
  Hash small = numbered(100);
  CHECK(!small.free_some(1));
  Hash large = numbered(5000);
  size_t slices = 1;
  while (large.free_some(100))
    ++slices;
  CHECK(slices > 30);
  CHECK(!large.free_some(100));
}

}  // namespace kvstash::store
