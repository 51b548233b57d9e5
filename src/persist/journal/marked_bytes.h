// Marked bytes: records as the journal keeps them, RESP text with marks on the parts that only one
// of its two readers gets.
//
// The log on disk gets all bytes but those marked kReplicas; replicas get all bytes but those
// marked kAof. Unmarked bytes are for both. Almost everything is, so marks are few.
#pragma once

#include "engine/execution/effect_sink.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

// The bytes [offset, offset + bytes) are for `target` alone.
struct Mark {
  size_t offset = 0;
  size_t bytes = 0;
  engine::RecordTarget target = engine::RecordTarget::kBoth;

  bool operator==(const Mark&) const = default;
};

struct MarkedBytes {
  std::string bytes;
  std::vector<Mark> marks;  // In the order of their offsets; they do not overlap.

  bool empty() const { return bytes.empty(); }
  // Marks the bytes from `offset` to the end.
  void mark_from(size_t offset, engine::RecordTarget target) {
    if (target != engine::RecordTarget::kBoth)
      marks.push_back({.offset = offset, .bytes = bytes.size() - offset, .target = target});
  }
  // Inserts text for `target` at `offset`, which is not inside a mark.
  void insert(size_t offset, std::string_view text,
              engine::RecordTarget target = engine::RecordTarget::kBoth);
  // Moves what `more` has to the end.
  void take(MarkedBytes& more);
  // Moves the first `count` bytes, which end between two marks, to `front`, which is empty.
  void cut_front(size_t count, MarkedBytes& front);
};

// Returns how many of the bytes replicas get.
size_t stream_bytes(size_t bytes, const std::vector<Mark>& marks);

}  // namespace kvstash::persist
