// Set: the members behind the SET type.
//
// A set of integers alone is an intset. Otherwise a small set is a listpack of its members, and a
// large one a FieldTable of fields without values. A set changes its form exactly where Redis 7.2
// does, and only grows: intset -> listpack -> table, or intset -> table. The bytes of the two small
// forms are Redis's. An operation on one member of a large set moves a bounded number of others; a
// small form is searched.
//
// Members are PackedValues: texts, or integers where that avoids making and reading text. The text
// "12" and the integer 12 are the same member.
//
// The object is one word wide: an owner stores the word that `release()` returns, and calls `adopt`
// while it uses the set. An empty set is a passing state: its owner deletes it. Texts to be stored
// must not lie in the set. Not thread-safe: lives on one shard; a whole set may be handed to
// another thread to be freed there.
#pragma once

#include "base/ensure.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/entry.h"
#include "store/field_table.h"
#include "store/intset.h"
#include "store/listpack.h"
#include "store/table_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace kvstash::store {

// Options that all sets of a process share, like set-max-intset-entries, and
// set-max-listpack-entries and -value.
struct SetOptions {
  size_t intset_entries_max = 512;
  size_t listpack_entries_max = 128;
  size_t listpack_value_bytes_max = 64;
  HashSeed seed;
};

class Set {
 public:
  static constexpr ValueType kType = ValueType::kSet;
  using Visitor = std::function<void(PackedValue member)>;

  Set() : Set(Intset()) {}  // Empty, an intset.
  // Makes an empty set of the form that Redis gives to a set that will get `count` members,
  // beginning with `first`.
  Set(PackedValue first, size_t count, const SetOptions& options);
  // Makes an empty set of the given form: intset, listpack or hashtable.
  Set(Encoding form, const SetOptions& options);
  // Make a set of checked bytes: valid, and of distinct members.
  explicit Set(Intset integers);
  explicit Set(Listpack pack);
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;
  Set(Set&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Set& operator=(Set&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // Freeing a large set is O(n): see free_some.
  ~Set() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static Set adopt(uintptr_t word) { return Set(word); }
  Set copy() const;  // O(n).

  // ---- Changing.

  bool add(PackedValue member, const SetOptions& options);  // Returns whether it is new.
  bool erase(PackedValue member);                           // Returns whether it was there.
  // Removes a member that is chosen at random, each equally likely, after visiting it. The set must
  // not be empty.
  void pop(Random& random, const Visitor& visit);
  // Removes `count` different members likewise; the set must have as many. Every choice is equally
  // likely. Takes time proportional to `count` for a table, and a walk for a small form.
  void pop(Random& random, size_t count, const SetOptions& options, const Visitor& visit);
  // Prepares for adding many members: becomes a table at once if `count` more might not fit.
  void expect(size_t count, const SetOptions& options);
  // For a set of integers only: becomes an intset, unless that would be too large. O(n).
  void make_intset(const SetOptions& options);

  // ---- Reading. Views live until the next change.

  bool contains(PackedValue member) const;
  size_t size() const;
  bool empty() const { return size() == 0; }

  // Visits all members, those of an intset in ascending order. Here and below, `visit` must not
  // change the set.
  void for_each(const Visitor& visit) const;
  // Returns whether `test` is true for every member; stops at the first for which it is not.
  bool all_of(const std::function<bool(PackedValue)>& test) const;
  // Visits some members and returns the position to continue from, or zero after the last. A member
  // that is present from the start to the end of a scan is visited at least once, even if the set
  // changes its form: from any position, all members of a small form are visited.
  ScanPosition scan(ScanPosition position, const Visitor& visit) const;

  // Returns a member chosen at random, each equally likely. The set must not be empty.
  PackedValue random(Random& random) const;
  // Visits `count` different members, or all if there are fewer. Every choice is equally likely,
  // but the order is not random.
  void sample(Random& random, size_t count, const Visitor& visit) const;
  // Visits `count` members chosen independently, or none if the set is empty.
  void sample_with_repeats(Random& random, size_t count, const Visitor& visit) const;

  // ---- Form and memory.

  Encoding encoding() const;
  // The bytes of a small form, as Redis writes them; valid until the next change.
  std::string_view intset_bytes() const;
  ListpackView listpack() const;
  size_t bytes() const;  // All it owns, as the allocator rounds it. O(1).

  std::optional<TableShapes> table_shapes() const;  // Nothing for a small form. O(n).

  // ---- For snapshots (observer.h).

  // The table of a large set, for walks; null for a small set.
  const FieldTable* large_form() const { return form() == Form::kTable ? &table() : nullptr; }
  void set_observer(FieldObserver* observer) const { table().set_observer(observer); }
  // To be called before the set is dropped: asks its observer, if it has one, to take it over, and
  // returns whether it did. Afterwards the set is not observed. The destructor calls it itself.
  bool offer() { return form() == Form::kTable && table().observer() != nullptr && offer_table(); }

  // Frees about `budget` members and returns true while there are more. After the first call the
  // set may only be freed further or destroyed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  // The two low bits of the word tell the form of what the other bits point to.
  enum class Form : uintptr_t { kIntset, kListpack, kTable };
  static constexpr uintptr_t kFormMask = 3;

  class BorrowedIntset;

  explicit Set(uintptr_t word) : word_(word) {}
  void drop();  // What the destructor does with a value that was not released.
  explicit Set(FieldTable* table) { put(table, Form::kTable); }

  Form form() const { return static_cast<Form>(word_ & kFormMask); }
  void put(void* pointer, Form form) {
    word_ = reinterpret_cast<uintptr_t>(pointer) | static_cast<uintptr_t>(form);
  }
  template <typename T>
  T* pointer(Form expected) const {
    ensure(form() == expected && word_ != 0);
    return reinterpret_cast<T*>(word_ & ~kFormMask);
  }
  FieldTable& table() const { return *pointer<FieldTable>(Form::kTable); }
  Intset take_intset();
  Listpack take_listpack();
  bool offer_table();

  void pop_from_intset(Random& random, size_t count, const Visitor& visit);
  void pop_from_listpack(Random& random, size_t count, const Visitor& visit);
  void pop_few_from_table(Random& random, size_t count, const Visitor& visit);
  void pop_most_from_table(Random& random, size_t count, const SetOptions& options,
                           const Visitor& visit);
  bool add_integer(int64_t value, const SetOptions& options);
  bool add_to_listpack(std::string_view member, const SetOptions& options);
  bool intset_fits_listpack(std::string_view added, const SetOptions& options) const;
  void make_listpack();
  void make_table(const SetOptions& options, size_t expected);

  uintptr_t word_ = 0;
};
static_assert(sizeof(Set) == 8, "owners keep it in a word");

}  // namespace kvstash::store
