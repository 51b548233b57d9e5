// SharedCjsonOptions: what scripts have told cjson (encode_max_depth and its like), for all shards.
//
// A virtual machine takes the options when a script begins, and gives them back when the script
// ends, if it changed them. Of two scripts that run at the same time and both change options, the
// one that ends later decides. One for the scripts of EVAL and one for functions; any thread. A
// mutex of its own, held for a copy; a script that finds nothing changed reads one atomic.
#pragma once

#include "scripting/cjson_library.h"

#include <atomic>
#include <cstdint>
#include <mutex>

namespace kvstash::scripting {

class SharedCjsonOptions {
 public:
  // Brings `options` up to date, if they are not of the present version. `version` is the one
  // they have; those of a new virtual machine are the defaults, and have version 0.
  void take(CjsonOptions& options, uint64_t& version);
  // From now on all scripts have these. Returns their version.
  uint64_t give(const CjsonOptions& options);

 private:
  std::mutex lock_;
  CjsonOptions options_;
  std::atomic<uint64_t> version_{0};
};

}  // namespace kvstash::scripting
