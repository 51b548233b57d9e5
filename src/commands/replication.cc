#include "commands/replication.h"

#include "base/numbers.h"
#include "engine/call.h"
#include "engine/errors.h"

#include <limits>
#include <optional>
#include <string_view>

namespace kvstash::commands {
namespace {

namespace errors = engine::errors;

// Milliseconds to wait, as the time at which that is over; none: for ever.
Result<std::optional<int64_t>> parse_deadline(Call& call, std::string_view text) {
  const std::optional<int64_t> timeout_ms = parse_int64(text);
  if (!timeout_ms) return Error::literal("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return Error::literal("ERR timeout is negative");
  if (*timeout_ms > std::numeric_limits<int64_t>::max() - call.now_ms())
    return Error::literal("ERR timeout is out of range");
  if (*timeout_ms == 0) return std::optional<int64_t>();
  return std::optional<int64_t>(call.now_ms() + *timeout_ms);
}

void wait_until(Call& call, std::optional<int64_t> deadline_ms, engine::TimeoutReply reply) {
  call.block({.keys = {}, .deadline_ms = deadline_ms, .timeout_reply = reply});
}

}  // namespace

Status role(Call& call) {
  call.reply().array(3);
  call.reply().bulk("master");
  call.reply().integer(0);  // The offset of replication.
  call.reply().array(0);
  return {};
}

Status wait(Call& call) {
  const std::optional<int64_t> replicas = parse_int64(call.arg(1));
  if (!replicas) return errors::not_an_integer();
  const Result<std::optional<int64_t>> deadline_ms = parse_deadline(call, call.arg(2));
  if (!deadline_ms.ok()) return deadline_ms.error();
  if (*replicas > 0 && call.may_block()) {
    wait_until(call, *deadline_ms, engine::TimeoutReply::kZero);
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
  const Result<std::optional<int64_t>> deadline_ms = parse_deadline(call, call.arg(3));
  if (!deadline_ms.ok()) return deadline_ms.error();
  if (*local != 0) {
    return Error::literal(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  if (*replicas > 0 && call.may_block()) {
    wait_until(call, *deadline_ms, engine::TimeoutReply::kZeroPair);
    return {};
  }
  call.reply().array(2);
  call.reply().integer(0);
  call.reply().integer(0);
  return {};
}

}  // namespace kvstash::commands
