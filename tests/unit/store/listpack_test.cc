#include "store/listpack.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string text_of(PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

std::vector<std::string> forwards(ListpackView view) {
  std::vector<std::string> texts;
  for (PackPosition at = view.first(); at;)
    texts.push_back(text_of(view.take(at)));
  return texts;
}

std::vector<std::string> backwards(ListpackView view) {
  std::vector<std::string> texts;
  for (PackPosition at = view.last(); at; at = view.prev(at))
    texts.push_back(text_of(view.value(at)));
  std::reverse(texts.begin(), texts.end());
  return texts;
}

Listpack pack_of(const std::vector<std::string>& texts) {
  Listpack pack;
  for (const std::string& text : texts)
    pack.push_back(std::string_view(text));
  return pack;
}

// Values at the edges of every encoding.
std::vector<std::string> edge_values() {
  std::vector<std::string> values = {"", "-", "-0", "01", "+1", " 1", "1 ", "9223372036854775808"};
  for (const int64_t integer : {int64_t{0},
                                int64_t{127},
                                int64_t{128},
                                int64_t{-1},
                                int64_t{4095},
                                int64_t{4096},
                                int64_t{-4096},
                                int64_t{-4097},
                                int64_t{32767},
                                int64_t{32768},
                                int64_t{-32768},
                                int64_t{-32769},
                                int64_t{8388607},
                                int64_t{8388608},
                                int64_t{-8388608},
                                int64_t{-8388609},
                                int64_t{2147483647},
                                int64_t{2147483648},
                                int64_t{-2147483648},
                                int64_t{-2147483649},
                                INT64_MAX,
                                INT64_MIN})
    values.push_back(std::to_string(integer));
  for (const size_t size : {1, 63, 64, 125, 126, 4095, 4096, 16377, 16378, 16379, 16383, 2097145,
                            2097146, 2097147, 2097151})
    values.push_back(std::string(size, 'x'));
  return values;
}

}  // namespace

TEST_CASE("an empty listpack is Redis's seven bytes") {
  const Listpack pack;
  CHECK(pack.view().raw() == "\x07\0\0\0\0\0\xff"sv);
  CHECK(pack.empty());
  CHECK(!pack.view().first());
  CHECK(!pack.view().last());
  CHECK(!pack.view().seek(0));
}

TEST_CASE("every encoding has the bytes that Redis writes") {
  struct Case {
    std::string_view value;
    std::string entry;
  };
  const Case cases[] = {
      {"0", "\x00\x01"s},
      {"127", "\x7f\x01"s},
      {"128", "\xc0\x80\x02"s},
      {"-1", "\xdf\xff\x02"s},
      {"-4096", "\xd0\x00\x02"s},
      {"4095", "\xcf\xff\x02"s},
      {"4096", "\xf1\x00\x10\x03"s},
      {"-4097", "\xf1\xff\xef\x03"s},
      {"32768", "\xf2\x00\x80\x00\x04"s},
      {"-8388608", "\xf2\x00\x00\x80\x04"s},
      {"8388608", "\xf3\x00\x00\x80\x00\x05"s},
      {"2147483648", "\xf4\x00\x00\x00\x80\x00\x00\x00\x00\x09"s},
      {"", "\x80\x01"s},
      {"abc",
       "\x83"s
       "abc\x04"s},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    Listpack pack;
    pack.push_back(c.value);
    CHECK(pack.view().raw().substr(6, pack.total_bytes() - 7) == c.entry);
    CHECK(Listpack::entry_bytes(c.value) == c.entry.size());
  }
  Listpack pack;
  pack.push_back(std::string_view(std::string(64, 'a')));
  CHECK(pack.view().raw().substr(6, 2) == "\xe0\x40");
  CHECK(pack.view().raw().substr(6 + 66, 1) == "\x42");
  pack.replace(pack.view().first(), std::string_view(std::string(4095, 'a')));
  CHECK(pack.view().raw().substr(6, 2) == "\xef\xff");
  CHECK(pack.view().raw().substr(6 + 4097, 2) == "\x20\x81");
  pack.replace(pack.view().first(), std::string_view(std::string(4096, 'a')));
  CHECK(pack.view().raw().substr(6, 5) == "\xf0\x00\x10\x00\x00"sv);
}

TEST_CASE("values at the edges of encodings are read as they were written, from both ends") {
  const std::vector<std::string> values = edge_values();
  const Listpack pack = pack_of(values);
  CHECK(pack.size() == values.size());
  CHECK(forwards(pack.view()) == values);
  CHECK(backwards(pack.view()) == values);
  CHECK(is_valid_listpack(pack.view().raw(), true));
}

TEST_CASE("numbers are kept as integers, and only their canonical form is a number") {
  const Listpack pack = pack_of({"12", "-12", "012", "1.0", "", "9223372036854775807"});
  std::vector<bool> is_integer;
  for (PackPosition at = pack.view().first(); at;)
    is_integer.push_back(pack.view().take(at).is_integer());
  CHECK(is_integer == std::vector<bool>{true, true, false, false, false, true});
}

TEST_CASE("an element is found by its number from either end") {
  const Listpack pack = pack_of({"a", "b", "c", "d", "e"});
  const ListpackView view = pack.view();
  for (int64_t index = -5; index < 5; ++index) {
    CAPTURE(index);
    const std::string expected(1, static_cast<char>('a' + (index + 5) % 5));
    REQUIRE(bool(view.seek(index)));
    CHECK(text_of(view.value(view.seek(index))) == expected);
  }
  CHECK(!view.seek(5));
  CHECK(!view.seek(-6));
}

TEST_CASE("find compares as clients see values, and may look at fields only") {
  const Listpack pack = pack_of({"name", "7", "7", "name", "age", "x"});
  const ListpackView view = pack.view();
  CHECK(view.find("7") == view.seek(1));
  CHECK(view.find("7", view.first(), 1) == view.seek(2));
  CHECK(view.find("age", view.first(), 1) == view.seek(4));
  CHECK(!view.find("x", view.first(), 1));
  CHECK(!view.find("07"));
  CHECK(!view.find(""));
  CHECK(view.equals(view.seek(1), "7"));
  CHECK(!view.equals(view.seek(1), "8"));
  CHECK(view.equals(view.seek(-1), "x"));
}

TEST_CASE("find knows a short text behind a longer head than its own") {
  const std::string bytes =
      "\x15\0\0\0\x03\0"
      "\xe0\x01x\x03"
      "\xf0\x01\0\0\0y\x06"
      "\xe0\0\x02"
      "\xff"s;
  REQUIRE(is_valid_listpack(bytes, true));
  const Listpack pack{ListpackView(reinterpret_cast<const unsigned char*>(bytes.data()))};
  const ListpackView view = pack.view();
  CHECK(view.find("x"sv, view.first(), 0) == view.seek(0));
  CHECK(view.find("y"sv, view.first(), 0) == view.seek(1));
  CHECK(view.find(""sv, view.first(), 0) == view.seek(2));
  CHECK_FALSE(view.find("z"sv, view.first(), 0));
}

TEST_CASE("find stops at the first element that is equal, among others as long or alike") {
  Random random(5);
  std::vector<std::string> names = edge_values();
  for (const size_t size : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 62, 63, 64, 65, 300}) {
    std::string name(size, 'n');
    for (const size_t at : {size_t{0}, size / 2, size - 1}) {
      names.push_back(name);
      name[at] = static_cast<char>('a' + at % 7);
    }
  }
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> values;
    for (size_t i = 0; i < 40; ++i)
      values.push_back(names[random.below(names.size())]);
    const Listpack pack = pack_of(values);
    const ForwardPack forward(pack.view());
    for (const std::string& name : names) {
      for (const size_t skip : {0, 1, 2}) {
        size_t first = 0;
        while (first < values.size() && values[first] != name)
          first += 1 + skip;
        CAPTURE(name);
        CAPTURE(skip);
        const auto wanted = [&](auto view) {
          return first < values.size() ? view.seek(static_cast<int64_t>(first)) : PackPosition{};
        };
        REQUIRE(pack.view().find(name, pack.view().first(), skip) == wanted(pack.view()));
        REQUIRE(forward.view().find(name, forward.view().first(), skip) == wanted(forward.view()));
      }
    }
  }
}

TEST_CASE("a listpack takes no more memory than the size class of its bytes") {
  Listpack pack;
  for (int i = 0; i < 1000; ++i) {
    pack.push_back("nine byte"sv);
    CHECK(pack.bytes() == allocation_bytes(pack.total_bytes()));
  }
  CHECK(pack_of(std::vector<std::string>(10, "nine byte")).bytes() == 128);
}

TEST_CASE("the number of elements is right past what the header can count") {
  Listpack pack;
  const std::vector<std::string_view> values(70000, "1");
  pack.append(values);
  CHECK(pack.size() == 70000);
  CHECK(is_valid_listpack(pack.view().raw(), true));
  CHECK(pack.view().seek(-70000) == pack.view().first());
  CHECK(!pack.view().seek(70000));
  const Listpack tail = pack.split_off(pack.view().seek(100));
  CHECK(tail.size() == 69900);
  CHECK(pack.size() == 100);
  CHECK(is_valid_listpack(pack.view().raw(), true));
}

TEST_CASE("packs are appended, put before and cut byte for byte") {
  Listpack pack = pack_of({"c", "4"});
  pack.append(pack_of({"e", "6"}).view());
  pack.prepend(pack_of({"1", "b"}).view());
  CHECK(forwards(pack.view()) == std::vector<std::string>{"1", "b", "c", "4", "e", "6"});
  CHECK(pack.size() == 6);
  const Listpack tail = pack.split_off(pack.view().seek(4));
  CHECK(forwards(pack.view()) == std::vector<std::string>{"1", "b", "c", "4"});
  CHECK(forwards(tail.view()) == std::vector<std::string>{"e", "6"});
  CHECK(tail.size() == 2);
  const Listpack all = pack.split_off(pack.view().first());
  CHECK(pack.view().raw() == Listpack().view().raw());
  CHECK(all.size() == 4);
}

TEST_CASE("random changes leave what the same changes leave of a vector") {
  Random random(20);
  const std::vector<std::string> values = edge_values();
  Listpack pack;
  std::vector<std::string> model;
  for (int step = 0; step < 20000; ++step) {
    // Not the longest ones: they would only make this slow.
    const std::string& value = values[random.below(values.size() - 4)];
    const size_t index = model.empty() ? 0 : random.below(model.size());
    const auto at = model.begin() + static_cast<ptrdiff_t>(index);
    const PackPosition position = pack.view().seek(static_cast<int64_t>(index));
    const uint64_t action = random.below(model.size() > 60 ? 12 : 9);
    if (action == 0 || model.empty()) {
      pack.push_back(std::string_view(value));
      model.push_back(value);
    } else if (action == 1) {
      pack.push_front(std::string_view(value));
      model.insert(model.begin(), value);
    } else if (action == 2) {
      CHECK(pack.insert_before(position, std::string_view(value)) == position);
      model.insert(at, value);
    } else if (action == 3) {
      const PackPosition inserted = pack.insert_after(position, std::string_view(value));
      CHECK(pack.view().equals(inserted, value));
      model.insert(at + 1, value);
    } else if (action < 6) {
      pack.replace(position, std::string_view(value));
      *at = value;
    } else if (action == 6) {
      const std::vector<std::string_view> batch = {value, "8", "batch"};
      pack.append(batch);
      model.insert(model.end(), batch.begin(), batch.end());
    } else if (action < 10) {
      const PackPosition next = pack.erase(position);
      CHECK(bool(next) == (index + 1 < model.size()));
      model.erase(at);
    } else {
      const size_t count = random.below(8);
      pack.erase(position, count);
      model.erase(at, at + static_cast<ptrdiff_t>(std::min(count, model.size() - index)));
    }
    REQUIRE(pack.size() == model.size());
    if (step % 16 != 0) continue;
    REQUIRE(forwards(pack.view()) == model);
    REQUIRE(backwards(pack.view()) == model);
    REQUIRE(is_valid_listpack(pack.view().raw(), true));
  }
}

TEST_CASE(
    "a forward pack holds the same, a byte less for each short element, and turns to and fro") {
  const std::vector<std::string> values = edge_values();
  const Listpack pack = pack_of(values);
  const ForwardPack forward(pack.view());
  CHECK(forward.size() == values.size());
  CHECK(forward.total_bytes() < pack.total_bytes());
  CHECK(is_valid_pack<PackForm::kForward>(forward.view().raw(), true));
  const Listpack back(forward.view());
  CHECK(back.view().raw() == pack.view().raw());
  ForwardPack small;
  small.append(std::vector<std::string_view>{"field", "12"});
  CHECK(small.total_bytes() == 7 + (1 + 5) + 1);
  CHECK(Listpack(small.view()).view().raw() == pack_of({"field", "12"}).view().raw());
}

TEST_CASE("random changes of a forward pack leave what the same changes leave of a listpack") {
  Random random(7);
  const std::vector<std::string> values = edge_values();
  Listpack pack;
  ForwardPack forward;
  for (int step = 0; step < 3000; ++step) {
    const std::string_view value = values[random.below(values.size())];
    const size_t size = pack.size();
    const auto index = static_cast<int64_t>(random.below(size + 1));
    const bool is_inside = index < static_cast<int64_t>(size);
    const PackPosition at = is_inside ? pack.view().seek(index) : PackPosition{};
    const PackPosition forward_at = is_inside ? forward.view().seek(index) : PackPosition{};
    if (!is_inside) {
      pack.append(std::vector<std::string_view>{value, "x"});
      forward.append(std::vector<std::string_view>{value, "x"});
    } else if (random.one_in(3)) {
      pack.insert_before(at, value);
      forward.insert_before(forward_at, value);
    } else if (random.one_in(2)) {
      pack.replace(at, value);
      forward.replace(forward_at, value);
    } else {
      const size_t count = random.below(3) + 1;
      pack.erase(at, count);
      forward.erase(forward_at, count);
    }
    REQUIRE(forward.size() == pack.size());
    if (step % 16 != 0 || pack.empty()) continue;
    REQUIRE(Listpack(forward.view()).view().raw() == pack.view().raw());
    REQUIRE(is_valid_pack<PackForm::kForward>(forward.view().raw(), true));
    const std::string_view wanted = values[random.below(values.size())];
    const PackPosition found = pack.view().find(wanted, pack.view().first(), 1);
    const PackPosition forward_found = forward.view().find(wanted, forward.view().first(), 1);
    REQUIRE(bool(found) == bool(forward_found));
    REQUIRE(text_of(forward.view().value(forward.view().seek(-1))) ==
            text_of(pack.view().value(pack.view().last())));
    if (pack.size() > 40) {
      pack.clear();
      forward.clear();
      pack.push_back(value);
      forward.push_back(value);
    }
  }
}

TEST_CASE("a sample has different groups in order, and all of them when it is large") {
  Listpack pack;
  for (int64_t i = 0; i < 20; ++i)
    pack.push_back(i);
  Random random(3);
  std::vector<int> taken(10);
  for (int round = 0; round < 3000; ++round) {
    int64_t last = -1;
    for (const PackPosition at : pack.view().sample(random, 3, 2)) {
      const int64_t value = pack.view().value(at).integer();
      CHECK(value % 2 == 0);
      CHECK(value > last);
      last = value;
      ++taken[static_cast<size_t>(value / 2)];
    }
  }
  // 900 expected each; the standard deviation is 25.
  CHECK(*std::min_element(taken.begin(), taken.end()) > 780);
  CHECK(*std::max_element(taken.begin(), taken.end()) < 1020);
  CHECK(pack.view().sample(random, 50, 2).size() == 10);
  CHECK(pack.view().sample(random, 0, 2).empty());
}

TEST_CASE("picks with repeats are as many as asked for, in no order, each group as often") {
  Listpack pack;
  for (int64_t i = 0; i < 6; ++i)
    pack.push_back(i);
  Random random(4);
  std::vector<int> taken(3);
  const std::vector<PackPosition> picks = pack.view().sample_with_repeats(random, 3000, 2);
  CHECK(picks.size() == 3000);
  for (const PackPosition at : picks)
    ++taken[static_cast<size_t>(pack.view().value(at).integer() / 2)];
  for (const int times : taken) {
    CHECK(times > 880);
    CHECK(times < 1120);
  }
  CHECK(!std::is_sorted(picks.begin(), picks.end(),
                        [](PackPosition a, PackPosition b) { return a.offset < b.offset; }));
  for (int i = 0; i < 100; ++i)
    CHECK(pack.view().value(pack.view().random(random, 2)).integer() % 2 == 0);
}

TEST_CASE("bytes from outside are a listpack only if every entry is whole") {
  const std::string good(pack_of({"abc", "1000", "x"}).view().raw());
  CHECK(is_valid_listpack(good, true));
  CHECK(!is_valid_listpack("", true));
  CHECK(!is_valid_listpack(good.substr(0, good.size() - 1), false));
  CHECK(!is_valid_listpack(good + "\xff", false));
  // A length beyond the end, an integer's head without its bytes, a wrong length backwards, a count
  // that is not so, and an end before the end: all fine at a shallow look.
  const std::pair<size_t, char> damages[] = {{6, '\xbf'}, {6, '\xf4'}, {10, 5},    {4, 4},
                                             {6, '\xff'}, {6, '\xf5'}, {6, '\xf0'}};
  for (const auto& [offset, byte] : damages) {
    CAPTURE(offset);
    std::string bad = good;
    bad[offset] = byte;
    CHECK(is_valid_listpack(bad, false));
    CHECK(!is_valid_listpack(bad, true));
  }
  // A length backwards that goes on into the byte before it, and comes out right for now.
  std::string zero(pack_of({"0"}).view().raw());
  CHECK(is_valid_listpack(zero, true));
  REQUIRE(zero[7] == 1);
  zero[7] = '\x81';
  CHECK(!is_valid_listpack(zero, true));
  std::string uncounted = good;
  uncounted[4] = uncounted[5] = '\xff';
  CHECK(is_valid_listpack(uncounted, true));
  CHECK(ListpackView(reinterpret_cast<const unsigned char*>(uncounted.data())).size() == 3);
}
