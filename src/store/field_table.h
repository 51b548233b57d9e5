// FieldTable: the large form of hashes and sets. Owns its fields (for sets: members), finds them
// through a BucketTable, and keeps the deadlines of fields that have one.
//
// Every operation on one field moves a bounded number of others; only for_each, copy and sampling
// of many fields take time proportional to the size. Views of names and values die with the next
// change. Times are milliseconds since 1970; a field is due from its deadline on. A due field stays
// until it is erased: callers pass the time at which they ask.
//
// One thread at a time: lives on a shard.
#pragma once

#include "base/hash.h"
#include "base/random.h"
#include "store/bucket_table.h"
#include "store/field.h"
#include "store/field_deadlines.h"
#include "store/observer.h"
#include "store/table_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace kvstash::store {

// What a new value does to the deadline of its field.
enum class FieldDeadlineRule { kDrop, kKeep };

class FieldTable {
 public:
  using Visitor = std::function<void(const Field&)>;
  // A time at which no field is due.
  static constexpr int64_t kNothingDue = std::numeric_limits<int64_t>::min();

  // Makes a table with room for `expected` fields, in memory from allocate(). `destroy` frees it.
  static FieldTable* make(const HashSeed& seed, size_t expected);
  static void destroy(FieldTable* table);
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;

  // ---- Reading.
  const Field* find(std::string_view name) const { return fields_.find(name, fields_.hash(name)); }
  // The place of a name in a walk.
  uint64_t hash(std::string_view name) const { return fields_.hash(name); }
  void for_each(const Visitor& visit) const;
  // Returns whether `test` is true for every field; stops at the first for which it is not.
  bool all_of(const std::function<bool(const Field&)>& test) const;
  // See BucketTable::scan.
  ScanPosition scan(ScanPosition position, const Visitor& visit) const;
  // Visits the fields from hash `begin` on, each exactly once over a whole walk: see hash_walk.h.
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, const Visitor& visit) const;

  // ---- Writing. The observer is told before each change.
  // Stores a field of a hash. Returns whether the field is new.
  bool set(std::string_view name, std::string_view value, FieldDeadlineRule rule);
  // Adds a member of a set. Returns whether the member is new.
  bool add(std::string_view name);
  // Returns whether the field was there.
  bool erase(std::string_view name);

  // ---- Sampling: chooses among the fields that are not due at `now_ms`, each equally likely.
  const Field* sample(Random& random, int64_t now_ms) const;  // Null if there is none.
  // Visits `count` different fields, or all if there are fewer.
  void sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const;

  // ---- Deadlines.
  std::optional<int64_t> deadline_ms(const Field& field) const;
  bool set_deadline(std::string_view name, int64_t deadline_ms);  // False: no such field.
  bool clear_deadline(std::string_view name);                     // False if the field had none.
  std::optional<int64_t> next_deadline_ms() const;
  bool is_due(const Field& field, int64_t now_ms) const {
    return field.has_deadline() && deadlines_->deadline_ms(field.deadline_slot()) <= now_ms;
  }
  size_t count_due(int64_t now_ms) const;
  // Removes up to `budget` due fields, the earliest first, and calls visit(field) before each
  // removal. Returns how many were removed.
  size_t erase_due(int64_t now_ms, size_t budget, const Visitor& visit);

  // ---- The whole.
  const HashSeed& seed() const { return fields_.seed(); }
  size_t size() const { return fields_.size(); }
  size_t bytes() const;  // The table and all it owns, as the allocator rounds it.
  TableShapes shapes() const { return fields_.shapes(); }  // O(n).
  FieldTable* copy() const;
  void set_observer(FieldObserver* observer) { observer_ = observer; }
  FieldObserver* observer() const { return observer_; }
  // Dismantles the table: frees about `budget` fields and returns true while there are more. After
  // the first call it may only be freed further or destroyed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  FieldTable(const HashSeed& seed, size_t expected) : fields_(seed, expected) {}
  ~FieldTable();

  void tell_change(const Field& field, uint64_t hash) {
    if (observer_ != nullptr) [[unlikely]]
      observer_->before_change(field, hash);
  }
  void add_absent(const Field::Parts& parts, uint64_t hash);
  Field* remake(Field* field, uint64_t hash, std::string_view value, bool has_deadline);
  void drop_deadline(const Field& field);

  BucketTable<Field, &Field::name> fields_;
  std::unique_ptr<FieldDeadlines> deadlines_;  // Null while no field has a deadline.
  size_t field_bytes_ = 0;
  FieldObserver* observer_ = nullptr;
};
static_assert(sizeof(FieldTable) == 96, "a size class of the allocator");

}  // namespace kvstash::store
