#include "persist/journal/marked_bytes.h"

#include "base/ensure.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvstash::persist {

void MarkedBytes::insert(size_t offset, std::string_view text, engine::RecordTarget target) {
  bytes.insert(offset, text);
  size_t before = 0;  // The number of marks before the text.
  for (Mark& mark : marks) {
    ensure(mark.offset >= offset || mark.offset + mark.bytes <= offset);
    if (mark.offset >= offset) {
      mark.offset += text.size();
    } else {
      ++before;
    }
  }
  if (target == engine::RecordTarget::kBoth) return;
  marks.insert(std::next(marks.begin(), static_cast<ptrdiff_t>(before)),
               {.offset = offset, .bytes = text.size(), .target = target});
}

void MarkedBytes::take(MarkedBytes& more) {
  if (empty()) {
    std::swap(*this, more);
  } else {
    for (Mark mark : more.marks) {
      mark.offset += bytes.size();
      marks.push_back(mark);
    }
    bytes += more.bytes;
  }
  more.bytes.clear();
  more.marks.clear();
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
