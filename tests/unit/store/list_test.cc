#include "store/list.h"

#include "base/alloc.h"
#include "base/lzf.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;
using namespace std::string_view_literals;

namespace {

using Texts = std::vector<std::string>;

std::string text_of(PackedValue value) {
  char scratch[kInt64CharsMax];
  return std::string(value.string(scratch));
}

Texts walk(const List& list, ListEnd end) {
  Texts texts;
  ListCursor cursor(list, end);
  PackedValue value{int64_t{0}};
  while (cursor.take(value))
    texts.push_back(text_of(value));
  return texts;
}

Texts texts_of(const List& list) {
  return walk(list, ListEnd::kHead);
}

void push_each(List& list, ListEnd end, const Texts& texts, const ListLimits& limits) {
  std::vector<std::string_view> views(texts.begin(), texts.end());
  list.push(end, views, limits);
}

List list_of(const Texts& texts, const ListLimits& limits) {
  List list;
  for (const std::string& text : texts)
    push_each(list, ListEnd::kTail, {text}, limits);
  return list;
}

Texts numbers(int count) {
  Texts texts;
  for (int i = 0; i < count; ++i)
    texts.push_back(std::to_string(i));
  return texts;
}

Texts pop(List& list, ListEnd end, size_t count, const ListLimits& limits) {
  Texts popped;
  list.pop(end, count, limits, [&](PackedValue value) { popped.push_back(text_of(value)); });
  return popped;
}

// What an allocator would count for the pieces of a list.
size_t bytes_by_walking(const List& list) {
  if (list.encoding() == Encoding::kListpack) {
    size_t bytes = 0;
    list.for_each_piece([&](const List::Piece& piece) { bytes = piece.stored.size(); });
    return allocation_bytes(bytes);
  }
  size_t bytes = allocation_bytes(sizeof(Quicklist));
  list.for_each_piece([&](const List::Piece& piece) {
    bytes += allocation_bytes(sizeof(Quicklist::Node)) + allocation_bytes(piece.stored.size());
  });
  return bytes;
}

std::string raw_bytes(const List::Piece& piece) {
  if (!piece.is_compressed) return std::string(piece.stored);
  std::string raw(piece.raw_bytes, '\0');
  REQUIRE(lzf_decompress(piece.stored, raw));
  return raw;
}

// As a snapshot would write it and a loader read it.
List rebuilt(const List& list, const ListLimits& limits) {
  List twin;
  list.for_each_piece([&](const List::Piece& piece) {
    const std::string raw = raw_bytes(piece);
    if (piece.is_plain) {
      twin.append_plain(raw, limits);
    } else {
      REQUIRE(is_valid_listpack(raw, true));
      twin.append_pack(ListpackView(reinterpret_cast<const unsigned char*>(raw.data())), limits);
    }
  });
  twin.settle(limits);
  return twin;
}

}  // namespace

TEST_CASE("a list is a listpack up to the limit, and again below half of it") {
  const ListLimits limits{.listpack_size = 10};
  List list = list_of(numbers(10), limits);
  CHECK(list.encoding() == Encoding::kListpack);
  push_each(list, ListEnd::kTail, {"x"}, limits);
  CHECK(list.encoding() == Encoding::kQuicklist);
  CHECK(pop(list, ListEnd::kTail, 5, limits) == Texts{"x", "9", "8", "7", "6"});
  CHECK(list.encoding() == Encoding::kQuicklist);
  pop(list, ListEnd::kTail, 1, limits);
  CHECK(list.encoding() == Encoding::kListpack);
  CHECK(texts_of(list) == numbers(5));
}

TEST_CASE("pushing many at once lengthens a list before the first of them is in") {
  const ListLimits limits{.listpack_size = -1};
  List list = list_of({"a"}, limits);
  push_each(list, ListEnd::kTail, {std::string(4087, 'x')}, limits);
  CHECK(list.encoding() == Encoding::kQuicklist);
  List short_list = list_of({"a"}, limits);
  push_each(short_list, ListEnd::kTail, {std::string(4086, 'x')}, limits);
  CHECK(short_list.encoding() == Encoding::kListpack);
}

TEST_CASE("values pushed at the head stand in the opposite order") {
  for (const int64_t size : {int64_t{-2}, int64_t{2}}) {
    CAPTURE(size);
    const ListLimits limits{.listpack_size = size};
    List list;
    push_each(list, ListEnd::kHead, {"1", "2", "3"}, limits);
    push_each(list, ListEnd::kTail, {"4", "5"}, limits);
    CHECK(texts_of(list) == Texts{"3", "2", "1", "4", "5"});
    CHECK(walk(list, ListEnd::kTail) == Texts{"5", "4", "1", "2", "3"});
    CHECK(pop(list, ListEnd::kHead, 2, limits) == Texts{"3", "2"});
    CHECK(pop(list, ListEnd::kTail, 9, limits) == Texts{"5", "4", "1"});
    CHECK(list.empty());
    CHECK(pop(list, ListEnd::kTail, 1, limits).empty());
  }
}

TEST_CASE("a cursor starts anywhere and walks both ways") {
  for (const uint32_t depth : {0, 1}) {
    CAPTURE(depth);
    const ListLimits limits{.listpack_size = 7, .compress_depth = depth, .packed_threshold = 40};
    Texts texts = numbers(50);
    for (const size_t large : {0, 20, 21, 49})
      texts[large] = std::string(60, 'p');
    const List list = list_of(texts, limits);
    for (size_t index = 0; index <= 50; ++index) {
      CAPTURE(index);
      PackedValue value{int64_t{0}};
      Texts forwards;
      ListCursor forward(list, ListEnd::kHead, index);
      while (forward.take(value))
        forwards.push_back(text_of(value));
      CHECK(forwards == Texts(texts.begin() + static_cast<ptrdiff_t>(index), texts.end()));
      if (index == 50) continue;
      Texts back;
      ListCursor backward(list, ListEnd::kTail, index);
      while (backward.take(value))
        back.push_back(text_of(value));
      std::reverse(back.begin(), back.end());
      CHECK(back == Texts(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(index) + 1));
    }
  }
}

TEST_CASE("removing looks from the end it is told and stops at the number it is told") {
  const Texts texts = {"a", "1", "a", "1", "b", "a", "1"};
  for (const int64_t size : {int64_t{-2}, int64_t{2}}) {
    CAPTURE(size);
    const ListLimits limits{.listpack_size = size};
    List head = list_of(texts, limits);
    CHECK(head.remove(ListEnd::kHead, "a", 2, limits) == 2);
    CHECK(texts_of(head) == Texts{"1", "1", "b", "a", "1"});
    List tail = list_of(texts, limits);
    CHECK(tail.remove(ListEnd::kTail, "1", 2, limits) == 2);
    CHECK(texts_of(tail) == Texts{"a", "1", "a", "b", "a"});
    CHECK(tail.remove(ListEnd::kHead, "absent", 9, limits) == 0);
    CHECK(tail.remove(ListEnd::kHead, "a", 9, limits) == 3);
    CHECK(texts_of(tail) == Texts{"1", "b"});
    CHECK(tail.remove(ListEnd::kHead, "01", 9, limits) == 0);
    CHECK(tail.remove(ListEnd::kTail, "b", 9, limits) == 1);
    CHECK(tail.remove(ListEnd::kTail, "1", 9, limits) == 1);
    CHECK(tail.empty());
  }
}

TEST_CASE("random changes leave what they leave of a deque, across every threshold") {
  struct Layout {
    const char* name;
    ListLimits limits;
  };
  const Layout layouts[] = {
      {"one to a piece", {.listpack_size = 1}},
      {"few to a piece", {.listpack_size = 5}},
      {"few, compressed", {.listpack_size = 5, .compress_depth = 1}},
      {"few, compressed deep inside", {.listpack_size = 4, .compress_depth = 3}},
      {"pieces of 4 KiB", {.listpack_size = -1}},
      {"pieces of 4 KiB, compressed", {.listpack_size = -1, .compress_depth = 1}},
      {"plain from 30 bytes", {.listpack_size = 6, .packed_threshold = 30}},
      {"plain from 30 bytes, compressed",
       {.listpack_size = 6, .compress_depth = 1, .packed_threshold = 30}},
      {"all plain", {.packed_threshold = 1}},
  };
  for (const Layout& layout : layouts) {
    CAPTURE(layout.name);
    const ListLimits& limits = layout.limits;
    Random random(7);
    List list;
    std::deque<std::string> model;
    int long_times = 0;
    Encoding last = list.encoding();
    for (int step = 0; step < 3000; ++step) {
      // Grows and shrinks in waves, so that thresholds are crossed in both directions.
      const bool grows = step / 300 % 2 == 0;
      const size_t sizes[] = {1, 2, 8, 25, 60, 200, 900, random.below(6000)};
      std::string value(sizes[random.below(8)], static_cast<char>('a' + random.below(3)));
      if (random.one_in(3)) value = std::to_string(random.below(5));
      const size_t index = model.empty() ? 0 : random.below(model.size());
      const auto at = model.begin() + static_cast<ptrdiff_t>(index);
      const uint64_t action = grows ? random.below(10) : 7 + random.below(7);
      if (model.empty() || action < 2) {
        push_each(list, ListEnd::kTail, {value}, limits);
        model.push_back(value);
      } else if (action < 4) {
        push_each(list, ListEnd::kHead, {value, "7"}, limits);
        model.push_front(value);
        model.push_front("7");
      } else if (action < 7) {
        const size_t place = random.below(model.size() + 1);
        list.insert(place, value, limits);
        model.insert(model.begin() + static_cast<ptrdiff_t>(place), value);
      } else if (action < 9) {
        list.set(index, value, limits);
        *at = value;
      } else if (action == 9) {
        const std::string wanted = model[index];
        const size_t max = 1 + random.below(3);
        const bool from_head = random.one_in(2);
        size_t expected = 0;
        while (expected < max) {
          auto found = std::find(model.begin(), model.end(), wanted);
          if (!from_head) {
            const auto behind = std::find(model.rbegin(), model.rend(), wanted);
            found = behind == model.rend() ? model.end() : behind.base() - 1;
          }
          if (found == model.end()) break;
          model.erase(found);
          ++expected;
        }
        CHECK(list.remove(from_head ? ListEnd::kHead : ListEnd::kTail, wanted, max, limits) ==
              expected);
      } else if (action < 12) {
        const size_t count = 1 + random.below(random.one_in(5) ? 30 : 3);
        const size_t removed = std::min(count, model.size() - index);
        list.erase(index, count, limits);
        model.erase(at, at + static_cast<ptrdiff_t>(removed));
      } else {
        CHECK(pop(list, ListEnd::kTail, 1, limits) == Texts{model.back()});
        model.pop_back();
        if (model.empty()) continue;
        CHECK(pop(list, ListEnd::kHead, 1, limits) == Texts{model.front()});
        model.pop_front();
      }
      if (list.encoding() != last) ++long_times;
      last = list.encoding();
      REQUIRE(list.size() == model.size());
      REQUIRE(list.bytes() == bytes_by_walking(list));
      if (step % 8 != 0) continue;
      const Texts expected(model.begin(), model.end());
      REQUIRE(texts_of(list) == expected);
      Texts back = walk(list, ListEnd::kTail);
      std::reverse(back.begin(), back.end());
      REQUIRE(back == expected);
      if (step % 64 != 0) continue;
      REQUIRE(texts_of(list.copy()) == expected);
      REQUIRE(list.copy().bytes() == list.bytes());
      REQUIRE(texts_of(rebuilt(list, limits)) == expected);
    }
    CHECK(long_times > 2);
  }
}

TEST_CASE("a long list that is used at its ends stays what a deque would be") {
  const ListLimits limits{};
  Random random(3);
  List list;
  std::deque<std::string> model;
  for (int step = 0; step < 40000; ++step) {
    const bool grows = step / 5000 % 2 == 0;
    const uint64_t action = random.below(100);
    const std::string value(10 + random.below(random.one_in(50) ? 2000 : 90),
                            static_cast<char>('a' + random.below(20)));
    if (model.empty() || action < (grows ? 55 : 25)) {
      push_each(list, ListEnd::kHead, {value}, limits);
      model.push_front(value);
    } else if (action < (grows ? 65 : 30)) {
      push_each(list, ListEnd::kTail, {value}, limits);
      model.push_back(value);
    } else if (action < 80) {
      CHECK(pop(list, ListEnd::kTail, 1, limits) == Texts{model.back()});
      model.pop_back();
    } else if (action < 98) {
      CHECK(pop(list, ListEnd::kHead, 1, limits) == Texts{model.front()});
      model.pop_front();
    } else {
      const size_t index = random.below(model.size());
      list.set(index, value, limits);
      model[index] = value;
    }
    REQUIRE(list.size() == model.size());
    REQUIRE(list.bytes() == bytes_by_walking(list));
    if (step % 500 != 0) continue;
    REQUIRE(texts_of(list) == Texts(model.begin(), model.end()));
    REQUIRE(texts_of(list.copy()) == Texts(model.begin(), model.end()));
  }
}

TEST_CASE("a list is the same under limits that change all the time") {
  Random random(11);
  List list;
  std::deque<std::string> model;
  for (int step = 0; step < 5000; ++step) {
    const ListLimits limits{.listpack_size = static_cast<int64_t>(random.below(12)) - 3,
                            .compress_depth = static_cast<uint32_t>(random.below(3)),
                            .packed_threshold = random.one_in(3) ? 100 : size_t{0}};
    const std::string value(random.below(300), static_cast<char>('a' + random.below(3)));
    const size_t index = random.below(model.size() + 1);
    const uint64_t action = random.below(step / 500 % 2 == 0 ? 4 : 8);
    if (action < 2 || model.empty()) {
      list.insert(index, value, limits);
      model.insert(model.begin() + static_cast<ptrdiff_t>(index), value);
    } else if (action < 3) {
      list.set(index % model.size(), value, limits);
      model[index % model.size()] = value;
    } else {
      list.erase(index % model.size(), 1, limits);
      model.erase(model.begin() + static_cast<ptrdiff_t>(index % model.size()));
    }
    REQUIRE(list.bytes() == bytes_by_walking(list));
    if (step % 10 == 0) REQUIRE(texts_of(list) == Texts(model.begin(), model.end()));
  }
}

TEST_CASE("ten short elements are one allocation of 128 bytes") {
  const List list = list_of(Texts(10, "nine byte"), {});
  CHECK(list.bytes() == 128);
}

TEST_CASE("a list keeps its value through release and adopt") {
  for (const int count : {3, 5000}) {
    CAPTURE(count);
    List list = list_of(numbers(count), {});
    const uintptr_t word = list.release();
    const List again = List::adopt(word);
    CHECK(texts_of(again) == numbers(count));
  }
}

TEST_CASE("freeing in slices ends with an empty list") {
  const ListLimits limits{.listpack_size = 10};
  List list = list_of(numbers(1000), limits);
  int slices = 1;
  while (!list.free_some(7))
    ++slices;
  CHECK(slices == 15);
  CHECK(list.empty());
  List small = list_of(numbers(3), limits);
  CHECK(!small.free_some(0));
  CHECK(small.free_some(1));
  CHECK(small.empty());
}

TEST_CASE("a loaded list is a listpack if it fits one") {
  const ListLimits limits{.listpack_size = 10};
  List list;
  list.append_pack(Listpack().view(), limits);
  CHECK(list.encoding() == Encoding::kListpack);
  Listpack pack;
  pack.push_back("a"sv);
  list.append_pack(pack.view(), limits);
  list.settle(limits);
  CHECK(list.encoding() == Encoding::kListpack);
  CHECK(texts_of(list) == Texts{"a"});
  list.append_plain("large", limits);
  list.settle(limits);
  CHECK(list.encoding() == Encoding::kQuicklist);
  CHECK(texts_of(list) == Texts{"a", "large"});
}
