// Hash: the field -> value map behind the HASH type.
//
// A small hash is a forward pack of field, value, field, value, ...: a listpack without the lengths
// that serve only for walking backwards. A large one is a FieldTable. A hash that outgrows the
// options becomes large and stays so; a hash whose fields have deadlines is always large. An
// operation on one field of a large hash moves a bounded number of other fields; a small hash is
// walked.
//
// Deadlines are milliseconds since 1970. For every function that takes `now_ms`, a field that is
// due at that time is absent. It stays in the hash, and counts in size(), until `erase_due` or
// `erase_if_due` removes it: the owner of the hash must report each removal, so fields are never
// removed in passing. Functions that change the hash take no time, so callers use `erase_if_due`
// before they change a field of a hash that has deadlines.
//
// The object is one word wide: an owner stores the word that `release()` returns, and calls `adopt`
// while it uses the hash. An empty hash is a passing state: its owner deletes it. Texts to be
// stored must not lie in the hash. Not thread-safe: lives on one shard; a whole hash may be handed
// to another thread to be freed there.
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

// Options that all hashes of a process share, like hash-max-listpack-entries and -value.
struct HashOptions {
  size_t listpack_entries_max = 128;     // The most fields of a small hash.
  size_t listpack_value_bytes_max = 64;  // The longest field name or value.
  HashSeed seed;
};

// A field as visitors see it. It lives until the visitor returns.
struct HashField {
  PackedValue name;
  PackedValue value;
  std::optional<int64_t> deadline_ms;
};

class Hash {
 public:
  static constexpr ValueType kType = ValueType::kHash;
  using Visitor = std::function<void(const HashField&)>;
  // A time at which no field is due, for callers that want all fields.
  static constexpr int64_t kNothingDue = FieldTable::kNothingDue;

  Hash();  // Empty and small.
  // Makes a small hash of checked bytes: a valid listpack of distinct fields, each with a value.
  explicit Hash(Listpack pack);
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  Hash(Hash&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Hash& operator=(Hash&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // Freeing a large hash is O(n): see free_some.
  ~Hash() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static Hash adopt(uintptr_t word) { return Hash(word); }
  Hash copy() const;  // Copies deadlines, too. O(n).

  // ---- Reading. Views live until the next change.

  // Returns the value of a field.
  std::optional<PackedValue> find(std::string_view field, int64_t now_ms) const;
  bool contains(std::string_view field, int64_t now_ms) const {
    return find(field, now_ms).has_value();
  }
  size_t size() const;  // Due fields count until they are erased.
  bool empty() const { return size() == 0; }
  size_t live_size(int64_t now_ms) const;  // Without due fields. O(number of due fields).

  // Visits all fields. Here and below, `visit` must not change the hash.
  void for_each(int64_t now_ms, const Visitor& visit) const;
  // Visits some fields and returns the position to continue from, or zero after the last. A field
  // that is present from the start to the end of a scan is visited at least once, even if the hash
  // changes its form: from any position, all fields of a small hash are visited.
  ScanPosition scan(ScanPosition position, int64_t now_ms, const Visitor& visit) const;

  // Visits `count` different fields chosen at random, or all if there are fewer. Every choice is
  // equally likely, but the order is not random.
  void sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const;
  // Visits `count` fields chosen independently, or none if there is no field.
  void sample_with_repeats(Random& random, size_t count, int64_t now_ms,
                           const Visitor& visit) const;

  // ---- Changing.

  // Stores a value; `rule` says whether the field keeps its deadline. Returns whether the field is
  // new.
  bool set(std::string_view field, std::string_view value, const HashOptions& options,
           FieldDeadlineRule rule = FieldDeadlineRule::kDrop);
  bool erase(std::string_view field);  // Returns whether the field was there.
  // Prepares for storing many fields: becomes large at once if `fields` more might not fit.
  void expect(size_t fields, const HashOptions& options);

  // ---- Deadlines.

  bool has_deadlines() const { return next_deadline_ms().has_value(); }
  std::optional<int64_t> next_deadline_ms() const;  // The earliest deadline of a field. O(1).
  std::optional<int64_t> deadline_ms(std::string_view field) const;
  // Returns false if there is no such field. A deadline in the past is kept like any other. A small
  // hash becomes large.
  bool set_deadline(std::string_view field, int64_t deadline_ms, const HashOptions& options);
  bool clear_deadline(std::string_view field);  // False if the field had none.

  bool erase_if_due(std::string_view field, int64_t now_ms);  // Returns whether it did.
  // Removes up to `budget` due fields, the earliest first, and calls visit(field) before each
  // removal. Returns how many were removed.
  size_t erase_due(int64_t now_ms, size_t budget, const Visitor& visit);

  // ---- Form and memory.

  Encoding encoding() const { return is_small() ? Encoding::kListpack : Encoding::kHashtable; }
  // The listpack that Redis would keep for a small hash, byte for byte. O(n).
  Listpack listpack() const { return Listpack(pack()); }
  size_t bytes() const;  // All it owns, as the allocator rounds it. O(1).

  std::optional<TableShapes> table_shapes() const;  // Nothing for a small hash. O(n).

  // ---- For snapshots (observer.h).

  // The table of a large hash, for walks; null for a small hash.
  const FieldTable* large_form() const { return !is_small() ? &table() : nullptr; }
  void set_observer(FieldObserver* observer) const { table().set_observer(observer); }
  // To be called before the hash is dropped: asks its observer, if it has one, to take it over, and
  // returns whether it did. Afterwards the hash is not observed. The destructor calls it itself.
  bool offer() { return !is_small() && table().observer() != nullptr && offer_table(); }

  // Frees about `budget` fields and returns true while there are more. After the first call the
  // hash may only be freed further or destroyed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  static constexpr uintptr_t kLarge = 1;  // Low bit of the word of a large hash.

  explicit Hash(uintptr_t word) : word_(word) {}
  void drop();  // What the destructor does with a value that was not released.
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
