#include "store/set.h"

#include "base/alloc.h"
#include "base/numbers.h"

#include <algorithm>
#include <vector>

namespace kvstash::store {
namespace {

std::optional<int64_t> integer_of(PackedValue member) {
  return member.is_integer() ? member.integer() : parse_int64(member.text());
}

size_t intset_entries_max(const SetOptions& options) {
  constexpr size_t kIntsetEntriesMax = size_t{1} << 30;  // The length field has 32 bits.
  return std::min(options.intset_entries_max, kIntsetEntriesMax);
}

size_t text_size(int64_t value) {
  char scratch[kInt64CharsMax];
  return format_int64(scratch, value);
}

}  // namespace

// Reads the intset that a set's word points to, and leaves it there.
class Set::BorrowedIntset {
 public:
  explicit BorrowedIntset(const Set& set)
      : intset_(Intset::adopt(set.pointer<unsigned char>(Form::kIntset))) {}
  BorrowedIntset(const BorrowedIntset&) = delete;
  BorrowedIntset& operator=(const BorrowedIntset&) = delete;
  ~BorrowedIntset() { intset_.release(); }

  const Intset* operator->() const { return &intset_; }

 private:
  Intset intset_;
};

Set::Set(Intset integers) {
  put(integers.release(), Form::kIntset);
}

Set::Set(Listpack pack) {
  put(pack.release(), Form::kListpack);
}

Set::Set(PackedValue first, size_t count, const SetOptions& options)
    : Set(integer_of(first) && count <= options.intset_entries_max ? Encoding::kIntset
          : count <= options.listpack_entries_max                  ? Encoding::kListpack
                                                                   : Encoding::kHashtable,
          options) {}

Set::Set(Encoding form, const SetOptions& options) {
  switch (form) {
    case Encoding::kIntset:
      put(Intset().release(), Form::kIntset);
      break;
    case Encoding::kListpack:
      put(Listpack().release(), Form::kListpack);
      break;
    default:
      ensure(form == Encoding::kHashtable);
      put(FieldTable::make(options.seed, 0), Form::kTable);
  }
}

bool Set::offer_table() {
  FieldObserver* observer = table().observer();
  table().set_observer(nullptr);
  return observer->take(word_);
}

void Set::drop() {
  if (offer()) return;
  while (free_some(1024)) {
  }
}

bool Set::free_some(size_t budget) {
  if (word_ == 0) return false;
  switch (form()) {
    case Form::kIntset:
      take_intset();
      break;
    case Form::kListpack:
      take_listpack();
      break;
    case Form::kTable:
      if (table().free_some(budget)) return true;
      FieldTable::destroy(&table());
  }
  word_ = 0;
  return false;
}

Set Set::copy() const {
  switch (form()) {
    case Form::kIntset:
      return Set(Intset(intset_bytes()));
    case Form::kListpack:
      return Set(Listpack(listpack()));
    case Form::kTable:
      break;
  }
  return Set(table().copy());
}

// ---- Form and memory.

Encoding Set::encoding() const {
  constexpr Encoding kEncodings[] = {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable};
  return kEncodings[static_cast<size_t>(form())];
}

std::string_view Set::intset_bytes() const {
  return BorrowedIntset(*this)->raw();
}

ListpackView Set::listpack() const {
  return ListpackView(pointer<const unsigned char>(Form::kListpack));
}

Intset Set::take_intset() {
  Intset taken = Intset::adopt(pointer<unsigned char>(Form::kIntset));
  word_ = 0;
  return taken;
}

Listpack Set::take_listpack() {
  Listpack taken = Listpack::adopt(pointer<unsigned char>(Form::kListpack));
  word_ = 0;
  return taken;
}

size_t Set::bytes() const {
  switch (form()) {
    case Form::kIntset:
      return allocation_bytes(intset_bytes().size());
    case Form::kListpack:
      return allocation_bytes(listpack().total_bytes());
    case Form::kTable:
      break;
  }
  return table().bytes();
}

std::optional<TableShapes> Set::table_shapes() const {
  if (form() != Form::kTable) return std::nullopt;
  return table().shapes();
}

bool Set::is_sound() const {
  switch (form()) {
    case Form::kIntset:
      return is_valid_intset(intset_bytes(), true);
    case Form::kListpack:
      return is_valid_listpack(listpack().raw(), true);
    case Form::kTable:
      break;
  }
  return table().is_sound();
}

void Set::make_listpack() {
  Listpack made;
  for_each([&made](PackedValue member) { made.push_back(member); });
  *this = Set(std::move(made));
}

void Set::make_table(const SetOptions& options, size_t expected) {
  FieldTable* made = FieldTable::make(options.seed, expected);
  for_each([made](PackedValue member) {
    char scratch[kInt64CharsMax];
    made->add(member.string(scratch));
  });
  *this = Set(made);
}

void Set::make_intset(const SetOptions& options) {
  if (form() == Form::kIntset || size() > intset_entries_max(options)) return;
  Intset made;
  for_each([&made](PackedValue member) {
    const std::optional<int64_t> value = integer_of(member);
    ensure(value.has_value());
    made.add(*value);
  });
  *this = Set(std::move(made));
}

void Set::expect(size_t count, const SetOptions& options) {
  const bool is_too_many = form() == Form::kIntset     ? count > options.intset_entries_max
                           : form() == Form::kListpack ? count > options.listpack_entries_max
                                                       : false;
  if (is_too_many) make_table(options, size() + count);
}

// ---- Changing.

bool Set::add(PackedValue member, const SetOptions& options) {
  if (form() == Form::kIntset) {
    if (const std::optional<int64_t> value = integer_of(member))
      return add_integer(*value, options);
    if (intset_fits_listpack(member.text(), options)) {
      make_listpack();
    } else {
      make_table(options, size() + 1);
    }
  }
  char scratch[kInt64CharsMax];
  const std::string_view text = member.string(scratch);
  return form() == Form::kListpack ? add_to_listpack(text, options) : table().add(text);
}

bool Set::add_integer(int64_t value, const SetOptions& options) {
  Intset changed = take_intset();
  const bool is_new = changed.add(value);
  const size_t count = changed.size();
  put(changed.release(), Form::kIntset);
  if (is_new && count > intset_entries_max(options)) make_table(options, count);
  return is_new;
}

// Whether a listpack may hold the integers and the text `added`.
bool Set::intset_fits_listpack(std::string_view added, const SetOptions& options) const {
  constexpr size_t kIntegerBytesMax = 10;  // The longest entry of an integer in a listpack.
  const BorrowedIntset integers(*this);
  const size_t count = integers->size();
  if (count >= options.listpack_entries_max) return false;
  if (count * kIntegerBytesMax + added.size() > ListpackView::kBytesMax) return false;
  const size_t longest =
      count == 0 ? 0 : std::max(text_size(integers->at(0)), text_size(integers->at(count - 1)));
  return std::max(longest, added.size()) <= options.listpack_value_bytes_max;
}

bool Set::add_to_listpack(std::string_view member, const SetOptions& options) {
  const ListpackView pack = listpack();
  if (pack.find(member)) return false;
  if (pack.size() >= options.listpack_entries_max ||
      member.size() > options.listpack_value_bytes_max ||
      pack.total_bytes() + member.size() > ListpackView::kBytesMax) {
    make_table(options, size() + 1);
    return table().add(member);
  }
  Listpack changed = take_listpack();
  changed.push_back(member);
  put(changed.release(), Form::kListpack);
  return true;
}

bool Set::erase(PackedValue member) {
  if (form() == Form::kIntset) {
    const std::optional<int64_t> value = integer_of(member);
    if (!value) return false;
    Intset changed = take_intset();
    const bool was_there = changed.remove(*value);
    put(changed.release(), Form::kIntset);
    return was_there;
  }
  char scratch[kInt64CharsMax];
  const std::string_view text = member.string(scratch);
  if (form() == Form::kTable) return table().erase(text);
  const PackPosition at = listpack().find(text);
  if (!at) return false;
  Listpack changed = take_listpack();
  changed.erase(at);
  put(changed.release(), Form::kListpack);
  return true;
}

// ---- Popping.

void Set::pop(Random& random, const Visitor& visit) {
  ensure(!empty());
  switch (form()) {
    case Form::kIntset: {
      const int64_t value = BorrowedIntset(*this)->random(random);
      visit(value);
      erase(value);
      break;
    }
    case Form::kListpack: {
      const PackPosition at = listpack().random(random, 1);
      visit(listpack().value(at));
      Listpack changed = take_listpack();
      changed.erase(at);
      put(changed.release(), Form::kListpack);
      break;
    }
    case Form::kTable:
      pop_few_from_table(random, 1, visit);
  }
}

void Set::pop(Random& random, size_t count, const SetOptions& options, const Visitor& visit) {
  // As in Redis: a pop removes most if it removes this many members for each one that stays.
  constexpr size_t kMost = 5;
  ensure(count <= size());
  switch (form()) {
    case Form::kIntset:
      pop_from_intset(random, count, visit);
      break;
    case Form::kListpack:
      pop_from_listpack(random, count, visit);
      break;
    case Form::kTable:
      if (count / kMost < size() - count) {
        pop_few_from_table(random, count, visit);
      } else {
        pop_most_from_table(random, count, options, visit);
      }
  }
}

// Selection sampling: each remaining member is removed with probability count / remaining.
void Set::pop_from_intset(Random& random, size_t count, const Visitor& visit) {
  const Intset old = take_intset();
  Intset kept;
  for (size_t i = 0; i < old.size(); ++i) {
    if (random.below(old.size() - i) < count) {
      visit(old.at(i));
      --count;
    } else {
      kept.add(old.at(i));
    }
  }
  put(kept.release(), Form::kIntset);
}

void Set::pop_from_listpack(Random& random, size_t count, const Visitor& visit) {
  const Listpack old = take_listpack();
  Listpack kept;
  size_t left = old.size();
  for (PackPosition at = old.view().first(); at; --left) {
    const PackedValue member = old.view().take(at);
    if (random.below(left) < count) {
      visit(member);
      --count;
    } else {
      kept.push_back(member);
    }
  }
  put(kept.release(), Form::kListpack);
}

void Set::pop_few_from_table(Random& random, size_t count, const Visitor& visit) {
  if (count == 1) {
    const Field* field = table().sample(random, FieldTable::kNothingDue);
    visit(field->name());
    table().erase(field->name());
    return;
  }
  std::vector<const Field*> picked;  // These fields stay in place while others are erased.
  picked.reserve(count);
  table().sample(random, count, FieldTable::kNothingDue,
                 [&picked](const Field& field) { picked.push_back(&field); });
  for (const Field* field : picked) {
    visit(field->name());
    table().erase(field->name());
  }
}

// The members that stay are collected in a new set, which, as in Redis, is a listpack if they fit.
void Set::pop_most_from_table(Random& random, size_t count, const SetOptions& options,
                              const Visitor& visit) {
  Set kept(Encoding::kListpack, options);
  sample(random, size() - count, [&](PackedValue member) { kept.add(member, options); });
  for_each([&](PackedValue member) {
    if (!kept.contains(member)) visit(member);
  });
  *this = std::move(kept);
}

// ---- Reading.

bool Set::contains(PackedValue member) const {
  if (form() == Form::kIntset) {
    const std::optional<int64_t> value = integer_of(member);
    return value && BorrowedIntset(*this)->contains(*value);
  }
  char scratch[kInt64CharsMax];
  const std::string_view text = member.string(scratch);
  return form() == Form::kListpack ? bool(listpack().find(text)) : table().find(text) != nullptr;
}

size_t Set::size() const {
  switch (form()) {
    case Form::kIntset:
      return BorrowedIntset(*this)->size();
    case Form::kListpack:
      return listpack().size();
    case Form::kTable:
      break;
  }
  return table().size();
}

void Set::for_each(const Visitor& visit) const {
  all_of([&visit](PackedValue member) {
    visit(member);
    return true;
  });
}

bool Set::all_of(const std::function<bool(PackedValue)>& test) const {
  switch (form()) {
    case Form::kIntset: {
      const BorrowedIntset integers(*this);
      for (size_t i = 0; i < integers->size(); ++i) {
        if (!test(integers->at(i))) return false;
      }
      return true;
    }
    case Form::kListpack:
      for (PackPosition at = listpack().first(); at;) {
        if (!test(listpack().take(at))) return false;
      }
      return true;
    case Form::kTable:
      break;
  }
  return table().all_of([&test](const Field& field) { return test(field.name()); });
}

ScanPosition Set::scan(ScanPosition position, const Visitor& visit) const {
  if (form() == Form::kTable)
    return table().scan(position, [&visit](const Field& field) { visit(field.name()); });
  for_each(visit);
  return ScanPosition{};
}

PackedValue Set::random(Random& random) const {
  ensure(!empty());
  switch (form()) {
    case Form::kIntset:
      return BorrowedIntset(*this)->random(random);
    case Form::kListpack:
      return listpack().value(listpack().random(random, 1));
    case Form::kTable:
      break;
  }
  return table().sample(random, FieldTable::kNothingDue)->name();
}

void Set::sample(Random& random, size_t count, const Visitor& visit) const {
  switch (form()) {
    case Form::kIntset: {
      const BorrowedIntset integers(*this);
      size_t left = integers->size();
      for (size_t i = 0; count > 0 && left > 0; ++i, --left) {
        if (random.below(left) >= count) continue;
        visit(integers->at(i));
        --count;
      }
      break;
    }
    case Form::kListpack:
      for (const PackPosition at : listpack().sample(random, count, 1))
        visit(listpack().value(at));
      break;
    case Form::kTable:
      table().sample(random, count, FieldTable::kNothingDue,
                     [&visit](const Field& field) { visit(field.name()); });
  }
}

void Set::sample_with_repeats(Random& random, size_t count, const Visitor& visit) const {
  if (empty()) return;
  if (form() != Form::kListpack) {
    for (; count > 0; --count)
      visit(this->random(random));
    return;
  }
  constexpr size_t kBatch = 1024;  // `count` comes from a client and may be any number.
  while (count > 0) {
    const size_t batch = std::min(count, kBatch);
    for (const PackPosition at : listpack().sample_with_repeats(random, batch, 1))
      visit(listpack().value(at));
    count -= batch;
  }
}

}  // namespace kvstash::store
