// The elements that SORT orders: copies, each with the weight by which it is sorted.
//
// Takes memory for every element of the key, as in Redis. Lives for one command, on its thread.
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
  std::string_view weight{};  // Followed by a NUL, like every text kept here.
  double score = 0;
  bool has_weight = false;
};

class SortElements {
 public:
  // Loads the elements of the key, except those that LIMIT makes unnecessary. They are in the key's
  // own order, or in the opposite order if that order is to be kept and DESC is given. Error: the
  // type has no elements (WRONGTYPE).
  Status load(const engine::Key& key, const SortOptions& options);

  std::span<SortElement> all() { return elements_; }
  // Copies a text. The view is valid as long as this object, and a NUL follows its bytes.
  std::string_view keep(store::PackedValue value);

  // Sorts all(), or at least the part of it that range() shows. Scores must be numbers.
  void sort(const SortOptions& options, const std::string& locale);

  // The elements that LIMIT leaves.
  std::span<const SortElement> range() const {
    return std::span(elements_).subspan(range_.first, range_.count);
  }

 private:
  void add(store::PackedValue value) { elements_.push_back({.text = keep(value)}); }
  void load_in_order(const engine::Key& key, const SortRange& part, bool is_descending);

  std::vector<SortElement> elements_;
  SortRange range_;
  std::deque<std::string> chunks_;  // The bytes of texts; no chunk is ever reallocated.
};

}  // namespace kvstash::commands
