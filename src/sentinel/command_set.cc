// SENTINEL SET: the options of one primary.
#include "base/numbers.h"
#include "base/text.h"
#include "sentinel/command.h"
#include "sentinel/connections.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::sentinel {
namespace {

using Argv = std::span<const std::string_view>;

// What setting an option led to.
enum class Outcome : uint8_t { kSet, kBadValue, kDenied, kNoScript };

struct Setting {
  State& state;
  Monitored& group;
};

using SetOption = Outcome (*)(Setting&, Argv values);

// A number of at least `least`.
std::optional<int64_t> parse_at_least(std::string_view text, int64_t least) {
  const std::optional<int64_t> value = parse_int64(text);
  if (!value || *value < least || *value > kOptionMsMax) return std::nullopt;
  return value;
}

Outcome set_ms(Duration& option, std::string_view text, int64_t least) {
  const std::optional<int64_t> value = parse_at_least(text, least);
  if (!value) return Outcome::kBadValue;
  option = Duration(*value);
  return Outcome::kSet;
}

Outcome set_count(int64_t& option, std::string_view text) {
  const std::optional<int64_t> value = parse_at_least(text, 1);
  if (!value) return Outcome::kBadValue;
  option = *value;
  return Outcome::kSet;
}

Outcome set_script(Setting& setting, std::string& option, std::string_view path) {
  if (setting.state.options.deny_scripts_reconfig) return Outcome::kDenied;
  const std::string script(path);
  if (!script.empty() && !setting.state.can_execute(script)) return Outcome::kNoScript;
  option = script;
  return Outcome::kSet;
}

Outcome set_down_after(Setting& setting, Argv values) {
  MonitorOptions& options = setting.group.options;
  const Outcome outcome = set_ms(options.down_after, values[0], 1);
  for_each_instance(setting.group,
                    [&](Instance& instance) { instance.down_after = options.down_after; });
  return outcome;
}

Outcome set_failover_timeout(Setting& setting, Argv values) {
  return set_ms(setting.group.options.failover_timeout, values[0], 1);
}

Outcome set_parallel_syncs(Setting& setting, Argv values) {
  return set_count(setting.group.options.parallel_syncs, values[0]);
}

Outcome set_quorum(Setting& setting, Argv values) {
  return set_count(setting.group.options.quorum, values[0]);
}

Outcome set_reboot_down_after(Setting& setting, Argv values) {
  return set_ms(setting.group.options.reboot_down_after, values[0], 0);
}

Outcome set_notification_script(Setting& setting, Argv values) {
  return set_script(setting, setting.group.options.notification_script, values[0]);
}

Outcome set_reconfig_script(Setting& setting, Argv values) {
  return set_script(setting, setting.group.options.client_reconfig_script, values[0]);
}

// Data nodes are connected to anew, with the new credentials.
void drop_links_to_nodes(Setting& setting) {
  close_link(setting.state, *setting.group.primary.link);
  for (const auto& replica : setting.group.replicas)
    close_link(setting.state, *replica->link);
}

Outcome set_auth_pass(Setting& setting, Argv values) {
  setting.group.options.auth_pass = std::string(values[0]);
  drop_links_to_nodes(setting);
  return Outcome::kSet;
}

Outcome set_auth_user(Setting& setting, Argv values) {
  setting.group.options.auth_user = std::string(values[0]);
  drop_links_to_nodes(setting);
  return Outcome::kSet;
}

// A command that is renamed to itself is not renamed.
Outcome set_rename_command(Setting& setting, Argv values) {
  if (values[0].empty() || values[1].empty()) return Outcome::kBadValue;
  const std::string command = to_upper(values[0]);
  auto& renamed = setting.group.options.renamed;
  renamed.erase(command);
  if (!equals_ignore_case(values[0], values[1])) renamed.emplace(command, values[1]);
  return Outcome::kSet;
}

struct OptionRow {
  std::string_view name;
  size_t values;
  SetOption set;
  bool is_secret = false;     // Its value is not shown in events.
  std::string_view script{};  // Which script it names, for errors.
};

constexpr OptionRow kRows[] = {
    {"down-after-milliseconds", 1, set_down_after},
    {"failover-timeout", 1, set_failover_timeout},
    {"parallel-syncs", 1, set_parallel_syncs},
    {"quorum", 1, set_quorum},
    {"master-reboot-down-after-period", 1, set_reboot_down_after},
    {"notification-script", 1, set_notification_script, false, "Notification"},
    {"client-reconfig-script", 1, set_reconfig_script, false, "Client reconfiguration"},
    {"auth-pass", 1, set_auth_pass, true},
    {"auth-user", 1, set_auth_user},
    {"rename-command", 2, set_rename_command},
};

const OptionRow* find_row(std::string_view name) {
  for (const OptionRow& row : kRows)
    if (equals_ignore_case(row.name, name)) return &row;
  return nullptr;
}

std::string error_text(Outcome outcome, const OptionRow& row, std::string_view name, Argv values) {
  switch (outcome) {
    case Outcome::kDenied:
      return "ERR Reconfiguration of scripts path is denied for security reasons. Check the "
             "deny-scripts-reconfig configuration directive in your Sentinel configuration";
    case Outcome::kNoScript:
      return "ERR " + std::string(row.script) + " script seems non existing or non executable";
    case Outcome::kBadValue:
    case Outcome::kSet:
      break;
  }
  // Of two values it is the empty one that is wrong.
  const std::string_view wrong = values.size() == 2 && !values[0].empty() ? values[1] : values[0];
  return "ERR Invalid argument '" + std::string(wrong) + "' for SENTINEL SET '" +
         std::string(name) + "'";
}

void announce_set(State& state, const Monitored& group, const OptionRow& row, std::string_view name,
                  Argv values) {
  std::string text(name);
  for (const std::string_view value : values)
    text.append(" ").append(row.is_secret ? "******" : value);
  announce(state, LogLevel::kWarning, "+set", group.primary, text);
}

}  // namespace

bool set_command(State& state, std::span<const std::string_view> argv, resp::ReplyWriter& reply) {
  Monitored* group = find_group(state, argv[2]);
  if (group == nullptr) {
    reply.error("ERR No such master with that name");
    return false;
  }
  Setting setting{.state = state, .group = *group};
  for (size_t i = 3; i < argv.size();) {
    const std::string_view name = argv[i];
    const OptionRow* row = find_row(name);
    if (row == nullptr || argv.size() - i - 1 < row->values) {
      reply.error("ERR Unknown option or number of arguments for SENTINEL SET '" +
                  std::string(name) + "'");
      return false;
    }
    const Argv values = argv.subspan(i + 1, row->values);
    const Outcome outcome = row->set(setting, values);
    if (outcome != Outcome::kSet) {
      reply.error(error_text(outcome, *row, name, values));
      return false;
    }
    // What was set before an error stays, as in Redis.
    save_config(state);
    announce_set(state, *group, *row, name, values);
    i += 1 + row->values;
  }
  save_config(state);
  reply.ok();
  return true;
}

}  // namespace kvstash::sentinel
