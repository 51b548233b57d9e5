#include "sentinel/report.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace kvstash::sentinel {
namespace {

// Writes the fields of a map and counts them.
class Fields {
 public:
  explicit Fields(resp::ReplyWriter& reply) : reply_(reply), begin_(reply.begin()) {}
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  ~Fields() { reply_.end_map(begin_, count_); }

  void add(std::string_view name, std::string_view value) {
    reply_.bulk(name);
    reply_.bulk(value);
    ++count_;
  }
  void add(std::string_view name, int64_t value) {
    reply_.bulk(name);
    reply_.bulk_int64(value);
    ++count_;
  }
  void add(std::string_view name, Duration value) { add(name, value.count()); }

 private:
  resp::ReplyWriter& reply_;
  resp::ReplyWriter::Mark begin_;
  size_t count_ = 0;
};

Duration since(std::optional<Moment> moment, Moment now) {
  return moment ? now - *moment : Duration(0);
}

void add_link(Fields& fields, const Instance& instance, Moment now) {
  const Link& link = *instance.link;
  fields.add("link-pending-commands", static_cast<int64_t>(link.requests.size()));
  fields.add("link-refcount", link.users);
  if (instance.is_primary() && instance.group->failover.is_under_way())
    fields.add("failover-state", failover_step_name(instance.group->failover.step));
  fields.add("last-ping-sent", since(link.ping_waits_since, now));
  fields.add("last-ok-ping-reply", now - link.answered_well_at);
  fields.add("last-ping-reply", now - link.answered_at);
  if (instance.is_subjectively_down)
    fields.add("s-down-time", now - instance.subjectively_down_since);
  if (instance.is_objectively_down)
    fields.add("o-down-time", now - instance.objectively_down_since);
  fields.add("down-after-milliseconds", instance.down_after);
}

void add_data_node(Fields& fields, const Instance& instance, Moment now) {
  const Reported& reported = instance.reported;
  fields.add("info-refresh", since(reported.at, now));
  fields.add("role-reported", reported.role == DataRole::kPrimary ? "master" : "slave");
  fields.add("role-reported-time", now - reported.role_since);
}

void add_primary(Fields& fields, const Monitored& group) {
  const MonitorOptions& options = group.options;
  fields.add("config-epoch", static_cast<int64_t>(group.config_epoch));
  fields.add("num-slaves", static_cast<int64_t>(group.replicas.size()));
  fields.add("num-other-sentinels", static_cast<int64_t>(group.sentinels.size()));
  fields.add("quorum", options.quorum);
  fields.add("failover-timeout", options.failover_timeout);
  fields.add("parallel-syncs", options.parallel_syncs);
  if (!options.notification_script.empty())
    fields.add("notification-script", options.notification_script);
  if (!options.client_reconfig_script.empty())
    fields.add("client-reconfig-script", options.client_reconfig_script);
}

void add_replica(Fields& fields, const Reported& reported) {
  fields.add("master-link-down-time", reported.link_down);
  fields.add("master-link-status", reported.is_link_up ? "ok" : "err");
  fields.add("master-host", reported.primary_host.empty() ? "?" : reported.primary_host);
  fields.add("master-port", reported.primary_port);
  fields.add("slave-priority", reported.priority);
  fields.add("slave-repl-offset", static_cast<int64_t>(reported.offset));
  fields.add("replica-announced", reported.is_announced ? int64_t{1} : int64_t{0});
}

void add_sentinel(Fields& fields, const PeerSays& peer, Moment now) {
  fields.add("last-hello-message", now - peer.hello_at);
  fields.add("voted-leader", peer.leader.empty() ? "?" : peer.leader);
  fields.add("voted-leader-epoch", static_cast<int64_t>(peer.leader_epoch));
}

bool is_shown(const Instance& instance) {
  return !instance.is_replica() || instance.reported.is_announced;
}

std::string group_line(const State& state, size_t number, const Monitored& group) {
  const Address& address = group.primary.address;
  std::string line = "master" + std::to_string(number) + ":name=" + group.name;
  line.append(",status=").append(status_text(group.primary));
  line.append(",address=").append(shown_host(state, address));
  line.append(":").append(std::to_string(address.port));
  line.append(",slaves=").append(std::to_string(group.replicas.size()));
  return line.append(",sentinels=").append(std::to_string(group.voters())).append("\r\n");
}

}  // namespace

std::string_view status_text(const Instance& primary) {
  if (primary.is_objectively_down) return "odown";
  return primary.is_subjectively_down ? "sdown" : "ok";
}

void write_instance(const State& state, const Instance& instance, resp::ReplyWriter& reply) {
  Fields fields(reply);
  fields.add("name", instance.name);
  fields.add("ip", shown_host(state, instance.address));
  fields.add("port", instance.address.port);
  fields.add("runid", instance.run_id);
  fields.add("flags", flags_text(instance));
  add_link(fields, instance, state.now);
  if (!instance.is_sentinel()) add_data_node(fields, instance, state.now);
  if (instance.is_primary()) add_primary(fields, *instance.group);
  if (instance.is_replica()) add_replica(fields, instance.reported);
  if (instance.is_sentinel()) add_sentinel(fields, instance.peer, state.now);
}

void write_instances(const State& state, const std::vector<std::unique_ptr<Instance>>& instances,
                     resp::ReplyWriter& reply) {
  reply.array(static_cast<size_t>(
      std::ranges::count_if(instances, [](const auto& instance) { return is_shown(*instance); })));
  for (const auto& instance : instances)
    if (is_shown(*instance)) write_instance(state, *instance, reply);
}

void write_scripts(const State& state, resp::ReplyWriter& reply) {
  reply.array(state.scripts.jobs().size());
  for (const ScriptJob& job : state.scripts.jobs()) {
    reply.map(5);
    reply.bulk("argv");
    reply.array(job.argv.size());
    for (const std::string& word : job.argv)
      reply.bulk(word);
    reply.bulk("flags");
    reply.bulk(job.is_running ? "running" : "scheduled");
    reply.bulk("pid");
    reply.bulk_int64(job.pid);
    if (job.is_running) {
      reply.bulk("run-time");
      reply.bulk_int64((state.now - job.began_at).count());
    } else {
      reply.bulk("run-delay");
      reply.bulk_int64(job.due_at ? std::max(*job.due_at - state.now, Duration(0)).count() : 0);
    }
    reply.bulk("retry-num");
    reply.bulk_int64(job.tries);
  }
}

void write_info_cache(const State& state, const std::vector<const Monitored*>& groups,
                      resp::ReplyWriter& reply) {
  const auto write = [&](const Instance& instance) {
    reply.array(2);
    reply.integer(since(instance.reported.at, state.now).count());
    if (instance.reported.text.empty()) {
      reply.null();
    } else {
      reply.bulk(instance.reported.text);
    }
  };
  reply.array(groups.size() * 2);
  for (const Monitored* group : groups) {
    reply.bulk(group->name);
    reply.array(group->replicas.size() + 1);
    write(group->primary);
    for (const auto& replica : group->replicas)
      write(*replica);
  }
}

void write_role(const State& state, resp::ReplyWriter& reply) {
  reply.array(2);
  reply.bulk("sentinel");
  reply.array(state.groups.size());
  for (const auto& group : state.groups)
    reply.bulk(group->name);
}

std::string info_lines(const State& state, Moment now) {
  const int64_t tilted_for =
      state.is_tilted
          ? std::chrono::duration_cast<std::chrono::seconds>(now - state.tilted_at).count()
          : -1;
  std::string text;
  const auto line = [&](std::string_view name, int64_t value) {
    text.append(name).append(":").append(std::to_string(value)).append("\r\n");
  };
  line("sentinel_masters", static_cast<int64_t>(state.groups.size()));
  line("sentinel_tilt", state.is_tilted ? 1 : 0);
  line("sentinel_tilt_since_seconds", tilted_for);
  line("sentinel_running_scripts", static_cast<int64_t>(state.scripts.running()));
  line("sentinel_scripts_queue_length", static_cast<int64_t>(state.scripts.jobs().size()));
  line("sentinel_simulate_failure_flags", state.simulated_failures);
  size_t number = 0;
  for (const auto& group : state.groups)
    text += group_line(state, number++, *group);
  return text;
}

}  // namespace kvstash::sentinel
