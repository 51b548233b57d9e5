#include "engine/execution/hold.h"

#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {

Hold::Hold(ShardSet& set, const Worker& worker, Moment moment, const std::vector<bool>* members)
    : set_(&set), worker_(&worker), single_(nullptr), members_(members), moment_(moment) {
  ensure(members == nullptr || members->size() == set.size());
}

bool Hold::covers_all() const {
  if (set_->size() == 1) return covers(0);
  if (single_ != nullptr) return false;
  return members_ == nullptr ||
         std::ranges::all_of(*members_, [](bool is_member) { return is_member; });
}

ShardData& Hold::shard_of(std::string_view key) const {
  return shard(set_->shard_of(key));
}

const EngineOptions& Hold::options() const {
  return set_->options();
}

size_t Hold::shard_count() const {
  return set_->size();
}

ShardData& Hold::data_of(size_t shard) const {
  return set_->at(shard).data();
}

}  // namespace kvstash::engine
