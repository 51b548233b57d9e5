#include "store/hash.h"

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/numbers.h"

#include <algorithm>
#include <array>

namespace kvstash::store {
namespace {

HashField field_at(ForwardPackView pack, PackPosition at) {
  const PackedValue name = pack.take(at);
  return {name, pack.value(at), std::nullopt};
}

// Calls visit(field, value) for each pair.
template <typename Visit>
void for_each_pair(ForwardPackView pack, Visit&& visit) {
  for (PackPosition at = pack.first(); at;) {
    const PackedValue name = pack.take(at);
    const PackedValue value = pack.take(at);
    visit(name, value);
  }
}

}  // namespace

Hash::Hash() : word_(0) {
  put(ForwardPack());
}

Hash::Hash(Listpack pack) : word_(0) {
  ensure(pack.size() % 2 == 0);
  put(ForwardPack(pack.view()));
}

bool Hash::offer_table() {
  FieldObserver* observer = table().observer();
  table().set_observer(nullptr);
  return observer->take(word_);
}

void Hash::drop() {
  if (offer()) return;
  while (free_some(1024)) {
  }
}

bool Hash::free_some(size_t budget) {
  if (word_ == 0) return false;
  if (is_small()) {
    take_pack();
    return false;
  }
  if (table().free_some(budget)) return true;
  FieldTable::destroy(&table());
  word_ = 0;
  return false;
}

Hash Hash::copy() const {
  if (!is_small()) return Hash(table().copy());
  return Hash(reinterpret_cast<uintptr_t>(ForwardPack(pack()).release()));
}

size_t Hash::bytes() const {
  return is_small() ? allocation_bytes(pack().total_bytes()) : table().bytes();
}

std::optional<TableShapes> Hash::table_shapes() const {
  if (is_small()) return std::nullopt;
  return table().shapes();
}

bool Hash::is_sound() const {
  if (!is_small()) return table().is_sound();
  return is_valid_pack<PackForm::kForward>(pack().raw(), true) && pack().size() % 2 == 0;
}

// ---- Reading.

std::optional<PackedValue> Hash::find(std::string_view field, int64_t now_ms) const {
  if (is_small()) {
    const ForwardPackView packed = pack();
    const PackPosition at = packed.find(field, packed.first(), 1);
    if (!at) return std::nullopt;
    return packed.value(packed.next(at));
  }
  const Field* found = table().find(field);
  if (found == nullptr || table().is_due(*found, now_ms)) return std::nullopt;
  return PackedValue(found->value());
}

size_t Hash::size() const {
  return is_small() ? pack().size() / 2 : table().size();
}

size_t Hash::live_size(int64_t now_ms) const {
  return is_small() ? size() : table().size() - table().count_due(now_ms);
}

HashField Hash::show(const Field& field) const {
  HashField shown{field.name(), field.value(), std::nullopt};
  if (field.has_deadline()) shown.deadline_ms = table().deadline_ms(field);
  return shown;
}

void Hash::for_each(int64_t now_ms, const Visitor& visit) const {
  if (is_small()) {
    for_each_pair(pack(), [&visit](PackedValue name, PackedValue value) {
      visit({name, value, std::nullopt});
    });
    return;
  }
  table().for_each([&](const Field& field) {
    if (!table().is_due(field, now_ms)) visit(show(field));
  });
}

ScanPosition Hash::scan(ScanPosition position, int64_t now_ms, const Visitor& visit) const {
  if (is_small()) {
    for_each(now_ms, visit);
    return ScanPosition{};
  }
  return table().scan(position, [&](const Field& field) {
    if (!table().is_due(field, now_ms)) visit(show(field));
  });
}

void Hash::sample(Random& random, size_t count, int64_t now_ms, const Visitor& visit) const {
  if (count == 1) return sample_with_repeats(random, 1, now_ms, visit);
  if (!is_small()) {
    table().sample(random, count, now_ms, [&](const Field& field) { visit(show(field)); });
    return;
  }
  for (const PackPosition at : pack().sample(random, count, 2))
    visit(field_at(pack(), at));
}

void Hash::sample_with_repeats(Random& random, size_t count, int64_t now_ms,
                               const Visitor& visit) const {
  if (empty()) return;
  if (!is_small()) {
    for (; count > 0; --count) {
      const Field* field = table().sample(random, now_ms);
      if (field == nullptr) return;
      visit(show(*field));
    }
    return;
  }
  if (count == 1) return visit(field_at(pack(), pack().random(random, 2)));
  constexpr size_t kBatch = 1024;  // `count` comes from a client and may be any number.
  while (count > 0) {
    const size_t batch = std::min(count, kBatch);
    for (const PackPosition at : pack().sample_with_repeats(random, batch, 2))
      visit(field_at(pack(), at));
    count -= batch;
  }
}

// ---- Changing.

bool Hash::set(std::string_view field, std::string_view value, const HashOptions& options,
               FieldDeadlineRule rule) {
  if (is_small()) {
    if (const std::optional<bool> is_new = set_small(field, value, options)) return *is_new;
    make_large(options, size() + 1);
  }
  return table().set(field, value, rule);
}

// Returns nothing and changes nothing if the hash would outgrow the options.
std::optional<bool> Hash::set_small(std::string_view field, std::string_view value,
                                    const HashOptions& options) {
  constexpr size_t kEntryOverheadMax = 10;  // Bytes that a listpack adds to an element, at most.
  const size_t length_max = options.listpack_value_bytes_max;
  if (field.size() > length_max || value.size() > length_max) return std::nullopt;
  const ForwardPackView packed = pack();
  const size_t added = field.size() + value.size() + 2 * kEntryOverheadMax;
  if (packed.total_bytes() + added > ForwardPackView::kBytesMax) return std::nullopt;
  const PackPosition at = packed.find(field, packed.first(), 1);
  if (size() + (at ? 0 : 1) > options.listpack_entries_max) return std::nullopt;

  ForwardPack changed = take_pack();
  if (at) {
    changed.replace(changed.view().next(at), value);
  } else {
    changed.append(std::array{field, value});
  }
  put(std::move(changed));
  return !at;
}

bool Hash::erase(std::string_view field) {
  if (!is_small()) return table().erase(field);
  const PackPosition at = pack().find(field, pack().first(), 1);
  if (!at) return false;
  ForwardPack changed = take_pack();
  changed.erase(at, 2);
  put(std::move(changed));
  return true;
}

void Hash::expect(size_t fields, const HashOptions& options) {
  if (is_small() && fields > options.listpack_entries_max) make_large(options, fields + size());
}

void Hash::make_large(const HashOptions& options, size_t expected) {
  FieldTable* made = FieldTable::make(options.seed, expected);
  for_each_pair(pack(), [made](PackedValue name, PackedValue value) {
    char name_scratch[kInt64CharsMax];
    char value_scratch[kInt64CharsMax];
    made->set(name.string(name_scratch), value.string(value_scratch), FieldDeadlineRule::kDrop);
  });
  *this = Hash(made);
}

// ---- Deadlines.

std::optional<int64_t> Hash::next_deadline_ms() const {
  return is_small() ? std::nullopt : table().next_deadline_ms();
}

std::optional<int64_t> Hash::deadline_ms(std::string_view field) const {
  if (is_small()) return std::nullopt;
  const Field* found = table().find(field);
  return found == nullptr ? std::nullopt : table().deadline_ms(*found);
}

bool Hash::set_deadline(std::string_view field, int64_t deadline_ms, const HashOptions& options) {
  if (is_small()) {
    if (!contains(field, kNothingDue)) return false;
    make_large(options, size());
  }
  return table().set_deadline(field, deadline_ms);
}

bool Hash::clear_deadline(std::string_view field) {
  return !is_small() && table().clear_deadline(field);
}

bool Hash::erase_if_due(std::string_view field, int64_t now_ms) {
  if (!has_deadlines()) return false;
  const Field* found = table().find(field);
  return found != nullptr && table().is_due(*found, now_ms) && table().erase(field);
}

size_t Hash::erase_due(int64_t now_ms, size_t budget, const Visitor& visit) {
  if (is_small()) return 0;
  return table().erase_due(now_ms, budget, [&](const Field& field) { visit(show(field)); });
}

}  // namespace kvstash::store
