// ScoreTree: the elements of a large sorted set in order, by score, then by member.
//
// A B+tree whose inner nodes count the elements below each child, so that finding an element's
// rank, the element at a rank, and how many elements lie before any bound are one descent each.
//
//   inner  │ count level │ first score │ first element │ child │ elements below │  x kSlots
//   leaf   │ count level │ prev  next  │ score │ element │                        x kSlots
//
// Scores are kept in the nodes beside the pointers to the elements, so that a descent reads an
// element's own memory only where scores are equal. The key of a child is exactly its first
// element: every change repairs the keys on its path, and no key outlives its element.
//
// A full node first gives elements to a sibling under the same parent and splits only if both are
// full (nodes are 85 % full after random inserts; splitting alone gives 69 %). Growth at either end
// leaves full nodes. Nodes less than three eighths full are merged or levelled. An operation
// touches O(log n) nodes of 1 or 2 KiB and moves at most one node's contents on each level.
//
// Does not own the elements. One thread at a time: lives on a shard.
#pragma once

#include "store/scored_member.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::store {

class ScoreTree {
  struct Node;
  struct Inner;

 public:
  // The place of an element, or the end. It is invalid after the next change of the tree.
  class Position {
   public:
    Position() = default;
    bool at_end() const { return leaf_ == nullptr; }
    const ScoredMember& element() const;
    void next();  // After the last element comes the end. Must not be at the end.
    void prev();  // Before the first element comes the end, too.

   private:
    friend class ScoreTree;
    Position(const Node* leaf, unsigned slot) : leaf_(leaf), slot_(slot) {}
    const Node* leaf_ = nullptr;
    unsigned slot_ = 0;
  };

  ScoreTree() = default;
  ScoreTree(const ScoreTree&) = delete;
  ScoreTree& operator=(const ScoreTree&) = delete;
  ~ScoreTree();

  // Adds an element whose member is absent and whose score is not NaN.
  void insert(ScoredMember* element);

  // Adds an element that comes after all others: cheaper than insert, and leaves full nodes.
  void append(ScoredMember* element);

  // Removes an element, which must be in the tree.
  void erase(const ScoredMember& element);

  // Gives the element another score and moves it to its new place.
  void rescore(ScoredMember& element, double score);

  // Removes elements from `rank` on, up to `count` and as many as one leaf holds, and passes each
  // to `dropped`. Returns how many, at least one: `rank` must be below size(), and `count` not
  // zero.
  template <typename Dropped>
  size_t take(size_t rank, size_t count, const Dropped& dropped);

  // Returns the number of elements before this one, which must be in the tree.
  size_t rank_of(const ScoredMember& element) const;

  Position at(size_t rank) const;  // The end if rank >= size().

  // The number of leading elements for which `before(score, element)` is true; it must be false for
  // all elements after the first for which it is false.
  template <typename Before>
  size_t count_while(const Before& before) const;

  size_t size() const { return size_; }
  size_t bytes() const;  // Of all nodes, as the allocator rounds them.

  // Whether order, keys, counts and links are right. O(n), for ensure_slow and tests.
  bool is_sound() const;

 private:
  static constexpr unsigned kSlots = 62;   // A leaf is 1 KiB.
  static constexpr unsigned kLevels = 16;  // More levels than any memory can fill.

  struct Node {
    uint32_t count = 0;
    uint32_t level = 0;  // 0 for a leaf.
    Node* prev = nullptr;
    Node* next = nullptr;  // The next leaf; not used in inner nodes.
    double scores[kSlots];
    ScoredMember* elements[kSlots];
  };
  struct Inner : Node {
    Node* children[kSlots];
    size_t sizes[kSlots];
  };

  // The nodes and slots on the way from the root to a place in a leaf; the leaf's are first.
  struct Path {
    Node* nodes[kLevels];
    unsigned slots[kLevels];
    bool is_at_front = false;  // An insert here becomes the first of all elements.
    bool is_at_back = false;
  };

  static Inner* inner(Node* node) { return static_cast<Inner*>(node); }
  static const Inner* inner(const Node* node) { return static_cast<const Inner*>(node); }
  static size_t total(const Node& node);  // Elements in and below the node.
  static void refresh_key(Inner& parent, unsigned slot);
  static void refresh(Inner& parent, unsigned slot);
  static void prefetch_scores(const Node& node);
  static void move_items(Node& from, unsigned from_at, Node& to, unsigned to_at, unsigned n);

  // The number of slots for which `before` holds; they are the first of the node.
  template <typename Before>
  static unsigned partition(const Node& node, const Before& before);

  Node* make_node(uint32_t level);
  void free_node(Node* node);
  void free_below(Node* node);
  Path path_after(double score, std::string_view member) const;
  Path path_to_back() const;
  Path path_to(const ScoredMember& element) const;
  Path path_to(size_t rank) const;
  void insert_at(Path& path, ScoredMember* element);
  void erase_at(const Path& path, unsigned count);
  void make_room(Path& path, unsigned level);
  bool give_left(Path& path, unsigned level);
  bool give_right(Path& path, unsigned level);
  void split(Path& path, unsigned level);
  void repair(Inner& parent, unsigned slot);
  void remove_child(Inner& parent, unsigned slot);
  void shorten();
  bool is_sound_towards(double score, std::string_view member) const;
  static bool is_sound_child(const Inner& parent, unsigned slot);
  bool is_sound(const Node& node, const Node*& last_leaf) const;

  Node* root_ = nullptr;
  size_t size_ = 0;
  size_t leaves_ = 0;
  size_t inners_ = 0;
};

inline const ScoredMember& ScoreTree::Position::element() const {
  ensure(leaf_ != nullptr);
  return *leaf_->elements[slot_];
}

inline void ScoreTree::Position::next() {
  ensure(leaf_ != nullptr);
  if (++slot_ < leaf_->count) return;
  leaf_ = leaf_->next;
  slot_ = 0;
}

inline void ScoreTree::Position::prev() {
  ensure(leaf_ != nullptr);
  if (slot_ == 0) {
    leaf_ = leaf_->prev;
    slot_ = leaf_ == nullptr ? 1 : leaf_->count;
  }
  --slot_;
}

template <typename Before>
unsigned ScoreTree::partition(const Node& node, const Before& before) {
  unsigned at = 0;
  for (unsigned left = node.count; left != 0;) {
    const unsigned half = left / 2;
    if (before(node.scores[at + half], *node.elements[at + half])) {
      at += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return at;
}

template <typename Before>
size_t ScoreTree::count_while(const Before& before) const {
  if (root_ == nullptr) return 0;
  size_t counted = 0;
  const Node* node = root_;
  while (node->level != 0) {
    const unsigned slots = partition(*node, before);
    if (slots == 0) return counted;  // `before` holds for no element.
    for (unsigned i = 0; i + 1 < slots; ++i)
      counted += inner(node)->sizes[i];
    node = inner(node)->children[slots - 1];
  }
  return counted + partition(*node, before);
}

template <typename Dropped>
size_t ScoreTree::take(size_t rank, size_t count, const Dropped& dropped) {
  ensure(rank < size_ && count != 0);
  Path path = path_to(rank);
  const Node& leaf = *path.nodes[0];
  const auto taken = static_cast<unsigned>(std::min<size_t>(count, leaf.count - path.slots[0]));
  for (unsigned i = 0; i < taken; ++i)
    dropped(leaf.elements[path.slots[0] + i]);
  erase_at(path, taken);
  return taken;
}

}  // namespace kvstash::store
