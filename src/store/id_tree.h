// IdTree: an ordered map from stream ids to small values. It holds the blocks of a stream, the
// pending entries of a group, and the ids that a consumer has pending.
//
// It is a B+tree made for ids that mostly come in ascending order: a full node at the right edge
// stays full and a new one is begun behind it, so appending fills nodes completely.
//
//   leaf   │ count capacity level │ prev │ next │ id x capacity │ value x capacity │
//   inner  │ count capacity level │ prev │ next │ id x capacity │ child x capacity │
//
// The id that an inner node has for a child is a lower bound: at most the child's smallest id, and
// larger than all ids left of the child. The bound of the first child is never read. A bound is a
// value of its own and may outlive the id it was made from, so a removal repairs no bounds. A node
// that becomes less than a quarter full is merged with a neighbour under the same parent if both
// fit into one node.
//
// A tree of few ids is one leaf that grows by doubling, so that a stream of one block, or a
// consumer with one pending entry, costs 48 or 40 bytes. In larger trees nodes take about 1 KiB. An
// operation touches O(log n) nodes.
//
// Owns its nodes, not what its values point to. The tree adds the bytes that it allocates to a
// counter of its owner, which must outlive it. Not thread-safe.
#pragma once

#include "base/alloc.h"
#include "base/ensure.h"
#include "store/stream_id.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace kvstash::store {

// The value of a tree that is a set.
struct NoValue {};

template <typename Value>
class IdTree {
  static_assert(std::is_trivially_copyable_v<Value>, "values are moved as bytes");
  struct Node;

 public:
  // The place of an id, or the end. It is invalid after the next change of the tree.
  class Position {
   public:
    Position() = default;
    bool at_end() const { return leaf_ == nullptr; }
    StreamId id() const {
      ensure(leaf_ != nullptr);
      return leaf_->ids()[slot_];
    }
    const Value& value() const {
      ensure(leaf_ != nullptr);
      return value_at(*leaf_, slot_);
    }
    void next() {  // After the last id comes the end.
      ensure(leaf_ != nullptr);
      if (++slot_ < leaf_->count) return;
      leaf_ = leaf_->next;
      slot_ = 0;
    }
    void prev() {  // Before the first id comes the end, too.
      ensure(leaf_ != nullptr);
      if (slot_ != 0) {
        --slot_;
        return;
      }
      leaf_ = leaf_->prev;
      slot_ = leaf_ == nullptr ? 0 : leaf_->count - 1;
    }

   private:
    friend class IdTree;
    Position(Node* leaf, unsigned slot) : leaf_(leaf), slot_(slot) {}
    Node* leaf_ = nullptr;
    unsigned slot_ = 0;
  };

  explicit IdTree(size_t& bytes) : bytes_(&bytes) {}
  IdTree(const IdTree&) = delete;
  IdTree& operator=(const IdTree&) = delete;
  ~IdTree() { clear(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t node_count() const { return nodes_; }

  // Returns the value of `id`, or null. The pointer is invalid after the next change of the tree.
  const Value* find(StreamId id) const {
    const Position at = lower_bound(id);
    return at.at_end() || at.id() != id ? nullptr : &at.value();
  }
  Value* find(StreamId id) { return const_cast<Value*>(std::as_const(*this).find(id)); }
  // Returns the value at a place of this tree, for a change.
  Value& value(Position at) {
    ensure(!at.at_end());
    return value_at(*at.leaf_, at.slot_);
  }
  Position lower_bound(StreamId id) const;  // The first id that is not below `id`.
  Position at_or_before(StreamId id) const;
  Position first() const { return root_ == nullptr ? Position{} : Position(edge(false), 0); }
  Position last() const {
    if (root_ == nullptr) return {};
    Node* leaf = edge(true);
    return Position(leaf, leaf->count - 1);
  }

  // Returns false and changes nothing if `id` is there already.
  bool insert(StreamId id, const Value& value);
  bool erase(StreamId id);  // False if it was not there.
  void clear();             // O(n).

  // Whether order, bounds, links, counts and sizes are right. O(n), for tests.
  bool is_sound() const;

 private:
  static constexpr size_t kNodeBytes = 1024;
  static constexpr unsigned kLevels = 16;  // More levels than any memory can fill.

  struct Node {
    uint16_t count = 0;
    uint16_t capacity = 0;
    uint16_t level = 0;  // 0 for a leaf.
    Node* prev = nullptr;
    Node* next = nullptr;  // The next node of the same level.

    StreamId* ids() { return reinterpret_cast<StreamId*>(this + 1); }
    const StreamId* ids() const { return reinterpret_cast<const StreamId*>(this + 1); }
    char* payload() { return reinterpret_cast<char*>(ids() + capacity); }
  };

  // The nodes and slots on the way from the root to a place in a leaf; the leaf's are first.
  struct Path {
    Node* nodes[kLevels];
    unsigned slots[kLevels];
  };

  static constexpr size_t kValueBytes = std::is_empty_v<Value> ? 0 : sizeof(Value);
  static constexpr size_t slot_bytes(bool is_leaf) {
    return sizeof(StreamId) + (is_leaf ? kValueBytes : sizeof(Node*));
  }
  static constexpr size_t bytes_for(bool is_leaf, size_t capacity) {
    return sizeof(Node) + capacity * slot_bytes(is_leaf);
  }
  static constexpr unsigned full_capacity(bool is_leaf) {
    return static_cast<unsigned>((kNodeBytes - sizeof(Node)) / slot_bytes(is_leaf));
  }
  static size_t payload_slot_bytes(const Node& node) {
    return node.level == 0 ? kValueBytes : sizeof(Node*);
  }

  static Value& value_at(Node& leaf, unsigned slot) {
    return *reinterpret_cast<Value*>(leaf.payload() + slot * kValueBytes);
  }
  static Node*& child_at(Node& inner, unsigned slot) {
    return reinterpret_cast<Node**>(inner.payload())[slot];
  }
  static Node* child_at(const Node& inner, unsigned slot) {
    return child_at(const_cast<Node&>(inner), slot);
  }

  // Returns the first slot whose id is not below `id`.
  static unsigned slot_of(const Node& node, StreamId id) {
    const StreamId* begin = node.ids();
    return static_cast<unsigned>(std::lower_bound(begin, begin + node.count, id) - begin);
  }
  // Returns the slot of the child under which `id` is, or would be.
  static unsigned child_of(const Node& node, StreamId id) {
    // The first child has no bound: all ids that are smaller than the second bound go there.
    const StreamId* begin = node.ids() + 1;
    return static_cast<unsigned>(std::upper_bound(begin, begin + node.count - 1, id) - begin);
  }

  Node* edge(bool is_right) const {
    Node* node = root_;
    while (node->level != 0)
      node = child_at(*node, is_right ? node->count - 1u : 0u);
    return node;
  }

  Node* make_node(unsigned level, unsigned capacity);
  void free_node(Node* node);
  Path path_to(StreamId id) const;
  static void move_items(Node& from, unsigned from_at, Node& to, unsigned to_at, unsigned n);
  static void open_slot(Node& node, unsigned slot, StreamId id);
  static void close_slot(Node& node, unsigned slot);
  void insert_child(Path& path, unsigned level, StreamId bound, Node* child);
  Node* make_room(Path& path, unsigned level, StreamId id);
  void repair(const Path& path);
  bool merge_behind(Node& parent, unsigned slot);
  void resize_root(unsigned capacity);
  void shrink_root();
  void unlink(Node* node);
  bool is_sound_below(const Node& node, StreamId low, StreamId high, size_t& ids) const;

  Node* root_ = nullptr;
  // Both counts share one word, because there may be a tree for each of many consumers.
  static constexpr unsigned kNodesBits = 28;
  size_t size_ : 64 - kNodesBits = 0;
  size_t nodes_ : kNodesBits = 0;
  size_t* bytes_;
};

// ---- Looking up.

template <typename Value>
typename IdTree<Value>::Position IdTree<Value>::lower_bound(StreamId id) const {
  if (root_ == nullptr) return {};
  Node* node = root_;
  while (node->level != 0)
    node = child_at(*node, child_of(*node, id));
  const unsigned slot = slot_of(*node, id);
  if (slot < node->count) return Position(node, slot);
  return Position(node->next, 0);  // The next leaf's ids are all larger.
}

template <typename Value>
typename IdTree<Value>::Position IdTree<Value>::at_or_before(StreamId id) const {
  Position at = lower_bound(id);
  if (at.at_end()) return last();
  if (at.id() != id) at.prev();
  return at;
}

template <typename Value>
typename IdTree<Value>::Path IdTree<Value>::path_to(StreamId id) const {
  Path path;
  Node* node = root_;
  for (; node->level != 0; node = child_at(*node, path.slots[node->level])) {
    path.nodes[node->level] = node;
    path.slots[node->level] = child_of(*node, id);
  }
  path.nodes[0] = node;
  path.slots[0] = slot_of(*node, id);
  return path;
}

// ---- Nodes.

template <typename Value>
typename IdTree<Value>::Node* IdTree<Value>::make_node(unsigned level, unsigned capacity) {
  ensure(level < kLevels && size_t{nodes_} + 1 < size_t{1} << kNodesBits);
  const size_t bytes = bytes_for(level == 0, capacity);
  Node* node = new (allocate(bytes)) Node;
  node->capacity = static_cast<uint16_t>(capacity);
  node->level = static_cast<uint16_t>(level);
  *bytes_ += allocation_bytes(bytes);
  ++nodes_;
  return node;
}

template <typename Value>
void IdTree<Value>::free_node(Node* node) {
  const size_t bytes = bytes_for(node->level == 0, node->capacity);
  *bytes_ -= allocation_bytes(bytes);
  --nodes_;
  deallocate(node, bytes);
}

template <typename Value>
void IdTree<Value>::clear() {
  for (Node* level = root_; level != nullptr;) {
    Node* below = level->level == 0 ? nullptr : child_at(*level, 0);
    for (Node* node = level; node != nullptr;)
      free_node(std::exchange(node, node->next));
    level = below;
  }
  root_ = nullptr;
  size_ = 0;
}

template <typename Value>
void IdTree<Value>::move_items(Node& from, unsigned from_at, Node& to, unsigned to_at, unsigned n) {
  const size_t each = payload_slot_bytes(from);
  std::memmove(to.ids() + to_at, from.ids() + from_at, n * sizeof(StreamId));
  if (each != 0)
    std::memmove(to.payload() + to_at * each, from.payload() + from_at * each, n * each);
}

template <typename Value>
void IdTree<Value>::open_slot(Node& node, unsigned slot, StreamId id) {
  move_items(node, slot, node, slot + 1, node.count - slot);
  node.ids()[slot] = id;
  ++node.count;
}

template <typename Value>
void IdTree<Value>::close_slot(Node& node, unsigned slot) {
  --node.count;
  move_items(node, slot + 1, node, slot, node.count - slot);
}

template <typename Value>
void IdTree<Value>::resize_root(unsigned capacity) {
  Node* old = root_;
  root_ = make_node(0, capacity);
  root_->count = old->count;
  move_items(*old, 0, *root_, 0, old->count);
  free_node(old);
}

template <typename Value>
void IdTree<Value>::unlink(Node* node) {
  if (node->prev != nullptr) node->prev->next = node->next;
  if (node->next != nullptr) node->next->prev = node->prev;
  free_node(node);
}

// ---- Changing.

template <typename Value>
bool IdTree<Value>::insert(StreamId id, const Value& value) {
  if (root_ == nullptr) root_ = make_node(0, 1);
  Path path = path_to(id);
  Node* leaf = path.nodes[0];
  if (path.slots[0] < leaf->count && leaf->ids()[path.slots[0]] == id) return false;
  leaf = make_room(path, 0, id);
  open_slot(*leaf, path.slots[0], id);
  if constexpr (kValueBytes != 0) value_at(*leaf, path.slots[0]) = value;
  ++size_;
  return true;
}

// Makes sure that the path's node of `level` has a free slot where `id` is to go, and returns that
// node. Afterwards the path may lead to another node than before.
template <typename Value>
typename IdTree<Value>::Node* IdTree<Value>::make_room(Path& path, unsigned level, StreamId id) {
  Node* node = path.nodes[level];
  if (node->count < node->capacity) return node;
  const unsigned full = full_capacity(level == 0);
  if (node->capacity < full) {
    resize_root(std::min(full, node->capacity * 2u));
    return path.nodes[level] = root_;
  }
  const bool is_append = node->next == nullptr && path.slots[level] == node->count;
  const unsigned kept = is_append ? node->count : node->count / 2u;
  Node* right = make_node(level, full);
  right->count = static_cast<uint16_t>(node->count - kept);
  move_items(*node, kept, *right, 0, right->count);
  node->count = static_cast<uint16_t>(kept);
  right->prev = node;
  right->next = node->next;
  if (right->next != nullptr) right->next->prev = right;
  node->next = right;
  insert_child(path, level + 1, is_append ? id : right->ids()[0], right);
  if (path.slots[level] <= kept && !is_append) return node;
  path.slots[level] -= kept;
  return path.nodes[level] = right;
}

// Puts `child` into the path's node of `level`, behind the child that the path goes through.
template <typename Value>
void IdTree<Value>::insert_child(Path& path, unsigned level, StreamId bound, Node* child) {
  if (root_->level < level) {
    Node* root = make_node(level, full_capacity(false));
    root->ids()[0] = StreamId::min();
    child_at(*root, 0) = root_;
    root->count = 1;
    root_ = path.nodes[level] = root;
    path.slots[level] = 0;
  }
  ++path.slots[level];
  Node* node = make_room(path, level, bound);
  open_slot(*node, path.slots[level], bound);
  child_at(*node, path.slots[level]) = child;
}

template <typename Value>
bool IdTree<Value>::erase(StreamId id) {
  if (root_ == nullptr) return false;
  Path path = path_to(id);
  Node* leaf = path.nodes[0];
  if (path.slots[0] == leaf->count || leaf->ids()[path.slots[0]] != id) return false;
  close_slot(*leaf, path.slots[0]);
  --size_;
  repair(path);
  return true;
}

// Goes up from a leaf that has lost an id: empty nodes are removed, and nodes that are less than a
// quarter full are merged with a neighbour.
template <typename Value>
void IdTree<Value>::repair(const Path& path) {
  for (unsigned level = 0; path.nodes[level] != root_; ++level) {
    Node* node = path.nodes[level];
    if (node->count >= node->capacity / 4u) return;
    Node& parent = *path.nodes[level + 1];
    const unsigned slot = path.slots[level + 1];
    if (node->count == 0) {
      unlink(node);
      close_slot(parent, slot);
    } else if (!merge_behind(parent, slot) && (slot == 0 || !merge_behind(parent, slot - 1))) {
      return;
    }
  }
  shrink_root();
}

// Moves the content of the child behind `slot` into the child at `slot`, if it fits.
template <typename Value>
bool IdTree<Value>::merge_behind(Node& parent, unsigned slot) {
  if (slot + 1u == parent.count) return false;
  Node* left = child_at(parent, slot);
  Node* right = child_at(parent, slot + 1);
  if (left->count + right->count > left->capacity) return false;
  if (right->level != 0) right->ids()[0] = parent.ids()[slot + 1];
  move_items(*right, 0, *left, left->count, right->count);
  left->count = static_cast<uint16_t>(left->count + right->count);
  unlink(right);
  close_slot(parent, slot + 1);
  return true;
}

template <typename Value>
void IdTree<Value>::shrink_root() {
  while (root_->level != 0 && root_->count == 1)
    free_node(std::exchange(root_, child_at(*root_, 0)));
  if (root_->level != 0) return;
  if (root_->count == 0) {
    free_node(std::exchange(root_, nullptr));
  } else if (root_->count <= root_->capacity / 4u) {
    resize_root(root_->capacity / 2u);
  }
}

// ---- Checking.

template <typename Value>
bool IdTree<Value>::is_sound() const {
  if (root_ == nullptr) return size_ == 0 && nodes_ == 0;
  size_t ids = 0;
  size_t nodes = 0;
  if (!is_sound_below(*root_, StreamId::min(), StreamId::max(), ids)) return false;
  for (const Node* level = root_; level != nullptr;
       level = level->level == 0 ? nullptr : child_at(*level, 0)) {
    const Node* prev = nullptr;
    for (const Node* node = level; node != nullptr; prev = node, node = node->next, ++nodes) {
      if (node->prev != prev || node->level != level->level) return false;
    }
  }
  return ids == size_ && nodes == nodes_;
}

template <typename Value>
bool IdTree<Value>::is_sound_below(const Node& node, StreamId low, StreamId high,
                                   size_t& ids) const {
  const bool is_leaf = node.level == 0;
  const bool may_be_small = is_leaf && &node == root_;
  if (node.count == 0 || node.count > node.capacity) return false;
  if (!may_be_small && node.capacity != full_capacity(is_leaf)) return false;
  for (unsigned i = is_leaf ? 0 : 1; i < node.count; ++i) {
    const StreamId id = node.ids()[i];
    if (id < low || id > high) return false;
    if (i > (is_leaf ? 0u : 1u) && id <= node.ids()[i - 1]) return false;
  }
  if (is_leaf) {
    ids += node.count;
    return true;
  }
  for (unsigned i = 0; i < node.count; ++i) {
    const StreamId from = i == 0 ? low : node.ids()[i];
    const StreamId to = i + 1u == node.count ? high : *node.ids()[i + 1].previous();
    const Node* child = child_at(node, i);
    if (child->level + 1 != node.level || !is_sound_below(*child, from, to, ids)) return false;
  }
  return true;
}

}  // namespace kvstash::store
