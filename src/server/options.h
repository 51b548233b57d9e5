// ServerOptions: every choice an operator can make, as one plain value.
//
// It has the rooms' options, plus what belongs to the process, to persistence, replication and
// cluster. The initialisers are the defaults; names, ranges and documentation are in
// server/directives.h. To change options, copy them, change the copy with `set` or `apply`, and
// replace the whole value: no field changes while someone reads it.
#pragma once

#include "base/log.h"
#include "engine/options.h"
#include "net/options.h"
#include "persist/options.h"
#include "replication/options.h"
#include "server/environment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kvstash::server {

enum class Supervised : uint8_t { kNo, kUpstart, kSystemd, kAuto };
enum class OomScoreAdj : uint8_t { kNo, kRelative, kAbsolute };

// How a signal shuts the server down, as bits; no bit set is "default".
namespace shutdown_mode {
inline constexpr uint32_t kDefault = 0;
inline constexpr uint32_t kSave = 1u << 0;
inline constexpr uint32_t kNoSave = 1u << 1;
inline constexpr uint32_t kNow = 1u << 2;
inline constexpr uint32_t kForce = 1u << 3;
}  // namespace shutdown_mode

// The process: how it runs, where it logs, how it ends.
struct ProcessOptions {
  bool daemonize = false;
  Supervised supervised = Supervised::kNo;
  std::string pidfile;
  std::string dir = ".";  // Working directory; absolute once loaded.
  LogLevel loglevel = LogLevel::kNotice;
  LogFormat log_format = LogFormat::kText;
  std::string logfile;  // Empty: standard output.
  bool syslog_enabled = false;
  std::string syslog_ident = "redis";  // The name that log collectors already match.
  int64_t syslog_facility = 16 << 3;   // local0, as openlog(3) takes it.
  bool always_show_logo = false;
  bool set_proc_title = true;
  std::string proc_title_template = "{title} {listen-addr} {server-mode}";
  bool crash_log_enabled = true;
  bool crash_memcheck_enabled = true;
  bool use_exit_on_panic = false;
  bool disable_thp = true;
  OomScoreAdj oom_score_adj = OomScoreAdj::kNo;
  int64_t oom_score_adj_values[3] = {0, 200, 800};  // For a primary, a replica, a background child.
  int64_t shutdown_timeout_s = 10;
  uint32_t shutdown_on_sigint = shutdown_mode::kDefault;
  uint32_t shutdown_on_sigterm = shutdown_mode::kDefault;
  int64_t watchdog_period_ms = 0;
  std::string ignore_warnings;
  std::string server_cpulist;
  std::string bio_cpulist;
  std::string aof_rewrite_cpulist;
  std::string bgsave_cpulist;

  bool operator==(const ProcessOptions&) const = default;
};

using persist::FsyncPolicy;
using persist::PersistOptions;
using persist::SavePoint;

using replication::DisklessLoad;
using replication::ReplicationOptions;

enum class EndpointType : uint8_t { kIp, kHostname, kUnknownEndpoint };

struct ClusterOptions {
  bool enabled = false;
  std::string config_file = "nodes.conf";
  int64_t port = 0;  // Port of the bus; 0: the data port + 10000.
  int64_t node_timeout_ms = 15'000;
  int64_t replica_validity_factor = 10;
  int64_t migration_barrier = 1;
  bool allow_replica_migration = true;
  bool require_full_coverage = true;
  bool allow_reads_when_down = false;
  bool allow_pubsubshard_when_down = true;
  bool replica_no_failover = false;
  uint64_t link_sendbuf_limit_bytes = 0;
  std::string announce_ip;
  std::string announce_hostname;
  std::string announce_human_nodename;
  int64_t announce_port = 0;
  int64_t announce_tls_port = 0;
  int64_t announce_bus_port = 0;
  EndpointType preferred_endpoint_type = EndpointType::kIp;

  bool operator==(const ClusterOptions&) const = default;
};

// Directives that have an effect in other servers and that this one only stores: CONFIG GET returns
// the value that was set, and loading logs one line that says why it has no effect.
struct InertOptions {
  bool activedefrag = false;
  uint64_t active_defrag_ignore_bytes = uint64_t{100} << 20;
  int64_t active_defrag_threshold_lower = 10;
  int64_t active_defrag_threshold_upper = 100;
  int64_t active_defrag_cycle_min = 1;
  int64_t active_defrag_cycle_max = 25;
  int64_t active_defrag_max_scan_fields = 1000;
  int64_t io_threads = 1;
  bool io_threads_do_reads = false;
  bool jemalloc_bg_thread = true;

  bool operator==(const InertOptions&) const = default;
};

// One `rename-command` line. If `to` is empty the command is disabled.
struct RenamedCommand {
  std::string from;
  std::string to;

  bool operator==(const RenamedCommand&) const = default;
};

struct ServerOptions {
  engine::EngineOptions engine;
  net::NetOptions net;
  ProcessOptions process;
  PersistOptions persist;
  ReplicationOptions replication;
  ClusterOptions cluster;
  InertOptions inert;

  // Lines that CONFIG GET does not show, in the order given.
  std::vector<std::vector<std::string>> users;  // `user` lines: the name, then its ACL rules.
  std::vector<RenamedCommand> renamed_commands;

  // The process is a sentinel: it watches others, and has no data (kvstash --sentinel).
  bool is_sentinel = false;
  std::string config_file;  // Absolute path of the file read at start; empty: none.
  // Where and how the program was started. A reload needs these: the command line and environment
  // of the start still win over the file, and relative paths are still resolved from here.
  std::string start_directory;
  std::vector<EnvironmentLine> start_environment;
  std::vector<std::vector<std::string>> start_arguments;

  bool operator==(const ServerOptions&) const = default;
};

}  // namespace kvstash::server
