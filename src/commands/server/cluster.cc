#include "commands/server/cluster.h"

namespace kvstash::commands {

Status cluster_disabled(Call&) {
  return Error::literal("ERR This instance has cluster support disabled");
}

}  // namespace kvstash::commands
