// Spares: objects kept for reuse instead of being freed. The object returned last is reused first.
//
// It remembers the smallest number of spares since the last take_idle(): that many were not needed.
// take_idle() removes half of them, the ones unused for longest. Called now and then, it frees
// within seconds what a burst left behind, and keeps what steady work uses. Not thread-safe.
#pragma once

#include "base/ensure.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace kvstash {

template <typename T>
class Spares {
 public:
  void push(T thing) { things_.push_back(std::move(thing)); }
  T pop() {
    ensure(!things_.empty());
    T thing = std::move(things_.back());
    things_.pop_back();
    fewest_ = std::min(fewest_, things_.size());
    return thing;
  }

  // Returns the spares to free: half of those unused since the last call, rounded up.
  std::vector<T> take_idle() {
    const auto end = things_.begin() + static_cast<std::ptrdiff_t>((fewest_ + 1) / 2);
    std::vector<T> idle(std::make_move_iterator(things_.begin()), std::make_move_iterator(end));
    things_.erase(things_.begin(), end);
    fewest_ = things_.size();
    return idle;
  }

  bool empty() const { return things_.empty(); }
  size_t size() const { return things_.size(); }
  auto begin() const { return things_.begin(); }  // The ones unused for longest come first.
  auto end() const { return things_.end(); }

 private:
  std::vector<T> things_;
  size_t fewest_ = 0;  // Smallest size since the last take_idle().
};

}  // namespace kvstash
