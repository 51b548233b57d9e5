// Field: one field and its value in a large hash, or one member of a large set, in one allocation.
//
//   ┌───────┬─────────────────┬─────────────┬────────────────┬──────┬─────────┐
//   │ flags │ [deadline slot] │ name length │ [value length] │ name │ [value] │
//   └───────┴─────────────────┴─────────────┴────────────────┴──────┴─────────┘
//       1           4            1, 2 or 4      1, 2 or 4
//
//   flags   bits 0-1: log2 of the bytes of the name length, bits 2-3: of the value length,
//           bit 4: there is a value, bit 5: there is a deadline, kept in FieldDeadlines at the slot
//
// Members of sets have no value; fields of hashes always have one, perhaps empty. A new value, or a
// deadline gained or lost, may move a field, so pointers to it die with the next change. The
// allocated size follows from the header. A FieldTable owns its fields.
#pragma once

#include "base/ensure.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace kvstash::store {

class Field {
 public:
  // The parts of a field. The views are copied.
  struct Parts {
    std::string_view name;
    std::optional<std::string_view> value = {};
    bool has_deadline = false;
  };

  static Field* make(const Parts& parts);
  static void destroy(Field* field);

  // Stores `value` and makes or drops the room for a deadline slot, which the caller sets. The
  // field stays in place where its allocation's size allows; else a new one is made and the old one
  // freed. `value` must not lie in the field, unless it is the field's unchanged value.
  static Field* remake(Field* field, std::optional<std::string_view> value, bool has_deadline);

  std::string_view name() const {
    const unsigned char* at = lengths();
    return {reinterpret_cast<const char*>(at + name_width() + value_width()),
            load_length(at, name_width())};
  }
  // Returns an empty view if the field has no value.
  std::string_view value() const {
    if (!has_value()) return {};
    return {name().end(), load_length(lengths() + name_width(), value_width())};
  }
  bool has_value() const { return (flags_ & kHasValue) != 0; }
  bool has_deadline() const { return (flags_ & kHasDeadline) != 0; }

  uint32_t deadline_slot() const {
    ensure(has_deadline());
    uint32_t slot;
    std::memcpy(&slot, bytes() + 1, sizeof(slot));
    return slot;
  }
  void set_deadline_slot(uint32_t slot) {
    ensure(has_deadline());
    std::memcpy(bytes() + 1, &slot, sizeof(slot));
  }

  // The size asked of the allocator, and the size that the allocator gives for it.
  size_t bytes_asked() const;
  size_t bytes_allocated() const;

 private:
  static constexpr uint8_t kHasValue = 16;
  static constexpr uint8_t kHasDeadline = 32;

  // The flags and the size of a field with these parts.
  struct Layout {
    explicit Layout(const Parts& parts);
    uint8_t flags;
    size_t total_bytes;
  };

  unsigned char* bytes() { return reinterpret_cast<unsigned char*>(this); }
  const unsigned char* bytes() const { return reinterpret_cast<const unsigned char*>(this); }
  size_t lengths_offset() const { return 1 + (has_deadline() ? sizeof(uint32_t) : 0); }
  unsigned char* lengths() { return bytes() + lengths_offset(); }
  const unsigned char* lengths() const { return bytes() + lengths_offset(); }
  size_t name_width() const { return size_t{1} << (flags_ & 3); }
  size_t value_width() const { return has_value() ? size_t{1} << (flags_ >> 2 & 3) : 0; }
  static size_t load_length(const unsigned char* from, size_t width) {
    if (width == 1) [[likely]]
      return *from;
    uint32_t length = 0;
    std::memcpy(&length, from, width);  // Little-endian.
    return length;
  }
  void write(const Parts& parts, const Layout& layout);

  uint8_t flags_;
};
static_assert(sizeof(Field) == 1, "the rest follows from the flags");

}  // namespace kvstash::store
