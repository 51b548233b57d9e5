#include "store/intset.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;
using namespace std::string_view_literals;

namespace {

std::vector<int64_t> values_of(const Intset& set) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < set.size(); ++i)
    values.push_back(set.at(i));
  return values;
}

}  // namespace

TEST_CASE("an intset has the bytes that Redis writes") {
  Intset set;
  CHECK(set.raw() == "\x02\0\0\0\0\0\0\0"sv);
  set.add(3);
  set.add(-2);
  CHECK(set.raw() == "\x02\0\0\0\x02\0\0\0\xfe\xff\x03\0"sv);
  set.add(40000);
  CHECK(set.raw() == "\x04\0\0\0\x03\0\0\0\xfe\xff\xff\xff\x03\0\0\0\x40\x9c\0\0"sv);
}

TEST_CASE("an intset widens with the first value that needs it, and never narrows") {
  for (const int64_t sign : {1, -1}) {
    CAPTURE(sign);
    Intset set;
    set.add(1);
    CHECK(set.width() == 2);
    CHECK(!set.contains(sign * 70000));
    CHECK(!set.remove(sign * 70000));
    set.add(sign * 70000);
    CHECK(set.width() == 4);
    set.add(sign * 5000000000);
    CHECK(set.width() == 8);
    set.remove(sign * 5000000000);
    CHECK(set.width() == 8);
    CHECK(values_of(set) ==
          (sign > 0 ? std::vector<int64_t>{1, 70000} : std::vector<int64_t>{-70000, 1}));
  }
  Intset set;
  for (const int64_t value : {int64_t{INT16_MAX}, int64_t{INT16_MIN}})
    set.add(value);
  CHECK(set.width() == 2);
  set.add(INT16_MAX + 1);
  CHECK(set.width() == 4);
  set.add(int64_t{INT32_MIN});
  CHECK(set.width() == 4);
  set.add(int64_t{INT32_MIN} - 1);
  CHECK(set.width() == 8);
  set.add(INT64_MIN);
  set.add(INT64_MAX);
  CHECK(set.at(0) == INT64_MIN);
  CHECK(set.at(set.size() - 1) == INT64_MAX);
}

TEST_CASE("random adds and removes leave what they leave of an ordered set") {
  for (const int64_t range : {int64_t{200}, int64_t{100000}, int64_t{10'000'000'000}}) {
    CAPTURE(range);
    Random random(static_cast<uint64_t>(range));
    Intset set;
    std::set<int64_t> model;
    for (int step = 0; step < 20000; ++step) {
      const int64_t value =
          static_cast<int64_t>(random.below(static_cast<uint64_t>(range))) - range / 2;
      if (random.one_in(2)) {
        CHECK(set.add(value) == model.insert(value).second);
      } else {
        // A value that is there, as often as not.
        const auto near = model.lower_bound(value);
        const int64_t gone = near != model.end() && random.one_in(2) ? *near : value;
        CHECK(set.remove(gone) == (model.erase(gone) == 1));
      }
      CHECK(set.contains(value) == model.contains(value));
      CHECK(set.bytes() == allocation_bytes(set.total_bytes()));
    }
    CHECK(values_of(set) == std::vector<int64_t>(model.begin(), model.end()));
    CHECK(is_valid_intset(set.raw(), true));
    CHECK(Intset(set.raw()).raw() == set.raw());
  }
}

TEST_CASE("every value of an intset is as likely to be picked") {
  Intset set;
  for (int64_t value = 0; value < 5; ++value)
    set.add(value * 1000);
  Random random(1);
  std::vector<int> taken(5);
  for (int i = 0; i < 5000; ++i)
    ++taken[static_cast<size_t>(set.random(random) / 1000)];
  for (const int times : taken) {
    CHECK(times > 880);
    CHECK(times < 1120);
  }
}

TEST_CASE("bytes from outside are an intset only if they are sorted and whole") {
  const std::string good("\x02\0\0\0\x02\0\0\0\xfe\xff\x03\0"sv);
  CHECK(is_valid_intset(good, true));
  CHECK(is_valid_intset("\x08\0\0\0\0\0\0\0"sv, true));
  CHECK(!is_valid_intset("", false));
  CHECK(!is_valid_intset(good.substr(0, 7), false));
  CHECK(!is_valid_intset(good.substr(0, 11), false));
  CHECK(!is_valid_intset(good + '\0', false));
  std::string bad = good;
  bad[0] = 3;
  CHECK(!is_valid_intset(bad, false));
  const std::string descending("\x02\0\0\0\x02\0\0\0\x03\0\xfe\xff"sv);
  CHECK(is_valid_intset(descending, false));
  CHECK(!is_valid_intset(descending, true));
  CHECK(!is_valid_intset("\x02\0\0\0\x02\0\0\0\x03\0\x03\0"sv, true));
}
