// Options: what an operator chose, for all that is watched and for each primary.
#pragma once

#include "sentinel/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

// Lines `sentinel <option> <value>`.
struct SentinelOptions {
  bool deny_scripts_reconfig = true;
  bool resolve_hostnames = false;
  bool announce_hostnames = false;
  std::string announce_ip;
  int64_t announce_port = 0;  // 0: the port that we listen on.
  std::string sentinel_user;
  std::string sentinel_pass;  // Empty: `requirepass` of this sentinel serves for its peers as well.

  bool operator==(const SentinelOptions&) const = default;
};

inline constexpr Duration kDownAfterDefault{30'000};
inline constexpr Duration kFailoverTimeoutDefault{180'000};
inline constexpr int64_t kParallelSyncsDefault = 1;
// Times that an operator may choose are bounded, so that sums of them never overflow.
inline constexpr int64_t kOptionMsMax = int64_t{1} << 45;

// Lines `sentinel <option> <name> <value>`.
struct MonitorOptions {
  int64_t quorum = 1;
  Duration down_after = kDownAfterDefault;
  Duration failover_timeout = kFailoverTimeoutDefault;
  int64_t parallel_syncs = kParallelSyncsDefault;
  std::string notification_script;
  std::string client_reconfig_script;
  std::string auth_user;
  std::string auth_pass;
  Duration reboot_down_after{0};  // 0: a primary that was restarted is not taken for down.
  std::map<std::string, std::string> renamed;  // Command in upper case -> its name on the nodes.

  // The name under which the nodes know `command`.
  std::string name_of(std::string_view command) const;

  bool operator==(const MonitorOptions&) const = default;
};

}  // namespace kvstash::sentinel
