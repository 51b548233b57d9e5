#include "commands/connection/connection.h"

#include "base/numbers.h"
#include "commands/client/client_name.h"
#include "engine/acl/acl.h"
#include "engine/client/gates.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <optional>
#include <string>
#include <string_view>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::DbIndex;
using engine::kDefaultUser;
using engine::ReplyMode;
using engine::Session;
namespace errors = engine::errors;

constexpr std::string_view kServerName = "redis";  // The name that client libraries expect.
constexpr std::string_view kServerVersion = "7.2.4";

// Logs the connection in as `user`. The error is WRONGPASS.
Status authenticate(Call& call, std::string_view user, std::string_view password) {
  engine::Acl& acl = call.shards().acl();
  engine::Acl::UserPtr whom = acl.authenticate(user, password);
  if (whom == nullptr) {
    engine::note_denial(call.session(), {engine::AclReason::kAuth, std::string(call.arg(0))}, user,
                        call.worker());
    return Error::literal("WRONGPASS invalid username-password pair or user is disabled.");
  }
  call.session().act_as(std::move(whom));
  call.session().is_authenticated = true;
  return {};
}

// ---- HELLO.

struct Credentials {
  std::string_view user;
  std::string_view password;
};

struct HelloOptions {
  std::optional<resp::RespVersion> version;
  std::optional<Credentials> credentials;
  std::optional<std::string_view> name;
};

Result<resp::RespVersion> parse_version(std::string_view text) {
  const std::optional<int64_t> version = parse_int64(text);
  if (!version) return Error::literal("ERR Protocol version is not an integer or out of range");
  if (*version == 2) return resp::RespVersion::k2;
  if (*version == 3) return resp::RespVersion::k3;
  return Error::literal("NOPROTO unsupported protocol version");
}

Result<HelloOptions> parse_hello(ArgReader args) {
  HelloOptions options;
  if (args.done()) return options;
  const Result<resp::RespVersion> version = parse_version(args.next());
  if (!version.ok()) return version.error();
  options.version = *version;
  while (!args.done()) {
    if (args.take_with("AUTH", 2)) {
      const std::string_view user = args.next();
      options.credentials = Credentials{.user = user, .password = args.next()};
    } else if (args.take_with("SETNAME")) {
      options.name = args.next();
      if (!is_client_name(*options.name)) return invalid_client_name();
    } else {
      return Error::text("ERR Syntax error in HELLO option '" + std::string(args.peek()) + "'");
    }
  }
  return options;
}

void reply_hello(Call& call) {
  // HELLO may have changed the protocol version, so the reply needs a writer of its own.
  resp::ReplyWriter reply(call.reply().buffer(), call.caller().resp);
  const bool is_sentinel = call.shards().commands().find("sentinel") != nullptr;
  reply.map(is_sentinel ? 6 : 7);
  reply.bulk("server");
  reply.bulk(kServerName);
  reply.bulk("version");
  reply.bulk(kServerVersion);
  reply.bulk("proto");
  reply.integer(reply.is_resp3() ? 3 : 2);
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(call.caller().client_id));
  reply.bulk("mode");
  reply.bulk(is_sentinel ? "sentinel" : "standalone");
  if (!is_sentinel) {
    reply.bulk("role");
    reply.bulk(call.shards().role().is_replica() ? "replica" : "master");
  }
  reply.bulk("modules");
  reply.array(0);
}

void stop_monitoring(Call& call) {
  if (!call.session().is_monitor) return;
  call.session().is_monitor = false;
  call.shards().monitor_count.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace

Status auth(Call& call) {
  if (call.argc() > 3) return errors::syntax();
  if (call.argc() == 3) {
    if (Status done = authenticate(call, call.arg(1), call.arg(2)); !done.ok()) return done;
  } else if (call.shards().acl().default_user()->needs_no_password) {
    return Error::literal(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  } else if (Status done = authenticate(call, kDefaultUser, call.arg(1)); !done.ok()) {
    return done;
  }
  call.reply().ok();
  return {};
}

Status echo(Call& call) {
  call.reply().bulk(call.arg(1));
  return {};
}

Status hello(Call& call) {
  const Result<HelloOptions> options = parse_hello(ArgReader(call.args_from(1)));
  if (!options.ok()) return options.error();
  if (options->credentials) {
    Status done = authenticate(call, options->credentials->user, options->credentials->password);
    if (!done.ok()) return done;
  }
  if (!call.session().is_authenticated) {
    return Error::literal(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
  }
  if (options->name) call.session().info.name = *options->name;
  if (options->version) call.caller().resp = *options->version;
  reply_hello(call);
  return {};
}

Status ping(Call& call) {
  if (call.argc() > 2) return errors::wrong_arity("ping");
  if (call.session().is_subscriber() && !call.reply().is_resp3()) {
    call.reply().array(2);
    call.reply().bulk("pong");
    call.reply().bulk(call.argc() == 2 ? call.arg(1) : std::string_view());
  } else if (call.argc() == 2) {
    call.reply().bulk(call.arg(1));
  } else {
    call.reply().simple("PONG");
  }
  return {};
}

Status quit(Call& call) {
  call.reply().ok();
  call.session().close_after_replies();
  return {};
}

// RESET keeps the name and version of the library, because they still describe the client.
Status reset(Call& call) {
  Session& session = call.session();
  if (session.is_replica()) return Error::literal("ERR can only reset normal client connections");
  stop_monitoring(call);
  call.worker().clients().unwatch_all(session);
  call.home().pubsub().leave_all(session);
  call.home().tracking().turn_off(session);
  session.multi = {};
  session.info.name.clear();
  session.act_as(call.shards().acl().default_user());
  session.is_authenticated = session.user->is_open();
  session.no_evict = false;
  session.reply_mode = ReplyMode::kOn;
  call.caller().db = DbIndex{0};
  call.caller().resp = resp::RespVersion::k2;
  call.caller().no_touch = false;
  call.caller().wants_debugger = false;
  call.reply().simple("RESET");
  return {};
}

Status select(Call& call) {
  const std::optional<int64_t> number = parse_int64(call.arg(1));
  if (!number) return errors::not_an_integer();
  if (*number != static_cast<int32_t>(*number)) {
    return Error::literal(
        "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*number < 0 || *number >= call.options().databases) return errors::db_out_of_range();
  call.caller().db = static_cast<DbIndex>(*number);
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
