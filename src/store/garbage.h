// Garbage: what a shard has dropped and what would take long to free: long strings and whole
// keyspaces. The shard hands it to the reaper thread at the end of a turn, so that returning a
// gigabyte to the allocator never stops a client.
//
// One shard fills it; then it is moved to another thread as a whole and destroyed there.
#pragma once

#include <functional>
#include <vector>

namespace kvstash::store {

class Garbage {
 public:
  Garbage() = default;
  Garbage(Garbage&& other) noexcept : pieces_(std::move(other.pieces_)) { other.pieces_.clear(); }
  Garbage& operator=(Garbage&& other) noexcept {
    pieces_.swap(other.pieces_);
    return *this;
  }
  ~Garbage() { clear(); }

  // `free_piece` frees one dropped thing; it runs once, on any thread.
  void add(std::function<void()> free_piece) { pieces_.push_back(std::move(free_piece)); }

  void clear() {
    for (const std::function<void()>& free_piece : pieces_)
      free_piece();
    pieces_.clear();
  }

  bool empty() const { return pieces_.empty(); }
  size_t size() const { return pieces_.size(); }

 private:
  std::vector<std::function<void()>> pieces_;
};

}  // namespace kvstash::store
