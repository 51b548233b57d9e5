// CLIENT's subcommands about all connections: each shard is asked about its own.
#include "base/text.h"
#include "commands/client.h"
#include "commands/client_filter.h"
#include "commands/client_line.h"
#include "engine/arg_reader.h"
#include "engine/call.h"
#include "engine/session.h"
#include "engine/shard.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Session;
using engine::Shard;
namespace errors = engine::errors;

// ---- LIST.

struct ListOptions {
  std::optional<ClientType> type;
  std::optional<std::vector<uint64_t>> ids;
};

Result<ListOptions> parse_list(engine::ArgReader args) {
  ListOptions options;
  if (args.done()) return options;
  if (args.left() == 2 && args.take("TYPE")) {
    const Result<ClientType> type = parse_client_type(args.next());
    if (!type.ok()) return type.error();
    options.type = *type;
    return options;
  }
  if (!args.take_with("ID")) return errors::syntax();
  options.ids.emplace();
  while (!args.done()) {
    const Result<int64_t> id = args.integer(Error::literal("ERR Invalid client ID"));
    if (!id.ok()) return id.error();
    options.ids->push_back(static_cast<uint64_t>(*id));
  }
  return options;
}

using Lines = std::map<uint64_t, std::string>;  // By the client's id.

Lines lines_on(Shard& shard, const ListOptions& options) {
  Lines lines;
  const auto add = [&](const Session& session) {
    if (!session.is_gone()) lines.emplace(session.info.id, client_line(session, shard.now_ms()));
  };
  if (options.ids) {
    for (const uint64_t id : *options.ids) {
      if (const Session* session = shard.find_session(id); session != nullptr) add(*session);
    }
    return lines;
  }
  for (const auto& [id, session] : shard.sessions()) {
    if (!options.type || *options.type == type_of(*session)) add(*session);
  }
  return lines;
}

// All in the order of their ids, or those asked for in the order asked.
std::string join(const Lines& lines, const ListOptions& options) {
  std::string text;
  if (!options.ids) {
    for (const auto& [id, line] : lines)
      text += line;
    return text;
  }
  for (const uint64_t id : *options.ids) {
    if (const auto at = lines.find(id); at != lines.end()) text += at->second;
  }
  return text;
}

// ---- KILL.

struct Killed {
  int64_t count = 0;
  bool has_caller = false;
};

Killed kill_on(Shard& shard, const ClientFilter& filter, uint64_t caller_id) {
  Killed killed;
  for (const auto& [id, session] : shard.sessions()) {
    if (session->is_gone() || !filter.matches(*session, shard.now_ms())) continue;
    const bool is_caller = id == caller_id;
    if (is_caller && filter.skips_caller) continue;
    ++killed.count;
    if (is_caller) {
      killed.has_caller = true;
    } else {
      shard.kill_session(*session);
    }
  }
  return killed;
}

// ---- PAUSE.

struct PauseOptions {
  int64_t until_ms;  // 0: no longer than it lasts already.
  bool is_for_all;
};

Result<PauseOptions> parse_pause(Call& call) {
  const bool only_writes = call.argc() == 4 && equals_ignore_case(call.arg(3), "WRITE");
  if (call.argc() == 4 && !only_writes && !equals_ignore_case(call.arg(3), "ALL"))
    return Error::literal("ERR CLIENT PAUSE mode must be WRITE or ALL");
  const std::optional<int64_t> timeout_ms = parse_int64(call.arg(2));
  if (!timeout_ms) return Error::literal("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return Error::literal("ERR timeout is negative");
  if (*timeout_ms > std::numeric_limits<int64_t>::max() - call.now_ms())
    return Error::literal("ERR timeout is out of range");
  return PauseOptions{.until_ms = *timeout_ms == 0 ? 0 : *timeout_ms + call.now_ms(),
                      .is_for_all = !only_writes};
}

// A pause that lasts is never shortened, nor made milder.
void pause(Shard& shard, const PauseOptions& options) {
  const bool is_paused = shard.is_paused();
  shard.pause_until(
      is_paused ? std::max(options.until_ms, shard.paused_until_ms()) : options.until_ms,
      options.is_for_all || (is_paused && shard.pause_is_for_all()));
}

// Every shard does it, then the client hears OK.
void on_all_shards(Call& call, std::function<void(Shard&)> action) {
  call.gather<bool>(
      [action = std::move(action)](Shard& shard) {
        action(shard);
        return true;
      },
      [](std::vector<bool>&, resp::ReplyWriter& to) { to.ok(); });
}

}  // namespace

Status client_list(Call& call) {
  const Result<ListOptions> parsed = parse_list(engine::ArgReader(call.args_from(2)));
  if (!parsed.ok()) return parsed.error();
  const ListOptions& options = *parsed;
  call.gather<Lines>([options](Shard& shard) { return lines_on(shard, options); },
                     [options](std::vector<Lines>& parts, resp::ReplyWriter& to) {
                       Lines all;
                       for (Lines& lines : parts)
                         all.merge(lines);
                       to.verbatim("txt", join(all, options));
                     });
  return {};
}

Status client_kill(Call& call) {
  const bool is_old_form = call.argc() == 3;
  const Result<ClientFilter> filter = parse_kill_filter(call.args_from(2));
  if (!filter.ok()) return filter.error();
  call.gather<Killed>(
      [filter = *filter, caller = call.caller().client_id](Shard& shard) {
        return kill_on(shard, filter, caller);
      },
      [is_old_form, session = &call.session(), worker = &call.worker(), command = &call.command()](
          std::vector<Killed>& parts, resp::ReplyWriter& to) {
        int64_t count = 0;
        for (const Killed& part : parts) {
          count += part.count;
          if (part.has_caller) session->close_after_replies();
        }
        if (!is_old_form) {
          to.integer(count);
        } else if (count != 0) {
          to.ok();
        } else {
          constexpr std::string_view kNobody = "ERR No such client";
          worker->executor().count_error(kNobody);
          ++worker->command_stats(*command).failed;
          to.error(kNobody);
        }
      });
  return {};
}

Status client_pause(Call& call) {
  const Result<PauseOptions> options = parse_pause(call);
  if (!options.ok()) return options.error();
  on_all_shards(call, [options = *options](Shard& shard) { pause(shard, options); });
  return {};
}

Status client_unpause(Call& call) {
  on_all_shards(call, [](Shard& shard) { shard.pause_until(0, false); });
  return {};
}

Status client_unblock(Call& call) {
  const bool with_error = call.argc() == 4 && equals_ignore_case(call.arg(3), "error");
  if (call.argc() == 4 && !with_error && !equals_ignore_case(call.arg(3), "timeout"))
    return Error::literal("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  const std::optional<int64_t> id = parse_int64(call.arg(2));
  if (!id) return errors::not_an_integer();
  call.gather<bool>(
      [id = static_cast<uint64_t>(*id), with_error](Shard& shard) {
        Session* session = shard.find_session(id);
        return session != nullptr && shard.unblock(*session, with_error);
      },
      [](std::vector<bool>& parts, resp::ReplyWriter& to) {
        to.integer(std::ranges::find(parts, true) == parts.end() ? 0 : 1);
      });
  return {};
}

}  // namespace kvstash::commands
