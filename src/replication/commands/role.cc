#include "replication/commands/role.h"

#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "engine/client/session.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"
#include "engine/server_port.h"
#include "engine/shard.h"
#include "replication/node/replication.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace kvstash::replication {
namespace {

// Who asked, for the log.
std::string user_of(Call& call) {
  const engine::Session* session = call.caller().session;
  return session == nullptr ? "" : call.server().describe(*session, call.now_ms());
}

Status become_primary(Call& call) {
  if (!call.shards().role().is_replica()) return {};
  if (Status done = call.server().set_primary("", 0); !done.ok()) return done;
  log(LogLevel::kNotice,
      fmt::format("MASTER MODE enabled (user request from '{}')", user_of(call)));
  return {};
}

void tell_primary(const PrimaryFacts& primary, resp::ReplyWriter& to) {
  to.array(5);
  to.bulk("slave");
  to.bulk(primary.host);
  to.integer(primary.port);
  to.bulk(link_state_name(primary.state));
  to.integer(primary.is_up() ? static_cast<int64_t>(primary.applied) : -1);
}

// As in Redis, only those that follow the stream.
void tell_replicas(std::vector<ReplicaLine> replicas, resp::ReplyWriter& to) {
  std::erase_if(replicas,
                [](const ReplicaLine& replica) { return replica.state != ReplicaState::kOnline; });
  to.array(replicas.size());
  for (const ReplicaLine& replica : replicas) {
    to.array(3);
    to.bulk(replica.ip);
    to.bulk(std::to_string(replica.port));
    to.bulk(std::to_string(replica.offset));
  }
}

}  // namespace

// The server is told under the hold of all shards; what was under way before is refused where it
// runs.
Status replicaof(Call& call) {
  // It may have waited for its hold while a snapshot began to be loaded.
  if (call.shards().is_loading()) return engine::errors::loading();
  if (equals_ignore_case(call.arg(1), "no") && equals_ignore_case(call.arg(2), "one")) {
    if (Status done = become_primary(call); !done.ok()) return done;
    call.reply().ok();
    return {};
  }
  const std::optional<int64_t> port = parse_int64(call.arg(2));
  if (!port || *port < 0 || *port > UINT16_MAX) return Error::literal("ERR Invalid master port");
  Replication& replication = call.shards().replication();
  const std::optional<PrimaryFacts> now = replication.facts().primary;
  if (now && now->port == *port && equals_ignore_case(now->host, call.arg(1))) {
    log(LogLevel::kNotice,
        "REPLICAOF would result into synchronization with the master we are already connected "
        "with. No operation performed.");
    replication.replica_end().follow_again();
    call.reply().simple("OK Already connected to specified master");
    return {};
  }
  if (Status done = call.server().set_primary(call.arg(1), static_cast<uint16_t>(*port));
      !done.ok())
    return done;
  log(LogLevel::kNotice, fmt::format("REPLICAOF {}:{} enabled (user request from '{}')",
                                     call.arg(1), *port, user_of(call)));
  call.reply().ok();
  return {};
}

// Writes wait from here on, so all shards are held.
Status failover(Call& call) {
  if (Status begun = call.shards().replication().failover().command(call.args()); !begun.ok())
    return begun;
  call.reply().ok();
  return {};
}

Status role(Call& call) {
  const ReplicationFacts facts = call.shards().replication().facts();
  if (facts.primary) {
    tell_primary(*facts.primary, call.reply());
    return {};
  }
  call.reply().array(3);
  call.reply().bulk("master");
  call.reply().integer(static_cast<int64_t>(facts.offset));
  tell_replicas(facts.replicas, call.reply());
  return {};
}

}  // namespace kvstash::replication
