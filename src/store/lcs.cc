#include "store/lcs.h"

#include <algorithm>

namespace kvstash::store {
namespace {

// One row of the usual table: lengths_[j] is the length for the first j bytes of `b` and the bytes
// of `a` that have been fed so far.
class LengthRow {
 public:
  explicit LengthRow(std::string_view b) : b_(b), lengths_(b.size() + 1) {}

  // Feeds the next byte of `a`; calls `see(j, above > left)` for every byte of `b`.
  template <typename See>
  void feed(char byte, See see) {
    uint32_t diagonal = 0;
    uint32_t left = 0;
    for (size_t j = 1; j <= b_.size(); ++j) {
      const uint32_t above = lengths_[j];
      see(j, above > left);
      left = b_[j - 1] == byte ? diagonal + 1 : std::max(above, left);
      lengths_[j] = left;
      diagonal = above;
    }
  }

  uint32_t last() const { return lengths_.back(); }

 private:
  std::string_view b_;
  std::vector<uint32_t> lengths_;
};

// The way back from each cell of the table: one bit says whether the cell above is greater than the
// cell to the left. The way needs no lengths.
class WayBack {
 public:
  WayBack(size_t rows, size_t columns)
      : columns_(columns), bits_((static_cast<uint64_t>(rows) * columns + 63) / 64) {}

  void mark_up(size_t i, size_t j) { bits_[cell(i, j) / 64] |= uint64_t{1} << cell(i, j) % 64; }
  bool goes_up(size_t i, size_t j) const { return (bits_[cell(i, j) / 64] >> cell(i, j) % 64) & 1; }

 private:
  size_t cell(size_t i, size_t j) const { return (i - 1) * columns_ + (j - 1); }

  size_t columns_;
  std::vector<uint64_t> bits_;
};

}  // namespace

size_t lcs_length(std::string_view a, std::string_view b) {
  LengthRow row(b);
  for (const char byte : a)
    row.feed(byte, [](size_t, bool) {});
  return row.last();
}

Lcs find_lcs(std::string_view a, std::string_view b) {
  LengthRow row(b);
  WayBack way(a.size(), b.size());
  for (size_t i = 1; i <= a.size(); ++i) {
    row.feed(a[i - 1], [&way, i](size_t j, bool up) {
      if (up) way.mark_up(i, j);
    });
  }
  Lcs lcs;
  lcs.text.reserve(row.last());
  bool in_run = false;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      --i, --j;
      lcs.text += a[i];
      if (!in_run) lcs.runs.push_back({.a_begin = i, .b_begin = j, .length = 0});
      LcsRun& run = lcs.runs.back();
      run = {.a_begin = i, .b_begin = j, .length = run.length + 1};
      in_run = true;
    } else {
      way.goes_up(i, j) ? --i : --j;
      in_run = false;
    }
  }
  std::reverse(lcs.text.begin(), lcs.text.end());
  return lcs;
}

}  // namespace kvstash::store
