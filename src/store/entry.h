// Entry: one key and its value, in one allocation.
//
//   0        1       2         5         6           8
//   ┌────────┬───────┬─────────┬─────────┬───────────┬─────────────┬───────────┬─────┬─────────┐
//   │type|enc│ flags │ access  │ key len │ value len │ [deadlines] │ [key len] │ key │ payload │
//   └────────┴───────┴─────────┴─────────┴───────────┴─────────────┴───────────┴─────┴─────────┘
//    4+4 bits  8 bits  24 bits    8 bits    16 bits     0, 24, 48     4 bytes
//
// A deadline block (a time and two links of a timing wheel) is present if the key has a deadline; a
// second one is present if the value is a hash whose fields have deadlines, and holds the earliest
// of them. The long key length is present only for keys of 255 bytes and more. The payload is one
// of
//   * the bytes of a short string (kInline),
//   * a 64-bit integer (encoding kInt),
//   * a pointer to a Blob (a long string) or to the object of another type.
//
// A change of the payload's size, or a deadline block gained or lost, may move the entry: pointers
// to an entry die at the next change of its key. The allocated size always follows from the header,
// so nothing stores it. Entries belong to one Keyspace and so to one shard.
#pragma once

#include "base/ensure.h"
#include "store/observer.h"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace kvstash::store {

enum class ValueType : uint8_t { kString, kList, kSet, kSortedSet, kHash, kStream, kCount };

// How the value is kept, as OBJECT ENCODING reports it.
enum class Encoding : uint8_t {
  kInt,
  kEmbstr,
  kRaw,
  kListpack,
  kQuicklist,
  kIntset,
  kHashtable,
  kSkiplist,
  kStream,
};

std::string_view type_name(ValueType type);
std::string_view encoding_name(Encoding encoding);

inline constexpr size_t kEmbstrBytesMax = 44;    // Redis's limit, which OBJECT ENCODING shows.
inline constexpr size_t kInlineBytesMax = 4096;  // Longer strings live in a Blob of their own.
inline constexpr uint8_t kKeyIsLong = 255;

// A long string. Its capacity may exceed its size, so that APPEND and SETRANGE grow in amortised
// O(1).
struct Blob {
  size_t size;
  size_t capacity;
  BlobObserver* observer;  // Told before bytes change; usually null.
  char data[];

  static Blob* make(size_t size, size_t capacity);
  static void destroy(Blob* blob);                 // The blob must not be observed.
  static Blob* grow(Blob* blob, size_t capacity);  // May move the blob.
  // To be called before the blob is dropped: asks its observer, if it has one, to take the blob
  // over, and returns whether it did. Afterwards the blob is not observed.
  bool offer() {
    if (observer == nullptr) [[likely]]
      return false;
    return std::exchange(observer, nullptr)->take(this);
  }
  static size_t bytes_for(size_t capacity) { return sizeof(Blob) + capacity; }
  std::string_view view() const { return {data, size}; }
};

class Entry;

// Which deadline of an entry is meant: the key's own, or the earliest of its fields'. Each kind has
// a timing wheel of its own.
enum class DeadlineOf : uint8_t { kKey, kFields };

// The marks that snapshots set on entries. At most two snapshots run at a time, each with its mark.
enum class Mark : uint8_t { kFirst, kSecond };
inline constexpr size_t kMarks = 2;

// The link of an entry in a timing wheel's list. `prev` is the entry before this one, or, with its
// low bit set, the address of the list head.
struct DeadlineLink {
  int64_t deadline_ms;
  Entry* next;
  uintptr_t prev;
};
static_assert(sizeof(DeadlineLink) == 24);

class Entry {
 public:
  // ---- Identity.
  std::string_view key() const {
    if (key_len_ != kKeyIsLong) [[likely]]
      return {after_deadlines(), key_len_};
    uint32_t length;
    std::memcpy(&length, after_deadlines(), sizeof(length));
    return {after_deadlines() + sizeof(length), length};
  }
  ValueType type() const { return static_cast<ValueType>(type_encoding_ & 15); }
  Encoding encoding() const { return static_cast<Encoding>(type_encoding_ >> 4); }

  // ---- Deadlines.
  bool has_deadline() const { return (flags_ & kHasDeadline) != 0; }
  bool has_field_deadlines() const { return (flags_ & kHasFieldDeadlines) != 0; }
  DeadlineLink& link(DeadlineOf of = DeadlineOf::kKey) {
    const bool is_second = of == DeadlineOf::kFields && has_deadline();
    ensure(of == DeadlineOf::kKey ? has_deadline() : has_field_deadlines());
    return reinterpret_cast<DeadlineLink*>(bytes() + kHeaderBytes)[is_second ? 1 : 0];
  }
  const DeadlineLink& link(DeadlineOf of = DeadlineOf::kKey) const {
    return const_cast<Entry*>(this)->link(of);
  }
  int64_t deadline_ms() const { return link().deadline_ms; }
  bool is_expired(int64_t now_ms) const { return has_deadline() && deadline_ms() <= now_ms; }
  // Whether the key is due, or a field of its hash is.
  bool is_due(int64_t now_ms) const { return is_expired(now_ms) || has_due_fields(now_ms); }
  bool has_due_fields(int64_t now_ms) const {
    return has_field_deadlines() && link(DeadlineOf::kFields).deadline_ms <= now_ms;
  }

  // ---- Payload.
  bool is_inline_string() const { return (flags_ & kInline) != 0; }
  bool is_blob() const {
    return type() == ValueType::kString && !is_inline_string() && encoding() != Encoding::kInt;
  }
  std::string_view inline_string() const { return {payload(), value_len_}; }
  int64_t integer() const { return load<int64_t>(); }
  Blob* blob() const { return load<Blob*>(); }
  bool is_object() const { return type() != ValueType::kString; }
  // The word of a value that is not a string: see object.h. It may be changed only between
  // Keyspace::open_object and Keyspace::update_object.
  uintptr_t object() const { return load<uintptr_t>(); }

  const char* payload() const { return key().end(); }
  size_t payload_bytes() const { return is_inline_string() ? value_len_ : sizeof(int64_t); }

  // ---- Access clock: 24 bits, seconds (LRU) or minutes and a counter (LFU). See eviction.h.
  uint32_t access() const {
    return access_[0] | uint32_t{access_[1]} << 8 | uint32_t{access_[2]} << 16;
  }
  void set_access(uint32_t value) {
    access_[0] = static_cast<uint8_t>(value);
    access_[1] = static_cast<uint8_t>(value >> 8);
    access_[2] = static_cast<uint8_t>(value >> 16);
  }

  // ---- Marks of snapshots. Set through Keyspace::set_mark, which counts them.
  bool has_mark(Mark mark) const { return (flags_ & bit_of(mark)) != 0; }
  bool has_marks() const { return (flags_ & kMarkBits) != 0; }

  // The size that was asked of the allocator.
  size_t bytes_asked() const {
    return static_cast<size_t>(payload() - reinterpret_cast<const char*>(this)) + payload_bytes();
  }

  // ---- Making. The keyspace is the only caller; it counts the memory.
  struct Shape {
    ValueType type = ValueType::kString;
    Encoding encoding = Encoding::kRaw;
    bool has_deadline = false;
    bool has_field_deadlines = false;
    bool is_inline = false;
    size_t value_len = 0;  // Only for inline strings.
  };
  static size_t bytes_for(std::string_view key, const Shape& shape) {
    const size_t payload = shape.is_inline ? shape.value_len : sizeof(int64_t);
    const size_t deadlines = (shape.has_deadline ? 1u : 0u) + (shape.has_field_deadlines ? 1u : 0u);
    return kHeaderBytes + deadlines * sizeof(DeadlineLink) +
           (key.size() >= kKeyIsLong ? sizeof(uint32_t) : 0) + key.size() + payload;
  }
  // Writes header and key into `memory`; the caller writes payload, deadline blocks and access
  // clock. The entry has no marks.
  static Entry* construct(void* memory, std::string_view key, const Shape& shape);

 private:
  // Only its keyspace changes an entry, and tells the observer before.
  friend class Keyspace;
  friend class EntryTester;  // Tests make entries without a keyspace.

  // Gives the entry another payload shape; the caller has made sure that it fits.
  void reshape(const Shape& shape);
  char* payload() { return const_cast<char*>(key().end()); }
  void set_integer(int64_t value) { std::memcpy(payload(), &value, sizeof(value)); }
  void set_blob(Blob* blob) { std::memcpy(payload(), &blob, sizeof(blob)); }
  void set_object(uintptr_t word, Encoding shown) {
    std::memcpy(payload(), &word, sizeof(word));
    type_encoding_ =
        static_cast<uint8_t>((type_encoding_ & 15u) | static_cast<unsigned>(shown) << 4);
  }
  void set_mark(Mark mark, bool is_set) {
    flags_ = static_cast<uint8_t>(is_set ? flags_ | bit_of(mark) : flags_ & ~bit_of(mark));
  }
  void take_marks_of(const Entry& other) {
    flags_ = static_cast<uint8_t>((flags_ & ~kMarkBits) | (other.flags_ & kMarkBits));
  }

  static constexpr size_t kHeaderBytes = 8;
  static constexpr uint8_t kHasDeadline = 1;
  static constexpr uint8_t kInline = 2;
  static constexpr uint8_t kHasFieldDeadlines = 4;
  static constexpr unsigned kMarkShift = 6;
  static constexpr unsigned kMarkBits = 3u << kMarkShift;
  static constexpr unsigned bit_of(Mark mark) {
    return 1u << (kMarkShift + static_cast<unsigned>(mark));
  }

  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* after_deadlines() const {
    const unsigned blocks =
        (flags_ & 1u) + (flags_ >> 2 & 1u);  // kHasDeadline, kHasFieldDeadlines.
    return reinterpret_cast<const char*>(this) + kHeaderBytes + blocks * sizeof(DeadlineLink);
  }
  template <typename T>
  T load() const {
    T value;
    std::memcpy(&value, payload(), sizeof(value));
    return value;
  }

  uint8_t type_encoding_;
  uint8_t flags_;
  uint8_t access_[3];
  uint8_t key_len_;
  uint16_t value_len_;
};
static_assert(sizeof(Entry) == 8, "header of every key in memory");

}  // namespace kvstash::store
