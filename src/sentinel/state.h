// State: all that a sentinel knows, and the actions of the step that is under way.
//
// Sentinel (sentinel.h) owns it; the functions of this room take it and change it. `now` is the
// time of the step. Nothing here decides: the helpers find, make and remove instances, and put
// actions in words.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "sentinel/action.h"
#include "sentinel/config_text.h"
#include "sentinel/instance.h"
#include "sentinel/periods.h"
#include "sentinel/script_queue.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::sentinel {

// What holds for the process, from the lines of the file that are not `sentinel ...`.
struct ProcessOptions {
  int64_t port = 26379;
  int64_t tls_port = 0;
  bool use_tls = false;      // tls-replication: links are TLS, and tls_port is announced.
  std::string require_pass;  // For links to peers, unless there is a sentinel-pass.
  std::string log_level = "notice";
  bool keep_redis_times = false;  // Never be faster than Redis (Pace in pace.h).
};

enum SimulatedFailure : uint32_t {
  kCrashAfterElection = 1,
  kCrashAfterPromotion = 2,
};

struct State {
  explicit State(uint64_t seed) : random(seed) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // What lasts.
  ProcessOptions process{};
  SentinelOptions options{};
  Periods periods{};
  CanExecute can_execute{};
  std::string my_id{};
  std::string config_text{};  // The file as it was read or last written.
  uint64_t current_epoch = 0;
  std::vector<std::unique_ptr<Monitored>> groups{};
  Names names{};
  std::set<std::string, std::less<>> names_asked{};  // Resolve was asked, NameResolved is to come.
  Links links{};
  std::map<InstanceId, Instance*> instances{};
  ScriptQueue scripts{};
  uint32_t simulated_failures = 0;
  Random random;
  uint64_t last_instance = 0;

  // TILT: our sense of time is doubtful, so we only watch.
  bool is_tilted = false;
  Moment tilted_at{};
  std::optional<Moment> timer_at{};  // When the timer fired last.

  // When the step was whose state is being saved; none: nothing is.
  std::optional<Moment> saving_since{};

  // Of the step that is under way.
  Moment now{};
  Instant wall{};  // The date, as the timer told it.
  Moment wall_at{};
  Actions actions{};
  bool must_save = false;
};

// --- Finding

Monitored* find_group(State& state, std::string_view name);
// The primary at an address, or null.
Monitored* find_group_at(State& state, std::string_view host, int64_t port);
Instance* find_replica(Monitored& group, const Address& address);
// By id, by address, or by both; null: not compared.
Instance* find_sentinel(Monitored& group, const Address* address, const std::string* id);
Instance* find_instance(State& state, InstanceId id);

// Calls visit(instance) for the primary, the replicas and the sentinels. `visit` must not add or
// remove any.
template <typename Visit>
void for_each_instance(Monitored& group, Visit visit) {
  visit(group.primary);
  for (const auto& replica : group.replicas)
    visit(*replica);
  for (const auto& sentinel : group.sentinels)
    visit(*sentinel);
}

// --- Making and removing

struct NewMonitor {
  std::string_view name;
  Address address;
  int64_t quorum = 1;
};
Monitored& add_group(State& state, const NewMonitor& monitor);
void remove_group(State& state, Monitored& group);

// The caller has made sure that there is none at this address, or of this id.
Instance& add_replica(State& state, Monitored& group, const Address& address);
Instance& add_sentinel(State& state, Monitored& group, const Address& address, std::string_view id);
void remove_replicas(State& state, Monitored& group);
void remove_sentinels(State& state, Monitored& group);
void remove_sentinel(State& state, Monitored& group, Instance& sentinel);

// Asks for the IP address of a name, unless an answer is under way.
void resolve(State& state, std::string_view name);
// Resolves a host, as far as it is known; asks for it if it is not.
Address locate(State& state, std::string_view host, int64_t port);

// --- Actions

// "master mymaster 10.0.0.1 6379" or "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379".
std::string describe(const State& state, const Instance& instance);
const std::string& shown_host(const State& state, const Address& address);

// Tells operators: the log, clients that are subscribed, and, of warnings, the notification script.
// The text is that of the instance and, behind a blank, `more`.
void announce(State& state, LogLevel level, std::string_view event, const Instance& about,
              std::string_view more = {});
// As announce, with a text of its own.
void announce_text(State& state, LogLevel level, std::string_view event, const Instance& about,
                   std::string text);
void write_log(State& state, LogLevel level, std::string text);

// The state must be on the disk before any other action of this step is carried out.
void save_config(State& state);
// What would be saved.
ConfigState saved_state(const State& state);

// Draws a duration from 0 to `most`, without `most` itself; 0 if `most` is 0.
Duration draw_below(State& state, Duration most);

}  // namespace kvstash::sentinel
