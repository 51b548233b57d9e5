#include "store/timing_wheel.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kDay = 86'400'000;
constexpr size_t kPlenty = 1'000'000;

struct Free {
  void operator()(Entry* entry) const { deallocate(entry, entry->bytes_asked()); }
};
using OwnedEntry = std::unique_ptr<Entry, Free>;

OwnedEntry make_entry(int64_t deadline_ms) {
  constexpr Entry::Shape kShape{.encoding = Encoding::kInt, .has_deadline = true};
  OwnedEntry entry(Entry::construct(allocate(Entry::bytes_for("k", kShape)), "k", kShape));
  entry->link().deadline_ms = deadline_ms;
  return entry;
}

// Everything due at `now_ms`, taken out of the wheel.
std::set<Entry*> take_due(TimingWheel& wheel, int64_t now_ms) {
  std::set<Entry*> taken;
  size_t budget = kPlenty;
  while (Entry* entry = wheel.next_due(now_ms, budget)) {
    wheel.remove(entry);
    taken.insert(entry);
  }
  CHECK(budget > 0);
  return taken;
}

// Deadlines near and far, so that every level is used.
int64_t some_delay(Random& random) {
  return static_cast<int64_t>(random.next() >> (21 + random.below(43)));
}

}  // namespace

TEST_CASE("an entry is due at its deadline, to the millisecond, however far away it was") {
  for (const int64_t delay : {int64_t{0}, int64_t{1}, int64_t{255}, int64_t{256}, int64_t{511},
                              int64_t{512}, int64_t{16'383}, int64_t{16'384}, int64_t{1'000'000},
                              kDay, 49 * kDay, 50 * kDay, 400 * kDay, 10'000 * kDay}) {
    CAPTURE(delay);
    TimingWheel wheel(kNow);
    const OwnedEntry entry = make_entry(kNow + delay);
    wheel.add(entry.get());
    if (delay > 0) CHECK(take_due(wheel, kNow + delay - 1).empty());
    CHECK(take_due(wheel, kNow + delay) == std::set<Entry*>{entry.get()});
    CHECK(wheel.size() == 0);
  }
}

TEST_CASE("a deadline in the past is due at once") {
  TimingWheel wheel(kNow);
  const OwnedEntry yesterday = make_entry(kNow - kDay);
  const OwnedEntry before_1970 = make_entry(-5);
  wheel.add(yesterday.get());
  wheel.add(before_1970.get());
  CHECK(take_due(wheel, kNow).size() == 2);
}

TEST_CASE("the last moment that a deadline can name is far, and can be taken back") {
  TimingWheel wheel(kNow);
  const OwnedEntry entry = make_entry(std::numeric_limits<int64_t>::max());
  wheel.add(entry.get());
  CHECK(take_due(wheel, kNow + 100'000 * kDay).empty());
  wheel.remove(entry.get());
  CHECK(wheel.size() == 0);
  CHECK_FALSE(wheel.next_event_ms().has_value());
}

TEST_CASE("an entry that was taken out is never due") {
  TimingWheel wheel(kNow);
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 5; ++i) {
    entries.push_back(make_entry(kNow + 100));
    wheel.add(entries.back().get());
  }
  wheel.remove(entries[0].get());  // The last of its slot's list, one between, and the first.
  wheel.remove(entries[2].get());
  wheel.remove(entries[4].get());
  CHECK(wheel.size() == 2);
  CHECK(take_due(wheel, kNow + 100) == std::set<Entry*>{entries[1].get(), entries[3].get()});
}

TEST_CASE("whatever is added, removed and awaited, exactly the due entries come out") {
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    Random random(seed);
    TimingWheel wheel(kNow);
    int64_t now = kNow;
    std::map<Entry*, OwnedEntry> waiting;
    for (int round = 0; round < 20000; ++round) {
      const uint64_t what = random.below(10);
      if (what < 6) {
        OwnedEntry entry = make_entry(now + some_delay(random));
        wheel.add(entry.get());
        waiting.emplace(entry.get(), std::move(entry));
      } else if (what < 7 && !waiting.empty()) {
        const auto chosen =
            std::next(waiting.begin(),
                      static_cast<ptrdiff_t>(random.below(std::min<size_t>(waiting.size(), 20))));
        wheel.remove(chosen->first);
        waiting.erase(chosen);
      } else {
        now += random.one_in(50) ? some_delay(random) : static_cast<int64_t>(random.below(400));
        std::set<Entry*> expected;
        for (const auto& [entry, owned] : waiting) {
          if (entry->deadline_ms() <= now) expected.insert(entry);
        }
        REQUIRE(take_due(wheel, now) == expected);
        for (Entry* entry : expected)
          waiting.erase(entry);
      }
      REQUIRE(wheel.size() == waiting.size());
    }
    for (const auto& [entry, owned] : waiting)
      wheel.remove(entry);
  }
}

TEST_CASE("work stops when the budget is used up, and goes on where it stopped") {
  TimingWheel wheel(kNow);
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 1000; ++i) {
    entries.push_back(make_entry(kNow + 5000));
    wheel.add(entries.back().get());
  }
  size_t taken = 0;
  size_t turns = 0;
  for (; taken < entries.size() && turns < 1000; ++turns) {
    size_t budget = 16;
    while (Entry* due = wheel.next_due(kNow + 5000, budget)) {
      wheel.remove(due);
      ++taken;
    }
    if (taken < entries.size()) {
      REQUIRE(budget == 0);
      REQUIRE(wheel.next_event_ms().value() <= kNow + 5000);
    }
  }
  CHECK(taken == entries.size());
  CHECK(turns >= 1000 / 16);
  CHECK(turns <= 4 * 1000 / 16);  // Each entry is touched once a level.
}

TEST_CASE("the next event is never after the next deadline, and following it costs few steps") {
  Random random(7);
  TimingWheel wheel(kNow);
  std::multimap<int64_t, OwnedEntry> waiting;
  for (int i = 0; i < 200; ++i) {
    OwnedEntry entry = make_entry(kNow + some_delay(random) % (400 * kDay));
    wheel.add(entry.get());
    waiting.emplace(entry->deadline_ms(), std::move(entry));
  }
  size_t events = 0;
  while (!waiting.empty()) {
    const std::optional<int64_t> at = wheel.next_event_ms();
    REQUIRE(at.has_value());
    REQUIRE(*at <= waiting.begin()->first);
    size_t budget = kPlenty;
    while (Entry* due = wheel.next_due(*at, budget)) {
      REQUIRE(due->deadline_ms() <= *at);
      wheel.remove(due);
      const auto [begin, end] = waiting.equal_range(due->deadline_ms());
      for (auto it = begin; it != end; ++it) {
        if (it->second.get() != due) continue;
        waiting.erase(it);
        break;
      }
    }
    ++events;
    REQUIRE(events < 200 * 20);
  }
  CHECK_FALSE(wheel.next_event_ms().has_value());
}

TEST_CASE("an entry that moved in memory is still in its list") {
  TimingWheel wheel(kNow);
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 3; ++i) {
    entries.push_back(make_entry(kNow + 50));
    wheel.add(entries.back().get());
  }
  for (OwnedEntry& entry : entries) {  // The tail, the middle, and the head of the list.
    OwnedEntry fresh = make_entry(0);
    fresh->link() = entry->link();
    wheel.relocate(fresh.get());
    entry = std::move(fresh);
  }
  const std::set<Entry*> expected{entries[0].get(), entries[1].get(), entries[2].get()};
  CHECK(take_due(wheel, kNow + 50) == expected);
}

TEST_CASE("the hand of an empty wheel follows the time without visiting it") {
  TimingWheel wheel(kNow);
  size_t budget = 3;
  CHECK(wheel.next_due(kNow + 1000 * kDay, budget) == nullptr);
  CHECK(budget == 3);
  const OwnedEntry entry = make_entry(kNow + 1000 * kDay + 10);
  wheel.add(entry.get());
  CHECK(take_due(wheel, kNow + 1000 * kDay + 9).empty());
  CHECK(take_due(wheel, kNow + 1000 * kDay + 10).size() == 1);
}

TEST_CASE("samples are entries of the wheel, the earliest from its earliest slot") {
  Random random(9);
  TimingWheel wheel(kNow);
  CHECK(wheel.sample(random) == nullptr);
  CHECK(wheel.sample_earliest() == nullptr);
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 40; ++i) {
    entries.push_back(make_entry(kNow + (i + 1) * 40'000));
    wheel.add(entries.back().get());
  }
  std::set<Entry*> sampled;
  for (int i = 0; i < 4000; ++i)
    sampled.insert(wheel.sample(random));
  CHECK(sampled.size() == entries.size());
  CHECK(wheel.sample_earliest() == entries.front().get());
  for (const OwnedEntry& entry : entries)
    wheel.remove(entry.get());
}

}  // namespace kvstash::store
