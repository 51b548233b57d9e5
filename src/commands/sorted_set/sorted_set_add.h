// Adding members with scores to a key: what ZADD, ZINCRBY and GEOADD share.
#pragma once

#include "engine/execution/call.h"
#include "store/sorted_set.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::commands {

struct AddOptions {
  store::ScoreRule rule;
  bool count_changed = false;  // CH: count changed members too.
};

struct Addition {
  double score = 0;
  std::string_view member{};
};

// The members that a command will add, parsed before anything is changed. A few need no allocation.
class Additions {
 public:
  explicit Additions(size_t count) : size_(count) {
    if (count > few_.size()) many_.resize(count);
  }
  Addition& operator[](size_t i) { return data()[i]; }
  std::span<const Addition> span() { return {data(), size_}; }

 private:
  Addition* data() { return many_.empty() ? few_.data() : many_.data(); }

  size_t size_;
  std::array<Addition, 8> few_;
  std::vector<Addition> many_;
};

// Adds to the sorted set at the command's first argument, reports the changes and replies. If the
// rule is an increment, there must be exactly one addition.
Status add_members(engine::Call& call, const AddOptions& options,
                   std::span<const Addition> additions);

}  // namespace kvstash::commands
