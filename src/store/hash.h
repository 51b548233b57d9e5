// Hash: the field -> value map behind the HASH type.
//
// A small hash is a forward pack of field, value, field, value, ..., a listpack without what is
// only needed to walk backwards; a large one is a FieldTable. Hashes that outgrow the options
// become large and stay so. A hash whose fields have deadlines is always large. Operations on one
// field of a large hash move a bounded number of others; a small one is walked.
//
// Deadlines are milliseconds since 1970. A field that is due at `now_ms` is absent for all that
// ask with it, but it stays, and counts in size(), until `erase_due` or `erase_if_due`: who owns
// the hash must tell others what went away, so nothing goes by itself. Changes therefore know no
// time; call `erase_if_due` before changing a field of a hash that has deadlines.
//
// One word: owners keep `release()`'s answer and `adopt` it for the time of a use. An empty hash
// is a passing state: its owner deletes it. Texts to be stored must not lie in the hash. Not
// thread-safe: lives on one shard; a whole hash may be handed to another thread to be freed there.
#pragma once

#include "base/ensure.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/entry.h"
#include "store/field_table.h"
#include "store/listpack.h"
#include "store/table_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace kvstash::store {

// What all hashes of a process share. Limits as hash-max-listpack-entries and -value.
struct HashOptions {
  size_t listpack_entries_max = 128;     // Fields.
  size_t listpack_value_bytes_max = 64;  // Of a field or a value.
  HashSeed seed;
};

// A field as visitors see it. Lives until the visitor returns.
struct HashField {
  PackedValue name;
  PackedValue value;
  std::optional<int64_t> deadline_ms;
};

class Hash {
 public:
  static constexpr ValueType kType = ValueType::kHash;
  using Visitor = std::function<void(const HashField&)>;
  // A time at which nothing is due, for those who want all fields.
  static constexpr int64_t kNothingDue = FieldTable::kNothingDue;

  Hash();  // Empty and small.
  // A small hash of bytes that were checked: a valid listpack of different fields with values.
  explicit Hash(Listpack pack);
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  Hash(Hash&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Hash& operator=(Hash&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // O(n) for large ones: see free_some.
  ~Hash() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static Hash adopt(uintptr_t word) { return Hash(word); }
  Hash copy() const;  // With the deadlines. O(n).

  // ---- Reading. Views live until the next change.

  // The value of a field.
  std::optional<PackedValue> find(std::string_view field, int64_t now_ms) const;
  bool contains(std::string_view field, int64_t now_ms) const {
    return find(field, now_ms).has_value();
  }
  size_t size() const;  // Due fields count until they are erased.
  bool empty() const { return size() == 0; }
  size_t live_size(int64_t now_ms) const;  // Without the due ones. O(number of due fields).

  // All fields. `visit` must not change the hash, here and below.
  void for_each(int64_t now_ms, const Visitor& visit) const;
  // Visits some fields and returns where to go on, or zero after the last. A field present from
  // the start to the end of a scan is visited at least once, also if the hash changes its form: a
  // small hash is visited whole, from any position.
  ScanPosition scan(ScanPosition position, int64_t now_ms, const Visitor& visit) const;

  // `count` different fields chosen at random, or all: every choice is equally likely, their order
  // is not random.
  void sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const;
  // `count` independent choices; none if there is no field.
  void sample_with_repeats(Random& random, size_t count, int64_t now_ms,
                           const Visitor& visit) const;

  // ---- Changing.

  // Stores a value. True if the field is new. The field's deadline goes, or stays.
  bool set(std::string_view field, std::string_view value, const HashOptions& options,
           FieldDeadlineRule rule = FieldDeadlineRule::kDrop);
  bool erase(std::string_view field);  // True if it was there.
  // Becomes large at once if `fields` more might not fit: before storing many.
  void expect(size_t fields, const HashOptions& options);

  // ---- Deadlines.

  bool has_deadlines() const { return next_deadline_ms().has_value(); }
  std::optional<int64_t> next_deadline_ms() const;  // The earliest. O(1).
  std::optional<int64_t> deadline_ms(std::string_view field) const;
  // False: no such field. A deadline in the past is kept like any other. Makes a small hash large.
  bool set_deadline(std::string_view field, int64_t deadline_ms, const HashOptions& options);
  bool clear_deadline(std::string_view field);  // False: it had none.

  bool erase_if_due(std::string_view field, int64_t now_ms);  // True if it was.
  // Removes up to `budget` due fields, the earliest first, each after calling visit(field). Returns
  // how many.
  size_t erase_due(int64_t now_ms, size_t budget, const Visitor& visit);

  // ---- Form and memory.

  Encoding encoding() const { return is_small() ? Encoding::kListpack : Encoding::kHashtable; }
  // A small hash as Redis keeps it, byte for byte. O(n).
  Listpack listpack() const { return Listpack(pack()); }
  size_t bytes() const;  // All it owns, as the allocator rounds it. O(1).

  std::optional<TableShapes> table_shapes() const;  // None of a small hash. O(n).

  // ---- For snapshots (observer.h).

  // The large form, to be walked; null of a small hash.
  const FieldTable* large_form() const { return !is_small() ? &table() : nullptr; }
  void set_observer(FieldObserver* observer) const { table().set_observer(observer); }
  // Before it is dropped: whether the observer took it over. It is not observed afterwards. Whoever
  // destroys a hash need not ask: it asks itself.
  bool offer() { return !is_small() && table().observer() != nullptr && offer_table(); }

  // Frees about `budget` fields and returns true while there is more; after that nothing but
  // free_some and destruction is allowed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  static constexpr uintptr_t kLarge = 1;  // Low bit of the word: a FieldTable, else a listpack.

  explicit Hash(uintptr_t word) : word_(word) {}
  void drop();  // What a destructor does with a value that was not given away.
  explicit Hash(FieldTable* table) : word_(reinterpret_cast<uintptr_t>(table) | kLarge) {}

  bool is_small() const { return (word_ & kLarge) == 0; }
  FieldTable& table() const {
    ensure(!is_small());
    return *reinterpret_cast<FieldTable*>(word_ & ~kLarge);
  }
  ForwardPackView pack() const {
    ensure(is_small());
    return ForwardPackView(reinterpret_cast<const unsigned char*>(word_));
  }
  ForwardPack take_pack() {
    return ForwardPack::adopt(reinterpret_cast<unsigned char*>(std::exchange(word_, 0)));
  }
  void put(ForwardPack pack) { word_ = reinterpret_cast<uintptr_t>(pack.release()); }

  std::optional<bool> set_small(std::string_view field, std::string_view value,
                                const HashOptions& options);
  void make_large(const HashOptions& options, size_t expected);
  HashField show(const Field& field) const;
  bool offer_table();

  uintptr_t word_;
};
static_assert(sizeof(Hash) == 8, "owners keep it in a word");

}  // namespace kvstash::store
