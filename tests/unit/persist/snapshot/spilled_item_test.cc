#include "persist/snapshot/spilled_item.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

namespace kvstash::persist {
namespace {

using Item = ChunkLane::Item;

Item item_of(Item::Kind kind, bool goes_on, uint32_t db, std::string bytes, size_t texts) {
  Item item{.kind = kind, .goes_on = goes_on};
  item.chunk.db = db;
  item.chunk.encoded.bytes = std::move(bytes);
  for (size_t i = 0; i < texts; ++i)
    item.chunk.encoded.compressible.push_back({.at = i, .size = i * i});
  return item;
}

}  // namespace

TEST_CASE("items come back as they were, from bytes that end anywhere") {
  const Item items[] = {
      item_of(Item::Kind::kChunk, true, 7, std::string(100, 'x'), 3),
      item_of(Item::Kind::kSmallDone, false, 0, "", 0),
      item_of(Item::Kind::kValueEnd, false, 0, "", 0),
      item_of(Item::Kind::kChunk, false, 4'000'000'000u, std::string("\0\1", 2), 0),
      item_of(Item::Kind::kDone, false, 0, "", 0),
  };
  std::string all;
  for (const Item& item : items)
    spill_item(item, all);
  for (size_t size = 0; size <= all.size(); ++size) {
    std::string_view left = std::string_view(all).substr(0, size);
    size_t number = 0;
    while (const std::optional<Item> item = unspill_item(left)) {
      REQUIRE(number < std::size(items));
      const Item& real = items[number++];
      CHECK(item->kind == real.kind);
      CHECK(item->goes_on == real.goes_on);
      CHECK(item->chunk.db == real.chunk.db);
      CHECK(item->chunk.encoded.bytes == real.chunk.encoded.bytes);
      REQUIRE(item->chunk.encoded.compressible.size() == real.chunk.encoded.compressible.size());
      for (size_t i = 0; i < item->chunk.encoded.compressible.size(); ++i) {
        CHECK(item->chunk.encoded.compressible[i].at == i);
        CHECK(item->chunk.encoded.compressible[i].size == i * i);
      }
    }
    CHECK((number == std::size(items)) == (size == all.size()));
    if (size == all.size()) CHECK(left.empty());
  }
}

}  // namespace kvstash::persist
