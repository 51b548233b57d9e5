// Property: bytes that pass the deep check can be walked both ways, show the same elements from
// either end, and stay a valid listpack through every change; none of it reads outside the bytes.
//
// Input: the bytes of a listpack, after one byte that chooses the changes. The total in the header
// is corrected first: else almost nothing would pass.
#include "base/ensure.h"
#include "store/listpack.h"

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

std::string text_of(PackedValue value) {
  char scratch[kvstash::kInt64CharsMax];
  return std::string(value.string(scratch));
}

std::vector<std::string> forwards(ListpackView view) {
  std::vector<std::string> texts;
  for (PackPosition at = view.first(); at;) {
    const PackPosition next = view.next(at);
    texts.push_back(text_of(view.take(at)));
    ensure(at == next);
  }
  return texts;
}

std::vector<std::string> backwards(ListpackView view) {
  std::vector<std::string> texts;
  for (PackPosition at = view.last(); at; at = view.prev(at))
    texts.push_back(text_of(view.value(at)));
  std::reverse(texts.begin(), texts.end());
  return texts;
}

void check(const Listpack& pack, const std::vector<std::string>& expected) {
  ensure(is_valid_listpack(pack.view().raw(), true));
  ensure(pack.size() == expected.size());
  ensure(forwards(pack.view()) == expected);
  ensure(backwards(pack.view()) == expected);
}

void change(Listpack& pack, std::vector<std::string>& model, unsigned choice) {
  if (model.empty()) return;
  const size_t index = choice / 4 % model.size();
  const PackPosition at = pack.view().seek(static_cast<int64_t>(index));
  ensure(pack.view().find(model[index], at, 0) == at);
  const auto place = model.begin() + static_cast<ptrdiff_t>(index);
  switch (choice % 4) {
    case 0:
      pack.erase(at);
      model.erase(place);
      return;
    case 1: {
      const Listpack tail = pack.split_off(at);
      check(tail, {place, model.end()});
      pack.append(tail.view());
      return;
    }
    case 2:
      pack.replace(at, std::string_view("replaced"));
      *place = "replaced";
      return;
    default:
      pack.insert_before(at, int64_t{-77});
      model.insert(place, "-77");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 + ListpackView::kEmptyBytes) return 0;
  std::vector<unsigned char> bytes(data + 1, data + size);  // Its own block, for the sanitizer.
  const uint32_t total = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &total, sizeof(total));
  const std::string_view raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!is_valid_listpack(raw, true)) return 0;
  ensure(is_valid_listpack(raw, false));

  Listpack pack{ListpackView(bytes.data())};
  std::vector<std::string> model = forwards(pack.view());
  check(pack, model);
  change(pack, model, data[0]);
  check(pack, model);
  return 0;
}
