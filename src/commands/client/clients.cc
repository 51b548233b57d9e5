// CLIENT's subcommands about all connections: each shard is asked about its own connections.
#include "base/clock.h"
#include "base/text.h"
#include "commands/client/client.h"
#include "commands/client/client_filter.h"
#include "commands/client/client_line.h"
#include "commands/shared/block_timeout.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <algorithm>
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

Lines lines_on(Shard& shard, const ListOptions& options, int64_t now_ms) {
  Lines lines;
  const auto add = [&](const Session& session) {
    if (!session.is_gone()) lines.emplace(session.info.id, client_line(session, now_ms));
  };
  if (options.ids) {
    for (const uint64_t id : *options.ids) {
      if (const Session* session = shard.clients().find(id); session != nullptr) add(*session);
    }
    return lines;
  }
  for (const auto& [id, session] : shard.clients().all()) {
    if (!options.type || *options.type == type_of(*session)) add(*session);
  }
  return lines;
}

// Joins the lines: those of the requested ids in the order requested, or all in the order of ids.
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

Killed kill_on(Shard& shard, const ClientFilter& filter, uint64_t caller_id, int64_t now_ms) {
  Killed killed;
  for (const auto& [id, session] : shard.clients().all()) {
    if (session->is_gone() || !filter.matches(*session, now_ms)) continue;
    const bool is_caller = id == caller_id;
    if (is_caller && filter.skips_caller) continue;
    ++killed.count;
    if (is_caller) {
      killed.has_caller = true;
    } else {
      shard.clients().kill(*session);
    }
  }
  return killed;
}

// ---- PAUSE.

struct PauseOptions {
  int64_t asked_ns;  // When the command came, by the node's monotonic clock.
  int64_t until_ns;  // When the pause ends, by the node's monotonic clock.
  engine::PauseMode mode;
};

Result<PauseOptions> parse_pause(Call& call) {
  const bool only_writes = call.argc() == 4 && equals_ignore_case(call.arg(3), "WRITE");
  if (call.argc() == 4 && !only_writes && !equals_ignore_case(call.arg(3), "ALL"))
    return Error::literal("ERR CLIENT PAUSE mode must be WRITE or ALL");
  const Result<BlockTimeout> timeout = parse_block_milliseconds(call.arg(2), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const int64_t now_ns = call.shards().clock().monotonic_ns();
  return PauseOptions{.asked_ns = now_ns,
                      .until_ns = after_ms(now_ns, (*timeout).value_or(0)),
                      .mode = only_writes ? engine::PauseMode::kWrites : engine::PauseMode::kAll};
}

// Runs `action` on every shard, then replies OK.
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
  call.gather<Lines>(
      [options, now_ms = call.now_ms()](Shard& shard) { return lines_on(shard, options, now_ms); },
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
  const Result<ClientFilter> filter = parse_kill_filter(call.args_from(2), call.shards().acl());
  if (!filter.ok()) return filter.error();
  call.gather<Killed>(
      [filter = *filter, caller = call.caller().client_id, now_ms = call.now_ms()](Shard& shard) {
        return kill_on(shard, filter, caller, now_ms);
      },
      [is_old_form, session = &call.session()](std::vector<Killed>& parts, resp::ReplyWriter& to) {
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
          to.error("ERR No such client");
        }
      });
  return {};
}

Status client_pause(Call& call) {
  const Result<PauseOptions> options = parse_pause(call);
  if (!options.ok()) return options.error();
  on_all_shards(call, [options = *options](Shard& shard) {
    shard.clients().begin_pause(options.asked_ns, options.until_ns, options.mode);
  });
  return {};
}

Status client_unpause(Call& call) {
  on_all_shards(call, [](Shard& shard) { shard.clients().end_pause(); });
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
        Session* session = shard.clients().find(id);
        return session != nullptr && shard.waits().unblock(*session, with_error);
      },
      [](std::vector<bool>& parts, resp::ReplyWriter& to) {
        to.integer(std::ranges::find(parts, true) == parts.end() ? 0 : 1);
      });
  return {};
}

}  // namespace kvstash::commands
