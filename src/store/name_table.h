// NameTable: objects that have a name, found by it and kept in the order of the names' bytes.
//
// It is a sorted array of pointers: a look-up is a binary search, and a new name moves the pointers
// behind it, of 8 bytes each. It serves for the consumer groups of a stream and the consumers of a
// group, which are few compared with the entries they read.
//
// Owns its objects, which never move in memory. It adds the bytes that it allocates, the objects
// included, to a counter of its owner, which must outlive it. Not thread-safe.
#pragma once

#include "base/alloc.h"
#include "base/ensure.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace kvstash::store {

// A copy of a name, whose bytes are counted.
class OwnedName {
 public:
  OwnedName(std::string_view name, size_t& bytes) : size_(name.size()), bytes_(&bytes) {
    if (size_ == 0) return;
    data_ = static_cast<char*>(allocate(size_));
    std::memcpy(data_, name.data(), size_);
    *bytes_ += allocation_bytes(size_);
  }
  OwnedName(const OwnedName&) = delete;
  OwnedName& operator=(const OwnedName&) = delete;
  ~OwnedName() {
    if (size_ == 0) return;
    *bytes_ -= allocation_bytes(size_);
    deallocate(data_, size_);
  }

  std::string_view view() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  size_t size_;
  size_t* bytes_;
};

// T is constructed from a name and the counter, and has a member function name().
template <typename T>
class NameTable {
 public:
  explicit NameTable(size_t& bytes) : bytes_(&bytes) {}
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;
  ~NameTable();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // All objects in the order of their names; valid until the next change.
  std::span<const T* const> all() const { return {things_, size_}; }

  const T* find(std::string_view name) const {
    const size_t at = place_of(name);
    return at < size_ && things_[at]->name() == name ? things_[at] : nullptr;
  }
  T* find(std::string_view name) { return const_cast<T*>(std::as_const(*this).find(name)); }
  T& create(std::string_view name);  // The name must be new.
  void destroy(T& thing);            // `thing` must be in the table.

 private:
  size_t place_of(std::string_view name) const {
    return static_cast<size_t>(std::lower_bound(things_, things_ + size_, name,
                                                [](const T* thing, std::string_view sought) {
                                                  return thing->name() < sought;
                                                }) -
                               things_);
  }
  void resize(size_t capacity);
  void free_thing(T* thing);

  T** things_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t* bytes_;
};

template <typename T>
NameTable<T>::~NameTable() {
  for (size_t i = 0; i < size_; ++i)
    free_thing(things_[i]);
  resize(0);
}

template <typename T>
T& NameTable<T>::create(std::string_view name) {
  const size_t at = place_of(name);
  ensure(at == size_ || things_[at]->name() != name);
  if (size_ == capacity_) resize(capacity_ == 0 ? 1 : 2 * capacity_);
  *bytes_ += allocation_bytes(sizeof(T));
  T* thing = new (allocate(sizeof(T))) T(name, *bytes_);
  std::copy_backward(things_ + at, things_ + size_, things_ + size_ + 1);
  things_[at] = thing;
  ++size_;
  return *thing;
}

template <typename T>
void NameTable<T>::destroy(T& thing) {
  const size_t at = place_of(thing.name());
  ensure(at < size_ && things_[at] == &thing);
  std::copy(things_ + at + 1, things_ + size_, things_ + at);
  --size_;
  free_thing(&thing);
  if (size_ <= capacity_ / 4) resize(size_ == 0 ? 0 : capacity_ / 2);
}

template <typename T>
void NameTable<T>::free_thing(T* thing) {
  thing->~T();
  deallocate(thing, sizeof(T));
  *bytes_ -= allocation_bytes(sizeof(T));
}

template <typename T>
void NameTable<T>::resize(size_t capacity) {
  T** things = nullptr;
  if (capacity != 0) {
    things = static_cast<T**>(allocate(capacity * sizeof(T*)));
    std::copy(things_, things_ + size_, things);
    *bytes_ += allocation_bytes(capacity * sizeof(T*));
  }
  if (capacity_ != 0) {
    *bytes_ -= allocation_bytes(capacity_ * sizeof(T*));
    deallocate(things_, capacity_ * sizeof(T*));
  }
  things_ = things;
  capacity_ = capacity;
}

}  // namespace kvstash::store
