// Intset: a sorted array of different integers in one run of bytes, in Redis's format to the bit.
//
//   ┌──────────┬────────┬─────────┬─ ─ ─┐
//   │ encoding │ length │ value 0 │     │   all little-endian; encoding is the bytes a value takes:
//   └──────────┴────────┴─────────┴─ ─ ─┘   2, 4 or 8, wide enough for the widest ever stored
//      4          4
//
// Searching is binary; adding and removing move the values behind. An intset is meant to be small
// (set-max-intset-entries): its owner changes a larger one to a hash table. The allocated size
// follows from encoding and length, so an Intset is one pointer.
//
// Reading trusts the bytes, so bytes from outside go through `is_valid_intset` first. Not
// thread-safe: lives on one shard.
#pragma once

#include "base/random.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace kvstash::store {

// Whether `bytes` are an intset of exactly that length. With `deep`, also whether the values are
// sorted and distinct. Never reads outside `bytes`.
bool is_valid_intset(std::string_view bytes, bool deep);

class Intset {
 public:
  static constexpr size_t kHeaderBytes = 8;

  Intset();  // Empty, of 2-byte values.
  // Copies bytes that are an intset.
  explicit Intset(std::string_view raw);
  Intset(const Intset&) = delete;
  Intset& operator=(const Intset&) = delete;
  Intset(Intset&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Intset& operator=(Intset&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Intset();

  // Give the bytes away and take them back, for owners that keep one word.
  unsigned char* release() { return std::exchange(data_, nullptr); }
  static Intset adopt(unsigned char* data) { return Intset(data); }

  bool contains(int64_t value) const;
  bool add(int64_t value);     // Returns true if it was absent.
  bool remove(int64_t value);  // Returns true if it was there.

  size_t size() const { return word(4); }
  bool empty() const { return size() == 0; }
  int64_t at(size_t index) const;  // In ascending order; `index` is below size().
  int64_t random(Random& random) const { return at(random.below(size())); }

  uint32_t width() const { return word(0); }  // Bytes of one value.
  size_t total_bytes() const { return kHeaderBytes + size() * width(); }
  size_t bytes() const;  // The allocation, as the allocator rounds it.
  std::string_view raw() const { return {reinterpret_cast<const char*>(data_), total_bytes()}; }

 private:
  struct Place {
    size_t index;  // Index of the value, or of the place for it.
    bool found;
  };

  explicit Intset(unsigned char* data) : data_(data) {}

  uint32_t word(size_t offset) const;
  void set_word(size_t offset, uint32_t value);
  Place find(int64_t value) const;
  void set(size_t index, int64_t value);
  void widen(uint32_t width, int64_t value);
  void resize(size_t index, size_t removed, size_t added);

  unsigned char* data_;
};
static_assert(sizeof(Intset) == 8, "owners keep it in a word");

}  // namespace kvstash::store
