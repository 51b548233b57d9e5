// MIGRATE: keys move to another server (migrate/key_mover.h).
#pragma once

#include "engine/execution/call.h"

namespace kvstash::persist {

Status migrate(engine::Call& call);

}  // namespace kvstash::persist
