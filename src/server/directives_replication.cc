#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kDisklessLoadWords[] = {
    {"disabled", static_cast<int64_t>(DisklessLoad::kDisabled)},
    {"on-empty-db", static_cast<int64_t>(DisklessLoad::kOnEmptyDb)},
    {"swapdb", static_cast<int64_t>(DisklessLoad::kSwapdb)},
};

constexpr Directive kRows[] = {
    {.name = "replicaof",
     .kind = kSpecial,
     .slot = kReplicaofSlot,
     .about = "Follow this primary: host and port. Unset: be a primary. At run time the command "
              "REPLICAOF changes it.",
     .alias = "slaveof",
     .flags = kImmutable | kMultiArg},
    {.name = "masterauth",
     .kind = kString,
     .slot = field<&ReplicationOptions::masterauth>,
     .about = "The password to give to the primary.",
     .flags = kSensitive},
    {.name = "masteruser",
     .kind = kString,
     .slot = field<&ReplicationOptions::masteruser>,
     .about = "The ACL user to log in as at the primary. Empty: the default user.",
     .flags = kSensitive},
    {.name = "replica-serve-stale-data",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_serve_stale_data>,
     .about = "Answer from a replica that has lost its primary, with what may be old. no: answer "
              "MASTERDOWN.",
     .alias = "slave-serve-stale-data"},
    {.name = "replica-read-only",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_read_only>,
     .about = "Refuse writes on a replica, where they would be lost at the next full sync.",
     .alias = "slave-read-only"},
    {.name = "replica-lazy-flush",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_lazy_flush>,
     .about = "Before a full sync, free the old data in the background.",
     .alias = "slave-lazy-flush"},
    {.name = "replica-ignore-maxmemory",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_ignore_maxmemory>,
     .about = "Leave eviction to the primary, whose deletions the replica follows, so that both "
              "have the same data.",
     .alias = "slave-ignore-maxmemory"},
    {.name = "replica-ignore-disk-write-errors",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_ignore_disk_write_errors>,
     .about = "Go on following when the replica cannot write to its own disk. no: stop, rather "
              "than diverge."},
    {.name = "replica-accept-empty-primary",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_accept_empty_primary>,
     .about = "Drop all data when the primary, to which a replica has connected again by itself, "
              "has come back without any. no: keep the data, which may be the last copy, log a "
              "warning, and try again each second, until REPLICAOF is said once more."},
    {.name = "replica-announced",
     .kind = kBool,
     .slot = field<&ReplicationOptions::replica_announced>,
     .about = "Let Sentinel tell clients of this replica."},
    {.name = "replica-priority",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::replica_priority>,
     .about = "Which replica Sentinel promotes: the lowest number first, and 0 never.",
     .alias = "slave-priority",
     .max = kIntMax},
    {.name = "replica-announce-ip",
     .kind = kString,
     .slot = field<&ReplicationOptions::replica_announce_ip>,
     .about = "The address to tell the primary, where containers or NAT hide the real one.",
     .alias = "slave-announce-ip"},
    {.name = "replica-announce-port",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::replica_announce_port>,
     .about = "The port to tell the primary, for the same reason. 0: the one listened on.",
     .alias = "slave-announce-port",
     .max = 65535},
    {.name = "min-replicas-to-write",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::min_replicas_to_write>,
     .about = "Refuse writes while fewer replicas than this keep up, so that a primary cut off "
              "from the rest stops soon. 0: off.",
     .alias = "min-slaves-to-write",
     .max = kIntMax},
    {.name = "min-replicas-max-lag",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::min_replicas_max_lag_s>,
     .about = "Seconds since a replica was last heard of within which it counts as keeping up.",
     .alias = "min-slaves-max-lag",
     .max = kIntMax},
    {.name = "repl-backlog-size",
     .kind = kMemory,
     .slot = field<&ReplicationOptions::repl_backlog_size>,
     .about = "Bytes of recent changes kept in memory for replicas that were away for a moment, "
              "so that they need not copy everything again.",
     .min = 1,
     .max = kInt64Max},
    {.name = "repl-backlog-ttl",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::repl_backlog_ttl_s>,
     .about = "Seconds without any replica after which that memory is given back. 0: never.",
     .max = kInt64Max},
    {.name = "repl-diskless-sync",
     .kind = kBool,
     .slot = field<&ReplicationOptions::repl_diskless_sync>,
     .about = "Send a full sync straight from memory to the sockets, without a file between."},
    {.name = "repl-diskless-sync-delay",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::repl_diskless_sync_delay_s>,
     .about = "Seconds to wait before it starts, so that replicas that come together share one "
              "transfer.",
     .max = kIntMax},
    {.name = "repl-diskless-sync-max-replicas",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::repl_diskless_sync_max_replicas>,
     .about = "Do not wait longer once so many replicas are there. 0: wait the whole delay.",
     .max = kIntMax},
    {.name = "repl-diskless-load",
     .kind = kEnum,
     .slot = enum_field<&ReplicationOptions::repl_diskless_load>,
     .about = "How a replica takes a full sync: disabled goes through a file, on-empty-db reads "
              "from the socket when there is nothing to lose, swapdb reads beside the old data "
              "and needs memory for both.",
     .flags = kDenyLoading,
     .words = kDisklessLoadWords},
    {.name = "repl-disable-tcp-nodelay",
     .kind = kBool,
     .slot = field<&ReplicationOptions::repl_disable_tcp_nodelay>,
     .about = "Let the kernel gather small packets to replicas: less traffic, up to 40 ms more "
              "delay."},
    {.name = "repl-ping-replica-period",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::repl_ping_replica_period_s>,
     .about = "Seconds between a primary's signs of life to its replicas.",
     .alias = "repl-ping-slave-period",
     .min = 1,
     .max = kIntMax},
    {.name = "repl-timeout",
     .kind = kInteger,
     .slot = field<&ReplicationOptions::repl_timeout_s>,
     .about = "Seconds of silence after which either side gives the connection up. Must be more "
              "than the period of the signs of life.",
     .min = 1,
     .max = kIntMax},
};

}  // namespace

DirectiveGroup replication_directives() {
  return {"Replication", "Copies of the data on other machines.", kRows};
}

}  // namespace kvstash::server
