#include "persist/snapshot/big_value.h"

#include <utility>

namespace kvstash::persist {
namespace {

// An overlay of this size is freed by the reaper.
constexpr size_t kLazyFreeBytesMin = size_t{32} << 10;

}  // namespace

bool BigValue::write(rdb::Encoded& to, Budget& budget) {
  const size_t before = to.bytes.size();
  if (!is_begun_) {
    append(to, place_.head);
    is_begun_ = true;
  }
  const bool has_more = write_elements(to, budget);
  budget.spend(1, to.bytes.size() - before);
  return has_more;
}

void BigValue::set_tally(Tally& tally) {
  tally_->overlay_bytes -= overlay_bytes_;
  tally.overlay_bytes += overlay_bytes_;
  tally_ = &tally;
}

void BigValue::dispose(std::unique_ptr<BigValue> value, store::Garbage& garbage) {
  const size_t bytes = value->overlay_bytes_;
  // The tally may be gone when the garbage is.
  value->tally_->overlay_bytes -= bytes;
  if (bytes < kLazyFreeBytesMin) return;
  std::shared_ptr<BigValue> shared = std::move(value);
  garbage.add([shared = std::move(shared)]() mutable { shared.reset(); });
}

void append(rdb::Encoded& to, const rdb::Encoded& more) {
  const size_t offset = to.bytes.size();
  to.bytes += more.bytes;
  for (const rdb::Encoded::Text& text : more.compressible)
    to.compressible.push_back({.at = text.at + offset, .size = text.size});
}

}  // namespace kvstash::persist
