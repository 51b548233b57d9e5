// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF: the data as files.
#pragma once

#include "engine/execution/call.h"

namespace kvstash::persist {

Status save(engine::Call& call);
Status bgsave(engine::Call& call);
Status bgrewriteaof(engine::Call& call);
Status lastsave(engine::Call& call);

}  // namespace kvstash::persist
