#include "store/entry.h"

#include "base/alloc.h"

namespace kvstash::store {
namespace {

constexpr std::string_view kTypeNames[] = {"string", "list", "set", "zset", "hash", "stream"};
static_assert(std::size(kTypeNames) == static_cast<size_t>(ValueType::kCount));

constexpr std::string_view kEncodingNames[] = {
    "int", "embstr", "raw", "listpack", "quicklist", "intset", "hashtable", "skiplist", "stream"};

}  // namespace

std::string_view type_name(ValueType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::string_view encoding_name(Encoding encoding) {
  return kEncodingNames[static_cast<size_t>(encoding)];
}

Blob* Blob::make(size_t size, size_t capacity) {
  ensure(size <= capacity);
  Blob* blob = static_cast<Blob*>(allocate(bytes_for(capacity)));
  blob->size = size;
  blob->capacity = capacity;
  blob->observer = nullptr;
  return blob;
}

Blob* Blob::grow(Blob* blob, size_t capacity) {
  ensure(capacity >= blob->capacity);
  void* memory = reallocate(blob, bytes_for(blob->capacity), bytes_for(capacity));
  Blob* grown = static_cast<Blob*>(memory);
  grown->capacity = capacity;
  return grown;
}

void Blob::destroy(Blob* blob) {
  ensure(blob->observer == nullptr);
  deallocate(blob, bytes_for(blob->capacity));
}

Entry* Entry::construct(void* memory, std::string_view key, const Shape& shape) {
  Entry* entry = static_cast<Entry*>(memory);
  entry->flags_ = static_cast<uint8_t>((shape.has_deadline ? kHasDeadline : 0) |
                                       (shape.has_field_deadlines ? kHasFieldDeadlines : 0));
  entry->set_access(0);
  char* at = const_cast<char*>(entry->after_deadlines());
  if (key.size() >= kKeyIsLong) {
    ensure(key.size() <= UINT32_MAX);
    entry->key_len_ = kKeyIsLong;
    const auto length = static_cast<uint32_t>(key.size());
    std::memcpy(at, &length, sizeof(length));
    at += sizeof(length);
  } else {
    entry->key_len_ = static_cast<uint8_t>(key.size());
  }
  if (!key.empty()) std::memcpy(at, key.data(), key.size());
  entry->reshape(shape);
  return entry;
}

void Entry::reshape(const Shape& shape) {
  ensure(shape.has_deadline == has_deadline() &&
         shape.has_field_deadlines == has_field_deadlines());
  ensure(!shape.is_inline || shape.value_len <= kInlineBytesMax);
  type_encoding_ = static_cast<uint8_t>(static_cast<unsigned>(shape.type) |
                                        static_cast<unsigned>(shape.encoding) << 4);
  flags_ = static_cast<uint8_t>((flags_ & ~kInline) | (shape.is_inline ? kInline : 0));
  value_len_ = shape.is_inline ? static_cast<uint16_t>(shape.value_len) : 0;
}

}  // namespace kvstash::store
