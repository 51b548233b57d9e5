// ValueSkipper: finds the end of a value without decoding it, in bytes that come in pieces.
//
// Each type has a layout, which is a short text that is also the documentation of the type:
//
//   s   a string            l   a length           1   4   8   so many bytes
//   t   a score as text     i   a stream's id      m   what a module wrote, up to its end mark
//   n(...)                  a length, and then what is in the parentheses, that many times
//
// The skipper keeps its place in the layout between the pieces, so each byte is looked at once,
// and most bytes (those of strings) not at all. It bounds nothing by itself: counts that are lies
// end with the bytes. Pure; any thread.
#pragma once

#include "base/result.h"
#include "persist/rdb/format.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::persist::rdb {

// The layout of a type's values; nothing for an unknown type, and for one whose end cannot be found
// (Type::kModule).
std::optional<std::string_view> layout_of(Type type, Dialect dialect);

class ValueSkipper {
 public:
  explicit ValueSkipper(std::string_view layout) : layout_(layout) {}

  enum class Progress : uint8_t { kDone, kNeedsMore, kDamaged };

  // Goes over the next bytes and removes from `bytes` what belongs to the value and was passed. A
  // few bytes at the end may stay although more are needed: the next piece begins with them.
  Progress skip(std::string_view& bytes);

 private:
  struct Loop {
    size_t start;  // The place in the layout behind "(".
    uint64_t left;
  };
  static constexpr size_t kDepthMax = 3;

  Progress step(std::string_view& bytes);
  Progress skip_string(std::string_view& bytes);
  Progress skip_module(std::string_view& bytes);
  Progress begin_loop(std::string_view& bytes);
  void end_loop();
  void pass_over_loop();

  std::string_view layout_;
  size_t at_ = 0;
  uint64_t raw_left_ = 0;  // Bytes to pass over before the next step.
  Loop loops_[kDepthMax] = {};
  size_t depth_ = 0;
};

}  // namespace kvstash::persist::rdb
