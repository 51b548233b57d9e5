#include "store/list.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <algorithm>

namespace kvstash::store {

// Takes a short list's pack out for a change, and puts it back.
class List::OpenPack {
 public:
  explicit OpenPack(List& list)
      : list_(list), pack_(Listpack::adopt(reinterpret_cast<unsigned char*>(list.word_))) {
    ensure(!list.is_long());
  }
  OpenPack(const OpenPack&) = delete;
  OpenPack& operator=(const OpenPack&) = delete;
  ~OpenPack() { list_.word_ = reinterpret_cast<uintptr_t>(pack_.release()); }

  Listpack* operator->() { return &pack_; }

 private:
  List& list_;
  Listpack pack_;
};

List::List() : word_(reinterpret_cast<uintptr_t>(Listpack().release())) {}

bool List::offer() {
  if (word_ == 0 || !is_long()) return false;
  NodeObserver* observer = quicklist()->observer();
  if (observer == nullptr) [[likely]]
    return false;
  quicklist()->set_observer(nullptr);
  return observer->take(word_);
}

void List::drop() {
  if (offer()) return;
  if (is_long()) {
    Quicklist::destroy(quicklist());
  } else {
    Listpack::adopt(reinterpret_cast<unsigned char*>(word_));
  }
}

List List::copy() const {
  if (is_long()) return List(reinterpret_cast<uintptr_t>(quicklist()->copy()) | kLong);
  return List(reinterpret_cast<uintptr_t>(Listpack(pack()).release()));
}

size_t List::bytes() const {
  return is_long() ? quicklist()->bytes() : allocation_bytes(pack().total_bytes());
}

// ---- Between the encodings

// Makes a short list a quicklist. Returns the list's quicklist.
Quicklist* List::lengthen(const ListLimits& limits) {
  if (is_long()) return quicklist();
  Listpack pack = Listpack::adopt(reinterpret_cast<unsigned char*>(word_));
  Quicklist* list = Quicklist::make();
  if (!pack.empty()) list->append_pack(std::move(pack), limits);
  word_ = reinterpret_cast<uintptr_t>(list) | kLong;
  return list;
}

void List::lengthen_for(size_t added_bytes, size_t added, const ListLimits& limits) {
  if (is_long()) return;
  if (!limits.pack_allows(pack().total_bytes() + added_bytes, pack().size() + added))
    lengthen(limits);
}

// Makes a long list a listpack if it has only one piece, which fits the limits. With slack it must
// fit half of the limits, so that a list does not alternate between the forms.
void List::shorten(const ListLimits& limits, bool with_slack) {
  if (!is_long()) return;
  Quicklist* list = quicklist();
  if (list->node_count() == 0) {
    *this = List();
    return;
  }
  if (list->node_count() != 1 || list->head()->is_plain) return;
  const size_t bytes = list->head()->raw_bytes;
  const bool fits = with_slack ? limits.half_allows(bytes, list->size())
                               : limits.pack_allows(bytes, list->size());
  if (!fits) return;
  if (list->observer() != nullptr) [[unlikely]] {
    *this = List(reinterpret_cast<uintptr_t>(list->copy_only_pack().release()));
    return;
  }
  Listpack pack = list->take_only_pack();
  Quicklist::destroy(list);
  word_ = reinterpret_cast<uintptr_t>(pack.release());
}

// ---- Changing

void List::push(ListEnd end, std::span<const std::string_view> values, const ListLimits& limits) {
  size_t added_bytes = 0;
  for (const std::string_view value : values)
    added_bytes += value.size();
  lengthen_for(added_bytes, values.size(), limits);
  if (is_long()) {
    for (const std::string_view value : values)
      quicklist()->push(end, value, limits);
    return;
  }
  OpenPack pack(*this);
  if (end == ListEnd::kTail) {
    pack->append(values);
    return;
  }
  for (const std::string_view value : values)
    pack->push_front(value);
}

void List::insert(size_t index, std::string_view value, const ListLimits& limits) {
  ensure(index <= size());
  lengthen_for(value.size(), 1, limits);
  if (is_long()) return quicklist()->insert(index, value, limits);
  OpenPack pack(*this);
  if (const PackPosition at = pack->view().seek(static_cast<int64_t>(index))) {
    pack->insert_before(at, value);
  } else {
    pack->push_back(value);
  }
}

void List::set(size_t index, std::string_view value, const ListLimits& limits) {
  ensure(index < size());
  lengthen_for(value.size(), 1, limits);
  if (is_long()) {
    quicklist()->set(index, value, limits);
    shorten(limits, true);
    return;
  }
  OpenPack pack(*this);
  pack->replace(pack->view().seek(static_cast<int64_t>(index)), value);
}

void List::erase(size_t index, size_t count, const ListLimits& limits) {
  const size_t length = size();
  if (index >= length || count == 0) return;
  count = std::min(count, length - index);
  if (is_long()) {
    quicklist()->erase(index, count, limits);
    shorten(limits, true);
    return;
  }
  OpenPack pack(*this);
  pack->erase(pack->view().seek(static_cast<int64_t>(index)), count);
}

size_t List::remove(ListEnd from, std::string_view value, size_t max, const ListLimits& limits) {
  if (is_long()) {
    const size_t removed = quicklist()->remove(from, value, max, limits);
    if (removed > 0) shorten(limits, true);
    return removed;
  }
  return OpenPack(*this)->remove(PackedNeedle(value), from == ListEnd::kHead, max);
}

// ---- Pieces

void List::append_pack(ListpackView pack, const ListLimits& limits) {
  if (!pack.empty()) lengthen(limits)->append_pack(Listpack(pack), limits);
}

void List::append_plain(std::string_view element, const ListLimits& limits) {
  lengthen(limits)->append_plain(element, limits);
}

void List::settle(const ListLimits& limits) {
  shorten(limits, false);
}

bool List::free_some(size_t budget) {
  if (budget == 0) return false;
  if (is_long()) return quicklist()->free_some(budget);
  *this = List();
  return true;
}

// ---- ListCursor

ListCursor::ListCursor(const List& list, ListEnd end, size_t index)
    : is_forward_(end == ListEnd::kHead) {
  if (index >= list.size()) return;
  if (!list.is_long()) {
    pack_ = list.pack();
    at_ = pack_.seek(static_cast<int64_t>(index));
    return;
  }
  const auto [node, offset] = list.quicklist()->find_node(index);
  if (node->is_plain) {
    next_ = node;
    return;
  }
  pack_ = ListpackView(bytes_of(*node));
  at_ = pack_.seek(static_cast<int64_t>(offset));
  next_ = is_forward_ ? node->next : node->prev;
}

bool ListCursor::take_from_next(PackedValue& value) {
  const Quicklist::Node* node = next_;
  if (node == nullptr) return false;
  next_ = is_forward_ ? node->next : node->prev;
  const unsigned char* bytes = bytes_of(*node);
  if (node->is_plain) {
    value = std::string_view(reinterpret_cast<const char*>(bytes), node->raw_bytes);
    return true;
  }
  pack_ = ListpackView(bytes);
  at_ = is_forward_ ? pack_.first() : pack_.last();
  return take(value);
}

const unsigned char* ListCursor::bytes_of(const Quicklist::Node& node) {
  if (!node.is_compressed) return node.data;
  drop_scratch();
  scratch_ = static_cast<unsigned char*>(allocate(node.raw_bytes));
  scratch_bytes_ = node.raw_bytes;
  Quicklist::decompress(node, scratch_);
  return scratch_;
}

void ListCursor::drop_scratch() {
  if (scratch_ != nullptr) deallocate(scratch_, scratch_bytes_);
  scratch_ = nullptr;
}

}  // namespace kvstash::store
