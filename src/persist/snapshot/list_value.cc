#include "persist/snapshot/list_value.h"

#include "base/ensure.h"
#include "persist/rdb/value_writer.h"

#include <utility>

namespace kvstash::persist {

using store::Quicklist;
using store::QuicklistNode;

// Two snapshots use different bits.
ListValue::ListValue(Place place, Tally& tally, const Quicklist& list, store::Mark mark)
    : BigValue(std::move(place), tally),
      list_(&list),
      passed_(mark == store::Mark::kFirst ? 1u : 4u),
      born_(passed_ << 1),
      left_(list.piece_count()) {
  rdb::write_count(head(), left_);
}

// The piece is the list's, which lets its observer set the marks.
void ListValue::mark(const Node& node, unsigned bit) {
  auto& marked = const_cast<Node&>(node);
  marked.marks = static_cast<uint8_t>(marked.marks | bit);
}

void ListValue::before_change(const Node& node) {
  if (is_cleaning_ || is_born(node) || is_passed(node)) return;
  const auto at = images_.lower_bound(&node);
  if (at != images_.end() && at->first == &node) return;
  rdb::Encoded image;
  rdb::Encoder encoder(image);
  rdb::write_list_piece(encoder, node);
  add_overlay(kNodeBytes + sizeof(image) + bytes_of(image));
  count_preimages(1);
  images_.emplace_hint(at, &node, std::move(image));
}

// Takes the image of a piece out of images_.
ListValue::Images ListValue::take_image(const Node& node) {
  Images image;
  image.push_back(std::move(images_.extract(&node).mapped()));
  return image;
}

void ListValue::before_free(const Node& node) {
  if (at_ == &node) at_ = node.prev;
  if (is_cleaning_ || is_born(node) || is_passed(node)) return;
  before_change(node);
  const Node* before = node.prev;
  while (before != nullptr && is_born(*before))
    before = before->prev;
  const bool is_next = before == nullptr || is_passed(*before);
  Images& to = is_next ? waiting_ : hanging_[before];
  to.splice(to.end(), take_image(node));
  const auto behind = hanging_.find(&node);
  if (behind == hanging_.end()) return;
  to.splice(to.end(), behind->second);
  hanging_.erase(behind);
}

void ListValue::born(Node& node) {
  if (!is_cleaning_) mark(node, born_);
}

bool ListValue::write_elements(rdb::Encoded& to, Budget& budget) {
  while (!budget.is_spent()) {
    if (write_waiting(to, budget) || advance(to, budget)) continue;
    ensure(left_ == 0 && images_.empty() && hanging_.empty());
    return false;
  }
  return true;
}

bool ListValue::write_waiting(rdb::Encoded& to, Budget& budget) {
  if (waiting_.empty()) return false;
  ensure(left_ != 0);
  --left_;
  const rdb::Encoded& image = waiting_.front();
  append(to, image);
  drop_overlay(kNodeBytes + sizeof(image) + bytes_of(image));
  budget.spend(1, image.bytes.size());
  waiting_.pop_front();
  return true;
}

// Passes a piece. Returns false at the end of the list.
bool ListValue::advance(rdb::Encoded& to, Budget& budget) {
  const Node* node = next();
  if (node == nullptr) return false;
  at_ = node;
  budget.spend(1);
  if (is_born(*node)) return true;
  mark(*node, passed_);
  if (const auto hanging = hanging_.find(node); hanging != hanging_.end()) {
    waiting_.splice(waiting_.begin(), hanging->second);
    hanging_.erase(hanging);
  }
  if (images_.contains(node)) {
    waiting_.splice(waiting_.begin(), take_image(*node));
    return true;
  }
  write_piece(to, budget, *node);
  return true;
}

void ListValue::write_piece(rdb::Encoded& to, Budget& budget, const Node& node) {
  ensure(left_ != 0);
  --left_;
  const size_t before = to.bytes.size();
  rdb::Encoder encoder(to);
  rdb::write_list_piece(encoder, node);
  budget.spend(1, to.bytes.size() - before);
}

bool ListValue::clean(Budget& budget) {
  if (!is_cleaning_) {
    is_cleaning_ = true;
    at_ = nullptr;
  }
  while (const Node* node = next()) {
    if (budget.is_spent()) return true;
    auto& marked = const_cast<Node&>(*node);
    marked.marks = static_cast<uint8_t>(marked.marks & ~(passed_ | born_));
    at_ = node;
    budget.spend(1);
  }
  return false;
}

}  // namespace kvstash::persist
