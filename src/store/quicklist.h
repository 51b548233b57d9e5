// Quicklist: a long list, as a doubly linked list of pieces: listpacks of bounded size, and plain
// pieces of one large element each. Inner pieces may be kept compressed (LZF), all but a number at
// each end.
//
//   head ──> [ pack: a b c ] <──> [ pack, compressed ] <──> [ plain: zzzz... ] <──> ... <── tail
//
// Pushing and popping are O(1); an index is found by stepping over whole pieces from the nearer
// end. The limits come with every call, since they may change at any time: pieces made under
// others stay as they are until something touches them.
//
// What is pushed at the head moves all that the piece there holds. So in a list of several pieces
// it gathers in a small one first, which then joins the next as a whole. Until then the two count
// as one piece, and the limits hold for both together.
//
// Owns its pieces. Counts the bytes they take as it goes. Reading changes nothing, not even a
// compressed piece. Not thread-safe: lives on one shard.
#pragma once

#include "base/ensure.h"
#include "store/listpack.h"
#include "store/observer.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace kvstash::store {

enum class ListEnd : uint8_t { kHead, kTail };

// How lists are laid out. The defaults are Redis's.
struct ListLimits {
  int64_t listpack_size = -2;   // Of one pack: elements, or -1 .. -5 for 4, 8, 16, 32, 64 KiB.
  uint32_t compress_depth = 0;  // Pieces at each end that are never compressed; 0: none is.
  size_t packed_threshold = 0;  // Bytes from which an element is plain; 0: what no pack may hold.

  bool pack_allows(size_t bytes, size_t count) const;
  // The same with half of the limits: what a long list must fit to become one pack again.
  bool half_allows(size_t bytes, size_t count) const;
  bool is_large(size_t element_bytes) const;
};

// A piece of a long list.
struct QuicklistNode {
  QuicklistNode* prev;
  QuicklistNode* next;
  unsigned char* data;  // As asked of the allocator: stored_bytes.
  size_t stored_bytes;
  size_t raw_bytes;  // The same unless compressed.
  uint32_t count;    // Elements.
  bool is_plain;     // One element's bytes, not a listpack.
  bool is_compressed;
  bool is_incompressible;  // Compressing it as it is was tried, and gained nothing.
  uint8_t marks;           // The observer's, who may set them; 0 in a new piece.

  std::string_view stored() const { return {reinterpret_cast<const char*>(data), stored_bytes}; }
};

class Quicklist {
 public:
  using Node = QuicklistNode;

  // An element: in a pack `at` says where; a plain piece is one.
  struct Place {
    Node* node;
    PackPosition at;
  };

  Quicklist() = default;
  Quicklist(const Quicklist&) = delete;
  Quicklist& operator=(const Quicklist&) = delete;
  ~Quicklist();

  // Heap only: owners keep a pointer.
  static Quicklist* make();
  static void destroy(Quicklist* list);
  Quicklist* copy() const;

  size_t size() const { return count_; }
  size_t node_count() const { return node_count_ - gathers_; }
  size_t bytes() const;  // As the allocator rounds them.
  const Node* head() const { return head_; }
  const Node* tail() const { return tail_; }

  void push(ListEnd end, std::string_view value, const ListLimits& limits);
  // So that the element stands at `index`, at most size().
  void insert(size_t index, std::string_view value, const ListLimits& limits);
  // `index` is below size().
  void set(size_t index, std::string_view value, const ListLimits& limits);
  // The range lies within the list.
  void erase(size_t index, size_t count, const ListLimits& limits);
  // At most `max` elements equal to `value`, from the given end. Returns how many.
  size_t remove(ListEnd from, std::string_view value, size_t max, const ListLimits& limits);

  // Adds a piece at the tail: a pack of at least one element, taken over or compressed where the
  // limits say so, or one large element, copied.
  void append_pack(Listpack pack, const ListLimits& limits);
  void append_plain(std::string_view element, const ListLimits& limits);
  // The only piece, which must be a pack. Leaves an empty list, which must not be observed.
  Listpack take_only_pack();
  Listpack copy_only_pack() const;  // The same, and leaves the list as it is.

  // The piece that holds element `index`, below size(), and which of its elements that is.
  std::pair<const Node*, size_t> find_node(size_t index) const;

  // Frees pieces from the head on, at most `budget`. True once the list is empty.
  bool free_some(size_t budget);

  // A walk over an observed list keeps the piece that it is at, and goes back to the one before if
  // it hears that the piece goes.
  void set_observer(NodeObserver* observer) { observer_ = observer; }
  NodeObserver* observer() const { return observer_; }

  // The bytes of a compressed piece, uncompressed, into raw_bytes of room.
  static void decompress(const Node& node, unsigned char* out);

 private:
  // Makes a pack of `node` changeable for its lifetime.
  class OpenPack;

  void tell_change(const Node& node) {
    if (observer_ != nullptr) [[unlikely]]
      observer_->before_change(node);
  }
  Place locate(size_t index);
  Node* make_node(unsigned char* data, size_t bytes, size_t count, bool is_plain);
  Node* make_node_for(std::string_view value, bool is_plain);
  void link_after(Node* node, Node* previous);  // At the head if `previous` is null.
  void unlink_and_free(Node* node);
  void free_node(Node* node);
  bool has_room(const Node* node, std::string_view value, const ListLimits& limits) const;
  bool may_replace(Place place, std::string_view value, const ListLimits& limits) const;
  void push_into(Node* node, ListEnd end, std::string_view value);
  Node* node_for_head(std::string_view value, const ListLimits& limits);
  void join_gathered();
  void join_gathered_unless_long();
  void insert_between(Node* left, Node* right, std::string_view value, const ListLimits& limits);
  void insert_inside(Place place, std::string_view value, const ListLimits& limits);
  Node* split(Node* node, PackPosition at);
  bool merge_into_left(Node* left, Node* right, const ListLimits& limits);
  void merge_around(Node* node, const ListLimits& limits);
  size_t remove_in(Node* node, ListEnd from, const PackedNeedle& value, size_t max);
  void erase_in(Node* node, size_t index, size_t count);
  void open(Node* node);
  void compress(Node* node);
  void settle(const ListLimits& limits, Node* touched);
  void store(Node* node, unsigned char* data, size_t stored, size_t raw);

  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  size_t count_ = 0;
  size_t node_count_ : 63 = 0;
  size_t gathers_ : 1 = 0;  // The head is a piece where elements gather.
  size_t bytes_ = 0;        // Of nodes and their data.
  NodeObserver* observer_ = nullptr;
};
static_assert(sizeof(Quicklist) == 48, "a size class of the allocator");
static_assert(sizeof(Quicklist::Node) == 48, "a size class of the allocator");

}  // namespace kvstash::store
