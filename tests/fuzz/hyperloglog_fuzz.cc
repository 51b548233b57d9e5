// Property: bytes from anywhere are read without reading outside them; those that are sound keep
// their registers through marks and through the change to the dense encoding.
//
// Input: one byte, the number of marks; three bytes for each (register, value); then the runs of a
// sparse HyperLogLog, or, if the first byte is odd, a whole value with its header.
#include "base/ensure.h"
#include "store/hyperloglog.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using kvstash::ensure;
using namespace kvstash::store;

constexpr size_t kSparseBytesMax = 3000;

HllRegisters registers_of(const std::string& bytes) {
  HllRegisters registers;
  ensure(HllView::of(bytes)->read(registers));
  return registers;
}

void carry(std::string& bytes, HllMark mark) {
  if (HllView::of(bytes)->encoding() == HllEncoding::kSparse) {
    const HllChange change(*HllView::of(bytes), mark, kSparseBytesMax);
    ensure(change.kind() != HllChange::Kind::kCorrupt);
    if (change.kind() == HllChange::Kind::kNone) return;
    if (change.kind() == HllChange::Kind::kReplace) {
      bytes.resize(std::max(bytes.size(), change.new_size()));
      change.apply(bytes);
      bytes.resize(change.new_size());
      return;
    }
    bytes = *HllView::of(bytes)->to_dense();
  }
  set_dense_register(bytes, mark);
}

void check_damaged(const HllView& view, HllMark mark) {
  HllRegisters registers{};
  ensure(!view.merge_into(registers));
  ensure(!view.to_dense().has_value());
  if (view.encoding() != HllEncoding::kSparse) return;
  const HllChange change(view, mark, kSparseBytesMax);
  if (change.kind() != HllChange::Kind::kReplace) return;
  std::string bytes(view.bytes());
  bytes.resize(std::max(bytes.size(), change.new_size()));
  change.apply(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto take = [&input]() -> unsigned {
    if (input.empty()) return 0;
    const auto byte = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    return byte;
  };
  const unsigned choice = take();
  std::string marks;
  for (unsigned i = 0; i < choice / 2 % 16 * 3; ++i)
    marks += static_cast<char>(take());
  std::string bytes =
      choice % 2 != 0 ? std::string(input) : empty_hll().substr(0, kHllHeaderBytes).append(input);
  const auto mark_at = [&marks](size_t at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(marks[at + i]); };
    return HllMark{
        .index = static_cast<uint16_t>((byte(0) | unsigned{byte(1)} << 8) % kHllRegisters),
        .value = static_cast<uint8_t>(byte(2) % 51 + 1)};
  };
  const auto view = HllView::of(bytes);
  if (!view) return 0;
  if (view->encoding() == HllEncoding::kSparse)
    ensure(view->describe_runs().size() < 16 * size + 16);
  if (!view->is_sound()) {
    check_damaged(*view, marks.empty() ? HllMark{.index = 9, .value = 1} : mark_at(0));
    return 0;
  }
  HllRegisters expected = registers_of(bytes);
  for (size_t at = 0; at < marks.size(); at += 3) {
    const HllMark mark = mark_at(at);
    carry(bytes, mark);
    expected[mark.index] = std::max(expected[mark.index], mark.value);
    ensure(registers_of(bytes) == expected);
  }
  ensure(registers_of(*HllView::of(bytes)->to_dense()) == expected);
  return 0;
}
