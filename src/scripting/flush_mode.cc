#include "scripting/flush_mode.h"

#include "base/text.h"
#include "engine/shard_set.h"
#include "store/garbage.h"

#include <memory>
#include <utility>

namespace kvstash::scripting {

Result<FlushMode> parse_flush_mode(engine::Call& call, Error otherwise) {
  if (call.argc() == 2)
    return call.options().lazyfree_lazy_user_flush ? FlushMode::kAsync : FlushMode::kSync;
  if (call.argc() == 3 && equals_ignore_case(call.arg(2), "async")) return FlushMode::kAsync;
  if (call.argc() == 3 && equals_ignore_case(call.arg(2), "sync")) return FlushMode::kSync;
  return otherwise;
}

void drop(engine::Call& call, FlushMode mode, Scripting::Garbage garbage) {
  if (mode == FlushMode::kSync) return;
  const auto dropped = std::make_shared<Scripting::Garbage>(std::move(garbage));
  store::Garbage pieces;
  pieces.add([dropped] {
    dropped->scripts.clear();
    dropped->libraries.clear();
  });
  call.shards().reaper().take(std::move(pieces));
}

}  // namespace kvstash::scripting
