#include "commands/server/replication.h"

#include "base/numbers.h"
#include "commands/shared/block_timeout.h"
#include "engine/command/errors.h"
#include "engine/execution/call.h"

#include <optional>
#include <string_view>

namespace kvstash::commands {
namespace {

namespace errors = engine::errors;

void wait_for(Call& call, BlockTimeout timeout, engine::TimeoutReply reply) {
  call.block({.keys = {}, .timeout_ms = timeout, .timeout_reply = reply});
}

}  // namespace

Status role(Call& call) {
  call.reply().array(3);
  call.reply().bulk("master");
  call.reply().integer(0);  // The replication offset.
  call.reply().array(0);
  return {};
}

Status wait(Call& call) {
  const std::optional<int64_t> replicas = parse_int64(call.arg(1));
  if (!replicas) return errors::not_an_integer();
  const Result<BlockTimeout> timeout = parse_block_milliseconds(call.arg(2), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  if (*replicas > 0 && call.may_block()) {
    wait_for(call, *timeout, engine::TimeoutReply::kZero);
  } else {
    call.reply().integer(0);
  }
  return {};
}

Status waitaof(Call& call) {
  const std::optional<int64_t> local = parse_int64(call.arg(1));
  if (!local) return errors::not_an_integer();
  if (*local < 0 || *local > 1)
    return Error::literal("ERR value is out of range, value must between 0 and 1");
  const std::optional<int64_t> replicas = parse_int64(call.arg(2));
  if (!replicas || *replicas < 0) return errors::must_be_positive();
  const Result<BlockTimeout> timeout = parse_block_milliseconds(call.arg(3), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  if (*local != 0) {
    return Error::literal(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  if (*replicas > 0 && call.may_block()) {
    wait_for(call, *timeout, engine::TimeoutReply::kZeroPair);
    return {};
  }
  call.reply().array(2);
  call.reply().integer(0);
  call.reply().integer(0);
  return {};
}

}  // namespace kvstash::commands
