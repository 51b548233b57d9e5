#include "store/quicklist.h"

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/lzf.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <span>

namespace kvstash::store {
namespace {

using Node = Quicklist::Node;

// The most bytes of a pack that is limited by its number of elements.
constexpr size_t kSafetyBytes = 8192;
constexpr std::array<size_t, 5> kPackBytes = {4096, 8192, 16384, 32768, 65536};
// The bytes that an element takes beside its own, as Redis estimates them when it looks for room.
constexpr size_t kElementOverheadBytes = 8;
// A piece is compressed only if it has kCompressBytesMin bytes and compressing saves
// kCompressGainMin.
constexpr size_t kCompressBytesMin = 48;
constexpr size_t kCompressGainMin = 8;
// A gathering piece joins the next piece when it has this many bytes. Only elements of at most
// kGatheredElementBytesMax gather, and only before a piece of at least kGatherBeforeBytesMin.
constexpr size_t kGatheredBytesMax = 1024;
constexpr size_t kGatheredElementBytesMax = 256;
constexpr size_t kGatherBeforeBytesMin = 2048;

size_t bytes_limit(int64_t listpack_size) {
  const int64_t level = std::min<int64_t>(-listpack_size, kPackBytes.size());
  return kPackBytes[static_cast<size_t>(level - 1)];
}

size_t count_limit(int64_t listpack_size) {
  return listpack_size == 0 ? 1 : static_cast<size_t>(listpack_size);
}

ListpackView pack_of(const Node& node) {
  ensure(!node.is_plain && !node.is_compressed);
  return ListpackView(node.data);
}

unsigned char* copy_bytes(std::string_view bytes) {
  unsigned char* copy = static_cast<unsigned char*>(allocate(bytes.size()));
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

size_t node_bytes(const Node& node) {
  return allocation_bytes(sizeof(Node)) + allocation_bytes(node.stored_bytes);
}

// The pack of a node, decompressed if necessary, for reading.
class ReadPack {
 public:
  explicit ReadPack(const Node& node) : bytes_(node.raw_bytes) {
    if (!node.is_compressed) {
      data_ = node.data;
      return;
    }
    scratch_ = static_cast<unsigned char*>(allocate(bytes_));
    Quicklist::decompress(node, scratch_);
    data_ = scratch_;
  }
  ReadPack(const ReadPack&) = delete;
  ReadPack& operator=(const ReadPack&) = delete;
  ~ReadPack() {
    if (scratch_ != nullptr) deallocate(scratch_, bytes_);
  }

  ListpackView view() const { return ListpackView(data_); }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(data_), bytes_}; }

 private:
  size_t bytes_;
  unsigned char* scratch_ = nullptr;
  const unsigned char* data_;
};

}  // namespace

// ---- Limits

bool ListLimits::pack_allows(size_t bytes, size_t count) const {
  if (listpack_size < 0) return bytes <= bytes_limit(listpack_size);
  return bytes <= kSafetyBytes && count <= count_limit(listpack_size);
}

bool ListLimits::half_allows(size_t bytes, size_t count) const {
  if (listpack_size < 0) return bytes <= bytes_limit(listpack_size) / 2;
  return count <= count_limit(listpack_size) / 2;
}

bool ListLimits::is_large(size_t element_bytes) const {
  if (element_bytes > ListpackView::kBytesMax / 2) return true;
  if (packed_threshold != 0) return element_bytes >= packed_threshold;
  return element_bytes > (listpack_size < 0 ? bytes_limit(listpack_size) : kSafetyBytes);
}

// ---- Changing one piece

// Lends a node's pack for a change, and updates the counts of the node and the list afterwards.
class Quicklist::OpenPack {
 public:
  OpenPack(Quicklist& list, Node* node) : list_(list), node_(node) {
    list.tell_change(*node);
    list.open(node);
    ensure(!node->is_plain);
    list.bytes_ -= allocation_bytes(node->stored_bytes);
    list.count_ -= node->count;
    node->is_incompressible = false;
    pack_ = Listpack::adopt(node->data);
  }
  OpenPack(const OpenPack&) = delete;
  OpenPack& operator=(const OpenPack&) = delete;
  ~OpenPack() {
    node_->stored_bytes = node_->raw_bytes = pack_.total_bytes();
    node_->count = static_cast<uint32_t>(pack_.size());
    node_->data = pack_.release();
    list_.bytes_ += allocation_bytes(node_->stored_bytes);
    list_.count_ += node_->count;
  }

  Listpack* operator->() { return &pack_; }
  Listpack& operator*() { return pack_; }

 private:
  Quicklist& list_;
  Node* node_;
  Listpack pack_ = Listpack::adopt(nullptr);
};

// Replaces the bytes of a node, freeing the old ones.
void Quicklist::store(Node* node, unsigned char* data, size_t stored, size_t raw) {
  tell_change(*node);
  bytes_ -= allocation_bytes(node->stored_bytes);
  deallocate(node->data, node->stored_bytes);
  node->data = data;
  node->stored_bytes = stored;
  node->raw_bytes = raw;
  node->is_incompressible = false;
  bytes_ += allocation_bytes(stored);
}

void Quicklist::decompress(const Node& node, unsigned char* out) {
  ensure(node.is_compressed);
  const bool is_whole =
      lzf_decompress(node.stored(), std::span(reinterpret_cast<char*>(out), node.raw_bytes));
  ensure(is_whole);
}

void Quicklist::open(Node* node) {
  if (!node->is_compressed) return;
  unsigned char* raw = static_cast<unsigned char*>(allocate(node->raw_bytes));
  decompress(*node, raw);
  store(node, raw, node->raw_bytes, node->raw_bytes);
  node->is_compressed = false;
}

void Quicklist::compress(Node* node) {
  if (node->is_compressed || node->is_incompressible) return;
  if (node->raw_bytes < kCompressBytesMin) return;
  const size_t room = node->raw_bytes - kCompressGainMin;
  char* out = static_cast<char*>(allocate(room));
  const size_t compressed = lzf_compress(node->stored(), std::span(out, room));
  if (compressed != 0) {
    store(node, copy_bytes({out, compressed}), compressed, node->raw_bytes);
    node->is_compressed = true;
  }
  node->is_incompressible = compressed == 0;
  deallocate(out, room);
}

// Decompresses the pieces at both ends, and compresses the pieces that have just come to lie
// inside, and `touched`, if it is not null and lies inside.
void Quicklist::settle(const ListLimits& limits, Node* touched) {
  const size_t depth = limits.compress_depth;
  if (depth == 0 || node_count_ == 0) return;
  ensure(gathers_ == 0);
  Node* front = head_;
  Node* back = tail_;
  for (size_t i = 0; i < depth; ++i) {
    open(front);
    open(back);
    if (front == touched || back == touched) touched = nullptr;
    if (front == back || front->next == back) return;
    front = front->next;
    back = back->prev;
  }
  compress(front);
  compress(back);
  if (touched != nullptr) compress(touched);
}

// ---- Pieces

Node* Quicklist::make_node(unsigned char* data, size_t bytes, size_t count, bool is_plain) {
  void* memory = allocate(sizeof(Node));
  Node* node = new (memory) Node{.prev = nullptr,
                                 .next = nullptr,
                                 .data = data,
                                 .stored_bytes = bytes,
                                 .raw_bytes = bytes,
                                 .count = static_cast<uint32_t>(count),
                                 .is_plain = is_plain,
                                 .is_compressed = false,
                                 .is_incompressible = false,
                                 .marks = 0};
  return node;
}

Node* Quicklist::make_node_for(std::string_view value, bool is_plain) {
  if (is_plain) return make_node(copy_bytes(value), value.size(), 1, true);
  Listpack pack;
  pack.push_back(value);
  const size_t bytes = pack.total_bytes();
  return make_node(pack.release(), bytes, 1, false);
}

void Quicklist::link_after(Node* node, Node* previous) {
  node->prev = previous;
  node->next = previous == nullptr ? head_ : previous->next;
  (previous == nullptr ? head_ : previous->next) = node;
  (node->next == nullptr ? tail_ : node->next->prev) = node;
  ++node_count_;
  count_ += node->count;
  bytes_ += node_bytes(*node);
  if (observer_ != nullptr) [[unlikely]]
    observer_->born(*node);
}

void Quicklist::unlink_and_free(Node* node) {
  if (observer_ != nullptr) [[unlikely]]
    observer_->before_free(*node);
  if (gathers_ != 0 && (node == head_ || node == head_->next)) gathers_ = 0;
  (node->prev == nullptr ? head_ : node->prev->next) = node->next;
  (node->next == nullptr ? tail_ : node->next->prev) = node->prev;
  --node_count_;
  count_ -= node->count;
  bytes_ -= node_bytes(*node);
  free_node(node);
}

void Quicklist::free_node(Node* node) {
  deallocate(node->data, node->stored_bytes);
  deallocate(node, sizeof(Node));
}

// Cuts the elements from `at` on into a new piece behind the node, and returns that piece.
Node* Quicklist::split(Node* node, PackPosition at) {
  Listpack tail = OpenPack(*this, node)->split_off(at);
  const size_t bytes = tail.total_bytes();
  const size_t count = tail.size();
  Node* right = make_node(tail.release(), bytes, count, false);
  link_after(right, node);
  return right;
}

bool Quicklist::merge_into_left(Node* left, Node* right, const ListLimits& limits) {
  if (left == nullptr || right == nullptr || left->is_plain || right->is_plain) return false;
  const size_t bytes = left->raw_bytes + right->raw_bytes - ListpackView::kEmptyBytes;
  if (!limits.pack_allows(bytes, size_t{left->count} + right->count)) return false;
  {
    const ReadPack source(*right);
    OpenPack(*this, left)->append(source.view());
  }
  unlink_and_free(right);
  return true;
}

void Quicklist::merge_around(Node* node, const ListLimits& limits) {
  Node* left = node->prev;
  if (merge_into_left(left, node, limits)) node = left;
  merge_into_left(node, node->next, limits);
  settle(limits, node);
}

// ---- Making

Quicklist* Quicklist::make() {
  return new (allocate(sizeof(Quicklist))) Quicklist;
}

void Quicklist::destroy(Quicklist* list) {
  list->~Quicklist();
  deallocate(list, sizeof(Quicklist));
}

Quicklist::~Quicklist() {
  ensure(observer_ == nullptr);
  for (Node* node = head_; node != nullptr;) {
    Node* next = node->next;
    free_node(node);
    node = next;
  }
}

Quicklist* Quicklist::copy() const {
  Quicklist* twin = make();
  for (const Node* node = head_; node != nullptr; node = node->next) {
    Node* copied = twin->make_node(copy_bytes(node->stored()), node->stored_bytes, node->count,
                                   node->is_plain);
    copied->raw_bytes = node->raw_bytes;
    copied->is_compressed = node->is_compressed;
    twin->link_after(copied, twin->tail_);
  }
  twin->gathers_ = gathers_;
  return twin;
}

size_t Quicklist::bytes() const {
  return allocation_bytes(sizeof(Quicklist)) + bytes_;
}

bool Quicklist::free_some(size_t budget) {
  ensure(observer_ == nullptr);
  for (; budget > 0 && head_ != nullptr; --budget)
    unlink_and_free(head_);
  return head_ == nullptr;
}

void Quicklist::append_pack(Listpack pack, const ListLimits& limits) {
  const size_t bytes = pack.total_bytes();
  const size_t count = pack.size();
  ensure(count > 0 && count <= UINT32_MAX);
  join_gathered();
  link_after(make_node(pack.release(), bytes, count, false), tail_);
  settle(limits, nullptr);
}

void Quicklist::append_plain(std::string_view element, const ListLimits& limits) {
  join_gathered();
  link_after(make_node_for(element, true), tail_);
  settle(limits, nullptr);
}

Listpack Quicklist::take_only_pack() {
  ensure(node_count_ == 1 && !head_->is_plain && observer_ == nullptr);
  open(head_);
  Listpack pack = Listpack::adopt(head_->data);
  bytes_ -= node_bytes(*head_);
  deallocate(head_, sizeof(Node));
  head_ = tail_ = nullptr;
  count_ = node_count_ = 0;
  return pack;
}

Listpack Quicklist::copy_only_pack() const {
  ensure(node_count_ == 1 && !head_->is_plain);
  return Listpack(ReadPack(*head_).view());
}

// ---- The gathering piece

// Returns the piece that takes an element at the head, where there is room for it.
Node* Quicklist::node_for_head(std::string_view value, const ListLimits& limits) {
  if (gathers_ != 0 && head_->raw_bytes < kGatheredBytesMax) return head_;
  join_gathered();
  const bool gathers = node_count_ > 1 && limits.compress_depth == 0 &&
                       head_->raw_bytes >= kGatherBeforeBytesMin &&
                       value.size() <= kGatheredElementBytesMax;
  if (!gathers) return head_;
  link_after(make_node(Listpack().release(), ListpackView::kEmptyBytes, 0, false), nullptr);
  gathers_ = 1;
  return head_;
}

void Quicklist::join_gathered() {
  if (gathers_ == 0) return;
  OpenPack(*this, head_->next)->prepend(pack_of(*head_));
  unlink_and_free(head_);
}

// Elements gather only in lists of several pieces, because a single piece may become the listpack
// of a short list at any time.
void Quicklist::join_gathered_unless_long() {
  if (node_count() == 1) join_gathered();
}

// ---- Finding

std::pair<const Node*, size_t> Quicklist::find_node(size_t index) const {
  ensure(index < count_);
  if (index < count_ / 2) {
    const Node* node = head_;
    for (; index >= node->count; node = node->next)
      index -= node->count;
    return {node, index};
  }
  size_t behind = count_ - 1 - index;
  const Node* node = tail_;
  for (; behind >= node->count; node = node->prev)
    behind -= node->count;
  return {node, node->count - 1 - behind};
}

Quicklist::Place Quicklist::locate(size_t index) {
  const auto [found, offset] = find_node(index);
  Node* node = const_cast<Node*>(found);
  if (node->is_plain) return {node, {}};
  open(node);
  return {node, pack_of(*node).seek(static_cast<int64_t>(offset))};
}

// ---- Adding

bool Quicklist::has_room(const Node* node, std::string_view value, const ListLimits& limits) const {
  if (node == nullptr || node->is_plain || limits.is_large(value.size())) return false;
  size_t bytes = node->raw_bytes;
  size_t count = node->count;
  if (gathers_ != 0 && (node == head_ || node == head_->next)) {
    bytes = head_->raw_bytes + head_->next->raw_bytes - ListpackView::kEmptyBytes;
    count = size_t{head_->count} + head_->next->count;
  }
  return limits.pack_allows(bytes + value.size() + kElementOverheadBytes, count + 1);
}

void Quicklist::push_into(Node* node, ListEnd end, std::string_view value) {
  OpenPack pack(*this, node);
  if (end == ListEnd::kHead) {
    pack->push_front(value);
  } else {
    pack->push_back(value);
  }
}

void Quicklist::push(ListEnd end, std::string_view value, const ListLimits& limits) {
  if (limits.compress_depth != 0) join_gathered();
  if (end == ListEnd::kTail && has_room(tail_, value, limits)) return push_into(tail_, end, value);
  if (end == ListEnd::kHead) {
    if (has_room(head_, value, limits)) return push_into(node_for_head(value, limits), end, value);
    join_gathered();
  }
  Node* node = make_node_for(value, limits.is_large(value.size()));
  link_after(node, end == ListEnd::kHead ? nullptr : tail_);
  settle(limits, nullptr);
}

void Quicklist::insert(size_t index, std::string_view value, const ListLimits& limits) {
  ensure(index <= count_);
  if (index == 0) return push(ListEnd::kHead, value, limits);
  if (index == count_) return push(ListEnd::kTail, value, limits);
  join_gathered();
  const Place place = locate(index);
  if (place.node->is_plain || place.at.offset == ListpackView::kHeaderBytes) {
    insert_between(place.node->prev, place.node, value, limits);
  } else {
    insert_inside(place, value, limits);
  }
}

void Quicklist::insert_between(Node* left, Node* right, std::string_view value,
                               const ListLimits& limits) {
  Node* touched;
  if (has_room(left, value, limits)) {
    push_into(touched = left, ListEnd::kTail, value);
  } else if (has_room(right, value, limits)) {
    push_into(touched = right, ListEnd::kHead, value);
  } else {
    touched = make_node_for(value, limits.is_large(value.size()));
    link_after(touched, left);
  }
  settle(limits, touched);
}

void Quicklist::insert_inside(Place place, std::string_view value, const ListLimits& limits) {
  if (has_room(place.node, value, limits)) {
    OpenPack(*this, place.node)->insert_before(place.at, value);
    settle(limits, place.node);
    return;
  }
  Node* left = place.node;
  Node* right = split(left, place.at);
  insert_between(left, right, value, limits);
  merge_around(right, limits);
  merge_around(left, limits);
}

// Whether the pack stays within its limits, or at least grows no further beyond them.
bool Quicklist::may_replace(Place place, std::string_view value, const ListLimits& limits) const {
  const size_t added = Listpack::entry_bytes(value);
  const size_t removed = pack_of(*place.node).entry_bytes_at(place.at);
  return added <= removed || place.node->count == 1 ||
         limits.pack_allows(place.node->raw_bytes - removed + added, place.node->count);
}

void Quicklist::set(size_t index, std::string_view value, const ListLimits& limits) {
  join_gathered();
  const Place place = locate(index);
  Node* node = place.node;
  if (node->is_plain && limits.is_large(value.size())) {
    open(node);
    store(node, copy_bytes(value), value.size(), value.size());
  } else if (!node->is_plain && !limits.is_large(value.size()) &&
             may_replace(place, value, limits)) {
    OpenPack(*this, node)->replace(place.at, value);
  } else {
    insert(index + 1, value, limits);  // Behind the old one, so that it may join the next piece.
    erase(index, 1, limits);
    return;
  }
  settle(limits, node);
}

// ---- Removing

void Quicklist::erase_in(Node* node, size_t index, size_t count) {
  OpenPack pack(*this, node);
  pack->erase(pack->view().seek(static_cast<int64_t>(index)), count);
}

void Quicklist::erase(size_t index, size_t count, const ListLimits& limits) {
  ensure(index <= count_ && count <= count_ - index);
  if (count == 0) return;
  if (limits.compress_depth != 0) join_gathered();
  const auto [found, found_offset] = find_node(index);
  Node* node = const_cast<Node*>(found);
  size_t offset = found_offset;
  bool is_settled = true;
  while (count > 0) {
    Node* next = node->next;
    const size_t here = std::min(count, node->count - offset);
    if (here == node->count) {
      unlink_and_free(node);
      is_settled = false;
    } else {
      erase_in(node, offset, here);
      settle(limits, node);
    }
    count -= here;
    offset = 0;
    node = next;
  }
  if (!is_settled) settle(limits, nullptr);
  join_gathered_unless_long();
}

// Removes matches in one piece. If a piece loses all of its elements, the caller removes it.
size_t Quicklist::remove_in(Node* node, ListEnd from, const PackedNeedle& needle, size_t max) {
  {
    const ReadPack reading(*node);
    if (node->is_plain) return reading.bytes() == needle.text() ? 1 : 0;
    if (!reading.view().find(needle, reading.view().first(), 0)) return 0;
  }
  return OpenPack(*this, node)->remove(needle, from == ListEnd::kHead, max);
}

size_t Quicklist::remove(ListEnd from, std::string_view value, size_t max,
                         const ListLimits& limits) {
  if (limits.compress_depth != 0) join_gathered();
  const PackedNeedle needle(value);
  size_t removed = 0;
  Node* node = from == ListEnd::kHead ? head_ : tail_;
  while (node != nullptr && removed < max) {
    Node* following = from == ListEnd::kHead ? node->next : node->prev;
    const size_t before = node->count;
    const size_t here = remove_in(node, from, needle, max - removed);
    if (here == before) {
      unlink_and_free(node);
    } else if (here > 0) {
      settle(limits, node);
    }
    removed += here;
    node = following;
  }
  settle(limits, nullptr);
  join_gathered_unless_long();
  return removed;
}

}  // namespace kvstash::store
