#include "store/set.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::store {
namespace {

using namespace std::string_view_literals;

constexpr SetOptions kOptions{.seed = {1, 2, 3}};

using Members = std::set<std::string>;

std::string text(PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

// Fails if a member comes twice.
Members members(const Set& set) {
  Members all;
  set.for_each([&all](PackedValue member) { REQUIRE(all.insert(text(member)).second); });
  return all;
}

std::string word(size_t number) {
  return "m" + std::to_string(number);
}

Set numbers(size_t count) {
  Set set;
  for (size_t i = 0; i < count; ++i)
    set.add(static_cast<int64_t>(i), kOptions);
  return set;
}

Set words(size_t count) {
  Set set;
  for (size_t i = 0; i < count; ++i)
    set.add(std::string_view(word(i)), kOptions);
  return set;
}

}  // namespace

TEST_CASE("a set of ten small integers takes the intset's allocation only") {
  const Set set = numbers(10);
  CHECK(set.encoding() == Encoding::kIntset);
  CHECK(set.intset_bytes().size() == 8 + 10 * 2);
  CHECK(set.bytes() == allocation_bytes(28));
}

TEST_CASE("a text and the integer it spells are one member, in every form") {
  SetOptions tables = kOptions;
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    CAPTURE(encoding_name(form));
    Set set(form, tables);
    CHECK(set.add("12"sv, tables));
    CHECK(!set.add(int64_t{12}, tables));
    CHECK(set.add(int64_t{-9}, tables));
    CHECK(!set.add("-9"sv, tables));
    CHECK(set.contains(int64_t{12}));
    CHECK(set.contains("-9"sv));
    CHECK(!set.contains("012"sv));
    CHECK(!set.contains("x"sv));
    CHECK(!set.contains(int64_t{70000}));
    CHECK(set.encoding() == form);
    CHECK(!set.erase("x"sv));
    CHECK(set.erase("12"sv));
    CHECK(!set.erase(int64_t{12}));
    CHECK(members(set) == Members{"-9"});
  }
}

TEST_CASE("a set changes its form where Redis does") {
  Set set = numbers(512);
  CHECK(set.encoding() == Encoding::kIntset);
  set.add(int64_t{5}, kOptions);
  CHECK(set.encoding() == Encoding::kIntset);
  set.add(int64_t{512}, kOptions);
  CHECK(set.encoding() == Encoding::kHashtable);
  CHECK(set.size() == 513);

  Set mixed = numbers(127);
  mixed.add("word"sv, kOptions);
  CHECK(mixed.encoding() == Encoding::kListpack);
  CHECK(mixed.size() == 128);
  mixed.add("word"sv, kOptions);
  CHECK(mixed.encoding() == Encoding::kListpack);
  mixed.add(int64_t{1000}, kOptions);
  CHECK(mixed.encoding() == Encoding::kHashtable);
  CHECK(mixed.size() == 129);

  Set crowded = numbers(128);
  crowded.add("word"sv, kOptions);
  CHECK(crowded.encoding() == Encoding::kHashtable);
}

TEST_CASE("a member that is too long makes a set a table") {
  const std::string fits(64, 'x');
  const std::string too_long(65, 'x');
  Set set;
  set.add(std::string_view(fits), kOptions);
  CHECK(set.encoding() == Encoding::kListpack);
  set.add(std::string_view(too_long), kOptions);
  CHECK(set.encoding() == Encoding::kHashtable);
  Set from_intset = numbers(3);
  from_intset.add(std::string_view(too_long), kOptions);
  CHECK(from_intset.encoding() == Encoding::kHashtable);
  CHECK(from_intset.size() == 4);

  // Integers count by the length of their text.
  SetOptions narrow = kOptions;
  narrow.listpack_value_bytes_max = 4;
  Set wide;
  wide.add(int64_t{-1234}, narrow);
  wide.add("ab"sv, narrow);
  CHECK(wide.encoding() == Encoding::kHashtable);
}

TEST_CASE("a new set gets the form that its first member and their number ask for") {
  CHECK(Set("1"sv, 512, kOptions).encoding() == Encoding::kIntset);
  CHECK(Set("1"sv, 513, kOptions).encoding() == Encoding::kHashtable);
  CHECK(Set("x"sv, 128, kOptions).encoding() == Encoding::kListpack);
  CHECK(Set("x"sv, 129, kOptions).encoding() == Encoding::kHashtable);
  SetOptions no_intsets = kOptions;
  no_intsets.intset_entries_max = 0;
  CHECK(Set(int64_t{1}, 5, no_intsets).encoding() == Encoding::kListpack);
}

TEST_CASE("a set that is told of too many members becomes a table before they come") {
  Set set = numbers(3);
  set.expect(512, kOptions);
  CHECK(set.encoding() == Encoding::kIntset);
  set.expect(513, kOptions);
  CHECK(set.encoding() == Encoding::kHashtable);
  CHECK(members(set) == Members{"0", "1", "2"});
  Set listpack = words(3);
  listpack.expect(128, kOptions);
  CHECK(listpack.encoding() == Encoding::kListpack);
  listpack.expect(129, kOptions);
  CHECK(listpack.encoding() == Encoding::kHashtable);
}

TEST_CASE("a set of integers in another form can become an intset, unless it is too large") {
  Set set(Encoding::kListpack, kOptions);
  for (const int64_t value : {30, -1, 7})
    set.add(value, kOptions);
  set.make_intset(kOptions);
  CHECK(set.encoding() == Encoding::kIntset);
  CHECK(members(set) == Members{"30", "-1", "7"});
  Set large = numbers(513);
  large.make_intset(kOptions);
  CHECK(large.encoding() == Encoding::kHashtable);
}

TEST_CASE("a set agrees with a set of strings through random changes over the thresholds") {
  SetOptions options = kOptions;
  options.intset_entries_max = 30;
  options.listpack_entries_max = 20;
  Random random(1);
  for (int round = 0; round < 40; ++round) {
    Set set;
    Members expected;
    const size_t words_from = random.below(300);
    for (size_t i = 0; i < 600; ++i) {
      std::string member = std::to_string(random.below(i < 200 ? 25 : 300));
      if (i >= words_from && random.one_in(2)) member.append(random.below(70), 'x');
      if (random.below(10) < (i < 400 ? 6u : 3u)) {
        CHECK(set.add(std::string_view(member), options) == expected.insert(member).second);
      } else {
        CHECK(set.contains(std::string_view(member)) == expected.contains(member));
        CHECK(set.erase(std::string_view(member)) == (expected.erase(member) == 1));
      }
      if (i % 40 == 0) {
        REQUIRE(set.is_sound());
        REQUIRE(members(set) == expected);
        const Set copy = set.copy();
        REQUIRE(copy.encoding() == set.encoding());
        REQUIRE(members(copy) == expected);
      }
    }
    CHECK(set.size() == expected.size());
  }
}

TEST_CASE("a set of many thousands grows and shrinks back, and pays for what it holds") {
  Set set = words(30000);
  CHECK(set.is_sound());
  CHECK(set.bytes() < 30000 * 32);
  Random random(1);
  while (set.size() > 100)
    REQUIRE(set.erase(set.random(random)));
  CHECK(set.is_sound());
  CHECK(set.bytes() < 100 * 96);
  CHECK(set.encoding() == Encoding::kHashtable);
}

TEST_CASE("a walk over a set ends at the first member that fails the test") {
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    CAPTURE(encoding_name(form));
    Set set(form, kOptions);
    for (int64_t i = 0; i < 50; ++i)
      set.add(i, kOptions);
    size_t visited = 0;
    CHECK(!set.all_of([&visited](PackedValue) { return ++visited < 7; }));
    CHECK(visited == 7);
    CHECK(set.all_of([](PackedValue) { return true; }));
  }
}

TEST_CASE("what is popped leaves the set, and nothing else does, in every form and number") {
  Random random(4);
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    CAPTURE(encoding_name(form));
    for (size_t count = 0; count <= 40; ++count) {
      Set set(form, kOptions);
      for (int64_t i = 0; i < 40; ++i)
        set.add(i, kOptions);
      Members all = members(set);
      set.pop(random, count, kOptions,
              [&all](PackedValue member) { REQUIRE(all.erase(text(member)) == 1); });
      CHECK(all.size() == 40 - count);
      CHECK(members(set) == all);
      CHECK(set.is_sound());
      if (set.empty()) continue;
      set.pop(random, [&all](PackedValue member) { REQUIRE(all.erase(text(member)) == 1); });
      CHECK(members(set) == all);
    }
  }
}

TEST_CASE("a table of which few members stay becomes a listpack, if they fit") {
  Random random(4);
  const auto ignore = [](PackedValue) {};
  Set set = words(1000);
  set.pop(random, 832, kOptions, ignore);
  CHECK(set.encoding() == Encoding::kHashtable);
  set = words(1000);
  set.pop(random, 840, kOptions, ignore);
  CHECK(set.size() == 160);
  CHECK(set.encoding() == Encoding::kHashtable);
  set = words(1000);
  set.pop(random, 900, kOptions, ignore);
  CHECK(set.size() == 100);
  CHECK(set.encoding() == Encoding::kListpack);
}

TEST_CASE("every member is popped equally often") {
  constexpr int kRounds = 6000;
  Random random(8);
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    CAPTURE(encoding_name(form));
    for (const size_t count : {size_t{1}, size_t{4}, size_t{11}}) {
      CAPTURE(count);
      std::map<std::string, int> popped;
      for (int round = 0; round < kRounds; ++round) {
        Set set(form, kOptions);
        for (int64_t i = 0; i < 12; ++i)
          set.add(i, kOptions);
        set.pop(random, count, kOptions, [&](PackedValue member) { ++popped[text(member)]; });
      }
      const int expected = kRounds * static_cast<int>(count) / 12;
      for (const auto& [member, times] : popped) {
        CAPTURE(member);
        CHECK(times > expected * 85 / 100);
        CHECK(times < expected * 115 / 100);
      }
      CHECK(popped.size() == 12);
    }
  }
}

TEST_CASE("a scan of a set sees all that stays, through conversion, growth and shrinking") {
  for (const bool grows : {true, false}) {
    CAPTURE(grows);
    Set set = words(grows ? 200 : 4000);
    size_t next = set.size();
    Members seen;
    ScanPosition position{};
    do {
      position = set.scan(position, [&seen](PackedValue member) { seen.insert(text(member)); });
      for (size_t i = 0; i < 50; ++i) {
        if (grows && next < 4000) set.add(std::string_view(word(next++)), kOptions);
        if (!grows && next > 200) set.erase(std::string_view(word(--next)));
      }
    } while (position != ScanPosition{});
    for (size_t i = 0; i < 200; ++i)
      CHECK(seen.contains(word(i)));
  }
}

TEST_CASE("a scan of a small set is over at once, wherever it says to be") {
  for (const bool integers : {true, false}) {
    const Set set = integers ? numbers(20) : words(20);
    Members seen;
    CHECK(set.scan(ScanPosition{777}, [&](PackedValue member) { seen.insert(text(member)); }) ==
          ScanPosition{});
    CHECK(seen.size() == 20);
  }
}

TEST_CASE("members are chosen uniformly, in every form") {
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    CAPTURE(encoding_name(form));
    Set set(form, kOptions);
    for (int64_t i = 0; i < 60; ++i)
      set.add(i, kOptions);
    Random random(3);
    std::map<std::string, size_t> one_by_one;
    std::map<std::string, size_t> repeats;
    std::map<std::string, size_t> few;
    for (size_t i = 0; i < 60 * 400; ++i)
      ++one_by_one[text(set.random(random))];
    set.sample_with_repeats(random, 60 * 400, [&](PackedValue member) { ++repeats[text(member)]; });
    for (size_t i = 0; i < 60 * 40; ++i) {
      Members picked;
      set.sample(random, 10, [&](PackedValue member) { picked.insert(text(member)); });
      REQUIRE(picked.size() == 10);
      for (const std::string& member : picked)
        ++few[member];
    }
    for (const auto& hits : {one_by_one, repeats, few}) {
      CHECK(hits.size() == 60);
      for (const auto& [member, count] : hits) {
        CHECK(count >= 300);  // Five standard deviations of 400 are 100.
        CHECK(count <= 500);
      }
    }
  }
}

TEST_CASE("asked for more samples than there are, a set gives all its members") {
  for (const Encoding form : {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable}) {
    Set set(form, kOptions);
    Random random(3);
    set.sample(random, 5, [](PackedValue) { FAIL("nothing is there"); });
    set.sample_with_repeats(random, 5, [](PackedValue) { FAIL("nothing is there"); });
    for (int64_t i = 0; i < 20; ++i)
      set.add(i, kOptions);
    Members picked;
    set.sample(random, 1000, [&](PackedValue member) { picked.insert(text(member)); });
    CHECK(picked == members(set));
  }
}

TEST_CASE("a set moves as one word, and a large one is freed in slices") {
  for (const bool integers : {true, false}) {
    Set set = integers ? numbers(100) : words(100);
    Set back = Set::adopt(set.release());
    CHECK(back.size() == 100);
    CHECK(!back.free_some(1));
  }
  Set large = words(5000);
  Set moved = Set::adopt(large.release());
  size_t slices = 1;
  while (moved.free_some(100))
    ++slices;
  CHECK(slices > 30);
  CHECK(!moved.free_some(100));
}

}  // namespace kvstash::store
