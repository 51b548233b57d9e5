#include "persist/commands/save.h"

#include "engine/command/arg_reader.h"
#include "engine/command/errors.h"
#include "persist/node/persistence.h"

namespace kvstash::persist {
namespace {

using engine::Call;

Status reply_status(Call& call, const Result<std::string_view>& text) {
  if (!text.ok()) return text.error();
  call.reply().simple(*text);
  return {};
}

}  // namespace

// The client waits for the file; other clients do not.
Status save(Call& call) {
  call.shards().persistence().save(call.answer_later());
  return {};
}

Status bgsave(Call& call) {
  engine::ArgReader args(call.args_from(1));
  bool schedules = false;
  if (call.argc() > 1) {
    if (call.argc() != 2 || !args.take("SCHEDULE")) return engine::errors::syntax();
    schedules = true;
  }
  return reply_status(call, call.shards().persistence().save_in_background(
                                schedules, call.caller().in_transaction));
}

Status bgrewriteaof(Call& call) {
  return reply_status(
      call, call.shards().persistence().rewrite_in_background(call.caller().in_transaction));
}

Status lastsave(Call& call) {
  call.reply().integer(call.shards().persistence().last_save_s());
  return {};
}

}  // namespace kvstash::persist
