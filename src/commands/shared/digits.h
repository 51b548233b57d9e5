// Digits: a number as text, for the journal's records. Its views are valid as long as the object.
#pragma once

#include "base/numbers.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

class Digits {
 public:
  explicit Digits(int64_t value) : size_(format_int64(text_, value)) {}
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[kInt64CharsMax];
  size_t size_;
};

}  // namespace kvstash::commands
