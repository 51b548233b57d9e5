#include "store/field_table.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <new>
#include <unordered_set>

namespace kvstash::store {

FieldTable* FieldTable::make(const HashSeed& seed, size_t expected) {
  return new (allocate(sizeof(FieldTable))) FieldTable(seed, expected);
}

void FieldTable::destroy(FieldTable* table) {
  table->~FieldTable();
  deallocate(table, sizeof(FieldTable));
}

FieldTable::~FieldTable() {
  ensure(observer_ == nullptr);
  while (free_some(1024)) {
  }
}

bool FieldTable::free_some(size_t budget) {
  ensure(observer_ == nullptr);
  if (fields_.free_some(budget, &Field::destroy)) return true;
  return deadlines_ != nullptr && deadlines_->free_some(budget);
}

size_t FieldTable::bytes() const {
  size_t total = allocation_bytes(sizeof(FieldTable)) + fields_.bytes() + field_bytes_;
  if (deadlines_) total += allocation_bytes(sizeof(FieldDeadlines)) + deadlines_->bytes();
  return total;
}

FieldTable* FieldTable::copy() const {
  FieldTable* made = make(fields_.seed(), size());
  fields_.for_each([this, made](const Field* field) {
    const std::string_view name = field->name();
    Field::Parts parts{.name = name};
    if (field->has_value()) parts.value = field->value();
    made->add_absent(parts, fields_.hash(name));
    if (field->has_deadline())
      made->set_deadline(name, deadlines_->deadline_ms(field->deadline_slot()));
  });
  return made;
}

bool FieldTable::is_sound() const {
  size_t bytes = 0;
  size_t with_deadline = 0;
  bool slots_agree = true;
  fields_.for_each([&](const Field* field) {
    bytes += field->bytes_allocated();
    if (!field->has_deadline()) return;
    ++with_deadline;
    slots_agree = slots_agree && deadlines_ && deadlines_->holds(field);
  });
  const bool deadlines_sound =
      deadlines_
          ? deadlines_->is_sound() && deadlines_->size() == with_deadline && with_deadline > 0
          : with_deadline == 0;
  return fields_.is_sound() && bytes == field_bytes_ && slots_agree && deadlines_sound;
}

// ---- Reading.

void FieldTable::for_each(const Visitor& visit) const {
  fields_.for_each([&visit](const Field* field) { visit(*field); });
}

bool FieldTable::all_of(const std::function<bool(const Field&)>& test) const {
  return fields_.all_of([&test](const Field* field) { return test(*field); });
}

ScanPosition FieldTable::scan(ScanPosition position, const Visitor& visit) const {
  return fields_.scan(position, [&visit](const Field* field) { visit(*field); });
}

std::optional<uint64_t> FieldTable::walk(uint64_t begin, WalkBudget budget,
                                         const Visitor& visit) const {
  return fields_.walk(begin, budget, [&visit](const Field* field) { visit(*field); });
}

// ---- Writing.

void FieldTable::add_absent(const Field::Parts& parts, uint64_t hash) {
  Field* made = Field::make(parts);
  field_bytes_ += made->bytes_allocated();
  fields_.insert(made, hash);
  if (observer_ != nullptr) [[unlikely]]
    observer_->born(*made, hash);
}

// The caller takes care of the deadline: it gives up the slot before, or asks for one afterwards.
Field* FieldTable::remake(Field* field, uint64_t hash, std::string_view value, bool has_deadline) {
  field_bytes_ -= field->bytes_allocated();
  Field* fresh = Field::remake(field, value, has_deadline);
  field_bytes_ += fresh->bytes_allocated();
  if (fresh != field) fields_.replace(field, fresh, hash);
  return fresh;
}

void FieldTable::drop_deadline(const Field& field) {
  deadlines_->remove(field.deadline_slot());
  if (deadlines_->empty()) deadlines_.reset();
}

bool FieldTable::set(std::string_view name, std::string_view value, FieldDeadlineRule rule) {
  const uint64_t hash = fields_.hash(name);
  Field* field = fields_.find(name, hash);
  if (field == nullptr) {
    add_absent({.name = name, .value = value}, hash);
    return true;
  }
  tell_change(*field, hash);
  if (!field->has_deadline()) {
    remake(field, hash, value, false);
  } else if (rule == FieldDeadlineRule::kDrop) {
    drop_deadline(*field);
    remake(field, hash, value, false);
  } else {
    const uint32_t slot = field->deadline_slot();
    deadlines_->relocate(slot, remake(field, hash, value, true));
  }
  return false;
}

bool FieldTable::add(std::string_view name) {
  const uint64_t hash = fields_.hash(name);
  if (fields_.find(name, hash) != nullptr) return false;
  add_absent({.name = name}, hash);
  return true;
}

bool FieldTable::erase(std::string_view name) {
  const uint64_t hash = fields_.hash(name);
  Field* field = fields_.find(name, hash);
  if (field == nullptr) return false;
  tell_change(*field, hash);
  if (field->has_deadline()) drop_deadline(*field);
  fields_.erase(field, hash);
  field_bytes_ -= field->bytes_allocated();
  Field::destroy(field);
  return true;
}

// ---- Sampling.

const Field* FieldTable::sample(Random& random, int64_t now_ms) const {
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    const Field* field = fields_.sample(random);
    if (field == nullptr || !is_due(*field, now_ms)) return field;
  }
  // Most fields are due and not yet removed: choose one of the others by a walk over all fields.
  const Field* picked = nullptr;
  sample(random, 1, now_ms, [&picked](const Field& field) { picked = &field; });
  return picked;
}

// A few fields are drawn one by one. Many are chosen by selection sampling: each remaining field is
// taken with probability wanted / left, so that every subset is equally likely.
void FieldTable::sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const {
  constexpr size_t kWalkBelow = 16;  // A draw costs about as much as this many steps of a walk.
  size_t left = size() - count_due(now_ms);
  size_t wanted = std::min(count, left);
  if (wanted * kWalkBelow < left && left == size()) {
    std::unordered_set<const Field*> picked;
    while (picked.size() < wanted) {
      const Field* field = fields_.sample(random);
      if (picked.insert(field).second) visit(*field);
    }
    return;
  }
  fields_.for_each([&](const Field* field) {
    if (is_due(*field, now_ms)) return;
    if (random.below(left) < wanted) {
      visit(*field);
      --wanted;
    }
    --left;
  });
}

// ---- Deadlines.

std::optional<int64_t> FieldTable::deadline_ms(const Field& field) const {
  if (!field.has_deadline()) return std::nullopt;
  return deadlines_->deadline_ms(field.deadline_slot());
}

bool FieldTable::set_deadline(std::string_view name, int64_t deadline_ms) {
  const uint64_t hash = fields_.hash(name);
  Field* field = fields_.find(name, hash);
  if (field == nullptr) return false;
  ensure(field->has_value());  // Members of sets have no deadlines.
  tell_change(*field, hash);
  if (field->has_deadline()) {
    deadlines_->change(field->deadline_slot(), deadline_ms);
    return true;
  }
  if (!deadlines_) deadlines_ = std::make_unique<FieldDeadlines>();
  field = remake(field, hash, field->value(), true);
  deadlines_->add(field, deadline_ms);
  return true;
}

bool FieldTable::clear_deadline(std::string_view name) {
  const uint64_t hash = fields_.hash(name);
  Field* field = fields_.find(name, hash);
  if (field == nullptr || !field->has_deadline()) return false;
  tell_change(*field, hash);
  drop_deadline(*field);
  remake(field, hash, field->value(), false);
  return true;
}

std::optional<int64_t> FieldTable::next_deadline_ms() const {
  if (!deadlines_) return std::nullopt;
  return deadlines_->first_deadline_ms();
}

size_t FieldTable::count_due(int64_t now_ms) const {
  return deadlines_ ? deadlines_->count_due(now_ms) : 0;
}

size_t FieldTable::erase_due(int64_t now_ms, size_t budget, const Visitor& visit) {
  size_t erased = 0;
  for (; erased < budget && deadlines_ && deadlines_->first_deadline_ms() <= now_ms; ++erased) {
    const Field* field = deadlines_->first();
    visit(*field);
    erase(field->name());
  }
  return erased;
}

}  // namespace kvstash::store
