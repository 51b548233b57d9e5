// FieldTable: the large form of hashes and sets. Owns its fields (members, for sets), finds them
// through a BucketTable, and keeps the deadlines of those that have one.
//
// Every operation on one field moves a bounded number of others; only for_each, copy and sampling
// many take time proportional to the size. Views of names and values die with the next change.
// Times are milliseconds since 1970; a field is due from its deadline on. Being due changes nothing
// by itself: whoever asks says what the time is.
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
  // A time at which nothing is due.
  static constexpr int64_t kNothingDue = std::numeric_limits<int64_t>::min();

  // With room for `expected` fields. A table takes its memory from allocate().
  static FieldTable* make(const HashSeed& seed, size_t expected);
  static void destroy(FieldTable* table);
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;

  // ---- Reading.
  const Field* find(std::string_view name) const { return fields_.find(name, fields_.hash(name)); }
  void for_each(const Visitor& visit) const;
  // Whether `test` says so of every field; the first that fails it ends the walk.
  bool all_of(const std::function<bool(const Field&)>& test) const;
  // See BucketTable::scan.
  ScanPosition scan(ScanPosition position, const Visitor& visit) const;
  // Visits the fields from hash `begin` on, exactly: see hash_walk.h.
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, const Visitor& visit) const;

  // ---- Writing. The observer is told before.
  // Stores a field of a hash. True if it is new.
  bool set(std::string_view name, std::string_view value, FieldDeadlineRule rule);
  // Adds a member of a set. True if it is new.
  bool add(std::string_view name);
  // True if it was there.
  bool erase(std::string_view name);

  // ---- Sampling, among the fields not due at `now_ms`, each equally likely.
  const Field* sample(Random& random, int64_t now_ms) const;  // Null: there is none.
  // `count` different ones, or all.
  void sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const;

  // ---- Deadlines.
  std::optional<int64_t> deadline_ms(const Field& field) const;
  bool set_deadline(std::string_view name, int64_t deadline_ms);  // False: no such field.
  bool clear_deadline(std::string_view name);                     // False: it had none.
  std::optional<int64_t> next_deadline_ms() const;
  bool is_due(const Field& field, int64_t now_ms) const {
    return field.has_deadline() && deadlines_->deadline_ms(field.deadline_slot()) <= now_ms;
  }
  size_t count_due(int64_t now_ms) const;
  // Removes up to `budget` due fields, the earliest first, each after calling visit(field). Returns
  // how many.
  size_t erase_due(int64_t now_ms, size_t budget, const Visitor& visit);

  // ---- The whole.
  const HashSeed& seed() const { return fields_.seed(); }
  size_t size() const { return fields_.size(); }
  size_t bytes() const;  // Of all it owns and of itself, as the allocator rounds them.
  TableShapes shapes() const { return fields_.shapes(); }  // O(n).
  FieldTable* copy() const;
  void set_observer(FieldObserver* observer) { observer_ = observer; }
  FieldObserver* observer() const { return observer_; }
  // For dismantling: frees about `budget` fields. True while there are more. After the first call
  // nothing but this and destruction is allowed.
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
  std::unique_ptr<FieldDeadlines> deadlines_;  // Null while no field has one.
  size_t field_bytes_ = 0;
  FieldObserver* observer_ = nullptr;
};
static_assert(sizeof(FieldTable) == 96, "a size class of the allocator");

}  // namespace kvstash::store
