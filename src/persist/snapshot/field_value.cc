#include "persist/snapshot/field_value.h"

#include "base/ensure.h"
#include "persist/rdb/value_writer.h"

#include <utility>

namespace kvstash::persist {
namespace {

using store::Field;
using store::FieldTable;

// A piece of saved fields is written as a whole.
constexpr size_t kSavedPieceBytes = size_t{16} << 10;

}  // namespace

FieldValue::FieldValue(Place place, Tally& tally, const FieldTable& table)
    : BigValue(std::move(place), tally),
      table_(&table),
      min_deadline_ms_(table.next_deadline_ms()),
      left_(table.size()) {
  rdb::write_hash_head(head(), left_, min_deadline_ms_);  // A set has no deadlines.
}

void FieldValue::before_change(const Field& field, uint64_t hash) {
  if (has_passed(hash) || !note(field.name(), hash)) return;
  if (saved_.empty() || saved_.back().bytes.size() >= kSavedPieceBytes) saved_.emplace_back();
  const size_t before = bytes_of(saved_.back());
  write_field(saved_.back(), field);
  add_overlay(bytes_of(saved_.back()) - before);
  count_preimages(1);
}

void FieldValue::born(const Field& field, uint64_t hash) {
  if (!has_passed(hash)) note(field.name(), hash);
}

// Makes the walk skip a field. Returns false if it did so already.
bool FieldValue::note(std::string_view name, uint64_t hash) {
  const auto at = known_.lower_bound(Name{hash, name});
  if (at != known_.end() && at->hash == hash && at->name == name) return false;
  known_.emplace_hint(at, Known{hash, std::string(name)});
  add_overlay(kNodeBytes + sizeof(Known) + name.size());
  filter_.add(hash);
  return true;
}

void FieldValue::write_field(rdb::Encoded& to, const Field& field) {
  ensure(left_ != 0);
  --left_;
  rdb::Encoder encoder(to);
  if (!field.has_value()) {
    rdb::write_member(encoder, field.name());
  } else if (min_deadline_ms_) {
    rdb::write_field(encoder, field.name(), field.value(), *min_deadline_ms_,
                     table_->deadline_ms(field));
  } else {
    rdb::write_field(encoder, field.name(), field.value());
  }
}

bool FieldValue::write_elements(rdb::Encoded& to, Budget& budget) {
  while (!budget.is_spent()) {
    if (write_saved(to, budget)) continue;
    if (!next_) {
      ensure(left_ == 0);
      return false;
    }
    walk(to, budget);
    forget_passed(budget);
  }
  return true;
}

bool FieldValue::write_saved(rdb::Encoded& to, Budget& budget) {
  if (saved_.empty()) return false;
  append(to, saved_.front());
  drop_overlay(bytes_of(saved_.front()));
  budget.spend(1 + saved_.front().bytes.size() / 64, saved_.front().bytes.size());
  saved_.pop_front();
  return true;
}

bool FieldValue::is_known(const Field& field) const {
  if (known_.empty()) return false;
  const uint64_t hash = table_->hash(field.name());
  return filter_.may_have(hash) && known_.contains(Name{hash, field.name()});
}

void FieldValue::walk(rdb::Encoded& to, Budget& budget) {
  const size_t before = to.bytes.size();
  size_t seen = 0;
  const store::WalkBudget visit{.buckets = 8, .elements = std::min<size_t>(32, budget.elements())};
  next_ = table_->walk(*next_, visit, [&](const Field& field) {
    ++seen;
    if (is_known(field)) return;
    write_field(to, field);
  });
  budget.spend(1 + seen, to.bytes.size() - before);
}

// Forgets fields that the walk has passed. The rest is forgotten later.
void FieldValue::forget_passed(Budget& budget) {
  constexpr size_t kAtOnce = 64;
  for (size_t i = 0; i < kAtOnce && !known_.empty() && has_passed(known_.begin()->hash); ++i) {
    drop_overlay(kNodeBytes + sizeof(Known) + known_.begin()->name.size());
    known_.erase(known_.begin());
    budget.spend(1);
  }
}

}  // namespace kvstash::persist
