#include "sentinel/command.h"

#include "base/glob.h"
#include "base/numbers.h"
#include "base/text.h"
#include "sentinel/connections.h"
#include "sentinel/down_state.h"
#include "sentinel/election.h"
#include "sentinel/failover.h"
#include "sentinel/hello.h"
#include "sentinel/reconfiguration.h"
#include "sentinel/replica_choice.h"
#include "sentinel/report.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::sentinel {
namespace {

using Argv = std::span<const std::string_view>;
using Writer = resp::ReplyWriter;

constexpr int64_t kPortMax = 65535;

constexpr std::string_view kHelp[] = {
    "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CKQUORUM <master-name>",
    "    Check if the current Sentinel configuration is able to reach the quorum",
    "    needed to failover a master and the majority needed to authorize the",
    "    failover.",
    "CONFIG SET <param> <value>",
    "    Set a global Sentinel configuration parameter.",
    "CONFIG GET <param>",
    "    Get global Sentinel configuration parameter.",
    "DEBUG [<param> <value> ...]",
    "    Show a list of configurable time parameters and their values (milliseconds).",
    "    Or update current configurable parameters values (one or more).",
    "GET-MASTER-ADDR-BY-NAME <master-name>",
    "    Return the ip and port number of the master with that name.",
    "FAILOVER <master-name>",
    "    Manually failover a master node without asking for agreement from other",
    "    Sentinels",
    "FLUSHCONFIG",
    "    Force Sentinel to rewrite its configuration on disk, including the current",
    "    Sentinel state.",
    "INFO-CACHE <master-name>",
    "    Return last cached INFO output from masters and all its replicas.",
    "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
    "    Check if the master specified by ip:port is down from current Sentinel's",
    "    point of view.",
    "MASTER <master-name>",
    "    Show the state and info of the specified master.",
    "MASTERS",
    "    Show a list of monitored masters and their state.",
    "MONITOR <name> <ip> <port> <quorum>",
    "    Start monitoring a new master with the specified name, ip, port and quorum.",
    "MYID",
    "    Return the ID of the Sentinel instance.",
    "PENDING-SCRIPTS",
    "    Get pending scripts information.",
    "REMOVE <master-name>",
    "    Remove master from Sentinel's monitor list.",
    "REPLICAS <master-name>",
    "    Show a list of replicas for this master and their state.",
    "RESET <pattern>",
    "    Reset masters for specific master name matching this pattern.",
    "SENTINELS <master-name>",
    "    Show a list of Sentinel instances for this master and their state.",
    "SET <master-name> <option> <value> [<option> <value> ...]",
    "    Set configuration parameters for certain masters.",
    "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
    "    Simulate a Sentinel crash.",
    "HELP",
    "    Prints this help.",
};

// The primary of a name; without it the error is written.
Monitored* group_or_error(State& state, std::string_view name, Writer& reply) {
  Monitored* group = find_group(state, name);
  if (group == nullptr) reply.error("ERR No such master with that name");
  return group;
}

bool ok_and_save(State& state, Writer& reply) {
  save_config(state);
  reply.ok();
  return true;
}

// --- Looking ------------------------------------------------------------------------------------

bool help(State&, Argv, Writer& reply) {
  reply.array(std::size(kHelp));
  for (const std::string_view line : kHelp)
    reply.simple(line);
  return false;
}

bool my_id(State& state, Argv, Writer& reply) {
  reply.bulk(state.my_id);
  return false;
}

bool masters(State& state, Argv, Writer& reply) {
  reply.array(state.groups.size());
  for (const auto& group : state.groups)
    write_instance(state, group->primary, reply);
  return false;
}

bool master(State& state, Argv argv, Writer& reply) {
  if (const Monitored* group = group_or_error(state, argv[2], reply))
    write_instance(state, group->primary, reply);
  return false;
}

bool replicas(State& state, Argv argv, Writer& reply) {
  if (const Monitored* group = group_or_error(state, argv[2], reply))
    write_instances(state, group->replicas, reply);
  return false;
}

bool sentinels(State& state, Argv argv, Writer& reply) {
  if (const Monitored* group = group_or_error(state, argv[2], reply))
    write_instances(state, group->sentinels, reply);
  return false;
}

bool get_master_addr(State& state, Argv argv, Writer& reply) {
  const Monitored* group = find_group(state, argv[2]);
  if (group == nullptr) {
    reply.null_array();
    return false;
  }
  const Address& address = current_primary(*group);
  reply.array(2);
  reply.bulk(shown_host(state, address));
  reply.bulk_int64(address.port);
  return false;
}

bool info_cache(State& state, Argv argv, Writer& reply) {
  std::vector<const Monitored*> groups;
  for (const auto& group : state.groups) {
    const Argv names = argv.subspan(2);
    if (std::ranges::find(names, std::string_view(group->name)) != names.end())
      groups.push_back(group.get());
  }
  write_info_cache(state, groups, reply);
  return false;
}

bool pending_scripts(State& state, Argv, Writer& reply) {
  write_scripts(state, reply);
  return false;
}

bool ck_quorum(State& state, Argv argv, Writer& reply) {
  const Monitored* group = group_or_error(state, argv[2], reply);
  if (group == nullptr) return false;
  const Reachable reachable = reachable_sentinels(*group);
  const std::string usable = std::to_string(reachable.usable) + " usable Sentinels. ";
  if (reachable.has_quorum && reachable.has_majority) {
    reply.simple("OK " + usable + "Quorum and failover authorization can be reached");
    return false;
  }
  std::string text = "NOQUORUM " + usable;
  if (!reachable.has_quorum)
    text += "Not enough available Sentinels to reach the specified quorum for this master";
  if (!reachable.has_quorum && !reachable.has_majority) text += ". ";
  if (!reachable.has_majority)
    text += "Not enough available Sentinels to reach the majority and authorize a failover";
  reply.error(text);
  return false;
}

// --- Talk between sentinels ---------------------------------------------------------------------

// SENTINEL IS-MASTER-DOWN-BY-ADDR <ip> <port> <epoch> <id or *>: whether we find the primary down,
// and our vote if one is asked for.
bool is_master_down(State& state, Argv argv, Writer& reply) {
  const std::optional<int64_t> port = parse_int64(argv[3]);
  const std::optional<int64_t> epoch = parse_int64(argv[4]);
  if (!port || !epoch) {
    reply.error("ERR value is not an integer or out of range");
    return false;
  }
  Monitored* group = find_group_at(state, argv[2], *port);
  const bool is_down = !state.is_tilted && group != nullptr && group->primary.is_subjectively_down;
  std::string leader;
  if (group != nullptr && argv[5] != "*" && *epoch >= 0)
    leader = vote(state, *group, static_cast<uint64_t>(*epoch), argv[5]);
  reply.array(3);
  reply.integer(is_down ? 1 : 0);
  reply.bulk(leader.empty() ? "*" : leader);
  reply.integer(leader.empty() ? 0 : static_cast<int64_t>(group->leader_epoch));
  return false;
}

// SENTINEL KVSTASH-LEADER <name> <epoch> <id>: a kvstash peer was elected.
bool kvstash_leader(State& state, Argv argv, Writer& reply) {
  Monitored* group = group_or_error(state, argv[2], reply);
  if (group == nullptr) return false;
  const std::optional<uint64_t> epoch = parse_uint64(argv[3]);
  if (!epoch || *epoch > kEpochMax) {
    reply.error("ERR value is not an integer or out of range");
    return false;
  }
  const std::string id(argv[4]);
  if (find_sentinel(*group, nullptr, &id) != nullptr) leader_announced(state, *group, id, *epoch);
  reply.ok();
  return false;
}

// --- Changing -----------------------------------------------------------------------------------

bool monitor(State& state, Argv argv, Writer& reply) {
  const std::optional<int64_t> quorum = parse_int64(argv[5]);
  const std::optional<int64_t> port = parse_int64(argv[4]);
  const auto refuse = [&](std::string_view why) {
    reply.error(why);
    return false;
  };
  if (!quorum) return refuse("ERR Invalid quorum");
  if (!port) return refuse("ERR Invalid port");
  if (*quorum <= 0) return refuse("ERR Quorum must be 1 or greater.");
  if (!state.options.resolve_hostnames && !is_ip(argv[3]))
    return refuse("ERR Invalid IP address or hostname specified");
  if (*port < 0 || *port > kPortMax) return refuse("ERR Invalid port number.");
  if (find_group(state, argv[2]) != nullptr) return refuse("ERR Duplicate master name.");
  const Monitored& group = add_group(
      state, {.name = argv[2], .address = locate(state, argv[3], *port), .quorum = *quorum});
  announce(state, LogLevel::kWarning, "+monitor", group.primary,
           "quorum " + std::to_string(*quorum));
  return ok_and_save(state, reply);
}

bool remove(State& state, Argv argv, Writer& reply) {
  Monitored* group = group_or_error(state, argv[2], reply);
  if (group == nullptr) return false;
  announce(state, LogLevel::kWarning, "-monitor", group->primary);
  remove_group(state, *group);
  return ok_and_save(state, reply);
}

bool reset(State& state, Argv argv, Writer& reply) {
  int64_t count = 0;
  for (const auto& group : state.groups) {
    if (!glob_match(argv[2], group->name)) continue;
    reset_group(state, *group, ResetScope::kAll);
    announce(state, LogLevel::kWarning, "+reset-master", group->primary);
    ++count;
  }
  if (count > 0) save_config(state);  // Redis forgets it only until the next restart.
  reply.integer(count);
  return false;
}

bool failover(State& state, Argv argv, Writer& reply) {
  Monitored* group = group_or_error(state, argv[2], reply);
  if (group == nullptr) return false;
  if (group->failover.is_under_way()) {
    reply.error("INPROG Failover already in progress");
    return false;
  }
  if (choose_replica(state, *group) == nullptr) {
    reply.error("NOGOODSLAVE No suitable replica to promote");
    return false;
  }
  write_log(state, LogLevel::kWarning,
            "Executing user requested FAILOVER of '" + group->name + "'");
  start_failover(state, *group);
  group->failover.is_forced = true;
  ask_peers(state, *group, true);
  if (!state.is_tilted) advance_failover(state, *group);
  reply.ok();
  return false;
}

bool flush_config(State& state, Argv, Writer& reply) {
  return ok_and_save(state, reply);
}

bool simulate_failure(State& state, Argv argv, Writer& reply) {
  state.simulated_failures = 0;
  for (const std::string_view word : argv.subspan(2)) {
    if (equals_ignore_case(word, "crash-after-election")) {
      state.simulated_failures |= kCrashAfterElection;
      write_log(state, LogLevel::kWarning,
                "Failure simulation: this Sentinel will crash after being successfully elected as "
                "failover leader");
    } else if (equals_ignore_case(word, "crash-after-promotion")) {
      state.simulated_failures |= kCrashAfterPromotion;
      write_log(state, LogLevel::kWarning,
                "Failure simulation: this Sentinel will crash after promoting the selected replica "
                "to master");
    } else if (equals_ignore_case(word, "help")) {
      reply.array(2);
      reply.bulk("crash-after-election");
      reply.bulk("crash-after-promotion");
      return false;
    } else {
      reply.error("ERR Unknown failure simulation specified");
      return false;
    }
  }
  reply.ok();
  return false;
}

const PeriodRow* find_period(std::string_view name) {
  for (const PeriodRow& row : period_rows())
    if (equals_ignore_case(row.name, name)) return &row;
  return nullptr;
}

// SENTINEL DEBUG shows the periods, or changes those named. What stands before a wrong one is done.
bool debug(State& state, Argv argv, Writer& reply) {
  if (argv.size() == 2) {
    reply.map(period_rows().size());
    for (const PeriodRow& row : period_rows()) {
      reply.bulk(row.name);
      reply.bulk_int64((state.periods.*row.value).count());
    }
    return false;
  }
  for (size_t i = 2; i < argv.size(); i += 2) {
    const std::string name(argv[i]);
    const PeriodRow* row = find_period(name);
    if (row == nullptr || i + 1 >= argv.size()) {
      reply.error("ERR Unknown option or number of arguments for SENTINEL DEBUG '" + name + "'");
      return false;
    }
    const std::optional<int64_t> value = parse_int64(argv[i + 1]);
    if (!value || *value <= 0 || *value > kOptionMsMax) {
      reply.error("ERR Invalid argument '" + std::string(argv[i + 1]) + "' for SENTINEL DEBUG '" +
                  name + "'");
      return false;
    }
    state.periods.*row->value = Duration(*value);
  }
  reply.ok();
  return false;
}

// --- The table ----------------------------------------------------------------------------------

struct SubcommandRow {
  std::string_view name;
  size_t words;     // With SENTINEL itself.
  bool takes_more;  // `words` or more.
  bool (*run)(State&, Argv, Writer&);
};

constexpr SubcommandRow kRows[] = {
    {"ckquorum", 3, false, ck_quorum},
    {"config", 3, true, config_command},
    {"debug", 2, true, debug},
    {"failover", 3, false, failover},
    {"flushconfig", 2, false, flush_config},
    {"get-master-addr-by-name", 3, false, get_master_addr},
    {"help", 2, false, help},
    {"info-cache", 3, true, info_cache},
    {"is-master-down-by-addr", 6, false, is_master_down},
    {"kvstash-leader", 5, false, kvstash_leader},
    {"master", 3, false, master},
    {"masters", 2, false, masters},
    {"monitor", 6, false, monitor},
    {"myid", 2, false, my_id},
    {"pending-scripts", 2, false, pending_scripts},
    {"remove", 3, false, remove},
    {"replicas", 3, false, replicas},
    {"reset", 3, false, reset},
    {"sentinels", 3, false, sentinels},
    {"set", 5, true, set_command},
    {"simulate-failure", 3, true, simulate_failure},
    {"slaves", 3, false, replicas},
};

}  // namespace

bool run_command(State& state, std::span<const std::string_view> argv, resp::ReplyWriter& reply) {
  if (argv.size() < 2) {
    reply.error("ERR wrong number of arguments for 'sentinel' command");
    return false;
  }
  for (const SubcommandRow& row : kRows) {
    if (!equals_ignore_case(row.name, argv[1])) continue;
    if (argv.size() < row.words || (argv.size() > row.words && !row.takes_more)) {
      reply.error("ERR wrong number of arguments for 'sentinel|" + std::string(row.name) +
                  "' command");
      return false;
    }
    return row.run(state, argv, reply);
  }
  reply.error("ERR unknown subcommand '" + std::string(argv[1].substr(0, 128)) +
              "'. Try SENTINEL HELP.");
  return false;
}

}  // namespace kvstash::sentinel
