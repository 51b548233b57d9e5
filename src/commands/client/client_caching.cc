// CLIENT TRACKING and the other commands of client-side caching. Declared in client.h.
#include "base/text.h"
#include "commands/client/client.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::ClientTracking;
using engine::Session;
using engine::Shard;
namespace errors = engine::errors;

// ---- TRACKING.

// The parsed arguments of CLIENT TRACKING. If they name a client to redirect to, Redis reports that
// this client does not exist before any other error. So an error in the other arguments is kept in
// `error` until the shards have been asked for that client.
struct TrackingRequest {
  bool is_on = false;
  std::optional<uint64_t> redirect;
  ClientTracking choices;
  std::vector<std::string_view> prefixes;  // Views of the command's arguments.
  std::optional<Error> error;
};

Status parse_redirect(std::string_view id, TrackingRequest& request) {
  if (request.redirect)
    return Error::literal("ERR A client can only redirect to a single other client");
  const std::optional<int64_t> number = parse_int64(id);
  if (!number) return errors::not_an_integer();
  request.redirect = static_cast<uint64_t>(*number);
  return {};
}

Status parse_options(ArgReader args, TrackingRequest& request) {
  ClientTracking& choices = request.choices;
  while (!args.done()) {
    if (args.take_with("REDIRECT")) {
      if (Status parsed = parse_redirect(args.next(), request); !parsed.ok()) return parsed;
    } else if (args.take("BCAST")) {
      choices.is_bcast = true;
    } else if (args.take("OPTIN")) {
      choices.is_optin = true;
    } else if (args.take("OPTOUT")) {
      choices.is_optout = true;
    } else if (args.take("NOLOOP")) {
      choices.is_noloop = true;
    } else if (args.take_with("PREFIX")) {
      request.prefixes.push_back(args.next());
    } else {
      return errors::syntax();
    }
  }
  return {};
}

// The prefix as Redis's messages show it: up to its first NUL.
std::string shown(std::string_view prefix) {
  return std::string(prefix.substr(0, prefix.find('\0')));
}

bool overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

Status overlapping(std::string_view prefix, std::string_view with, bool is_existing) {
  const std::string_view what = is_existing ? "an existing" : "another provided";
  return Error::text("ERR Prefix '" + shown(prefix) + "' overlaps with " + std::string(what) +
                     " prefix '" + shown(with) +
                     "'. Prefixes for a single client must not overlap.");
}

// Checks every pair of prefixes, in the order in which Redis does.
Status check_pairs(const std::vector<std::string_view>& prefixes, const ClientTracking& now) {
  for (size_t i = 0; i < prefixes.size(); ++i) {
    for (const std::string& existing : now.prefixes) {
      if (overlap(existing, prefixes[i])) return overlapping(prefixes[i], existing, true);
    }
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (overlap(prefixes[i], prefixes[j])) return overlapping(prefixes[i], prefixes[j], false);
    }
  }
  return {};
}

// Prefixes of one client may not overlap, so that no key is told to it twice. If any two overlap,
// two neighbours in sorted order do.
Status check_prefixes(const std::vector<std::string_view>& prefixes, const ClientTracking& now) {
  constexpr size_t kPairwiseMax = 1024;
  if (prefixes.empty() || prefixes.size() + now.prefixes.size() <= kPairwiseMax)
    return check_pairs(prefixes, now);
  // The client's present prefixes overlap only if one of them is "": BCAST without PREFIX adds that
  // one unchecked. Every prefix overlaps with it.
  if (now.prefixes.contains("")) return overlapping(prefixes.front(), "", true);
  std::vector<std::string_view> all = prefixes;
  all.insert(all.end(), now.prefixes.begin(), now.prefixes.end());
  std::ranges::sort(all);
  for (size_t i = 1; i < all.size(); ++i) {
    if (overlap(all[i - 1], all[i])) return overlapping(all[i - 1], all[i], false);
  }
  return {};
}

// Checks that the options are compatible with each other and with the client's present tracking.
Status check_options(const TrackingRequest& request, const ClientTracking* now) {
  const ClientTracking& choices = request.choices;
  if (!choices.is_bcast && !request.prefixes.empty())
    return Error::literal("ERR PREFIX option requires BCAST mode to be enabled");
  if (now != nullptr && now->is_bcast != choices.is_bcast) {
    return Error::literal(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
        "then re-enabling it with a different mode.");
  }
  if (choices.is_bcast && (choices.is_optin || choices.is_optout))
    return Error::literal("ERR OPTIN and OPTOUT are not compatible with BCAST");
  if (choices.is_optin && choices.is_optout)
    return Error::literal("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if (now != nullptr &&
      ((choices.is_optin && now->is_optout) || (choices.is_optout && now->is_optin))) {
    return Error::literal(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
        "then re-enabling it with a different mode.");
  }
  return choices.is_bcast
             ? check_prefixes(request.prefixes, now == nullptr ? ClientTracking() : *now)
             : Status();
}

TrackingRequest parse_tracking(Call& call, const ClientTracking* now) {
  TrackingRequest request;
  const auto check = [&](const Status& status) {
    if (!status.ok()) request.error = status.error();
    return status.ok();
  };
  if (!check(parse_options(ArgReader(call.args_from(3)), request))) return request;
  request.is_on = equals_ignore_case(call.arg(2), "on");
  if (!request.is_on) {
    if (!equals_ignore_case(call.arg(2), "off")) request.error = errors::syntax();
    return request;
  }
  if (!check(check_options(request, now))) return request;
  if (request.choices.is_bcast && request.prefixes.empty()) request.prefixes.emplace_back();
  request.choices.prefixes.insert(request.prefixes.begin(), request.prefixes.end());
  return request;
}

// Turns tracking on or off. Every shard is asked whether it has the client to redirect to, and adds
// the new prefixes to those that it reports changes of. Only then does the session's tracking
// change.
class Turning {
 public:
  Turning(Call& call, TrackingRequest request)
      : home_(&call.home()), session_(&call.session()), request_(std::move(request)) {
    const ClientTracking* now = session_->tracking.get();
    for (const std::string& prefix : request_.choices.prefixes) {
      if (request_.error || (now != nullptr && now->prefixes.contains(prefix))) continue;
      added_.push_back(prefix);
    }
  }

  // Runs on each shard. Returns whether the client to redirect to is there.
  bool ask(Shard& shard) const {
    for (const std::string& prefix : added_)
      shard.tracking().add_prefix(prefix, static_cast<uint32_t>(home_->id()));
    if (!request_.redirect) return false;
    const Session* target = shard.clients().find(*request_.redirect);
    return target != nullptr && !target->is_gone();
  }

  void finish(const std::vector<bool>& has_target, resp::ReplyWriter& to) {
    const auto at = std::ranges::find(has_target, true);
    if (request_.redirect && at == has_target.end())
      request_.error = Error::literal("ERR The client ID you want redirect to does not exist");
    if (request_.error || session_->is_closed) {
      for (const std::string& prefix : added_)
        home_->tracking().drop_prefix(prefix);
    }
    if (request_.error) {
      to.error(request_.error->message());
      return;
    }
    if (request_.redirect) {
      request_.choices.redirect = *request_.redirect;
      request_.choices.redirect_home = static_cast<uint32_t>(at - has_target.begin());
    }
    if (!session_->is_closed) apply();
    to.ok();
  }

 private:
  void apply() {
    if (request_.is_on) {
      home_->tracking().turn_on(*session_, request_.choices);
    } else {
      home_->tracking().turn_off(*session_);
    }
  }

  Shard* home_;
  Session* session_;
  TrackingRequest request_;
  std::vector<std::string> added_;  // Prefixes that the session does not follow yet.
};

}  // namespace

Status client_tracking(Call& call) {
  TrackingRequest request = parse_tracking(call, call.session().tracking.get());
  if (request.error && !request.redirect) return *request.error;
  const auto turning = std::make_shared<Turning>(call, std::move(request));
  call.gather<bool>(
      [turning](Shard& shard) { return turning->ask(shard); },
      [turning](std::vector<bool>& parts, resp::ReplyWriter& to) { turning->finish(parts, to); });
  return {};
}

Status client_caching(Call& call) {
  Session& session = call.session();
  if (session.tracking == nullptr) {
    return Error::literal(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  ClientTracking& tracking = *session.tracking;
  if (equals_ignore_case(call.arg(2), "yes")) {
    if (!tracking.is_optin) {
      return Error::literal(
          "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
  } else if (equals_ignore_case(call.arg(2), "no")) {
    if (!tracking.is_optout) {
      return Error::literal(
          "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
  } else {
    return errors::syntax();
  }
  tracking.is_caching = true;
  session.update_tracking();
  call.reply().ok();
  return {};
}

Status client_getredir(Call& call) {
  const ClientTracking* tracking = call.session().tracking.get();
  call.reply().integer(tracking == nullptr ? -1 : static_cast<int64_t>(tracking->redirect));
  return {};
}

Status client_trackinginfo(Call& call) {
  static const ClientTracking kOff;
  const bool is_on = call.session().tracking != nullptr;
  const ClientTracking& tracking = is_on ? *call.session().tracking : kOff;
  std::vector<std::string_view> flags{is_on ? "on" : "off"};
  if (tracking.is_bcast) flags.push_back("bcast");
  if (tracking.is_optin) flags.push_back("optin");
  if (tracking.is_optin && tracking.is_caching) flags.push_back("caching-yes");
  if (tracking.is_optout) flags.push_back("optout");
  if (tracking.is_optout && tracking.is_caching) flags.push_back("caching-no");
  if (tracking.is_noloop) flags.push_back("noloop");
  if (tracking.is_broken) flags.push_back("broken_redirect");
  resp::ReplyWriter& to = call.reply();
  to.map(3);
  to.bulk("flags");
  to.set(flags.size());
  for (const std::string_view flag : flags)
    to.bulk(flag);
  to.bulk("redirect");
  to.integer(is_on ? static_cast<int64_t>(tracking.redirect) : -1);
  to.bulk("prefixes");
  to.array(tracking.prefixes.size());
  for (const std::string& prefix : tracking.prefixes)
    to.bulk(prefix);
  return {};
}

}  // namespace kvstash::commands
