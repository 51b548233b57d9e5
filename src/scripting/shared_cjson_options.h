// SharedCjsonOptions: the options of cjson (encode_max_depth and its like) that scripts have set,
// for all shards.
//
// A virtual machine takes the options when a script begins, and gives them back when the script
// ends, if the script changed them. If two scripts run at the same time and both change options,
// the options of the one that ends later win. There is one object for the scripts of EVAL and one
// for functions; any thread. Its own mutex is held for a copy; a script that finds nothing changed
// reads only one atomic.
#pragma once

#include "scripting/cjson_library.h"

#include <atomic>
#include <cstdint>
#include <mutex>

namespace kvstash::scripting {

class SharedCjsonOptions {
 public:
  // Updates `options` and `version` if `version` is not the present one. The options of a new
  // virtual machine are the defaults, with version 0.
  void take(CjsonOptions& options, uint64_t& version);
  // Replaces the options for all later scripts. Returns their new version.
  uint64_t give(const CjsonOptions& options);

 private:
  std::mutex lock_;
  CjsonOptions options_;
  std::atomic<uint64_t> version_{0};
};

}  // namespace kvstash::scripting
