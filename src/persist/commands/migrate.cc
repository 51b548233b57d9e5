#include "persist/commands/migrate.h"

#include "persist/migrate/key_mover.h"
#include "persist/migrate/move_request.h"
#include "persist/node/persistence.h"

#include <utility>

namespace kvstash::persist {

// Redis stands still until the keys have gone, so it can do that inside a transaction; here the
// client alone waits.
Status migrate(engine::Call& call) {
  Result<MoveRequest> request = parse_move(call.args());
  if (!request.ok()) return request.error();
  if (!call.may_block())
    return Error::literal(
        "ERR MIGRATE waits for another server, so it is not for MULTI and scripts");
  call.shards().persistence().mover().add({.request = *std::move(request),
                                           .db = call.db(),
                                           .home = call.caller().home,
                                           .answer = call.answer_later()});
  return {};
}

}  // namespace kvstash::persist
