#include "scripting/shared_cjson_options.h"

namespace kvstash::scripting {

void SharedCjsonOptions::take(CjsonOptions& options, uint64_t& version) {
  if (version_.load(std::memory_order_acquire) == version) [[likely]]
    return;
  const std::lock_guard guard(lock_);
  options = options_;
  version = version_.load(std::memory_order_relaxed);
}

uint64_t SharedCjsonOptions::give(const CjsonOptions& options) {
  const std::lock_guard guard(lock_);
  options_ = options;
  return version_.fetch_add(1, std::memory_order_release) + 1;
}

}  // namespace kvstash::scripting
