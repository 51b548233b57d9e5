// ListValue: a long list as a snapshot sees it (BigValue).
//
// It is written piece by piece from the head. A piece that is about to change ahead of that is
// encoded before, once. The images of pieces that go hang on the piece of the cut before them, or,
// if the walk has come as far as that, are what is written next.
//
// Pieces carry marks: whether the walk has passed them, and whether they came after the cut. The
// marks are taken away again, in slices, once the list is written or given up.
#pragma once

#include "persist/snapshot/big_value.h"
#include "store/entry.h"
#include "store/quicklist.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

namespace kvstash::persist {

class ListValue final : public BigValue {
 public:
  // `list` stays where it is for as long as it is watched.
  ListValue(Place place, Tally& tally, const store::Quicklist& list, store::Mark mark);

  // As NodeObserver.
  void before_change(const store::QuicklistNode& node);
  void before_free(const store::QuicklistNode& node);
  void born(store::QuicklistNode& node);

  bool clean(Budget& budget) override;

 private:
  using Node = store::QuicklistNode;
  using Images = std::list<rdb::Encoded>;

  bool write_elements(rdb::Encoded& to, Budget& budget) override;
  bool write_waiting(rdb::Encoded& to, Budget& budget);
  bool advance(rdb::Encoded& to, Budget& budget);
  void write_piece(rdb::Encoded& to, Budget& budget, const Node& node);
  Images take_image(const Node& node);
  void mark(const Node& node, unsigned bit);
  bool is_born(const Node& node) const { return (node.marks & born_) != 0; }
  bool is_passed(const Node& node) const { return (node.marks & passed_) != 0; }
  // The piece behind the cursor.
  const Node* next() const { return at_ == nullptr ? list_->head() : at_->next; }

  const store::Quicklist* list_;
  unsigned passed_;  // The bits of the marks.
  unsigned born_;
  size_t left_;               // Pieces of the cut that were not written yet.
  const Node* at_ = nullptr;  // The piece that the walk passed last; null: it is before the head.
  bool is_cleaning_ = false;
  std::map<const Node*, rdb::Encoded> images_;  // Pieces ahead that have changed, as they were.
  std::map<const Node*, Images> hanging_;       // Pieces that are gone, by the piece before them.
  Images waiting_;                              // Pieces that are gone, to be written next.
};

}  // namespace kvstash::persist
