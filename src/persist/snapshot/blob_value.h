// BlobValue: a long string as a snapshot sees it (BigValue).
//
// It is written from its first byte to its last. Blocks ahead of that which are about to change are
// copied before; their size is a compromise between bytes copied for a change of one bit and nodes
// for a change of everything.
#pragma once

#include "persist/snapshot/big_value.h"
#include "store/entry.h"
#include "store/observer.h"

#include <cstddef>
#include <map>
#include <string>

namespace kvstash::persist {

class BlobValue final : public BigValue {
 public:
  BlobValue(Place place, Tally& tally, const store::Blob& blob);

  // As BlobObserver.
  void before_change(store::ByteRange range);
  void moved(const store::Blob& to) { blob_ = &to; }

 private:
  static constexpr size_t kBlockBytes = 4096;

  bool write_elements(rdb::Encoded& to, Budget& budget) override;

  const store::Blob* blob_;
  size_t size_;                          // At the cut.
  size_t next_ = 0;                      // The block to be written next.
  std::map<size_t, std::string> saved_;  // Blocks as they were.
};

}  // namespace kvstash::persist
