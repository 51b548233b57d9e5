#include "replication/commands/sync.h"

#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "replication/node/replication.h"

#include <cstdint>
#include <optional>

namespace kvstash::replication {
namespace {

PrimaryEnd& primary_end(Call& call) {
  return call.shards().replication().primary_end();
}

// What was said before must have left: what follows is no reply.
bool has_pending_output(const engine::Session& session) {
  return session.replies.bytes() != 0 || session.replies.waiting() != 0;
}

// A replica has a stream for others only while it has one itself.
bool has_stream(Call& call) {
  const std::optional<PrimaryFacts> primary = call.shards().replication().replica_end().facts();
  return !primary || primary->is_up();
}

Error no_primary_link() {
  return Error::literal("NOMASTERLINK Can't SYNC while not connected with my master");
}

Error pending_output() {
  return Error::literal("ERR SYNC and PSYNC are invalid with pending output");
}

}  // namespace

Status psync(Call& call) {
  engine::Session& session = call.session();
  if (session.is_replica()) return {};
  if (!has_stream(call)) return no_primary_link();
  if (has_pending_output(session)) return pending_output();
  if (call.argc() > 3 && equals_ignore_case(call.arg(3), "failover") &&
      !call.shards().role().is_replica())
    return Error::literal("ERR PSYNC FAILOVER can't be sent to a master.");
  const std::optional<int64_t> offset = parse_int64(call.arg(2));
  if (!offset) return engine::errors::not_an_integer();
  primary_end(call).psync(session, call.home(), call.arg(1), *offset);
  return {};
}

Status sync(Call& call) {
  engine::Session& session = call.session();
  if (session.is_replica()) return {};
  if (!has_stream(call)) return no_primary_link();
  if (has_pending_output(session)) return pending_output();
  primary_end(call).sync(session, call.home());
  return {};
}

Status replconf(Call& call) {
  const Result<ReplconfReply> reply =
      primary_end(call).replconf(call.session(), call.home(), call.args());
  if (!reply.ok()) return reply.error();
  if (*reply == ReplconfReply::kOk) call.reply().ok();
  return {};
}

}  // namespace kvstash::replication
