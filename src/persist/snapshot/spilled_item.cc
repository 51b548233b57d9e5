#include "persist/snapshot/spilled_item.h"

#include "base/ensure.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kvstash::persist {
namespace {

using Text = rdb::Encoded::Text;
static_assert(std::is_trivially_copyable_v<Text>);

struct Head {
  uint64_t bytes;
  uint64_t texts;
  uint32_t db;
  uint16_t kind;
  uint16_t goes_on;
};
static_assert(std::has_unique_object_representations_v<Head>);

}  // namespace

void spill_item(const ChunkLane::Item& item, std::string& to) {
  const rdb::Encoded& encoded = item.chunk.encoded;
  const Head head{.bytes = encoded.bytes.size(),
                  .texts = encoded.compressible.size(),
                  .db = item.chunk.db,
                  .kind = static_cast<uint16_t>(item.kind),
                  .goes_on = item.goes_on};
  to.append(reinterpret_cast<const char*>(&head), sizeof(head));
  to.append(encoded.bytes);
  to.append(reinterpret_cast<const char*>(encoded.compressible.data()),
            encoded.compressible.size() * sizeof(Text));
}

std::optional<ChunkLane::Item> unspill_item(std::string_view& from) {
  Head head{};
  if (from.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, from.data(), sizeof(head));
  const size_t texts_bytes = head.texts * sizeof(Text);
  if (from.size() - sizeof(head) < head.bytes + texts_bytes) return std::nullopt;
  from.remove_prefix(sizeof(head));
  ChunkLane::Item item{.kind = static_cast<ChunkLane::Item::Kind>(head.kind),
                       .goes_on = head.goes_on != 0};
  item.chunk.db = head.db;
  item.chunk.encoded.bytes = from.substr(0, head.bytes);
  from.remove_prefix(head.bytes);
  item.chunk.encoded.compressible.resize(head.texts);
  if (texts_bytes != 0)
    std::memcpy(item.chunk.encoded.compressible.data(), from.data(), texts_bytes);
  from.remove_prefix(texts_bytes);
  return item;
}

}  // namespace kvstash::persist
