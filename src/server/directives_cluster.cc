#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kEndpointWords[] = {
    {"ip", static_cast<int64_t>(EndpointType::kIp)},
    {"hostname", static_cast<int64_t>(EndpointType::kHostname)},
    {"unknown-endpoint", static_cast<int64_t>(EndpointType::kUnknownEndpoint)},
};

constexpr size_t kHostnameBytesMax = 255;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Status check_hostname(Words words, SetFrom) {
  if (words[0].size() > kHostnameBytesMax)
    return Error::literal("Hostnames must be less than 256 characters");
  for (const char c : words[0])
    if (!is_letter_or_digit(c) && c != '-' && c != '.')
      return Error::literal("Hostnames may only contain alphanumeric characters, hyphens or dots");
  return {};
}

// The lines of CLUSTER NODES contain the name, so it must not contain their separators.
Status check_nodename(Words words, SetFrom) {
  constexpr std::string_view kMarks = "!#$%&()*+:;<>?@[]^{|}~,= \t\r\n";
  if (words[0].size() > kHostnameBytesMax || words[0].find_first_of(kMarks) != words[0].npos)
    return Error::literal("Announced human node name contained invalid character");
  return {};
}

constexpr Directive kRows[] = {
    {.name = "cluster-enabled",
     .kind = kBool,
     .slot = field<&ClusterOptions::enabled>,
     .about = "Be a node of a cluster, which shares the keys out over many servers.",
     .flags = kImmutable},
    {.name = "cluster-config-file",
     .kind = kString,
     .slot = field<&ClusterOptions::config_file>,
     .about = "Where the node keeps what it knows of the cluster. The node writes it; do not "
              "edit it, and give every node its own.",
     .flags = kImmutable},
    {.name = "cluster-port",
     .kind = kInteger,
     .slot = field<&ClusterOptions::port>,
     .about = "The port on which nodes talk to each other. 0: the clients' port plus 10000.",
     .flags = kImmutable,
     .max = 65535},
    {.name = "cluster-node-timeout",
     .kind = kInteger,
     .slot = field<&ClusterOptions::node_timeout_ms>,
     .about = "Milliseconds of silence after which a node counts as failing. Shorter heals "
              "faster and is fooled more easily.",
     .max = kInt64Max},
    {.name = "cluster-replica-validity-factor",
     .kind = kInteger,
     .slot = field<&ClusterOptions::replica_validity_factor>,
     .about = "A replica out of touch for longer than this many node timeouts does not stand for "
              "election: its data is too old. 0: it always does.",
     .alias = "cluster-slave-validity-factor",
     .max = kIntMax},
    {.name = "cluster-migration-barrier",
     .kind = kInteger,
     .slot = field<&ClusterOptions::migration_barrier>,
     .about = "Replicas that a primary must keep before one of them moves to a primary without "
              "any.",
     .max = kIntMax},
    {.name = "cluster-allow-replica-migration",
     .kind = kBool,
     .slot = field<&ClusterOptions::allow_replica_migration>,
     .about = "Let replicas move to primaries without any."},
    {.name = "cluster-require-full-coverage",
     .kind = kBool,
     .slot = field<&ClusterOptions::require_full_coverage>,
     .about = "Refuse all queries while some slot is served by nobody. no: serve what there is."},
    {.name = "cluster-allow-reads-when-down",
     .kind = kBool,
     .slot = field<&ClusterOptions::allow_reads_when_down>,
     .about = "Answer reads while the cluster is down, with what may be old."},
    {.name = "cluster-allow-pubsubshard-when-down",
     .kind = kBool,
     .slot = field<&ClusterOptions::allow_pubsubshard_when_down>,
     .about = "Go on with sharded channels while the cluster is down."},
    {.name = "cluster-replica-no-failover",
     .kind = kBool,
     .slot = field<&ClusterOptions::replica_no_failover>,
     .about = "Never let this replica become a primary by itself.",
     .alias = "cluster-slave-no-failover"},
    {.name = "cluster-link-sendbuf-limit",
     .kind = kMemory,
     .slot = field<&ClusterOptions::link_sendbuf_limit_bytes>,
     .about = "Bytes that may wait to be sent to another node; more closes the link, which opens "
              "again. 0: no limit.",
     .max = kInt64Max},
    {.name = "cluster-announce-ip",
     .kind = kString,
     .slot = field<&ClusterOptions::announce_ip>,
     .about = "The address to tell others, where containers or NAT hide the real one."},
    {.name = "cluster-announce-port",
     .kind = kInteger,
     .slot = field<&ClusterOptions::announce_port>,
     .about = "The clients' port to tell others. 0: the one listened on.",
     .max = 65535},
    {.name = "cluster-announce-tls-port",
     .kind = kInteger,
     .slot = field<&ClusterOptions::announce_tls_port>,
     .about = "The clients' TLS port to tell others. 0: the one listened on.",
     .max = 65535},
    {.name = "cluster-announce-bus-port",
     .kind = kInteger,
     .slot = field<&ClusterOptions::announce_bus_port>,
     .about = "The nodes' port to tell others. 0: the one listened on.",
     .max = 65535},
    {.name = "cluster-announce-hostname",
     .kind = kString,
     .slot = field<&ClusterOptions::announce_hostname>,
     .about = "The host name to tell others, for clients that check certificates by name.",
     .check = check_hostname},
    {.name = "cluster-announce-human-nodename",
     .kind = kString,
     .slot = field<&ClusterOptions::announce_human_nodename>,
     .about = "A name for people, shown in logs beside the node's id.",
     .check = check_nodename},
    {.name = "cluster-preferred-endpoint-type",
     .kind = kEnum,
     .slot = enum_field<&ClusterOptions::preferred_endpoint_type>,
     .about = "What clients are told to connect to: ip, hostname, or unknown-endpoint for \"the "
              "host you already talk to\".",
     .words = kEndpointWords},
};

}  // namespace

DirectiveGroup cluster_directives() {
  return {"Cluster", "Many servers that share one key space.", kRows};
}

}  // namespace kvstash::server
