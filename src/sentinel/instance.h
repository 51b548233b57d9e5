// Instance: one process that is watched: a primary, a replica, or another sentinel; and Monitored:
// all that belongs to one name that an operator gave, its primary, the replicas and the sentinels
// that watch it too.
//
// Plain data, changed by the functions of the other files of this room.
#pragma once

#include "sentinel/address.h"
#include "sentinel/info_text.h"
#include "sentinel/link.h"
#include "sentinel/options.h"
#include "sentinel/time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::sentinel {

struct Monitored;

enum class InstanceRole : uint8_t { kPrimary, kReplica, kSentinel };

// How far a replica's move to the new primary is, in a failover that we lead.
enum class Reconf : uint8_t { kNone, kSent, kInProgress, kDone };

// What a data node said in INFO.
struct Reported {
  std::string text{};  // The whole INFO, for SENTINEL INFO-CACHE.
  std::optional<Moment> at{};
  DataRole role = DataRole::kPrimary;
  Moment role_since{};
  Duration link_down{0};
  std::string primary_host{};
  int64_t primary_port = 0;
  bool is_link_up = false;
  Moment primary_since{};  // When what it follows changed last.
  int64_t priority = 100;
  uint64_t offset = 0;
  bool is_announced = true;
};

// What a peer said of our primary.
struct PeerSays {
  bool is_primary_down = false;
  Moment answered_at{};  // Its last answer to SENTINEL IS-MASTER-DOWN-BY-ADDR.
  std::optional<Moment> asked_at{};
  std::string leader{};  // The sentinel that it voted for; empty: none.
  uint64_t leader_epoch = 0;
  Moment hello_at{};
};

struct Instance {
  InstanceId id{};
  InstanceRole role = InstanceRole::kPrimary;
  Monitored* group = nullptr;  // What it belongs to.
  std::string name{};          // The primary's name, "ip:port" of a replica, the id of a sentinel.
  Address address{};
  std::string run_id{};  // Empty: not known.
  Link* link = nullptr;
  Duration down_after = kDownAfterDefault;

  bool is_subjectively_down = false;
  Moment subjectively_down_since{};
  bool is_objectively_down = false;  // Primaries only.
  Moment objectively_down_since{};
  // The last time of each kind, also after it is over.
  std::optional<Moment> last_down_at{};

  bool is_script_kill_sent = false;
  bool is_promoted = false;  // Replicas only: it was chosen.
  Reconf reconf = Reconf::kNone;
  Moment reconf_sent_at{};
  std::optional<Moment> rebooted_at{};  // Primaries only: restarted, and has not said PONG since.

  std::optional<Moment> published_at{};  // Our last hello that it took; none: send one at once.
  Reported reported{};
  PeerSays peer{};

  bool is_primary() const { return role == InstanceRole::kPrimary; }
  bool is_replica() const { return role == InstanceRole::kReplica; }
  bool is_sentinel() const { return role == InstanceRole::kSentinel; }
};

// The steps of a failover, in Redis's order and by its names.
enum class FailoverStep : uint8_t {
  kNone,
  kWaitStart,
  kSelectReplica,
  kSendReplicaOfNoOne,
  kWaitPromotion,
  kReconfReplicas,
  kUpdateConfig,
};

std::string_view failover_step_name(FailoverStep step);

// A failover that this sentinel attempts.
struct Failover {
  FailoverStep step = FailoverStep::kNone;
  bool is_forced = false;  // By SENTINEL FAILOVER: no election is needed.
  uint64_t epoch = 0;
  Moment step_since{};
  // The last attempt, ours or one that we voted for; the next one keeps a distance from it.
  std::optional<Moment> started_at{};
  std::optional<Moment> delay_logged_for{};
  Instance* promoted = nullptr;

  bool is_under_way() const { return step != FailoverStep::kNone; }
};

// When this sentinel may stand for election, while the sentinels of a primary are all kvstash.
struct Candidacy {
  std::optional<Moment> not_before{};
  std::string leader{};  // Who said that it was elected, and in which epoch.
  uint64_t leader_epoch = 0;
  uint32_t failed = 0;    // Attempts of ours since the primary went down.
  uint32_t attempts = 0;  // Those, and the ones of others that we voted for.
};

// More replicas or sentinels of one primary than this are not taken up.
inline constexpr size_t kReplicasMax = 10'000;
inline constexpr size_t kSentinelsMax = 1'000;

struct Monitored {
  std::string name{};
  MonitorOptions options{};
  Instance primary{};
  std::vector<std::unique_ptr<Instance>> replicas{};
  std::vector<std::unique_ptr<Instance>> sentinels{};  // The others, without us.

  uint64_t config_epoch = 0;  // Of the address of the primary.
  std::string leader{};       // Whom we voted for; not kept over a restart.
  uint64_t leader_epoch = 0;  // In which epoch; kept.
  Failover failover{};
  Candidacy candidacy{};

  size_t voters() const { return sentinels.size() + 1; }
};

// The address that clients should use: the promoted replica's once it is known to be promoted.
const Address& current_primary(const Monitored& group);

// Whether the instance was neither subjectively nor objectively down for so long.
bool was_up_for(const Instance& instance, Duration time, Moment now);

// "s_down,master,disconnected", as SENTINEL MASTER prints it.
std::string flags_text(const Instance& instance);

// "master", "slave" or "sentinel".
std::string_view role_name(InstanceRole role);

}  // namespace kvstash::sentinel
