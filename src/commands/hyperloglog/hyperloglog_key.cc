#include "commands/hyperloglog/hyperloglog_key.h"

#include <algorithm>

namespace kvstash::commands {

using engine::Key;
using store::HllChange;
using store::HllEncoding;
using store::HllView;

Result<HllView> view_hll(Key& key) {
  if (Status status = key.expect_string(); !status.ok()) return status.error();
  const std::optional<HllView> view = HllView::of(key.string());
  if (!view) return Error::literal("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return *view;
}

Result<bool> raise_register(Key& key, store::HllMark mark, size_t sparse_bytes_max) {
  const HllView view = *HllView::of(key.string());
  if (view.encoding() == HllEncoding::kSparse) {
    const HllChange change(view, mark, sparse_bytes_max);
    switch (change.kind()) {
      case HllChange::Kind::kNone:
        return false;
      case HllChange::Kind::kCorrupt:
        return corrupt_hll();
      case HllChange::Kind::kReplace:
        change.apply(key.open_string(change.new_size()));
        if (change.new_size() < key.string_size()) key.cut_string(change.new_size());
        return true;
      case HllChange::Kind::kToDense:
        if (Status status = make_dense(key); !status.ok()) return status.error();
    }
  }
  return store::set_dense_register(key.open_string(store::kHllDenseBytes), mark);
}

Status make_dense(Key& key) {
  const std::optional<std::string> dense = HllView::of(key.string())->to_dense();
  if (!dense) return corrupt_hll();
  key.set_text(*dense, store::Encoding::kRaw, key.deadline());
  return {};
}

}  // namespace kvstash::commands
