// Listpack: a sequence of strings and integers in one run of bytes, in Redis's format to the bit,
// so that values travel between memory, RDB files and DUMP payloads without being rewritten.
//
//   ┌─────────────┬──────────────┬─────────┬─ ─ ─┬─────────┬──────┐      entry:
//   │ total bytes │ num elements │ entry 0 │     │ entry n │ 0xFF │      ┌──────┬──────┬─────────┐
//   └─────────────┴──────────────┴─────────┴─ ─ ─┴─────────┴──────┘      │ head │ text │ backlen │
//       4 (LE)         2 (LE)                                  1         └──────┴──────┴─────────┘
//
//   head      0xxxxxxx                   integer 0 .. 127
//             10xxxxxx                   text of 0 .. 63 bytes
//             110xxxxx + 1 byte          13-bit integer, big-endian
//             1110xxxx + 1 byte          text of up to 4095 bytes, length big-endian
//             11110000 + 4 bytes         text, length little-endian
//             11110001 .. 11110100       integer of 2, 3, 4 or 8 bytes, little-endian
//   backlen   bytes of head and text, written so that it is read backwards: seven bits a byte, the
//             least significant group last, the high bit set in all but the first byte
//   num elements is 65535 if there are that many or more: then only a walk gives the number.
//
// A *forward pack* has the same format without the backlens, for containers that never walk
// backwards. It saves a byte for each short element, and is converted to a listpack where one is
// needed.
//
// A text that is the canonical form of a 64-bit integer is always stored as the integer.
//
// Positions are byte offsets: they survive a reallocation, but every change invalidates the
// positions at and behind it. The allocated size follows from the total (see alloc.h: the slack is
// that of a size class), so a Listpack is one pointer, and pushing reallocates a few times for each
// doubling.
//
// Walking trusts the bytes, so bytes from outside go through `is_valid_listpack` first. Not
// thread-safe: lives on one shard.
#pragma once

#include "base/numbers.h"
#include "base/random.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::store {

static_assert(std::endian::native == std::endian::little, "listpacks are read in place");

// An element's value: a view of a text, or an integer.
class PackedValue {
 public:
  PackedValue() : integer_(0) {}
  // NOLINTBEGIN(google-explicit-constructor): values are written as what they are
  PackedValue(std::string_view text) : text_(text.empty() ? "" : text.data()), size_(text.size()) {}
  PackedValue(int64_t integer) : integer_(integer) {}
  // NOLINTEND(google-explicit-constructor): end of the values

  bool is_integer() const { return text_ == nullptr; }
  int64_t integer() const { return integer_; }              // Only if is_integer().
  std::string_view text() const { return {text_, size_}; }  // Only if not is_integer().

  // The value as a client sees it. The view lives as long as `scratch` and the listpack are
  // unchanged.
  std::string_view string(char (&scratch)[kInt64CharsMax]) const {
    return is_integer() ? std::string_view(scratch, format_int64(scratch, integer_)) : text();
  }

 private:
  const char* text_ = nullptr;
  union {
    size_t size_;
    int64_t integer_;
  };
};

// A text to search for: prepared once and compared with many values. It holds a view of the text.
class PackedNeedle {
 public:
  explicit PackedNeedle(std::string_view text);

  std::string_view text() const { return text_; }
  // Compares as a client sees values: "12" matches the integer 12.
  bool matches(PackedValue value) const {
    if (value.is_integer()) return is_integer_ && value.integer() == integer_;
    return value.text().size() == text_.size() &&
           std::memcmp(value.text().data(), text_.data(), text_.size()) == 0;
  }

  // A short text is not an integer, and its length fits a one-byte head.
  static constexpr size_t kShortBytesMax = 63;
  bool is_short_text() const { return !is_integer_ && text_.size() <= kShortBytesMax; }
  // Whether the bytes at `p`, as many as the text has, equal it. The end is compared first, because
  // names of one kind often begin alike.
  bool matches_at(const char* p) const {
    const size_t size = text_.size();
    if (size < sizeof(last_)) return std::equal(p, p + size, text_.begin());
    return std::memcmp(p + size - sizeof(last_), &last_, sizeof(last_)) == 0 &&
           std::memcmp(p, text_.data(), size - sizeof(last_)) == 0;
  }

 private:
  std::string_view text_;
  uint64_t last_ = 0;  // The last eight bytes, if the text has as many.
  int64_t integer_ = 0;
  bool is_integer_;
};

// The offset of an element from the first byte of the header. Converts to false if there is no
// element.
struct PackPosition {
  uint32_t offset = 0;

  explicit operator bool() const { return offset != 0; }
  bool operator==(const PackPosition&) const = default;
};

enum class PackForm : uint8_t { kListpack, kForward };

template <PackForm kForm>
class Pack;

// Reads a pack that another object owns; as cheap as a pointer.
template <PackForm kForm>
class PackView {
 public:
  static constexpr size_t kHeaderBytes = 6;
  static constexpr size_t kEmptyBytes = kHeaderBytes + 1;
  static constexpr size_t kBytesMax = size_t{1} << 30;  // Containers keep to this size.

  explicit PackView(const unsigned char* data) : data_(data) {}

  const unsigned char* data() const { return data_; }
  std::string_view raw() const { return {reinterpret_cast<const char*>(data_), total_bytes()}; }
  uint32_t total_bytes() const { return load<uint32_t>(data_); }
  size_t size() const;  // Number of elements. O(1) if below 65535, else a walk.
  bool empty() const { return total_bytes() == kEmptyBytes; }

  // ---- Walking. `next` of the last element and `prev` of the first are no element. A forward pack
  // has no `last` and `prev`.
  PackPosition first() const { return checked(kHeaderBytes); }
  PackPosition last() const { return empty() ? PackPosition{} : before(total_bytes() - 1); }
  PackPosition next(PackPosition at) const {
    return checked(at.offset + skip_bytes(data_ + at.offset));
  }
  PackPosition prev(PackPosition at) const {
    return at.offset == kHeaderBytes ? PackPosition{} : before(at.offset);
  }
  // Returns element number `index`, counted from the end if negative (-1 is the last). Walks from
  // the nearer end, in a forward pack from the first element.
  PackPosition seek(int64_t index) const;
  // Returns the element that is `count` elements further, or no element if there are fewer.
  PackPosition advance(PackPosition at, size_t count) const;

  // The bytes of the whole entry, with its length fields.
  uint32_t entry_bytes_at(PackPosition at) const { return skip_bytes(data_ + at.offset); }

  PackedValue value(PackPosition at) const {
    const unsigned char* p = data_ + at.offset;
    return decode(p);
  }
  // Returns the value and moves `at` to the next element; cheaper than value() and next().
  PackedValue take(PackPosition& at) const {
    const unsigned char* p = data_ + at.offset;
    const PackedValue result = decode(p);
    at = checked(static_cast<uint32_t>(p - data_));
    return result;
  }

  // ---- Searching. `text` is compared as a client sees values, so "12" finds the integer 12.
  bool equals(PackPosition at, std::string_view text) const;
  // Returns the first match at or behind `from`. After each element that is compared, `skip`
  // elements are passed over (1 for hashes, which compare fields only).
  PackPosition find(const PackedNeedle& needle, PackPosition from, size_t skip) const;
  PackPosition find(std::string_view text, PackPosition from, size_t skip) const {
    return find(PackedNeedle(text), from, skip);
  }
  PackPosition find(std::string_view text) const { return find(text, first(), 0); }

  // ---- Sampling. Elements count in groups (of 2 for hashes and sorted sets); the results are the
  // positions of the groups' first elements. The pack must not be empty.
  PackPosition random(Random& random, size_t group) const;
  // Returns `count` different groups, or all, in the order of the pack. Takes one walk.
  std::vector<PackPosition> sample(Random& random, size_t count, size_t group) const;
  // Returns `count` independent picks, which may repeat, in random order. Takes one walk and a
  // sort.
  std::vector<PackPosition> sample_with_repeats(Random& random, size_t count, size_t group) const;

 private:
  template <PackForm kOther>
  friend class Pack;

  template <typename T>
  static T load(const unsigned char* p) {
    T value;
    std::memcpy(&value, p, sizeof(value));
    return value;
  }
  PackPosition checked(uint32_t offset) const { return {data_[offset] == 0xff ? 0 : offset}; }
  PackPosition find_short(const PackedNeedle& needle, PackPosition from, size_t skip) const;
  // The element that ends at `offset`.
  PackPosition before(uint32_t offset) const;

  // The bytes of the length field of an entry of `encoded` bytes. As in Redis, 16383 takes three.
  static constexpr uint32_t backlen_bytes(uint32_t encoded) {
    if constexpr (kForm == PackForm::kForward) return 0;
    return encoded <= 127        ? 1
           : encoded < 16383     ? 2
           : encoded < 2097151   ? 3
           : encoded < 268435455 ? 4
                                 : 5;
  }
  // The bytes of head and text of the entry at `p`; 0 if no entry begins with this byte.
  static uint32_t encoded_bytes(const unsigned char* p) {
    const unsigned char head = *p;
    if (head < 0x80) return 1;
    if (head < 0xc0) return 1 + (head & 63u);
    return encoded_bytes_long(p);
  }
  static uint32_t encoded_bytes_long(const unsigned char* p);
  static bool holds_after_long_head(const unsigned char* p, std::string_view text);
  static uint32_t skip_bytes(const unsigned char* p) {
    const uint32_t encoded = encoded_bytes(p);
    return encoded + backlen_bytes(encoded);
  }
  // Reads the entry at `p` and moves `p` behind it.
  static PackedValue decode(const unsigned char*& p) {
    const unsigned char head = *p;
    constexpr uint32_t kBacklenTiny = kForm == PackForm::kListpack ? 1 : 0;
    if (head < 0x80) {
      p += 1 + kBacklenTiny;
      return PackedValue(int64_t{head});
    }
    if (head < 0xc0) {
      const size_t length = head & 63u;
      const char* text = reinterpret_cast<const char*>(p + 1);
      p += length + 1 + kBacklenTiny;
      return PackedValue(std::string_view(text, length));
    }
    return decode_long(p);
  }
  static PackedValue decode_long(const unsigned char*& p);
  static uint32_t read_backlen(const unsigned char* end);

  template <PackForm kOther>
  friend bool is_valid_pack(std::string_view bytes, bool deep);

  const unsigned char* data_;
};

using ListpackView = PackView<PackForm::kListpack>;
using ForwardPackView = PackView<PackForm::kForward>;

// Whether `bytes` are a pack of exactly that length. If not `deep`, only the header and the end are
// checked, for bytes that a checksum protects. If `deep`, every entry is checked as well; after
// that walking is safe in all directions that the form has. Never reads outside `bytes`.
template <PackForm kForm>
bool is_valid_pack(std::string_view bytes, bool deep);
inline bool is_valid_listpack(std::string_view bytes, bool deep) {
  return is_valid_pack<PackForm::kListpack>(bytes, deep);
}

// Owns a pack, which is one allocation. A value to be stored must not lie in the pack it goes to.
template <PackForm kForm>
class Pack {
 public:
  using View = PackView<kForm>;

  Pack();  // An empty pack, of seven bytes.
  // Copies bytes that are a pack of either form.
  explicit Pack(ListpackView source);
  explicit Pack(ForwardPackView source);
  Pack(const Pack&) = delete;
  Pack& operator=(const Pack&) = delete;
  Pack(Pack&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Pack& operator=(Pack&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Pack();

  // Give the bytes away and take them back, for owners that keep one word.
  unsigned char* release() { return std::exchange(data_, nullptr); }
  static Pack adopt(unsigned char* data) { return Pack(data); }

  View view() const { return View(data_); }
  size_t size() const { return view().size(); }
  bool empty() const { return view().empty(); }
  size_t total_bytes() const { return view().total_bytes(); }
  size_t bytes() const;  // The allocation, as the allocator rounds it.

  // The bytes by which the pack grows for a value.
  static size_t entry_bytes(PackedValue value);

  void push_back(PackedValue value) { insert_at(view().total_bytes() - 1, value); }
  void push_front(PackedValue value) { insert_at(View::kHeaderBytes, value); }
  // Appends all values with at most one reallocation.
  void append(std::span<const std::string_view> values);
  // Appends all values likewise. Texts of integers become integers in `values`, as in the pack.
  void append(std::span<PackedValue> values);
  // Copies all entries of `other`, byte for byte, behind or before the entries here.
  void append(View other);
  void prepend(View other);

  // Insert a value and return its position.
  PackPosition insert_before(PackPosition at, PackedValue value);
  PackPosition insert_after(PackPosition at, PackedValue value);
  // Replaces the element at `at`, which stays its position.
  void replace(PackPosition at, PackedValue value);
  // Removes `count` elements, or as many as there are from `at` on. Returns the position of the
  // element behind them.
  PackPosition erase(PackPosition at, size_t count = 1);
  // Removes at most `max` matches, searching from the head or from the tail. Returns how many.
  size_t remove(const PackedNeedle& needle, bool from_head, size_t max);
  void clear();

  // Cuts off the element at `at` and all elements behind it, and returns them as a pack.
  Pack split_off(PackPosition at);

 private:
  explicit Pack(unsigned char* data) : data_(data) {}

  PackPosition insert_at(uint32_t offset, PackedValue value);
  void insert_raw(uint32_t offset, View other);
  template <PackForm kFrom>
  void copy_from(PackView<kFrom> source);
  unsigned char* open_gap(uint32_t offset, uint32_t removed, size_t added);
  void set_total(uint32_t total) { std::memcpy(data_, &total, sizeof(total)); }
  void change_count(int64_t delta);

  unsigned char* data_;
};

using Listpack = Pack<PackForm::kListpack>;
using ForwardPack = Pack<PackForm::kForward>;
static_assert(sizeof(Listpack) == 8, "owners keep it in a word");

}  // namespace kvstash::store
