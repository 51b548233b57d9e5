#include "persist/journal/marked_bytes.h"

#include "base/ensure.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvstash::persist {

void MarkedBytes::insert(size_t offset, std::string_view text) {
  bytes.insert(offset, text);
  for (Mark& mark : marks) {
    ensure(mark.offset >= offset || mark.offset + mark.bytes <= offset);
    if (mark.offset >= offset) mark.offset += text.size();
  }
}

void MarkedBytes::cut_front(size_t count, MarkedBytes& front) {
  ensure(front.empty() && count <= bytes.size());
  if (count == bytes.size()) {
    std::swap(*this, front);
    return;
  }
  front.bytes.assign(bytes, 0, count);
  bytes.erase(0, count);
  const auto first_kept = std::ranges::find_if(
      marks, [count](const Mark& mark) { return mark.offset + mark.bytes > count; });
  front.marks.assign(marks.begin(), first_kept);
  marks.erase(marks.begin(), first_kept);
  for (Mark& mark : marks) {
    ensure(mark.offset >= count);
    mark.offset -= count;
  }
}

size_t stream_bytes(size_t bytes, const std::vector<Mark>& marks) {
  for (const Mark& mark : marks) {
    if (mark.target == engine::RecordTarget::kAof) bytes -= mark.bytes;
  }
  return bytes;
}

}  // namespace kvstash::persist
