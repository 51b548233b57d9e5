#include "base/log.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "scripting/scripting.h"
#include "server/server.h"
#include "server/server_commands.h"

namespace kvstash::server {
namespace {

struct ShutdownWords {
  ShutdownRequest request;
  bool aborts = false;
};

Result<ShutdownWords> parse(Call& call) {
  ShutdownWords words;
  bool has_modifier = false;
  for (engine::ArgReader args(call.args_from(1)); !args.done();) {
    if (args.take("ABORT")) {
      words.aborts = true;
      continue;
    }
    has_modifier = true;
    if (args.take("NOSAVE")) {
      words.request.forbids_saving = true;
    } else if (args.take("SAVE")) {
      words.request.saves = true;
    } else if (args.take("NOW")) {
      words.request.is_now = true;
    } else if (args.take("FORCE")) {
      words.request.is_forced = true;
    } else {
      return engine::errors::syntax();
    }
  }
  if ((words.aborts && has_modifier) || (words.request.saves && words.request.forbids_saving))
    return engine::errors::syntax();
  return words;
}

// The answers of shard 0 to SHUTDOWN ABORT and to SHUTDOWN.
struct Aborted {
  bool was_under_way;
};
struct Begun {};

}  // namespace

// A successful SHUTDOWN has no reply: the connection ends with the server, or gets an error if the
// shutdown is aborted. A save that was asked for and cannot be made refuses the shutdown, unless it
// is forced: data is never lost silently. Shard 0 runs shutdowns, so the command asks shard 0.
Status shutdown(Call& call) {
  auto& server = static_cast<Server&>(call.server());
  const Result<ShutdownWords> words = parse(call);
  if (!words.ok()) return words.error();
  if (words->aborts) {
    call.ask<Aborted>(
        0, [&server](engine::Shard&) { return Aborted{server.abort_shutdown()}; },
        [](const Aborted& aborted, resp::ReplyWriter& to) {
          if (aborted.was_under_way) {
            to.ok();
          } else {
            to.error("ERR No shutdown in progress.");
          }
        });
    return {};
  }
  scripting::SlowScripts& slow = call.shards().scripting().slow();
  if (!words->request.forbids_saving) {
    if (Status refused = slow.refuse_saving(); !refused.ok()) return refused;
  }
  call.ask<Begun>(
      0,
      [&server, &slow, request = words->request, asker = call.caller().client_id](engine::Shard&) {
        server.begin_shutdown(request, asker);
        slow.end_all();
        return Begun{};
      },
      [](const Begun&, resp::ReplyWriter&) {});
  return {};
}

}  // namespace kvstash::server
