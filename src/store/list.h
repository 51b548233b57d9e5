// List: the value of the LIST type. A short list is one listpack. A list past the limits is a
// quicklist, and becomes a listpack again when it has shrunk to half of them, as in Redis 7.2, so
// OBJECT ENCODING and the pieces in RDB files agree with Redis.
//
// The object is one word wide: an owner stores the word that `release()` returns, and calls `adopt`
// while it changes the list. An empty list is a passing state: its owner deletes it. Indexes count
// from the head, and are not negative. Values to be stored must not lie in the list they go to. Not
// thread-safe: lives on one shard; a whole list may be handed to another thread to be freed there.
#pragma once

#include "store/entry.h"
#include "store/listpack.h"
#include "store/quicklist.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace kvstash::store {

class ListCursor;

class List {
 public:
  static constexpr ValueType kType = ValueType::kList;

  List();  // An empty listpack.
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  List(List&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  List& operator=(List&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~List() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static List adopt(uintptr_t word) { return List(word); }
  List copy() const;

  Encoding encoding() const { return is_long() ? Encoding::kQuicklist : Encoding::kListpack; }
  size_t size() const { return is_long() ? quicklist()->size() : pack().size(); }
  bool empty() const { return size() == 0; }
  size_t bytes() const;  // All it owns, as the allocator rounds it. O(1).

  // ---- Changing.

  // Pushes the values one after the other, so several values pushed at the head are reversed.
  void push(ListEnd end, std::span<const std::string_view> values, const ListLimits& limits);
  // Removes at most `count` elements from one end, and calls `take(PackedValue)` for each, the
  // outermost first. The views that `take` gets die when it returns.
  template <typename Take>
  void pop(ListEnd end, size_t count, const ListLimits& limits, Take&& take);
  // Inserts a value so that it stands at `index`, which is at most size().
  void insert(size_t index, std::string_view value, const ListLimits& limits);
  // `index` is below size().
  void set(size_t index, std::string_view value, const ListLimits& limits);
  // Removes `count` elements from `index` on, or as many as there are.
  void erase(size_t index, size_t count, const ListLimits& limits);
  // Removes at most `max` elements equal to `value`, searching from the given end. Returns how
  // many.
  size_t remove(ListEnd from, std::string_view value, size_t max, const ListLimits& limits);

  // ---- Pieces: how snapshots write a list, and read it again.
  struct Piece {
    std::string_view stored;  // A listpack, or the bytes of one element; perhaps compressed.
    size_t raw_bytes;         // Size when not compressed.
    bool is_plain;            // The piece is one element, not a listpack.
    bool is_compressed;       // By LZF.
  };
  size_t piece_count() const { return is_long() ? quicklist()->node_count() : 1; }
  template <typename Visit>
  void for_each_piece(Visit&& visit) const;  // visit(const Piece&), from the head on.
  // Adds elements at the tail: a listpack of valid bytes (an empty one adds nothing), or one
  // element of any size. After the last call `settle` chooses the encoding.
  void append_pack(ListpackView pack, const ListLimits& limits);
  void append_plain(std::string_view element, const ListLimits& limits);
  void settle(const ListLimits& limits);

  // ---- For snapshots (observer.h).

  // The quicklist of a long list, for walks; null for a short list.
  const Quicklist* large_form() const { return is_long() ? quicklist() : nullptr; }
  void set_observer(NodeObserver* observer) const {
    ensure(is_long());
    quicklist()->set_observer(observer);
  }
  // To be called before the list is dropped: asks its observer, if it has one, to take it over, and
  // returns whether it did. Afterwards the list is not observed. The destructor calls it itself.
  bool offer();

  // Frees at most `budget` pieces, so that a list of millions can be freed in slices. Returns true
  // once the list is empty. A list that is being freed allows no other call.
  bool free_some(size_t budget);

 private:
  friend class ListCursor;
  class OpenPack;

  static constexpr uintptr_t kLong = 1;  // Low bit of the word of a long list.

  explicit List(uintptr_t word) : word_(word) {}
  void drop();  // What the destructor does with a value that was not released.

  bool is_long() const { return (word_ & kLong) != 0; }
  Quicklist* quicklist() const { return reinterpret_cast<Quicklist*>(word_ & ~kLong); }
  ListpackView pack() const { return ListpackView(reinterpret_cast<const unsigned char*>(word_)); }
  Quicklist* lengthen(const ListLimits& limits);
  void lengthen_for(size_t added_bytes, size_t added, const ListLimits& limits);
  void shorten(const ListLimits& limits, bool with_slack);

  uintptr_t word_;
};
static_assert(sizeof(List) == 8, "owners keep it in a word");

// Walks over a list from one of its elements on. The list must not change during the walk.
class ListCursor {
 public:
  // Starts at the first element from `end` and goes towards the other end.
  ListCursor(const List& list, ListEnd end)
      : ListCursor(list, end, end == ListEnd::kHead || list.empty() ? 0 : list.size() - 1) {}
  // Starts at the element of this index, which counts from the head, and goes away from `end`.
  // There is nothing to take if `index` is size() or more.
  ListCursor(const List& list, ListEnd end, size_t index);
  ListCursor(const ListCursor&) = delete;
  ListCursor& operator=(const ListCursor&) = delete;
  ~ListCursor() { drop_scratch(); }

  // Sets `value` to the next element, valid until the next call. Returns false at the end.
  bool take(PackedValue& value) {
    if (!at_) [[unlikely]]
      return take_from_next(value);
    if (is_forward_) {
      value = pack_.take(at_);
    } else {
      value = pack_.value(at_);
      at_ = pack_.prev(at_);
    }
    return true;
  }

 private:
  bool take_from_next(PackedValue& value);
  const unsigned char* bytes_of(const Quicklist::Node& node);
  void drop_scratch();

  ListpackView pack_{nullptr};
  PackPosition at_;                        // Position in `pack_`; none: `next_` is next.
  const Quicklist::Node* next_ = nullptr;  // The piece that the walk reaches next.
  unsigned char* scratch_ = nullptr;       // The decompressed bytes of a compressed piece.
  size_t scratch_bytes_ = 0;
  bool is_forward_;
};

template <typename Take>
void List::pop(ListEnd end, size_t count, const ListLimits& limits, Take&& take) {
  size_t taken = 0;
  {
    ListCursor cursor(*this, end);
    PackedValue value{int64_t{0}};
    for (; taken < count && cursor.take(value); ++taken)
      take(value);
  }
  erase(end == ListEnd::kHead ? 0 : size() - taken, taken, limits);
}

template <typename Visit>
void List::for_each_piece(Visit&& visit) const {
  if (!is_long()) {
    const std::string_view bytes = pack().raw();
    visit(Piece{bytes, bytes.size(), false, false});
    return;
  }
  for (const Quicklist::Node* node = quicklist()->head(); node != nullptr; node = node->next)
    visit(Piece{node->stored(), node->raw_bytes, node->is_plain, node->is_compressed});
}

}  // namespace kvstash::store
