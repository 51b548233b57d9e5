// SENTINEL CONFIG: the options of the whole sentinel.
#include "base/glob.h"
#include "base/numbers.h"
#include "base/text.h"
#include "sentinel/command.h"
#include "sentinel/connections.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::sentinel {
namespace {

using Argv = std::span<const std::string_view>;

constexpr int64_t kPortMax = 65535;
constexpr std::string_view kLogLevels[] = {"debug", "verbose", "notice", "warning", "nothing"};

constexpr std::string_view kUsage =
    "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.";

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

bool set_yes_no(bool& option, std::string_view value) {
  const bool is_yes = equals_ignore_case(value, "yes");
  if (!is_yes && !equals_ignore_case(value, "no")) return false;
  option = is_yes;
  return true;
}

// Peers are connected to anew, with the new password.
void drop_links_to_peers(State& state) {
  for (const auto& group : state.groups)
    for (const auto& sentinel : group->sentinels)
      close_link(state, *sentinel->link);
}

bool set_announce_port(State& state, std::string_view value) {
  const std::optional<int64_t> port = parse_int64(value);
  if (!port || *port < 0 || *port > kPortMax) return false;
  state.options.announce_port = *port;
  return true;
}

bool set_log_level(State& state, std::string_view value) {
  const std::string level = to_lower(value);
  if (std::ranges::find(kLogLevels, std::string_view(level)) == std::end(kLogLevels)) return false;
  state.process.log_level = level;
  state.actions.emplace_back(SetLogLevel{.level = level});
  return true;
}

struct OptionRow {
  std::string_view name;
  std::string (*get)(const State&);
  bool (*set)(State&, std::string_view value);  // False: the value is wrong, nothing was changed.
};

constexpr OptionRow kRows[] = {
    {"resolve-hostnames",
     [](const State& state) { return yes_no(state.options.resolve_hostnames); },
     [](State& state, std::string_view value) {
       return set_yes_no(state.options.resolve_hostnames, value);
     }},
    {"announce-hostnames",
     [](const State& state) { return yes_no(state.options.announce_hostnames); },
     [](State& state, std::string_view value) {
       return set_yes_no(state.options.announce_hostnames, value);
     }},
    {"announce-ip", [](const State& state) { return state.options.announce_ip; },
     [](State& state, std::string_view value) {
       state.options.announce_ip = std::string(value);
       return true;
     }},
    {"announce-port",
     [](const State& state) { return std::to_string(state.options.announce_port); },
     set_announce_port},
    {"sentinel-user", [](const State& state) { return state.options.sentinel_user; },
     [](State& state, std::string_view value) {
       state.options.sentinel_user = std::string(value);
       drop_links_to_peers(state);
       return true;
     }},
    {"sentinel-pass", [](const State& state) { return state.options.sentinel_pass; },
     [](State& state, std::string_view value) {
       state.options.sentinel_pass = std::string(value);
       drop_links_to_peers(state);
       return true;
     }},
    {"loglevel", [](const State& state) { return state.process.log_level; }, set_log_level},
};

const OptionRow* find_row(std::string_view name) {
  for (const OptionRow& row : kRows)
    if (equals_ignore_case(row.name, name)) return &row;
  return nullptr;
}

// What is wrong with `SET <option> <value> ...` as a whole; nothing: all can be tried.
std::optional<std::string> wrong_arguments(Argv pairs) {
  std::vector<std::string> seen;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const std::string name(pairs[i]);
    if (find_row(name) == nullptr)
      return "ERR Invalid argument '" + name + "' to SENTINEL CONFIG SET";
    if (std::ranges::find(seen, to_lower(name)) != seen.end())
      return "ERR Duplicate argument '" + name + "' to SENTINEL CONFIG SET";
    if (i + 1 == pairs.size()) return "ERR Missing argument '" + name + "' value";
    seen.push_back(to_lower(name));
  }
  return std::nullopt;
}

bool set_options(State& state, Argv pairs, resp::ReplyWriter& reply) {
  if (const std::optional<std::string> wrong = wrong_arguments(pairs)) {
    reply.error(*wrong);
    return false;
  }
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (find_row(pairs[i])->set(state, pairs[i + 1])) {
      save_config(state);
      continue;
    }
    reply.error("ERR Invalid value '" + std::string(pairs[i + 1]) + "' to SENTINEL CONFIG SET '" +
                std::string(pairs[i]) + "'");
    return false;
  }
  reply.ok();
  return true;
}

void get_options(const State& state, Argv patterns, resp::ReplyWriter& reply) {
  const resp::ReplyWriter::Mark begin = reply.begin();
  size_t count = 0;
  for (const OptionRow& row : kRows) {
    const bool is_asked = std::ranges::any_of(
        patterns, [&](std::string_view pattern) { return glob_match(pattern, row.name, true); });
    if (!is_asked) continue;
    reply.bulk(row.name);
    reply.bulk(row.get(state));
    ++count;
  }
  reply.end_map(begin, count);
}

}  // namespace

bool config_command(State& state, std::span<const std::string_view> argv,
                    resp::ReplyWriter& reply) {
  if (equals_ignore_case(argv[2], "set") && argv.size() >= 5)
    return set_options(state, argv.subspan(3), reply);
  if (equals_ignore_case(argv[2], "get") && argv.size() >= 4) {
    get_options(state, argv.subspan(3), reply);
  } else {
    reply.error(kUsage);
  }
  return false;
}

}  // namespace kvstash::sentinel
