// BigValue: a value that is too large to be copied in one go, as one snapshot sees it. It is
// written in slices, and knows what the value was at the cut, whatever changes meanwhile.
//
// It is made at the first change of the value after the cut, or when its turn to be written comes.
// From then on a ValueWatch tells it what is about to change. Each class keeps a cursor into its
// value, and an overlay: what was changed ahead of the cursor, as it was before. Behind the cursor
// everything has been written, so nothing is kept.
//
//   FieldValue    hashes, sets     cursor: the hash of the field
//   MemberValue   sorted sets      cursor: the score and the member, from the highest down
//   ListValue     lists            cursor: the piece
//   StreamValue   streams          cursor: the id, of blocks and then of pending entries
//   BlobValue     strings          cursor: the offset
//
// A write to the value costs what it changes. Nothing here takes time in proportion to the value.
// Lives on one shard's thread.
#pragma once

#include "persist/rdb/encoder.h"
#include "store/garbage.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace kvstash::persist {

// Up to these bounds, a value whose form could be written in slices is written in one go.
struct SmallBounds {
  size_t elements_max = 512;
  size_t bytes_max = size_t{32} << 10;
  size_t string_bytes_max = size_t{256} << 10;
};

// How much a step may still do.
class Budget {
 public:
  Budget(size_t elements, size_t bytes) : elements_(elements), bytes_(bytes) {}

  bool is_spent() const { return elements_ == 0 || bytes_ == 0; }
  void spend(size_t elements, size_t bytes = 0) {
    elements_ -= std::min(elements_, elements);
    bytes_ -= std::min(bytes_, bytes);
  }
  size_t elements() const { return elements_; }
  Budget half() const { return Budget(elements_ / 2 + 1, bytes_ / 2 + 1); }

 private:
  size_t elements_;
  size_t bytes_;
};

class BigValue {
 public:
  // What the overlays of a walk have cost.
  struct Tally {
    size_t overlay_bytes = 0;  // Taken now.
    size_t preimages = 0;      // Copies that were ever made.
  };

  // Where a value stood at the cut, and what is written before it: rdb::write_entry_head.
  struct Place {
    uint32_t db;
    rdb::Encoded head;
    unsigned rdb_version;
  };

  BigValue(const BigValue&) = delete;
  BigValue& operator=(const BigValue&) = delete;
  virtual ~BigValue() = default;

  uint32_t db() const { return place_.db; }

  // Appends what comes next, at least one element and about as much as the budget allows. Returns
  // true while there is more.
  bool write(rdb::Encoded& to, Budget& budget);
  bool is_begun() const { return is_begun_; }
  // Counts in another walk's tally from now on.
  void set_tally(Tally& tally);
  // To be called in slices, until it returns false, when no more will be written: takes away what
  // the snapshot has left in the live value. The value is still watched meanwhile.
  virtual bool clean(Budget&) { return false; }

  // Frees a value that is no longer watched; what is large goes to `garbage`, because freeing takes
  // as long as making.
  static void dispose(std::unique_ptr<BigValue> value, store::Garbage& garbage);

 protected:
  BigValue(Place place, Tally& tally) : place_(std::move(place)), tally_(&tally) {}

  // For constructors: appends what is written before the first element.
  rdb::Encoder& head() { return head_; }
  unsigned rdb_version() const { return place_.rdb_version; }
  // As write(), without the head.
  virtual bool write_elements(rdb::Encoded& to, Budget& budget) = 0;

  void add_overlay(size_t bytes) {
    overlay_bytes_ += bytes;
    tally_->overlay_bytes += bytes;
  }
  void drop_overlay(size_t bytes) {
    overlay_bytes_ -= bytes;
    tally_->overlay_bytes -= bytes;
  }
  void count_preimages(size_t count) { tally_->preimages += count; }

 private:
  Place place_;
  rdb::Encoder head_{place_.head};
  bool is_begun_ = false;
  size_t overlay_bytes_ = 0;
  Tally* tally_;
};

// Appends encoded bytes to others.
void append(rdb::Encoded& to, const rdb::Encoded& more);

// The bytes of what was encoded.
inline size_t bytes_of(const rdb::Encoded& encoded) {
  return encoded.bytes.size() + encoded.compressible.size() * sizeof(rdb::Encoded::Text);
}

// What a node of a std::set or std::map takes beside its value, with the allocator's rounding.
inline constexpr size_t kNodeBytes = 48;

}  // namespace kvstash::persist
