// The elements that SORT puts in order: copies, with what they are sorted by.
//
// Takes memory for every element of the key, as SORT has always done. Lives for one command, on its
// thread.
#pragma once

#include "commands/sort/sort_options.h"
#include "engine/execution/key.h"
#include "store/listpack.h"

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {

struct SortElement {
  std::string_view text;
  std::string_view weight{};  // A NUL follows the bytes, here and there.
  double score = 0;
  bool has_weight = false;
};

class SortElements {
 public:
  // The elements of the key, in the order that it has (or the opposite, if that is to be kept and
  // DESC), and without those that LIMIT can do without. WRONGTYPE: it has no elements.
  Status load(const engine::Key& key, const SortOptions& options);

  std::span<SortElement> all() { return elements_; }
  // Copies a text; the view lives as long as this, and a NUL follows its bytes.
  std::string_view keep(store::PackedValue value);

  // Orders all(), or as much of it as range() shows. Scores are numbers by now.
  void sort(const SortOptions& options, const std::string& locale);

  // What LIMIT leaves.
  std::span<const SortElement> range() const {
    return std::span(elements_).subspan(range_.first, range_.count);
  }

 private:
  void add(store::PackedValue value) { elements_.push_back({.text = keep(value)}); }
  void load_in_order(const engine::Key& key, const SortRange& part, bool is_descending);

  std::vector<SortElement> elements_;
  SortRange range_;
  std::deque<std::string> chunks_;  // Bytes of texts; each keeps its capacity.
};

}  // namespace kvstash::commands
