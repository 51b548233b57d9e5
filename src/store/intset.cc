#include "store/intset.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <bit>
#include <cstring>

namespace kvstash::store {
namespace {

static_assert(std::endian::native == std::endian::little, "intsets are read in place");

constexpr size_t kWidthOffset = 0;
constexpr size_t kLengthOffset = 4;

uint32_t width_for(int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

template <typename T>
T load(const unsigned char* p) {
  T value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

int64_t load_value(const unsigned char* data, size_t index, uint32_t width) {
  const unsigned char* p = data + Intset::kHeaderBytes + index * width;
  return width == 2 ? load<int16_t>(p) : width == 4 ? load<int32_t>(p) : load<int64_t>(p);
}

unsigned char* make(uint32_t width, size_t length) {
  unsigned char* data =
      static_cast<unsigned char*>(allocate(Intset::kHeaderBytes + length * width));
  const uint32_t stored = static_cast<uint32_t>(length);
  std::memcpy(data + kWidthOffset, &width, sizeof(width));
  std::memcpy(data + kLengthOffset, &stored, sizeof(stored));
  return data;
}

// Returns the index at which `value` is, or would be, among values of type T.
template <typename T>
size_t lower_bound(const unsigned char* values, size_t length, int64_t value) {
  size_t low = 0;
  while (length > 0) {
    const size_t half = length / 2;
    if (load<T>(values + (low + half) * sizeof(T)) < value) {
      low += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  return low;
}

}  // namespace

bool is_valid_intset(std::string_view bytes, bool deep) {
  if (bytes.size() < Intset::kHeaderBytes) return false;
  const unsigned char* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const uint32_t width = load<uint32_t>(data + kWidthOffset);
  const size_t length = load<uint32_t>(data + kLengthOffset);
  if (width != 2 && width != 4 && width != 8) return false;
  if (bytes.size() != Intset::kHeaderBytes + length * width) return false;
  if (!deep) return true;
  for (size_t i = 1; i < length; ++i) {
    if (load_value(data, i - 1, width) >= load_value(data, i, width)) return false;
  }
  return true;
}

Intset::Intset() : data_(make(2, 0)) {}

Intset::Intset(std::string_view raw) : data_(static_cast<unsigned char*>(allocate(raw.size()))) {
  ensure(is_valid_intset(raw, false));
  std::memcpy(data_, raw.data(), raw.size());
}

Intset::~Intset() {
  if (data_ != nullptr) deallocate(data_, total_bytes());
}

uint32_t Intset::word(size_t offset) const {
  return load<uint32_t>(data_ + offset);
}

void Intset::set_word(size_t offset, uint32_t value) {
  std::memcpy(data_ + offset, &value, sizeof(value));
}

size_t Intset::bytes() const {
  return allocation_bytes(total_bytes());
}

int64_t Intset::at(size_t index) const {
  ensure(index < size());
  return load_value(data_, index, width());
}

void Intset::set(size_t index, int64_t value) {
  std::memcpy(data_ + kHeaderBytes + index * width(), &value, width());
}

Intset::Place Intset::find(int64_t value) const {
  const unsigned char* values = data_ + kHeaderBytes;
  const size_t length = size();
  const uint32_t bytes = width();
  const size_t index = bytes == 2   ? lower_bound<int16_t>(values, length, value)
                       : bytes == 4 ? lower_bound<int32_t>(values, length, value)
                                    : lower_bound<int64_t>(values, length, value);
  return {index, index < length && load_value(data_, index, bytes) == value};
}

bool Intset::contains(int64_t value) const {
  return width_for(value) <= width() && find(value).found;
}

// Replaces `removed` values at `index` by room for `added` values.
void Intset::resize(size_t index, size_t removed, size_t added) {
  const size_t length = size();
  const size_t new_length = length - removed + added;
  ensure(new_length <= UINT32_MAX);
  const size_t value_bytes = width();
  const size_t head = kHeaderBytes + index * value_bytes;
  const size_t tail = (length - index - removed) * value_bytes;
  const size_t new_total = kHeaderBytes + new_length * value_bytes;
  const unsigned char* tail_from = data_ + head + removed * value_bytes;
  if (allocation_bytes(new_total) == bytes()) {
    std::memmove(data_ + head + added * value_bytes, tail_from, tail);
  } else {
    unsigned char* moved = static_cast<unsigned char*>(allocate(new_total));
    std::memcpy(moved, data_, head);
    std::memcpy(moved + head + added * value_bytes, tail_from, tail);
    deallocate(data_, total_bytes());
    data_ = moved;
  }
  set_word(kLengthOffset, static_cast<uint32_t>(new_length));
}

// Adds a value that does not fit the present width, so it is smaller or larger than all others.
void Intset::widen(uint32_t new_width, int64_t value) {
  const size_t length = size();
  Intset wide(make(new_width, length + 1));
  const size_t shift = value < 0 ? 1 : 0;
  for (size_t i = 0; i < length; ++i)
    wide.set(i + shift, at(i));
  wide.set(shift == 1 ? 0 : length, value);
  *this = std::move(wide);
}

bool Intset::add(int64_t value) {
  const uint32_t needed = width_for(value);
  if (needed > width()) {
    widen(needed, value);
    return true;
  }
  const Place place = find(value);
  if (place.found) return false;
  resize(place.index, 0, 1);
  set(place.index, value);
  return true;
}

bool Intset::remove(int64_t value) {
  if (width_for(value) > width()) return false;
  const Place place = find(value);
  if (!place.found) return false;
  resize(place.index, 1, 0);
  return true;
}

}  // namespace kvstash::store
