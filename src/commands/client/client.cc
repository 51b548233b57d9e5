#include "commands/client/client.h"

#include "base/text.h"
#include "commands/client/client_line.h"
#include "commands/client/client_name.h"
#include "commands/shared/help.h"
#include "engine/client/session.h"
#include "engine/execution/call.h"

#include <string>

namespace kvstash::commands {
namespace {

using engine::ReplyMode;
using engine::Session;
namespace errors = engine::errors;

Result<bool> parse_on_off(std::string_view word) {
  if (equals_ignore_case(word, "on")) return true;
  if (equals_ignore_case(word, "off")) return false;
  return errors::syntax();
}

}  // namespace

Status client_getname(Call& call) {
  const std::string& name = call.session().info.name;
  if (name.empty()) {
    call.reply().null();
  } else {
    call.reply().bulk(name);
  }
  return {};
}

Status client_id(Call& call) {
  call.reply().integer(static_cast<int64_t>(call.caller().client_id));
  return {};
}

Status client_info(Call& call) {
  call.reply().verbatim("txt", client_line(call.session(), call.now_ms()));
  return {};
}

Status client_no_evict(Call& call) {
  const Result<bool> on = parse_on_off(call.arg(2));
  if (!on.ok()) return on.error();
  call.session().no_evict = *on;
  call.reply().ok();
  return {};
}

Status client_no_touch(Call& call) {
  const Result<bool> on = parse_on_off(call.arg(2));
  if (!on.ok()) return on.error();
  call.caller().no_touch = *on;
  call.reply().ok();
  return {};
}

// CLIENT REPLY ON gets a reply; OFF and SKIP get none.
Status client_reply(Call& call) {
  ReplyMode& mode = call.session().reply_mode;
  if (equals_ignore_case(call.arg(2), "on")) {
    mode = ReplyMode::kOn;
    call.reply().ok();
  } else if (equals_ignore_case(call.arg(2), "off")) {
    mode = ReplyMode::kOff;
  } else if (equals_ignore_case(call.arg(2), "skip")) {
    if (mode != ReplyMode::kOff) mode = ReplyMode::kSkipNext;
  } else {
    return errors::syntax();
  }
  return {};
}

Status client_setinfo(Call& call) {
  engine::SessionInfo& info = call.session().info;
  const bool is_name = equals_ignore_case(call.arg(2), "lib-name");
  if (!is_name && !equals_ignore_case(call.arg(2), "lib-ver"))
    return Error::text("ERR Unrecognized option '" + std::string(call.arg(2)) + "'");
  if (!is_client_name(call.arg(3))) {
    return Error::text("ERR " + std::string(call.arg(2)) +
                       " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? info.lib_name : info.lib_version) = call.arg(3);
  call.reply().ok();
  return {};
}

Status client_setname(Call& call) {
  if (!is_client_name(call.arg(2))) return invalid_client_name();
  call.session().info.name = call.arg(2);
  call.reply().ok();
  return {};
}

Status client_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CACHING (YES|NO)",
      "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
      "GETREDIR",
      "    Return the client ID we are redirecting to when tracking is enabled.",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "INFO",
      "    Return information about the current client connection.",
      "KILL <ip:port>",
      "    Kill connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Kill connections. Options are:",
      "    * ADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made from the specified address",
      "    * LADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made to specified local address",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Kill connections by type.",
      "    * USER <username>",
      "      Kill connections authenticated by <username>.",
      "    * SKIPME (YES|NO)",
      "      Skip killing current connection (default: yes).",
      "    * MAXAGE <seconds>",
      "      Kill connections at least that old.",
      "LIST [options ...]",
      "    Return information about client connections. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Return clients of specified type.",
      "    * ID <clientid> [<clientid> [...]]",
      "      Return clients of specified IDs only.",
      "UNPAUSE",
      "    Stop the current client pause, resuming traffic.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Suspend all, or just write, clients for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Control the replies sent to the current connection.",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "SETINFO <option> <value>",
      "    Set client meta attr. Options are:",
      "    * LIB-NAME: the client lib name.",
      "    * LIB-VER: the client lib version.",
      "UNBLOCK <clientid> [TIMEOUT|ERROR]",
      "    Unblock the specified blocked client.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
      "         [OPTIN] [OPTOUT] [NOLOOP]",
      "    Control server assisted client side caching.",
      "TRACKINGINFO",
      "    Report tracking status for the current connection.",
      "NO-EVICT (ON|OFF)",
      "    Protect current client connection from eviction.",
      "NO-TOUCH (ON|OFF)",
      "    Will not touch LRU/LFU stats when this mode is on.",
  };
  return reply_help(call, kLines);
}

}  // namespace kvstash::commands
