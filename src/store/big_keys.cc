#include "store/big_keys.h"

#include <algorithm>

namespace kvstash::store {

void LargestKeys::add(std::string_view name, uint64_t hash, uint64_t size) {
  const auto known = std::ranges::find_if(
      keys_, [&](const Key& key) { return key.hash == hash && key.name == name; });
  if (known != keys_.end()) {
    known->size = size;
  } else if (name.size() > kNameBytesMax) {
    return;
  } else if (keys_.size() < kKept) {
    keys_.push_back({.name = std::string(name), .hash = hash, .size = size});
  } else {
    *std::ranges::min_element(keys_, {}, &Key::size) = {
        .name = std::string(name), .hash = hash, .size = size};
  }
  learn_least();
}

void LargestKeys::learn_least() {
  least_ = size_min_;
  if (keys_.size() < kKept) return;
  least_ = std::max(least_, std::ranges::min_element(keys_, {}, &Key::size)->size + 1);
}

}  // namespace kvstash::store
