#include "commands/server/replication.h"

#include "base/numbers.h"
#include "commands/shared/block_timeout.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <optional>
#include <string_view>

namespace kvstash::commands {
namespace {

namespace errors = engine::errors;
using engine::Acks;
using engine::AckWish;

// What the client has written before this command. Where its connection is not at hand, as in a
// script that runs on another shard, everything that the shard knows of counts.
engine::Lsn written_before(Call& call) {
  const engine::Session* session = call.caller().session;
  return session == nullptr ? call.worker().release().lsn()
                            : call.worker().release().written_by(*session);
}

void wait_for(Call& call, const AckWish& wish, BlockTimeout timeout, engine::TimeoutReply reply) {
  if (wish.replicas > 0) call.shards().acks().ask_replicas();
  call.block({.keys = {}, .timeout_ms = timeout, .timeout_reply = reply, .acks = wish});
}

}  // namespace

Status wait(Call& call) {
  if (call.shards().role().is_replica()) {
    return Error::literal(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
        "a replica is configured to be writable (which is not the default) writes to replicas are "
        "just local and are not propagated.");
  }
  const std::optional<int64_t> replicas = parse_int64(call.arg(1));
  if (!replicas) return errors::not_an_integer();
  const Result<BlockTimeout> timeout = parse_block_milliseconds(call.arg(2), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const AckWish wish{.lsn = written_before(call), .is_local = false, .replicas = *replicas};
  if (!call.shards().acks().are_met(wish) && call.may_block()) {
    wait_for(call, wish, *timeout, engine::TimeoutReply::kReplicas);
  } else {
    call.reply().integer(call.shards().acks().replicas(wish));
  }
  return {};
}

Status waitaof(Call& call) {
  if (call.shards().role().is_replica()) {
    return Error::literal(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
        "replicas are just local and are not propagated.");
  }
  const std::optional<int64_t> local = parse_int64(call.arg(1));
  if (!local) return errors::not_an_integer();
  if (*local < 0 || *local > 1)
    return Error::literal("ERR value is out of range, value must between 0 and 1");
  const std::optional<int64_t> replicas = parse_int64(call.arg(2));
  if (!replicas || *replicas < 0) return errors::must_be_positive();
  const Result<BlockTimeout> timeout = parse_block_milliseconds(call.arg(3), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const Acks& acks = call.shards().acks();
  const AckWish wish{.lsn = written_before(call),
                     .is_local = *local != 0,
                     .replicas = *replicas,
                     .is_on_disks = true};
  if (acks.is_hopeless(wish)) return errors::no_log_to_wait_for();
  if (!acks.are_met(wish) && call.may_block()) {
    wait_for(call, wish, *timeout, engine::TimeoutReply::kAcks);
  } else {
    engine::write_acks(call.reply(), acks, wish);
  }
  return {};
}

}  // namespace kvstash::commands
