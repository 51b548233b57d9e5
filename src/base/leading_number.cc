#include "base/leading_number.h"

#include "base/numbers.h"

namespace kvstash {

int64_t leading_number(std::string_view text) {
  size_t size = text.starts_with('-') ? 1 : 0;
  while (size < text.size() && text[size] >= '0' && text[size] <= '9')
    ++size;
  return parse_int64(text.substr(0, size)).value_or(0);
}

}  // namespace kvstash
