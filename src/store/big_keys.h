// BigKeys: the largest keys of one keyspace, known without looking for them.
//
// For each type two short lists: the keys with the most bytes, and with the most elements, as they
// were when they were last written. A list holds what passed its smallest member; nothing is taken
// out when a key shrinks or goes. So who looks must look at the key itself, and say what it is now
// (Keyspace::big_keys). A key that was pushed out of a list comes back with its next write at the
// latest.
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

// The keys that are first by one measure.
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
  // Brings each key's size up to date: `size_of(key)`, 0 if it is gone.
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
  uint64_t least_;  // What a key must have to get in.
  std::vector<Key> keys_;
};

// A key that is in one of the lists, as it is now.
struct BigKey {
  std::string name;
  ValueType type{};
  uint64_t bytes = 0;
  uint64_t elements = 0;  // Bytes of a string's value.
};

class BigKeys {
 public:
  // Values that take fewer bytes are not even looked at.
  static constexpr uint64_t kBytesMin = 16 << 10;
  static constexpr uint64_t kElementsMin = 1000;
  // Fewer than kElementsMin elements take less than this.
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
