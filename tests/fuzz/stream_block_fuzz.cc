// Property: bytes that pass the deep check as a block of a stream can be walked both ways, show the
// same entries from either end, are found by their ids, and stay a valid block through every
// change; none of it reads outside the bytes.
//
// Input: the bytes of a listpack, after one byte that chooses the change. The total in the header
// is corrected first: else almost nothing would pass.
#include "base/ensure.h"
#include "store/stream_block.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::store;

constexpr StreamId kId{1000, 5};

struct Seen {
  StreamId id;
  bool is_deleted;
  std::string fields;

  bool operator==(const Seen&) const = default;
};

Seen seen(const BlockReader& reader) {
  std::string fields;
  char scratch[kvstash::kInt64CharsMax];
  reader.for_each([&](PackedValue field, PackedValue value) {
    fields += std::string(field.string(scratch)) + "=";
    fields += std::string(value.string(scratch)) + ",";
  });
  return {reader.id(), reader.is_deleted(), fields};
}

std::vector<Seen> entries_of(const Listpack& pack) {
  ensure(is_valid_stream_block(kId, pack.view().raw(), true));
  std::vector<Seen> forwards;
  std::vector<Seen> backwards;
  BlockReader reader(kId, pack.view());
  for (bool there = reader.first(); there; there = reader.next())
    forwards.push_back(seen(reader));
  for (bool there = reader.last(); there; there = reader.prev())
    backwards.push_back(seen(reader));
  std::reverse(backwards.begin(), backwards.end());
  ensure(forwards == backwards);
  ensure(forwards.size() == reader.live() + reader.deleted());
  for (const Seen& entry : forwards) {
    ensure(reader.seek_at_or_after(entry.id) && reader.id() == entry.id);
    ensure(reader.seek_at_or_before(entry.id) && reader.id() == entry.id);
  }
  return forwards;
}

void change(Listpack& pack, std::vector<Seen>& model, unsigned choice) {
  StreamBlock block(kId, pack);
  BlockReader reader(kId, pack.view());
  if (choice % 2 == 0) {
    const StreamId id = model.empty() ? kId : model.back().id.next().value_or(kId);
    if (!model.empty() && id <= model.back().id) return;
    const std::vector<std::string_view> fields = {"f", "added"};
    block.append(id, fields);
    model.push_back({id, false, "f=added,"});
    return;
  }
  if (reader.live() < 2) return;
  size_t skipped = choice / 2 % reader.live();
  for (size_t i = 0; i < model.size(); ++i) {
    if (model[i].is_deleted || skipped-- != 0) continue;
    ensure(reader.seek_at_or_after(model[i].id));
    block.erase(reader.flags_position());
    model[i].is_deleted = true;
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 + ListpackView::kEmptyBytes) return 0;
  std::vector<unsigned char> bytes(data + 1, data + size);  // Its own block, for the sanitizer.
  const uint32_t total = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &total, sizeof(total));
  const std::string_view raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!is_valid_stream_block(kId, raw, true)) return 0;
  ensure(is_valid_stream_block(kId, raw, false));

  Listpack pack{ListpackView(bytes.data())};
  std::vector<Seen> model = entries_of(pack);
  change(pack, model, data[0]);
  ensure(entries_of(pack) == model);
  return 0;
}
