#include "persist/rdb/container_readers.h"
#include "persist/rdb/old_packs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::persist::rdb {
namespace {

using store::Listpack;
using store::ListpackView;

// Reads a string that `convert` makes a listpack of.
template <typename Convert>
Listpack read_converted(Decoder& from, const Convert& convert, std::string_view why) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return {};
  std::optional<Listpack> pack = convert(bytes);
  if (pack) return *std::move(pack);
  from.fail(why);
  return {};
}

}  // namespace

Listpack read_listpack(Decoder& from) {
  return read_converted(
      from,
      [](std::string_view bytes) -> std::optional<Listpack> {
        if (bytes.size() > ListpackView::kBytesMax || !store::is_valid_listpack(bytes, true))
          return std::nullopt;
        return Listpack(ListpackView(reinterpret_cast<const unsigned char*>(bytes.data())));
      },
      "a listpack is damaged");
}

Listpack read_ziplist(Decoder& from) {
  return read_converted(from, listpack_of_ziplist, "a ziplist is damaged");
}

Listpack read_zipmap(Decoder& from) {
  return read_converted(from, listpack_of_zipmap, "a zipmap is damaged");
}

bool has_repeats(ListpackView pack, size_t step) {
  std::vector<std::string> texts;
  size_t number = 0;
  for (store::PackPosition at = pack.first(); at; ++number) {
    const store::PackedValue value = pack.take(at);
    if (number % step != 0) continue;
    char scratch[kInt64CharsMax];
    texts.emplace_back(value.string(scratch));
  }
  std::sort(texts.begin(), texts.end());
  return std::adjacent_find(texts.begin(), texts.end()) != texts.end();
}

}  // namespace kvstash::persist::rdb
