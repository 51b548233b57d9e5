#include "persist/snapshot/blob_value.h"

#include "base/ensure.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace kvstash::persist {

BlobValue::BlobValue(Place place, Tally& tally, const store::Blob& blob)
    : BigValue(std::move(place), tally), blob_(&blob), size_(blob.size) {
  head().string_head(size_);
}

void BlobValue::before_change(store::ByteRange range) {
  if (range.offset >= size_ || range.count == 0) return;
  const size_t end = range.offset + std::min(range.count, size_ - range.offset);
  for (size_t block = std::max(next_, range.offset / kBlockBytes); block * kBlockBytes < end;
       ++block) {
    const auto at = saved_.lower_bound(block);
    if (at != saved_.end() && at->first == block) continue;
    // What was cut off and has grown again was saved when it was cut.
    const std::string_view bytes = blob_->view().substr(
        block * kBlockBytes, std::min(kBlockBytes, size_ - block * kBlockBytes));
    saved_.emplace_hint(at, block, bytes);
    add_overlay(kNodeBytes + sizeof(std::string) + bytes.size());
    count_preimages(1);
  }
}

bool BlobValue::write_elements(rdb::Encoded& to, Budget& budget) {
  constexpr size_t kBlocksOfElement = 4;  // A block costs as much as this part of an element.
  for (size_t written = 0; next_ * kBlockBytes < size_; ++next_, ++written) {
    if (budget.is_spent()) return true;
    const size_t offset = next_ * kBlockBytes;
    const size_t bytes = std::min(kBlockBytes, size_ - offset);
    if (!saved_.empty() && saved_.begin()->first == next_) {
      ensure(saved_.begin()->second.size() == bytes);
      to.bytes += saved_.begin()->second;
      drop_overlay(kNodeBytes + sizeof(std::string) + bytes);
      saved_.erase(saved_.begin());
    } else {
      ensure(offset + bytes <= blob_->size);
      to.bytes += blob_->view().substr(offset, bytes);
    }
    budget.spend(written % kBlocksOfElement == 0 ? 1 : 0, bytes);
  }
  ensure(saved_.empty());
  return false;
}

}  // namespace kvstash::persist
