#include "resp/reply_buffer.h"

#include <algorithm>

namespace kvstash::resp {
namespace {

constexpr size_t kCapacityMin = 1024;
constexpr size_t kShrunkCapacityMin = size_t{1} << 20;  // Buffers below this size are not shrunk.

}  // namespace

void ReplyBuffer::grow(size_t size) {
  const size_t wanted = std::max({capacity_ * 2, size_ + size, kCapacityMin});
  ensure(wanted > capacity_);
  auto* grown = static_cast<char*>(std::realloc(bytes_.get(), wanted));
  ensure(grown != nullptr);
  (void)bytes_.release();  // realloc has taken over the old memory.
  bytes_.reset(grown);
  capacity_ = wanted;
}

void ReplyBuffer::shrink() {
  if (capacity_ < kShrunkCapacityMin || size_ > capacity_ / 4) return;
  const size_t wanted = std::max(size_ * 2, kCapacityMin);
  auto* shrunk = static_cast<char*>(std::realloc(bytes_.get(), wanted));
  ensure(shrunk != nullptr);
  (void)bytes_.release();  // realloc has taken over the old memory.
  bytes_.reset(shrunk);
  capacity_ = wanted;
}

void ReplyBuffer::insert(size_t offset, std::string_view bytes) {
  ensure(offset <= size_);
  if (bytes.empty()) return;
  reserve(bytes.size());
  char* at = bytes_.get() + offset;
  std::memmove(at + bytes.size(), at, size_ - offset);
  std::memcpy(at, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void ReplyBuffer::release() {
  bytes_.reset();
  size_ = 0;
  capacity_ = 0;
}

}  // namespace kvstash::resp
