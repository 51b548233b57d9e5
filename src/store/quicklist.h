// Quicklist: a long list, as a doubly linked list of pieces. A piece is a listpack of bounded size,
// or a plain piece of one large element. Pieces may be kept compressed (LZF), except a number at
// each end.
//
//   head ──> [ pack: a b c ] <──> [ pack, compressed ] <──> [ plain: zzzz... ] <──> ... <── tail
//
// Pushing and popping are O(1); an index is found by stepping over whole pieces from the nearer
// end. The limits are passed to every call, since they may change at any time: pieces made under
// other limits stay as they are until an operation changes them.
//
// An element pushed at the head moves all bytes of the piece there. In a list of several pieces,
// such elements therefore first gather in a small piece, which later joins the next piece as a
// whole. Until then the two count as one piece, and the limits hold for both together.
//
// Owns its pieces and counts their bytes. Reading changes nothing and leaves compressed pieces
// compressed. Not thread-safe: lives on one shard.
#pragma once

#include "base/ensure.h"
#include "store/listpack.h"
#include "store/observer.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace kvstash::store {

enum class ListEnd : uint8_t { kHead, kTail };

// The limits on the layout of lists. The defaults are Redis's.
struct ListLimits {
  int64_t listpack_size = -2;   // Limit of a pack: elements, or -1 .. -5 for 4, 8, 16, 32, 64 KiB.
  uint32_t compress_depth = 0;  // Pieces at each end that are not compressed; 0: no piece is.
  size_t packed_threshold = 0;  // Elements of this size and larger are plain; 0: see is_large.

  bool pack_allows(size_t bytes, size_t count) const;
  // As pack_allows with half of the limits: a long list must fit them to become a listpack again.
  bool half_allows(size_t bytes, size_t count) const;
  bool is_large(size_t element_bytes) const;
};

// A piece of a long list.
struct QuicklistNode {
  QuicklistNode* prev;
  QuicklistNode* next;
  unsigned char* data;  // Allocated with a size of stored_bytes.
  size_t stored_bytes;
  size_t raw_bytes;  // Size when not compressed.
  uint32_t count;    // Number of elements.
  bool is_plain;     // The data is one element's bytes, not a listpack.
  bool is_compressed;
  bool is_incompressible;  // Compressing the present data was tried and gained nothing.
  uint8_t marks;           // Set by the observer; 0 in a new piece.

  std::string_view stored() const { return {reinterpret_cast<const char*>(data), stored_bytes}; }
};

class Quicklist {
 public:
  using Node = QuicklistNode;

  // The place of an element: `at` is its position in a pack; a plain piece is one element.
  struct Place {
    Node* node;
    PackPosition at;
  };

  Quicklist() = default;
  Quicklist(const Quicklist&) = delete;
  Quicklist& operator=(const Quicklist&) = delete;
  ~Quicklist();

  // A quicklist is always on the heap: owners keep a pointer.
  static Quicklist* make();
  static void destroy(Quicklist* list);
  Quicklist* copy() const;

  size_t size() const { return count_; }
  size_t node_count() const { return node_count_ - gathers_; }
  // As node_count(), but a piece in which elements gather counts as one of its own.
  size_t piece_count() const { return node_count_; }
  size_t bytes() const;  // All it owns, as the allocator rounds it.
  const Node* head() const { return head_; }
  const Node* tail() const { return tail_; }

  void push(ListEnd end, std::string_view value, const ListLimits& limits);
  // Inserts an element so that it stands at `index`, which is at most size().
  void insert(size_t index, std::string_view value, const ListLimits& limits);
  // `index` is below size().
  void set(size_t index, std::string_view value, const ListLimits& limits);
  // Removes elements; the range must lie within the list.
  void erase(size_t index, size_t count, const ListLimits& limits);
  // Removes at most `max` elements equal to `value`, searching from the given end. Returns how
  // many.
  size_t remove(ListEnd from, std::string_view value, size_t max, const ListLimits& limits);

  // Add a piece at the tail. A pack, of at least one element, is taken over, and compressed where
  // the limits ask for it; a large element is copied.
  void append_pack(Listpack pack, const ListLimits& limits);
  void append_plain(std::string_view element, const ListLimits& limits);
  // Returns the only piece, which must be a pack, and leaves an empty list. The list must not be
  // observed.
  Listpack take_only_pack();
  Listpack copy_only_pack() const;  // As take_only_pack, but copies.

  // Returns the piece that holds element `index`, which is below size(), and the element's number
  // in that piece.
  std::pair<const Node*, size_t> find_node(size_t index) const;

  // Frees at most `budget` pieces from the head on. Returns true once the list is empty.
  bool free_some(size_t budget);

  // A walk over an observed list keeps a pointer to its present piece, and goes back to the piece
  // before it when its observer is told that the present piece is about to be removed.
  void set_observer(NodeObserver* observer) { observer_ = observer; }
  NodeObserver* observer() const { return observer_; }

  // Decompresses a piece into `out`, which has room for raw_bytes.
  static void decompress(const Node& node, unsigned char* out);

 private:
  // Lends a node's pack for a change as long as the OpenPack exists.
  class OpenPack;

  void tell_change(const Node& node) {
    if (observer_ != nullptr) [[unlikely]]
      observer_->before_change(node);
  }
  Place locate(size_t index);
  Node* make_node(unsigned char* data, size_t bytes, size_t count, bool is_plain);
  Node* make_node_for(std::string_view value, bool is_plain);
  void link_after(Node* node, Node* previous);  // Null `previous`: at the head.
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
  size_t gathers_ : 1 = 0;  // The head is a piece in which elements gather.
  size_t bytes_ = 0;        // Bytes of the nodes and their data.
  NodeObserver* observer_ = nullptr;
};
static_assert(sizeof(Quicklist) == 48, "a size class of the allocator");
static_assert(sizeof(Quicklist::Node) == 48, "a size class of the allocator");

}  // namespace kvstash::store
