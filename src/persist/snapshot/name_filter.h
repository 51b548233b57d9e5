// NameFilter: says fast of most names that they are not among those that were added, so that a walk
// over millions of elements need not look for each of them among the few that have changed.
//
// A bit for each hash, in one table that is made once many names were added: it never grows, so no
// call takes long. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvstash::persist {

class NameFilter {
 public:
  void add(uint64_t hash) {
    if (bits_.empty()) {
      first_.push_back(hash);
      if (first_.size() < kFirst) return;
      bits_.resize(kBits / 64);
      for (const uint64_t early : first_)
        set(early);
      return;
    }
    set(hash);
  }
  // False: no name of this hash was added.
  bool may_have(uint64_t hash) const {
    if (bits_.empty()) return !first_.empty();
    return (bits_[word_of(hash)] >> (hash % 64) & 1) != 0;
  }
  size_t bytes() const { return (bits_.size() + first_.capacity()) * sizeof(uint64_t); }

 private:
  static constexpr size_t kFirst = 1024;
  static constexpr size_t kBits = size_t{1} << 20;

  static size_t word_of(uint64_t hash) { return (hash >> 32) % (kBits / 64); }
  void set(uint64_t hash) { bits_[word_of(hash)] |= uint64_t{1} << (hash % 64); }

  std::vector<uint64_t> first_;  // Hashes that were added before the table was made.
  std::vector<uint64_t> bits_;
};

}  // namespace kvstash::persist
