#include "replication/commands/sync.h"

#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"
#include "engine/server_port.h"
#include "engine/shard.h"
#include "replication/node/replication.h"

#include <cstdint>
#include <optional>
#include <string>

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

Error fails_over() {
  return Error::literal("NOMASTERLINK Can't SYNC while failing over to another replica");
}

bool is_failing_over(Call& call) {
  return call.shards().replication().failover().state() != FailoverState::kNone;
}

// The primary of this node asks it to take its place. Then it goes on as a replica of this node.
Status take_over(Call& call, int64_t offset) {
  engine::ShardSet& set = call.shards();
  const std::string replid(call.arg(1));
  log(LogLevel::kWarning, "Failover request received for replid " + replid + ".");
  if (!set.role().is_replica())
    return Error::literal("ERR PSYNC FAILOVER can't be sent to a master.");
  if (replid != set.replication().history().get().replid)
    return Error::literal("ERR PSYNC FAILOVER replid must match my replid.");
  const uint64_t id = call.session().info.id;
  const size_t home = call.home().id();
  const auto go_on = [id, replid, offset](engine::Shard& on) {
    if (engine::Session* session = on.clients().find(id))
      on.set().replication().primary_end().psync(*session, on, replid, offset);
  };
  set.submit(home, [&set, home, go_on](engine::Shard& on) {
    on.traffic().hold_all([&set, home, go_on](const engine::Hold&) {
      log(LogLevel::kNotice, "MASTER MODE enabled (failover request from the primary)");
      if (const Status done = set.server().set_primary("", 0); !done.ok())
        log(LogLevel::kWarning, std::string(done.error().message()));
      set.submit(home, go_on);
    });
  });
  return {};
}

Error pending_output() {
  return Error::literal("ERR SYNC and PSYNC are invalid with pending output");
}

}  // namespace

Status psync(Call& call) {
  engine::Session& session = call.session();
  if (session.is_replica()) return {};
  if (has_pending_output(session)) return pending_output();
  const std::optional<int64_t> offset = parse_int64(call.arg(2));
  if (!offset) return engine::errors::not_an_integer();
  if (call.argc() > 3 && equals_ignore_case(call.arg(3), "failover"))
    return take_over(call, *offset);
  if (is_failing_over(call)) return fails_over();
  if (!has_stream(call)) return no_primary_link();
  primary_end(call).psync(session, call.home(), call.arg(1), *offset);
  return {};
}

Status sync(Call& call) {
  engine::Session& session = call.session();
  if (session.is_replica()) return {};
  if (is_failing_over(call)) return fails_over();
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
