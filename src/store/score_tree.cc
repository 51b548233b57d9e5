#include "store/score_tree.h"

#include <algorithm>
#include <type_traits>

namespace kvstash::store {
namespace {

// Whether an element (score, element) is at or before the place of (to, member).
struct AtOrBefore {
  double to;
  std::string_view member;
  bool operator()(double score, const ScoredMember& element) const {
    if (score != to) return score < to;
    return element.member() <= member;
  }
};

bool is_before(const ScoredMember& element, double score, std::string_view member) {
  if (element.score != score) return element.score < score;
  return element.member() < member;
}

// A sibling takes elements into half of its free slots, if these are at least kGiftMin.
constexpr unsigned kGiftMin = 4;

unsigned gift(unsigned taker_count, unsigned slots) {
  const unsigned half = (slots - taker_count) / 2;
  return half < kGiftMin ? 0 : half;
}

}  // namespace

ScoreTree::~ScoreTree() {
  if (root_ != nullptr) free_below(root_);
}

void ScoreTree::insert(ScoredMember* element) {
  Path path = path_after(element->score, element->member());
  insert_at(path, element);
  ensure_slow([&] { return is_sound_towards(element->score, element->member()); });
}

void ScoreTree::append(ScoredMember* element) {
  Path path = path_to_back();
  insert_at(path, element);
  ensure_slow([&] { return is_sound_towards(element->score, element->member()); });
}

void ScoreTree::erase(const ScoredMember& element) {
  const Path path = path_to(element);
  erase_at(path, 1);
  ensure_slow([&] { return is_sound_towards(element.score, element.member()); });
}

// If the element stays between its neighbours, only its new score is written. Otherwise, and for
// the first element of a leaf, which is the key of its parent, the element is removed and inserted
// again.
void ScoreTree::rescore(ScoredMember& element, double score) {
  const Path path = path_to(element);
  Node& leaf = *path.nodes[0];
  const unsigned slot = path.slots[0];
  const Position here(&leaf, slot);
  Position after = here;
  after.next();
  const bool stays = slot != 0 && is_before(*leaf.elements[slot - 1], score, element.member()) &&
                     (after.at_end() || !is_before(after.element(), score, element.member()));
  if (stays) {
    element.score = score;
    leaf.scores[slot] = score;
    return;
  }
  erase_at(path, 1);
  element.score = score;
  insert(&element);
}

size_t ScoreTree::rank_of(const ScoredMember& element) const {
  const Path path = path_to(element);
  size_t rank = path.slots[0];
  for (uint32_t level = 1; level <= root_->level; ++level) {
    for (unsigned i = 0; i < path.slots[level]; ++i)
      rank += inner(path.nodes[level])->sizes[i];
  }
  return rank;
}

ScoreTree::Position ScoreTree::at(size_t rank) const {
  if (rank >= size_) return {};
  const Path path = path_to(rank);
  return {path.nodes[0], path.slots[0]};
}

size_t ScoreTree::bytes() const {
  return leaves_ * allocation_bytes(sizeof(Node)) + inners_ * allocation_bytes(sizeof(Inner));
}

// ---- Nodes.

ScoreTree::Node* ScoreTree::make_node(uint32_t level) {
  static_assert(std::is_trivially_destructible_v<Inner>);
  Node* node = nullptr;
  if (level == 0) {
    node = new (allocate(sizeof(Node))) Node;
    ++leaves_;
  } else {
    node = new (allocate(sizeof(Inner))) Inner;
    ++inners_;
  }
  node->level = level;
  return node;
}

void ScoreTree::free_node(Node* node) {
  if (node->level == 0) {
    deallocate(node, sizeof(Node));
    --leaves_;
  } else {
    deallocate(node, sizeof(Inner));
    --inners_;
  }
}

void ScoreTree::free_below(Node* node) {
  for (unsigned i = 0; node->level != 0 && i < node->count; ++i)
    free_below(inner(node)->children[i]);
  free_node(node);
}

size_t ScoreTree::total(const Node& node) {
  if (node.level == 0) return node.count;
  size_t sum = 0;
  for (unsigned i = 0; i < node.count; ++i)
    sum += inner(&node)->sizes[i];
  return sum;
}

void ScoreTree::refresh_key(Inner& parent, unsigned slot) {
  const Node& child = *parent.children[slot];
  parent.scores[slot] = child.scores[0];
  parent.elements[slot] = child.elements[0];
}

void ScoreTree::refresh(Inner& parent, unsigned slot) {
  if (parent.children[slot]->count != 0) refresh_key(parent, slot);
  parent.sizes[slot] = total(*parent.children[slot]);
}

// Moves `n` slots of one node into another node of the same level, and opens and closes the gaps.
void ScoreTree::move_items(Node& from, unsigned from_at, Node& to, unsigned to_at, unsigned n) {
  ensure(from.level == to.level && from_at + n <= from.count && to_at <= to.count);
  ensure(to.count + n <= kSlots);
  const auto move = [&](auto* source, auto* target) {
    std::move_backward(target + to_at, target + to.count, target + to.count + n);
    std::copy_n(source + from_at, n, target + to_at);
    std::move(source + from_at + n, source + from.count, source + from_at);
  };
  move(from.scores, to.scores);
  move(from.elements, to.elements);
  if (from.level != 0) {
    move(inner(&from)->children, inner(&to)->children);
    move(inner(&from)->sizes, inner(&to)->sizes);
  }
  from.count -= n;
  to.count += n;
}

// ---- Ways down.

// A search reads several cache lines of a node, each of which may miss the cache. Fetching all of
// them at once makes erasures a fifth faster.
void ScoreTree::prefetch_scores(const Node& node) {
  const char* from = reinterpret_cast<const char*>(&node);
  for (size_t line = 0; line < offsetof(Node, elements); line += 64)
    __builtin_prefetch(from + line);
}

ScoreTree::Path ScoreTree::path_after(double score, std::string_view member) const {
  Path path;
  if (root_ == nullptr) return path;
  const AtOrBefore before{score, member};
  Node* node = root_;
  path.is_at_back = true;
  for (uint32_t level = node->level;; --level) {
    const unsigned slots = partition(*node, before);
    path.is_at_back = path.is_at_back && slots == node->count;
    path.nodes[level] = node;
    if (level == 0) {
      path.slots[0] = slots;
      // This is true only in the first leaf, because the first element of any other leaf is a key.
      path.is_at_front = slots == 0;
      return path;
    }
    path.slots[level] = slots == 0 ? 0 : slots - 1;
    node = inner(node)->children[path.slots[level]];
    prefetch_scores(*node);
  }
}

ScoreTree::Path ScoreTree::path_to_back() const {
  Path path;
  if (root_ == nullptr) return path;
  path.is_at_back = true;
  Node* node = root_;
  for (uint32_t level = node->level; level != 0; --level) {
    path.nodes[level] = node;
    path.slots[level] = node->count - 1;
    node = inner(node)->children[node->count - 1];
  }
  path.nodes[0] = node;
  path.slots[0] = node->count;
  return path;
}

ScoreTree::Path ScoreTree::path_to(const ScoredMember& element) const {
  ensure(root_ != nullptr);
  Path path = path_after(element.score, element.member());
  ensure(path.slots[0] != 0);
  --path.slots[0];
  ensure(path.nodes[0]->elements[path.slots[0]] == &element);
  return path;
}

ScoreTree::Path ScoreTree::path_to(size_t rank) const {
  ensure(rank < size_);
  Path path;
  Node* node = root_;
  for (uint32_t level = node->level; level != 0; --level) {
    unsigned slot = 0;
    for (; rank >= inner(node)->sizes[slot]; ++slot)
      rank -= inner(node)->sizes[slot];
    path.nodes[level] = node;
    path.slots[level] = slot;
    node = inner(node)->children[slot];
  }
  path.nodes[0] = node;
  path.slots[0] = static_cast<unsigned>(rank);
  return path;
}

// ---- Growing.

void ScoreTree::insert_at(Path& path, ScoredMember* element) {
  ensure(element->score == element->score);  // Not NaN.
  if (root_ == nullptr) {
    root_ = make_node(0);
    path.nodes[0] = root_;
    path.slots[0] = 0;
  }
  if (path.nodes[0]->count == kSlots) make_room(path, 0);
  Node& leaf = *path.nodes[0];
  const unsigned slot = path.slots[0];
  ensure(slot <= leaf.count && leaf.count < kSlots);
  std::move_backward(leaf.scores + slot, leaf.scores + leaf.count, leaf.scores + leaf.count + 1);
  std::move_backward(leaf.elements + slot, leaf.elements + leaf.count,
                     leaf.elements + leaf.count + 1);
  leaf.scores[slot] = element->score;
  leaf.elements[slot] = element;
  ++leaf.count;
  ++size_;
  for (uint32_t level = 1; level <= root_->level; ++level) {
    Inner& parent = *inner(path.nodes[level]);
    ++parent.sizes[path.slots[level]];
    refresh_key(parent, path.slots[level]);
  }
}

// Makes room in the full node of this level. Afterwards the path leads to the same place, in a node
// with a free slot.
void ScoreTree::make_room(Path& path, unsigned level) {
  ensure(path.nodes[level]->count == kSlots);
  if (path.nodes[level] == root_) {
    ensure(level + 1 < kLevels);
    root_ = make_node(level + 1);
    root_->count = 1;
    inner(root_)->children[0] = path.nodes[level];
    refresh(*inner(root_), 0);
    path.nodes[level + 1] = root_;
    path.slots[level + 1] = 0;
  }
  if (give_left(path, level) || give_right(path, level)) return;
  if (path.nodes[level + 1]->count == kSlots) make_room(path, level + 1);
  split(path, level);
}

bool ScoreTree::give_left(Path& path, unsigned level) {
  Inner& parent = *inner(path.nodes[level + 1]);
  const unsigned at = path.slots[level + 1];
  if (at == 0) return false;
  Node& node = *path.nodes[level];
  Node& left = *parent.children[at - 1];
  const unsigned n = gift(left.count, kSlots);
  if (n == 0) return false;
  const unsigned left_count = left.count;
  move_items(node, 0, left, left_count, n);
  refresh(parent, at - 1);
  refresh(parent, at);
  if (path.slots[level] >= n) {
    path.slots[level] -= n;
  } else {
    path.nodes[level] = &left;
    path.slots[level] += left_count;
    --path.slots[level + 1];
  }
  return true;
}

bool ScoreTree::give_right(Path& path, unsigned level) {
  Inner& parent = *inner(path.nodes[level + 1]);
  const unsigned at = path.slots[level + 1];
  if (at + 1 == parent.count) return false;
  Node& node = *path.nodes[level];
  Node& right = *parent.children[at + 1];
  const unsigned n = gift(right.count, kSlots);
  if (n == 0) return false;
  const unsigned kept = kSlots - n;
  move_items(node, kept, right, 0, n);
  refresh(parent, at);
  refresh(parent, at + 1);
  if (path.slots[level] >= kept) {
    path.nodes[level] = &right;
    path.slots[level] -= kept;
    ++path.slots[level + 1];
  }
  return true;
}

// Splits a node in the middle; where the set grows at one end, so that one side stays full. The
// slot of an inner node is that of a child which gets a new neighbour behind it, so neither side
// may be empty.
void ScoreTree::split(Path& path, unsigned level) {
  Inner& parent = *inner(path.nodes[level + 1]);
  const unsigned at = path.slots[level + 1];
  Node& node = *path.nodes[level];
  const unsigned edge = level == 0 ? 0 : 1;
  unsigned kept = kSlots / 2;
  if (path.is_at_back) kept = kSlots - edge;
  if (path.is_at_front) kept = edge;

  Node& right = *make_node(level);
  move_items(node, kept, right, 0, kSlots - kept);
  if (level == 0) {
    right.prev = &node;
    right.next = node.next;
    if (node.next != nullptr) node.next->prev = &right;
    node.next = &right;
  }
  const auto open = [&](auto* items) {
    std::move_backward(items + at + 1, items + parent.count, items + parent.count + 1);
  };
  open(parent.scores);
  open(parent.elements);
  open(parent.children);
  open(parent.sizes);
  ++parent.count;
  parent.children[at + 1] = &right;
  refresh(parent, at);
  refresh(parent, at + 1);

  const bool goes_right = path.slots[level] > kept || (path.slots[level] == kept && kept != 0);
  if (!goes_right) return;
  path.nodes[level] = &right;
  path.slots[level] -= kept;
  ++path.slots[level + 1];
}

// ---- Shrinking.

void ScoreTree::erase_at(const Path& path, unsigned count) {
  Node& leaf = *path.nodes[0];
  const unsigned slot = path.slots[0];
  ensure(slot + count <= leaf.count);
  std::move(leaf.scores + slot + count, leaf.scores + leaf.count, leaf.scores + slot);
  std::move(leaf.elements + slot + count, leaf.elements + leaf.count, leaf.elements + slot);
  leaf.count -= count;
  size_ -= count;
  for (uint32_t level = 1; level <= root_->level; ++level) {
    Inner& parent = *inner(path.nodes[level]);
    parent.sizes[path.slots[level]] -= count;
    repair(parent, path.slots[level]);
  }
  shorten();
}

// Repairs the key of a changed child. A sparse child is merged with a sibling, or the two are
// levelled; an empty child is removed. A parent that becomes sparse or empty is repaired next.
void ScoreTree::repair(Inner& parent, unsigned slot) {
  const Node& child = *parent.children[slot];
  if (child.count == 0) return remove_child(parent, slot);
  refresh_key(parent, slot);
  if (child.count >= kSlots * 3 / 8 || parent.count == 1) return;
  const unsigned at = slot == 0 ? 0 : slot - 1;
  Node& left = *parent.children[at];
  Node& right = *parent.children[at + 1];
  if (left.count + right.count <= kSlots * 3 / 4) {
    move_items(right, 0, left, left.count, right.count);
    refresh(parent, at);
    remove_child(parent, at + 1);
    return;
  }
  if (left.count < right.count) {
    move_items(right, 0, left, left.count, (right.count - left.count) / 2);
  } else {
    const unsigned n = (left.count - right.count) / 2;
    move_items(left, left.count - n, right, 0, n);
  }
  refresh(parent, at);
  refresh(parent, at + 1);
}

// Removes and frees an empty child.
void ScoreTree::remove_child(Inner& parent, unsigned slot) {
  Node* child = parent.children[slot];
  ensure(child->count == 0);
  if (child->prev != nullptr) child->prev->next = child->next;
  if (child->next != nullptr) child->next->prev = child->prev;
  free_node(child);
  const auto close = [&](auto* items) {
    std::move(items + slot + 1, items + parent.count, items + slot);
  };
  close(parent.scores);
  close(parent.elements);
  close(parent.children);
  close(parent.sizes);
  --parent.count;
}

// Replaces a root that has one child by the child; frees an empty root.
void ScoreTree::shorten() {
  while (root_->level != 0 && root_->count == 1) {
    Node* child = inner(root_)->children[0];
    free_node(root_);
    root_ = child;
  }
  if (root_->count != 0) return;
  free_node(root_);
  root_ = nullptr;
}

// ---- Checking.

bool ScoreTree::is_sound_child(const Inner& parent, unsigned slot) {
  const Node& child = *parent.children[slot];
  return child.level + 1 == parent.level && child.count != 0 && child.count <= kSlots &&
         parent.elements[slot] == child.elements[0] && parent.scores[slot] == child.scores[0] &&
         parent.sizes[slot] == total(child);
}

// Checks the nodes on the way to a place, and their neighbours below the same parents.
bool ScoreTree::is_sound_towards(double score, std::string_view member) const {
  if (root_ == nullptr) return size_ == 0;
  if (total(*root_) != size_) return false;
  const Path path = path_after(score, member);
  for (uint32_t level = 1; level <= root_->level; ++level) {
    const Inner& parent = *inner(path.nodes[level]);
    const unsigned at = path.slots[level];
    for (unsigned i = at == 0 ? 0 : at - 1; i < parent.count && i <= at + 1; ++i)
      if (!is_sound_child(parent, i)) return false;
  }
  return true;
}

bool ScoreTree::is_sound() const {
  if (root_ == nullptr) return size_ == 0 && leaves_ == 0 && inners_ == 0;
  const Node* last_leaf = nullptr;
  if (!is_sound(*root_, last_leaf) || last_leaf->next != nullptr) return false;
  if (total(*root_) != size_) return false;
  Position at = this->at(0);
  for (const ScoredMember* before = nullptr; !at.at_end(); at.next()) {
    const ScoredMember& element = at.element();
    if (before != nullptr && !is_before(*before, element.score, element.member())) return false;
    before = &element;
  }
  return true;
}

bool ScoreTree::is_sound(const Node& node, const Node*& last_leaf) const {
  if (node.count == 0 || node.count > kSlots) return false;
  if (node.level == 0) {
    if (node.prev != last_leaf) return false;
    if (last_leaf != nullptr && last_leaf->next != &node) return false;
    last_leaf = &node;
    for (unsigned i = 0; i < node.count; ++i)
      if (node.scores[i] != node.elements[i]->score) return false;
    return true;
  }
  for (unsigned i = 0; i < node.count; ++i) {
    if (!is_sound_child(*inner(&node), i)) return false;
    if (!is_sound(*inner(&node)->children[i], last_leaf)) return false;
  }
  return true;
}

}  // namespace kvstash::store
