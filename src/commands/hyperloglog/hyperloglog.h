// HyperLogLog commands: estimates of how many different elements were added to a key.
//
// The values are strings (store/hyperloglog.h), which clients may read and set as such. Rows are in
// hyperloglog_table.cc. Each command runs on the thread that holds the shards of its keys.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status pfadd(Call& call);
Status pfcount(Call& call);
Status pfmerge(Call& call);

// For tests and debugging. hyperloglog_debug.cc
Status pfdebug(Call& call);
Status pfselftest(Call& call);

}  // namespace kvstash::commands
