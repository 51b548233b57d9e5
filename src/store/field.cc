#include "store/field.h"

#include "base/alloc.h"

#include <bit>
#include <limits>
#include <new>

namespace kvstash::store {
namespace {

static_assert(std::endian::native == std::endian::little, "lengths are read in place");

// The base-2 logarithm of the number of bytes that `length` is stored in.
unsigned width_code(size_t length) {
  ensure(length <= std::numeric_limits<uint32_t>::max());
  return length <= 0xff ? 0 : length <= 0xffff ? 1 : 2;
}

unsigned char* store_length(unsigned char* to, size_t length, unsigned code) {
  const auto stored = static_cast<uint32_t>(length);
  std::memcpy(to, &stored, size_t{1} << code);
  return to + (size_t{1} << code);
}

}  // namespace

Field::Layout::Layout(const Parts& parts) {
  const unsigned name_code = width_code(parts.name.size());
  unsigned bits = name_code;
  total_bytes = sizeof(Field) + (size_t{1} << name_code) + parts.name.size();
  if (parts.value) {
    const unsigned value_code = width_code(parts.value->size());
    bits |= value_code << 2 | kHasValue;
    total_bytes += (size_t{1} << value_code) + parts.value->size();
  }
  if (parts.has_deadline) {
    bits |= kHasDeadline;
    total_bytes += sizeof(uint32_t);
  }
  flags = static_cast<uint8_t>(bits);
}

// Name and value may overlap with their new places. Both move in the same direction, so the one
// that the other would overwrite is moved first.
void Field::write(const Parts& parts, const Layout& layout) {
  flags_ = layout.flags;
  unsigned char* name_to = lengths() + name_width() + value_width();
  unsigned char* value_to = name_to + parts.name.size();
  const auto* name_from = reinterpret_cast<const unsigned char*>(parts.name.data());
  const auto put_value = [&] {
    if (parts.value && !parts.value->empty())
      std::memmove(value_to, parts.value->data(), parts.value->size());
  };
  const bool moves_up = name_to > name_from;
  if (moves_up) put_value();
  if (!parts.name.empty()) std::memmove(name_to, name_from, parts.name.size());
  if (!moves_up) put_value();

  unsigned char* at = lengths();
  at = store_length(at, parts.name.size(), flags_ & 3u);
  if (parts.value) store_length(at, parts.value->size(), flags_ >> 2 & 3u);
}

Field* Field::make(const Parts& parts) {
  const Layout layout(parts);
  auto* made = new (allocate(layout.total_bytes)) Field;
  made->write(parts, layout);
  return made;
}

void Field::destroy(Field* field) {
  deallocate(field, field->bytes_asked());
}

Field* Field::remake(Field* field, std::optional<std::string_view> value, bool has_deadline) {
  const Parts parts{field->name(), value, has_deadline};
  const Layout layout(parts);
  if (allocation_bytes(layout.total_bytes) == field->bytes_allocated()) {
    field->write(parts, layout);
    return field;
  }
  Field* made = make(parts);
  destroy(field);
  return made;
}

size_t Field::bytes_asked() const {
  const char* end = has_value() ? value().end() : name().end();
  return static_cast<size_t>(end - reinterpret_cast<const char*>(this));
}

size_t Field::bytes_allocated() const {
  return allocation_bytes(bytes_asked());
}

}  // namespace kvstash::store
