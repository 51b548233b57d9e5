// BigKeys: the largest keys of one keyspace, known without a search.
//
// For each type there are two short lists: the keys with the most bytes, and the keys with the most
// elements, with their sizes as of their last write. A list takes in a key that is larger than the
// smallest key in it. Nothing is taken out when a key shrinks or is deleted, so a reader must look
// at each listed key itself and report its present size (Keyspace::big_keys). A key that was pushed
// out of a list comes back with its next write at the latest.
//
// Not thread-safe: lives in a keyspace.
#pragma once

#include "store/entry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::store {

// The largest keys by one measure: bytes or elements.
class LargestKeys {
 public:
  struct Key {
    std::string name;
    uint64_t hash = 0;
    uint64_t size = 0;
  };

  static constexpr size_t kKept = 8;
  static constexpr size_t kNameBytesMax = 1024;  // Keys with longer names are not kept.

  explicit LargestKeys(uint64_t size_min) : size_min_(size_min), least_(size_min) {}

  void note(std::string_view name, uint64_t hash, uint64_t size) {
    if (size >= least_) [[unlikely]]
      add(name, hash, size);
  }
  const std::vector<Key>& keys() const { return keys_; }
  // Sets each key's size to `size_of(key)`, which is 0 for a key that no longer exists, and drops
  // the keys that are too small for the list.
  template <typename SizeOf>
  void refresh(const SizeOf& size_of) {
    for (Key& key : keys_)
      key.size = size_of(key);
    std::erase_if(keys_, [this](const Key& key) { return key.size < size_min_; });
    learn_least();
  }

 private:
  void add(std::string_view name, uint64_t hash, uint64_t size);
  void learn_least();

  uint64_t size_min_;
  uint64_t least_;  // A key of at least this size is added.
  std::vector<Key> keys_;
};

// A key that is in one of the lists, with its present size.
struct BigKey {
  std::string name;
  ValueType type{};
  uint64_t bytes = 0;
  uint64_t elements = 0;  // For a string: the length of its value in bytes.
};

class BigKeys {
 public:
  // A value of fewer bytes is not listed by bytes.
  static constexpr uint64_t kBytesMin = 16 << 10;
  static constexpr uint64_t kElementsMin = 1000;
  // A value with fewer bytes than this has fewer than kElementsMin elements, so it is not looked
  // at.
  static constexpr size_t kLookBytesMin = 2000;

  struct OfType {
    LargestKeys by_bytes{kBytesMin};
    LargestKeys by_elements{kElementsMin};
  };

  OfType& of(ValueType type) { return types_[static_cast<size_t>(type)]; }

 private:
  std::array<OfType, static_cast<size_t>(ValueType::kCount)> types_;
};

}  // namespace kvstash::store
