#include "store/quicklist.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;
using namespace std::string_view_literals;

namespace {

std::vector<size_t> counts(const Quicklist& list) {
  std::vector<size_t> result;
  for (const Quicklist::Node* node = list.head(); node != nullptr; node = node->next)
    result.push_back(node->count);
  return result;
}

std::vector<bool> compressed(const Quicklist& list) {
  std::vector<bool> result;
  for (const Quicklist::Node* node = list.head(); node != nullptr; node = node->next)
    result.push_back(node->is_compressed);
  return result;
}

std::vector<bool> plain(const Quicklist& list) {
  std::vector<bool> result;
  for (const Quicklist::Node* node = list.head(); node != nullptr; node = node->next)
    result.push_back(node->is_plain);
  return result;
}

const std::string kWords = std::string(100, 'w');

}  // namespace

TEST_CASE("the limits of a pack are those of list-max-listpack-size") {
  CHECK(ListLimits{.listpack_size = -1}.pack_allows(4096, 100000));
  CHECK(!ListLimits{.listpack_size = -1}.pack_allows(4097, 1));
  CHECK(ListLimits{}.pack_allows(8192, 1));
  CHECK(!ListLimits{}.pack_allows(8193, 1));
  CHECK(ListLimits{.listpack_size = -5}.pack_allows(65536, 1));
  CHECK(ListLimits{.listpack_size = -6}.pack_allows(65536, 1));
  CHECK(!ListLimits{.listpack_size = -6}.pack_allows(65537, 1));
  CHECK(ListLimits{.listpack_size = 3}.pack_allows(8192, 3));
  CHECK(!ListLimits{.listpack_size = 3}.pack_allows(100, 4));
  CHECK(!ListLimits{.listpack_size = 3}.pack_allows(8193, 1));
  CHECK(ListLimits{.listpack_size = 0}.pack_allows(100, 1));
  CHECK(!ListLimits{.listpack_size = 0}.pack_allows(100, 2));
  CHECK(ListLimits{}.half_allows(4096, 1));
  CHECK(!ListLimits{}.half_allows(4097, 1));
  CHECK(!ListLimits{.listpack_size = 5}.half_allows(10, 3));
  CHECK(!ListLimits{}.is_large(8192));
  CHECK(ListLimits{}.is_large(8193));
  CHECK(ListLimits{.packed_threshold = 10}.is_large(10));
  CHECK(!ListLimits{.packed_threshold = 10}.is_large(9));
}

TEST_CASE("pushing fills a piece before it starts another, at both ends") {
  Quicklist list;
  const ListLimits limits{.listpack_size = 3};
  for (int i = 0; i < 4; ++i)
    list.push(ListEnd::kTail, "x", limits);
  CHECK(counts(list) == std::vector<size_t>{3, 1});
  for (int i = 0; i < 4; ++i)
    list.push(ListEnd::kHead, "x", limits);
  CHECK(counts(list) == std::vector<size_t>{1, 3, 3, 1});
  CHECK(list.size() == 8);
}

namespace {

// The pieces as they count: what gathers at the head counts with the next.
std::vector<size_t> whole_counts(const Quicklist& list) {
  std::vector<size_t> result = counts(list);
  if (result.size() == list.node_count()) return result;
  REQUIRE(result.size() == list.node_count() + 1);
  result[1] += result[0];
  result.erase(result.begin());
  return result;
}

std::string first_of(const Quicklist& list) {
  char scratch[kInt64CharsMax];
  const ListpackView pack(list.head()->data);
  return std::string(pack.value(pack.first()).string(scratch));
}

}  // namespace

TEST_CASE("elements gather before the piece at the head, and the limits hold for both together") {
  Quicklist list;
  const ListLimits limits{.listpack_size = 100};
  size_t gathered_times = 0;
  for (size_t i = 1; i <= 1000; ++i) {
    list.push(ListEnd::kHead, std::to_string(i) + kWords.substr(60), limits);
    REQUIRE(list.node_count() == (i + 99) / 100);
    if (counts(list).size() != list.node_count()) {
      ++gathered_times;
      CHECK(list.head()->raw_bytes < 1100);
    }
    CHECK(first_of(list) == std::to_string(i) + kWords.substr(60));
  }
  CHECK(gathered_times > 300);
  CHECK(whole_counts(list) == std::vector<size_t>(10, 100));
}

TEST_CASE("what gathers belongs to the piece behind it, whatever is done to either") {
  const ListLimits limits{};
  const auto fill = [&limits](Quicklist& list) {
    for (int i = 0; i < 100; ++i)
      list.push(ListEnd::kTail, kWords, limits);
    for (int i = 0; i < 75; ++i)
      list.push(ListEnd::kHead, kWords, limits);
    REQUIRE(counts(list).size() == list.node_count() + 1);
  };
  Quicklist list;
  SUBCASE("changed inside") {
    fill(list);
    list.set(0, "first", limits);
    CHECK(counts(list).size() == list.node_count());
    CHECK(first_of(list) == "first");
    fill(list);
    list.insert(1, "second", limits);
    CHECK(counts(list).size() == list.node_count());
  }
  SUBCASE("popped until it is gone") {
    fill(list);
    const size_t gathered = list.head()->count;
    const size_t pieces = list.node_count();
    list.erase(0, gathered, limits);
    CHECK(counts(list).size() == pieces);
    CHECK(list.node_count() == pieces);
  }
  SUBCASE("the piece behind it is gone") {
    fill(list);
    const size_t gathered = list.head()->count;
    const size_t pieces = list.node_count();
    list.erase(gathered, list.head()->next->count, limits);
    CHECK(list.node_count() == pieces);
    CHECK(counts(list).size() == pieces);
  }
  SUBCASE("nothing else is left") {
    fill(list);
    const size_t kept = list.head()->count + 3;
    list.erase(kept, list.size() - kept, limits);
    CHECK(counts(list) == std::vector<size_t>{kept});
    CHECK(list.take_only_pack().size() == kept);
  }
  SUBCASE("all equal elements are removed") {
    fill(list);
    list.push(ListEnd::kTail, "last", limits);
    CHECK(list.remove(ListEnd::kHead, kWords, SIZE_MAX, limits) == 175);
    CHECK(counts(list) == std::vector<size_t>{1});
  }
  SUBCASE("pieces come to be compressed") {
    fill(list);
    const ListLimits compressing{.compress_depth = 1};
    list.push(ListEnd::kTail, "x", compressing);
    CHECK(counts(list).size() == list.node_count());
    CHECK(compressed(list).front() == false);
  }
  SUBCASE("copied") {
    fill(list);
    Quicklist* twin = list.copy();
    CHECK(counts(*twin) == counts(list));
    CHECK(twin->node_count() == list.node_count());
    Quicklist::destroy(twin);
  }
}

TEST_CASE("a large element is a piece of its own") {
  Quicklist list;
  const ListLimits limits{.packed_threshold = 50};
  list.push(ListEnd::kTail, "a", limits);
  list.push(ListEnd::kTail, kWords, limits);
  list.push(ListEnd::kTail, "b", limits);
  CHECK(plain(list) == std::vector<bool>{false, true, false});
  list.push(ListEnd::kTail, "c", limits);
  CHECK(counts(list) == std::vector<size_t>{1, 1, 2});
  list.set(2, kWords, limits);
  CHECK(plain(list) == std::vector<bool>{false, true, true, false});
  list.set(1, "small", limits);
  CHECK(plain(list) == std::vector<bool>{false, false, true, false});
  CHECK(counts(list) == std::vector<size_t>{1, 1, 1, 1});
}

TEST_CASE("only pieces further inside than the depth are compressed") {
  Quicklist list;
  const ListLimits limits{.listpack_size = 2, .compress_depth = 1};
  for (int i = 0; i < 10; ++i)
    list.push(ListEnd::kTail, kWords, limits);
  CHECK(compressed(list) == std::vector<bool>{false, true, true, true, false});
  list.erase(0, 2, limits);
  CHECK(compressed(list) == std::vector<bool>{false, true, true, false});
  list.erase(6, 2, limits);
  CHECK(compressed(list) == std::vector<bool>{false, true, false});
  list.insert(2, "inside", limits);
  CHECK(compressed(list).front() == false);
  CHECK(compressed(list).back() == false);
  list.set(3, kWords + "y", limits);
  CHECK(compressed(list) == std::vector<bool>{false, false, true, false});  // [1] is too small.
  list.erase(0, list.size() - 1, limits);
  CHECK(compressed(list) == std::vector<bool>{false});
}

TEST_CASE("compressing what does not shrink is tried once") {
  Random random(8);
  std::string noise;
  for (int i = 0; i < 200; ++i)
    noise += static_cast<char>(random.below(256));
  Quicklist list;
  const ListLimits limits{.listpack_size = 1, .compress_depth = 1};
  for (int i = 0; i < 3; ++i)
    list.push(ListEnd::kTail, noise, limits);
  CHECK(compressed(list) == std::vector<bool>{false, false, false});
  CHECK(list.head()->next->is_incompressible);
  list.set(1, kWords, limits);
  CHECK(compressed(list) == std::vector<bool>{false, true, false});
}

TEST_CASE("inserting into a full piece cuts it, and small neighbours become one") {
  Quicklist list;
  const ListLimits limits{.listpack_size = 4};
  for (int i = 0; i < 12; ++i)
    list.push(ListEnd::kTail, "x", limits);
  list.insert(6, "y", limits);
  CHECK(counts(list) == std::vector<size_t>{4, 3, 2, 4});
  list.erase(0, 3, limits);
  list.insert(7, "z", limits);
  CHECK(counts(list) == std::vector<size_t>{1, 3, 4, 3});
}

TEST_CASE("an element is replaced in place unless the piece would outgrow its limit") {
  Quicklist list;
  const ListLimits limits{.listpack_size = -1};
  for (int i = 0; i < 40; ++i)
    list.push(ListEnd::kTail, kWords, limits);
  const std::vector<size_t> before = counts(list);
  list.set(5, std::string(100, 'v'), limits);
  CHECK(counts(list) == before);
  for (int i = 0; i < 38; ++i)
    list.set(static_cast<size_t>(i), std::string(1000, 'v'), limits);
  for (const Quicklist::Node* node = list.head(); node != nullptr; node = node->next)
    CHECK(node->raw_bytes <= 4096);
  CHECK(list.size() == 40);
}

TEST_CASE("a list of a million is freed in slices") {
  Quicklist list;
  const ListLimits limits{.listpack_size = 10};
  for (int i = 0; i < 1000; ++i)
    list.push(ListEnd::kTail, "x", limits);
  CHECK(!list.free_some(99));
  CHECK(list.node_count() == 1);
  CHECK(list.size() == 10);
  CHECK(list.free_some(1));
  CHECK(list.size() == 0);
  CHECK(list.bytes() == allocation_bytes(sizeof(Quicklist)));
}

TEST_CASE("the only piece is taken as a listpack, compressed or not") {
  Quicklist list;
  const ListLimits limits{};
  list.push(ListEnd::kTail, "a", limits);
  list.push(ListEnd::kTail, "7", limits);
  const Listpack pack = list.take_only_pack();
  CHECK(pack.view().raw() ==
        "\x0c\x00\x00\x00\x02\x00\x81"
        "a\x02\x07\x01\xff"sv);
  CHECK(list.size() == 0);
  CHECK(list.head() == nullptr);
}
