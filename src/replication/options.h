// ReplicationOptions: what an operator may choose about replicas and the primary of this node.
//
// A plain value; server/directives_replication.cc gives every field its redis.conf name. Options
// change only while every shard is held; threads of this room that need one get a copy.
#pragma once

#include <cstdint>
#include <string>

namespace kvstash::replication {

enum class DisklessLoad : uint8_t { kDisabled, kOnEmptyDb, kSwapdb };

struct ReplicationOptions {
  std::string primary_host;  // Empty: this server is a primary.
  int64_t primary_port = 0;
  std::string masteruser;
  std::string masterauth;
  bool replica_serve_stale_data = true;
  bool replica_read_only = true;
  bool replica_lazy_flush = false;
  bool replica_ignore_maxmemory = true;
  bool replica_ignore_disk_write_errors = false;
  bool replica_announced = true;
  bool replica_accept_empty_primary = false;
  int64_t replica_priority = 100;
  std::string replica_announce_ip;
  int64_t replica_announce_port = 0;
  int64_t min_replicas_to_write = 0;
  int64_t min_replicas_max_lag_s = 10;
  uint64_t repl_backlog_size = uint64_t{1} << 20;
  int64_t repl_backlog_ttl_s = 3600;
  bool repl_diskless_sync = true;
  int64_t repl_diskless_sync_delay_s = 5;
  int64_t repl_diskless_sync_max_replicas = 0;
  DisklessLoad repl_diskless_load = DisklessLoad::kDisabled;
  bool repl_disable_tcp_nodelay = false;
  int64_t repl_ping_replica_period_s = 10;
  int64_t repl_timeout_s = 60;

  bool operator==(const ReplicationOptions&) const = default;
};

}  // namespace kvstash::replication
