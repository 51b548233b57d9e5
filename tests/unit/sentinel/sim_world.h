// SimWorld: sentinels (the real core), data nodes (a model) and a network between them, in virtual
// time and from one seed.
//
// Each process has a host of its own. A connection is a pair of ordered streams: nothing is lost in
// the middle of one, but a stream stands still while its direction is cut, and breaks when a
// process dies. What a dead machine does not say is not heard: its peers only see silence.
//
// After each call of a sentinel its promises are checked (`check_promises`): epochs never fall,
// what is saved reads back as the same state, there is one leader and one promotion in an epoch,
// and the replica chosen is the best.
#pragma once

#include "base/ensure.h"
#include "base/random.h"
#include "resp/reply_buffer.h"
#include "resp/reply_writer.h"
#include "sentinel/sentinel.h"
#include "sim_data_node.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace kvstash::sentinel::test {

struct SimOptions {
  uint64_t seed = 1;
  int sentinels = 3;
  int replicas = 2;
  int64_t quorum = 2;
  int64_t down_after_ms = 1'000;
  int64_t failover_timeout_ms = 20'000;
  int64_t parallel_syncs = 1;
  int64_t latency_ms_max = 2;
  // Of each sentinel: it is shown to others as a Redis, and keeps Redis's times.
  std::vector<bool> as_redis{};
};

// Something that a sentinel published.
struct SimEvent {
  int64_t at_ms = 0;
  int sentinel = 0;
  std::string channel;
  std::string payload;
};

class SimWorld {
 public:
  static constexpr std::string_view kName = "mymaster";
  static constexpr int64_t kSentinelPort = 26379;
  static constexpr int64_t kDataPort = 6379;

  explicit SimWorld(SimOptions options) : options_(std::move(options)), random_(options_.seed) {
    for (int i = 0; i <= options_.replicas; ++i)
      add_data_node(i);
    for (int i = 0; i < options_.sentinels; ++i)
      add_sentinel(i);
    for (int i = 0; i < options_.sentinels; ++i)
      start_sentinel(sentinel_process(i));
    every(100, [this] { replicate(); });
  }
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // --- Who is there. Processes have numbers: data nodes first, then sentinels.

  int data_nodes() const { return options_.replicas + 1; }
  int processes() const { return data_nodes() + options_.sentinels; }
  int sentinel_process(int sentinel) const { return data_nodes() + sentinel; }
  SimDataNode& node(int index) { return *processes_[static_cast<size_t>(index)].node; }
  bool is_running(int process) const { return at(process).is_running; }
  bool has_sentinel(int index) const { return at(sentinel_process(index)).core != nullptr; }
  const State& sentinel(int index) const { return at(sentinel_process(index)).core->state(); }
  const Monitored& group(int index) const { return *sentinel(index).groups.at(0); }
  const std::string& saved_text(int index) const { return at(sentinel_process(index)).disk; }
  int64_t now_ms() const { return now_ms_; }
  Random& random() { return random_; }
  const std::vector<SimEvent>& events() const { return events_; }

  // The data node that a sentinel takes for the primary; -1: it is none of ours.
  int primary_of(int index) const {
    const Address& address = current_primary(group(index));
    for (int i = 0; i < data_nodes(); ++i)
      if (host_of(i) == address.ip) return i;
    return -1;
  }

  // --- Time

  void run_for(int64_t ms) { run_to(now_ms_ + ms); }

  // Runs until `is_reached`, at most so long. Returns whether it was.
  bool run_until(int64_t ms_max, const std::function<bool()>& is_reached) {
    const int64_t end = now_ms_ + ms_max;
    while (!is_reached()) {
      if (now_ms_ >= end) return false;
      run_to(now_ms_ + 1);
    }
    return true;
  }

  // --- Faults

  // The process ends; its connections are reset.
  void crash(int process) { stop(process, /*is_silent=*/false); }
  // The machine loses its power: peers hear nothing.
  void lose_power(int process) { stop(process, /*is_silent=*/true); }
  void restart(int process) {
    Process& proc = at(process);
    if (proc.is_running) return;
    proc.is_running = true;
    proc.is_silent = false;
    proc.paused_until_ms = 0;
    ++proc.life;
    if (proc.node) {
      proc.node->restart(random_, now_ms_);
    } else {
      start_sentinel(process);
    }
  }
  // The process does nothing for a while, then all that waits at once.
  void pause(int process, int64_t ms) {
    at(process).paused_until_ms = std::max(at(process).paused_until_ms, now_ms_ + ms);
  }
  // Nothing passes from `a` to `b`.
  void cut(int a, int b) { cuts_.insert({a, b}); }
  void cut_both(int a, int b) {
    cut(a, b);
    cut(b, a);
  }
  void heal() { cuts_.clear(); }
  void isolate(int process) {
    for (int other = 0; other < processes(); ++other)
      if (other != process) cut_both(process, other);
  }
  void set_latency(int64_t ms_max) { options_.latency_ms_max = ms_max; }
  // The clock of a sentinel jumps.
  void jump_clock(int index, int64_t ms) { at(sentinel_process(index)).clock_offset_ms += ms; }
  // Connections of the process break.
  void reset_connections(int process) {
    for (auto& [id, connection] : connections_)
      if (connection.client == process || connection.server == process) break_connection(id);
  }

  // An operator's command to a sentinel; the reply's bytes.
  std::string command(int index, const Argv& argv) {
    const int process = sentinel_process(index);
    ensure(at(process).core != nullptr);
    return run_command(process, argv);
  }

  // --- Questions

  size_t count(std::string_view channel, int64_t since_ms = 0) const {
    return static_cast<size_t>(std::ranges::count_if(events_, [&](const SimEvent& event) {
      return event.channel == channel && event.at_ms >= since_ms;
    }));
  }

  // One primary; all running data nodes follow it; all running sentinels agree.
  bool is_settled() const {
    int primary = -1;
    for (int i = 0; i < options_.sentinels; ++i) {
      if (!has_sentinel(i)) continue;
      if (primary == -1) primary = primary_of(i);
      if (primary_of(i) != primary || group(i).failover.is_under_way()) return false;
      if (group(i).primary.is_subjectively_down || sentinel(i).is_tilted) return false;
    }
    if (primary < 0 || !at(primary).is_running || !at(primary).node->is_primary()) return false;
    for (int i = 0; i < data_nodes(); ++i) {
      if (i == primary || !at(i).is_running) continue;
      const SimDataNode& replica = *at(i).node;
      if (replica.primary_host != host_of(primary) || !replica.is_link_up) return false;
    }
    return true;
  }

  std::string describe() const {
    std::string text = "at " + std::to_string(now_ms_) + " ms\n";
    for (int i = 0; i < data_nodes(); ++i) {
      const Process& proc = at(i);
      text += host_of(i) + (proc.is_running ? " up " : " down ") +
              (proc.node->is_primary() ? "primary" : "follows " + proc.node->primary_host) +
              (proc.node->is_link_up ? " link up" : "") + " offset " +
              std::to_string(proc.node->offset) + "\n";
    }
    for (int i = 0; i < options_.sentinels; ++i) {
      text += "sentinel " + std::to_string(i);
      if (!has_sentinel(i)) {
        text += " down\n";
        continue;
      }
      text += " says " + current_primary(group(i)).ip + " epoch " +
              std::to_string(group(i).config_epoch) + " current " +
              std::to_string(sentinel(i).current_epoch) + " flags " + flags_text(group(i).primary) +
              " step " + std::string(failover_step_name(group(i).failover.step)) +
              (sentinel(i).is_tilted ? " tilted" : "") + " peers " +
              std::to_string(group(i).sentinels.size()) + "\n";
      for (const auto& replica : group(i).replicas)
        text += "  " + replica->name + " " + flags_text(*replica) + "\n";
    }
    const size_t first = events_.size() > 60 ? events_.size() - 60 : 0;
    for (size_t i = first; i < events_.size(); ++i)
      text += std::to_string(events_[i].at_ms) + " " + std::to_string(events_[i].sentinel) + " " +
              events_[i].channel + " " + events_[i].payload + "\n";
    return text;
  }

 private:
  struct Process {
    std::string host;
    bool is_running = true;
    bool is_silent = false;
    int64_t paused_until_ms = 0;
    uint64_t life = 1;  // Which run of the process this is.
    std::unique_ptr<SimDataNode> node;
    std::unique_ptr<Sentinel> core;
    std::string disk;
    std::string disk_checked{};
    ConfigState disk_state{};
    uint64_t led_epoch = 0;  // In which it was elected last.
    int64_t clock_offset_ms = 0;
    uint64_t timer = 0;  // The timer that counts.
    bool is_redis = false;
    std::vector<uint64_t> epochs_seen;  // Of configurations, by group; over restarts too.
    uint64_t current_epoch_seen = 0;
  };

  // One direction of a connection.
  struct Stream {
    std::deque<std::function<void()>> waiting;
    bool is_pumping = false;
  };

  struct Connection {
    int client = 0;
    uint64_t client_life = 0;
    LinkId link{};
    int server = -1;
    uint64_t server_life = 0;
    bool is_broken = false;
    Stream to_server;
    Stream to_client;
  };

  struct Task {
    int64_t at_ms;
    uint64_t number;
    std::function<void()> run;
    bool operator<(const Task& other) const {
      return std::pair(at_ms, number) > std::pair(other.at_ms, other.number);
    }
  };

  const Process& at(int process) const { return processes_.at(static_cast<size_t>(process)); }
  Process& at(int process) { return processes_.at(static_cast<size_t>(process)); }
  std::string host_of(int process) const { return at(process).host; }

  // --- The making of it

  void add_data_node(int index) {
    Process proc;
    proc.host = "10.0.0." + std::to_string(index + 1);
    proc.node = std::make_unique<SimDataNode>();
    proc.node->host = proc.host;
    proc.node->run_id = SimDataNode::draw_run_id(random_);
    if (index > 0) {
      proc.node->primary_host = proc.node->saved_primary_host = "10.0.0.1";
      proc.node->primary_port = proc.node->saved_primary_port = kDataPort;
    }
    processes_.push_back(std::move(proc));
  }

  void add_sentinel(int index) {
    Process proc;
    proc.host = "10.0.1." + std::to_string(index + 1);
    const std::string name(kName);
    proc.disk = "# a sentinel\nport 26379\nsentinel monitor " + name + " 10.0.0.1 6379 " +
                std::to_string(options_.quorum) + "\nsentinel down-after-milliseconds " + name +
                " " + std::to_string(options_.down_after_ms) + "\nsentinel failover-timeout " +
                name + " " + std::to_string(options_.failover_timeout_ms) +
                "\nsentinel parallel-syncs " + name + " " +
                std::to_string(options_.parallel_syncs) + "\n";
    const auto place = static_cast<size_t>(index);
    proc.is_redis = place < options_.as_redis.size() && options_.as_redis[place];
    processes_.push_back(std::move(proc));
  }

  void start_sentinel(int process) {
    Process& proc = at(process);
    SentinelSetup setup{.config_text = proc.disk, .seed = random_.next()};
    setup.process.keep_redis_times = proc.is_redis;
    auto made = Sentinel::make(std::move(setup));
    if (!made.ok()) FAIL(std::string(made.error().message()));
    proc.core = *std::move(made);
    carry_out(process, proc.core->start(now_for(process), wall()));
    check_promises(process);
  }

  void stop(int process, bool is_silent) {
    Process& proc = at(process);
    if (!proc.is_running) return;
    proc.is_running = false;
    proc.is_silent = is_silent;
    proc.core.reset();
    ++proc.timer;
    if (is_silent) return;
    for (auto& [id, connection] : connections_)
      if (connection.client == process || connection.server == process) break_connection(id);
  }

  // --- Time

  void after(int64_t ms, std::function<void()> run) {
    tasks_.push({now_ms_ + ms, ++last_task_, std::move(run)});
  }
  void every(int64_t ms, std::function<void()> run) {
    after(ms, [this, ms, run] {
      run();
      every(ms, run);
    });
  }
  void run_to(int64_t end_ms) {
    while (!tasks_.empty() && tasks_.top().at_ms <= end_ms) {
      const Task task = tasks_.top();
      tasks_.pop();
      now_ms_ = task.at_ms;
      task.run();
    }
    now_ms_ = end_ms;
  }
  Moment now_for(int process) const {
    return Moment(Duration(now_ms_ + at(process).clock_offset_ms));
  }
  Instant wall() const { return from_ms(1'700'000'000'000 + now_ms_); }
  int64_t latency() {
    return static_cast<int64_t>(random_.below(static_cast<uint64_t>(options_.latency_ms_max) + 1));
  }

  // --- The network

  bool passes(int from, int to) const { return !cuts_.contains({from, to}); }
  bool is_awake(int process) const {
    return at(process).is_running && at(process).paused_until_ms <= now_ms_;
  }

  void connect(int client, const Connect& wanted) {
    const ConnectionId id = ++last_connection_;
    by_link_[{client, at(client).life, wanted.link}] = id;
    Connection& connection = connections_[id];
    connection.client = client;
    connection.client_life = at(client).life;
    connection.link = wanted.link;
    for (int i = 0; i < processes(); ++i) {
      const int64_t port = at(i).node ? kDataPort : kSentinelPort;
      if (at(i).host == wanted.ip && port == wanted.port) connection.server = i;
    }
    // Commands stay in the stream until it is open.
    connection.to_server.is_pumping = true;
    after(latency(), [this, id] { try_open(id); });
  }

  void try_open(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.is_broken) return;
    Connection& connection = found->second;
    if (!is_client_alive(connection)) return forget(id);
    if (connection.server < 0) return refuse(id, "Connection refused");
    const bool reaches = passes(connection.client, connection.server) &&
                         passes(connection.server, connection.client);
    const Process& server = at(connection.server);
    if (!reaches || (!server.is_running && server.is_silent))
      return after(50, [this, id] { try_open(id); });
    if (!server.is_running) return refuse(id, "Connection refused");
    connection.server_life = server.life;
    if (server.node) server.node->connections.insert(id);
    if (!is_awake(connection.client)) return after(10, [this, id] { finish_open(id); });
    finish_open(id);
  }

  void finish_open(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.is_broken) return;
    Connection& connection = found->second;
    if (!is_client_alive(connection)) return forget(id);
    if (!is_awake(connection.client)) return after(10, [this, id] { finish_open(id); });
    tell(connection.client,
         LinkOpened{.link = connection.link, .local_ip = host_of(connection.client)});
    const auto again = connections_.find(id);
    if (again == connections_.end()) return;
    again->second.to_server.is_pumping = false;
    pump(id, /*is_to_server=*/true);
  }

  bool is_client_alive(const Connection& connection) const {
    return at(connection.client).is_running && at(connection.client).life == connection.client_life;
  }

  void refuse(ConnectionId id, const std::string& reason) {
    connections_[id].is_broken = true;
    after(0, [this, id, reason] { report_closed(id, reason); });
  }

  void break_connection(ConnectionId id) {
    Connection& connection = connections_[id];
    if (connection.is_broken) return;
    connection.is_broken = true;
    after(latency(), [this, id] { report_closed(id, "Connection reset by peer"); });
  }

  void report_closed(ConnectionId id, const std::string& reason) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    const Connection& connection = found->second;
    if (!is_client_alive(connection)) return forget(id);
    const bool is_heard = connection.server < 0 || passes(connection.server, connection.client);
    if (!is_heard || !is_awake(connection.client))
      return after(20, [this, id, reason] { report_closed(id, reason); });
    const int client = connection.client;
    const LinkId link = connection.link;
    forget(id);
    tell(client, LinkClosed{.link = link, .reason = reason});
  }

  void forget(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    const Connection& connection = found->second;
    if (connection.server >= 0 && at(connection.server).node)
      at(connection.server).node->forget(id);
    by_link_.erase({connection.client, connection.client_life, connection.link});
    connections_.erase(found);
  }

  void push(ConnectionId id, bool is_to_server, std::function<void()> deliver) {
    Connection& connection = connections_.at(id);
    (is_to_server ? connection.to_server : connection.to_client)
        .waiting.push_back(std::move(deliver));
    pump(id, is_to_server);
  }

  void pump(ConnectionId id, bool is_to_server) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Stream& stream = is_to_server ? found->second.to_server : found->second.to_client;
    if (stream.is_pumping || stream.waiting.empty()) return;
    stream.is_pumping = true;
    after(latency(), [this, id, is_to_server] { deliver(id, is_to_server); });
  }

  void deliver(ConnectionId id, bool is_to_server) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.is_broken) return;
    Connection& connection = found->second;
    if (!is_client_alive(connection)) return forget(id);
    const int from = is_to_server ? connection.client : connection.server;
    const int to = is_to_server ? connection.server : connection.client;
    Stream& stream = is_to_server ? connection.to_server : connection.to_client;
    // A machine that came back does not know the connection.
    if (at(connection.server).is_running && at(connection.server).life != connection.server_life)
      return break_connection(id);
    if (!passes(from, to) || !is_awake(to))
      return after(10, [this, id, is_to_server] { deliver(id, is_to_server); });
    const std::function<void()> run = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    stream.is_pumping = false;
    run();
    pump(id, is_to_server);
  }

  // --- Servers

  void serve(ConnectionId id, const Argv& argv) {
    const int server = connections_.at(id).server;
    Process& proc = at(server);
    if (proc.node) {
      SimDataNode::Effects effects;
      reply(id, proc.node->handle(id, argv, now_ms_, effects));
      for (auto& [subscriber, message] : effects.pushes)
        if (connections_.contains(subscriber)) reply(subscriber, std::move(message));
      for (const ConnectionId other : effects.closed)
        if (connections_.contains(other)) break_connection(other);
      return;
    }
    const std::string name = to_lower(argv[0]);
    if (name == "ping") return reply(id, simple("PONG"));
    if (name == "info") {
      std::string text = "# Server\r\nredis_version:7.2.4\r\n";
      if (!proc.is_redis) text += "kvstash_version:1.0.0\r\n";
      return reply(id, bulk(text));
    }
    if (name != "sentinel" && name != "publish") return reply(id, simple("OK"));
    const std::string bytes = run_command(server, argv);
    resp::Reply parsed;
    resp::ReplyParser parser;
    ensure(parser.parse(bytes, parsed).kind == resp::ReplyOutcome::Kind::kComplete);
    if (connections_.contains(id)) reply(id, std::move(parsed));
  }

  std::string run_command(int process, const Argv& argv) {
    Process& proc = at(process);
    resp::ReplyBuffer buffer;
    resp::ReplyWriter writer(buffer, resp::RespVersion::k2);
    const std::vector<std::string_view> words(argv.begin(), argv.end());
    CommandOutcome outcome = to_lower(argv[0]) == "publish"
                                 ? proc.core->publish(words, writer, now_for(process))
                                 : proc.core->command(words, writer, now_for(process));
    carry_out(process, std::move(outcome.actions));
    check_promises(process);
    return std::string(buffer.view());
  }

  void reply(ConnectionId id, resp::Reply answer) {
    push(id, /*is_to_server=*/false, [this, id, answer = std::move(answer)] {
      const Connection& connection = connections_.at(id);
      tell(connection.client, ReplyReceived{.link = connection.link, .reply = answer});
    });
  }

  // Each data node follows its primary, if it can, a little behind.
  void replicate() {
    for (int i = 0; i < data_nodes(); ++i) {
      SimDataNode& self = node(i);
      if (!is_awake(i)) continue;
      if (self.is_primary()) {
        self.offset += random_.below(100);
        continue;
      }
      const int primary = find_host(self.primary_host);
      const bool is_up = primary >= 0 && primary != i && is_awake(primary) && passes(i, primary) &&
                         passes(primary, i);
      if (is_up) {
        self.is_link_up = true;
        const uint64_t target = node(primary).offset;
        const uint64_t behind = random_.below(50);
        self.offset =
            target > behind ? std::max(std::min(self.offset, target), target - behind) : target;
        node(primary).replicas[self.host] = {self.port, now_ms_};
      } else if (self.is_link_up) {
        self.is_link_up = false;
        self.link_down_since_ms = now_ms_;
      }
    }
  }

  int find_host(const std::string& host) const {
    for (int i = 0; i < data_nodes(); ++i)
      if (at(i).host == host) return i;
    return -1;
  }

  // --- Sentinels

  void tell(int process, const Event& event) {
    Process& proc = at(process);
    if (!proc.core) return;
    carry_out(process, proc.core->step(event, now_for(process)));
    check_promises(process);
  }

  void carry_out(int process, Actions actions) {
    const uint64_t life = at(process).life;
    for (Action& action : actions) {
      if (!at(process).is_running || at(process).life != life) return;
      std::visit([&](auto& each) { act(process, each); }, action);
    }
  }

  void act(int process, Connect& action) { connect(process, action); }
  void act(int process, Disconnect& action) {
    if (const auto id = connection_of(process, action.link)) forget(*id);
  }
  void act(int process, Send& action) {
    const auto id = connection_of(process, action.link);
    if (!id) return;
    push(*id, /*is_to_server=*/true,
         [this, id = *id, argv = std::move(action.argv)] { serve(id, argv); });
  }
  void act(int process, PublishEvent& action) {
    events_.push_back({now_ms_, process - data_nodes(), action.channel, action.payload});
    check_event(process, events_.back());
  }
  void act(int, WriteLog&) {}
  void act(int, RunScript&) {}
  void act(int, KillScript&) {}
  void act(int process, SaveConfig& action) {
    at(process).disk = std::move(action.text);
    const uint64_t life = at(process).life;
    after(1, [this, process, life] {
      if (at(process).life == life) tell(process, ConfigSaved{});
    });
  }
  void act(int, Resolve&) {}
  void act(int process, SetTimer& action) {
    const uint64_t timer = ++at(process).timer;
    after(action.after.count(), [this, process, timer] { fire(process, timer); });
  }
  void act(int process, ExitProcess&) { crash(process); }
  void act(int, SetLogLevel&) {}

  void fire(int process, uint64_t timer) {
    Process& proc = at(process);
    if (proc.timer != timer || !proc.is_running) return;
    if (!is_awake(process)) return after(10, [this, process, timer] { fire(process, timer); });
    tell(process, TimerFired{.wall = wall()});
  }

  std::optional<ConnectionId> connection_of(int process, LinkId link) const {
    const auto found = by_link_.find({process, at(process).life, link});
    if (found == by_link_.end()) return std::nullopt;
    return found->second;
  }

  // --- Promises

  void check_promises(int process) {
    Process& proc = at(process);
    if (!proc.core) return;
    const State& state = proc.core->state();
    if (!(state.current_epoch >= proc.current_epoch_seen))
      FAIL("state.current_epoch >= proc.current_epoch_seen: " << describe());
    proc.current_epoch_seen = state.current_epoch;
    proc.epochs_seen.resize(state.groups.size());
    for (size_t i = 0; i < state.groups.size(); ++i) {
      if (!(state.groups[i]->config_epoch >= proc.epochs_seen[i]))
        FAIL("state.groups[i]->config_epoch >= proc.epochs_seen[i]: " << describe());
      proc.epochs_seen[i] = state.groups[i]->config_epoch;
      if (!(state.groups[i]->config_epoch <= state.current_epoch))
        FAIL("state.groups[i]->config_epoch <= state.current_epoch: " << describe());
    }
    // What must be remembered is on the disk, at every moment, and reads back as the same.
    if (proc.disk != proc.disk_checked) {
      auto read = parse_config(proc.disk, [](const std::string&) { return true; });
      if (!(read.ok())) FAIL("read.ok(): " << describe());
      proc.disk_state = *std::move(read);
      proc.disk_checked = proc.disk;
    }
    if (!(proc.disk_state == saved_state(state)))
      FAIL("proc.disk_state == saved_state(state): " << describe());
  }

  void check_event(int process, const SimEvent& event) {
    if (event.channel == "+elected-leader") check_leader(process);
    if (event.channel == "+selected-slave") check_choice(process);
    if (event.channel == "+promoted-slave") check_promotion(process, event.payload);
  }

  // There is one leader in an epoch, and it has the votes. Only an operator's failover may do
  // without them.
  void check_leader(int process) {
    const Monitored& group = *at(process).core->state().groups[0];
    const uint64_t epoch = group.failover.epoch;
    at(process).led_epoch = epoch;
    const std::string& id = at(process).core->state().my_id;
    int64_t votes = group.leader == id && group.leader_epoch == epoch ? 1 : 0;
    for (const auto& sentinel : group.sentinels)
      if (sentinel->peer.leader == id && sentinel->peer.leader_epoch == epoch) ++votes;
    const bool is_elected =
        votes > static_cast<int64_t>(group.voters() / 2) && votes >= group.options.quorum;
    if (!is_elected) {
      // An attempt that found no replica is over by now, and does not say that it was forced.
      const bool may_be_forced = group.failover.is_forced || !group.failover.is_under_way();
      if (!may_be_forced) FAIL("a leader without the votes: " << describe());
      alone_.insert(epoch);
      return;
    }
    const auto [known, is_new] = leaders_.emplace(epoch, process);
    if (!is_new && known->second != process) FAIL("two leaders: " << describe());
  }

  // Of the replicas that the leader could ask, none has a lower priority number, or as low a one
  // and more data. What replicas really have is compared, while nobody gives them more.
  void check_choice(int process) {
    const State& state = at(process).core->state();
    const Monitored& group = *state.groups[0];
    if (group.failover.promoted == nullptr) return;  // Over within the same step.
    const int old_primary = find_host(group.primary.address.ip);
    if (old_primary < 0 || at(old_primary).is_running) return;
    const SimDataNode& chosen = node(find_host(group.failover.promoted->address.ip));
    if (chosen.primary_host != at(old_primary).host) return;
    for (const auto& replica : group.replicas) {
      const int other = find_host(replica->address.ip);
      const SimDataNode& real = node(other);
      // Who follows somebody else may get more after it was asked.
      if (!at(other).is_running || real.primary_host != at(old_primary).host) continue;
      // It was a primary when it was asked; others made it a replica since.
      if (replica->reported.role == DataRole::kPrimary) continue;
      const bool was_asked = !replica->is_subjectively_down && !replica->link->is_disconnected &&
                             replica->reported.at &&
                             state.now - *replica->reported.at < Duration(100);
      if (!was_asked || real.priority == 0 || real.is_link_up) continue;
      if (replica->reported.link_down > group.options.down_after * 10) continue;
      const bool is_better = real.priority != chosen.priority ? real.priority < chosen.priority
                                                              : real.offset > chosen.offset;
      if (is_better) FAIL(real.host << " is better than " << chosen.host << ": " << describe());
    }
  }

  void check_promotion(int process, const std::string& replica) {
    // The promotion gave the configuration the epoch of the failover.
    const uint64_t epoch = at(process).core->state().groups[0]->config_epoch;
    REQUIRE(epoch == at(process).led_epoch);
    if (alone_.contains(epoch)) return;
    if (!promotions_.emplace(epoch, replica).second) FAIL("two promotions: " << describe());
  }

  SimOptions options_;
  Random random_;
  int64_t now_ms_ = 1'000'000;
  std::vector<Process> processes_;
  std::priority_queue<Task> tasks_;
  uint64_t last_task_ = 0;
  std::set<std::pair<int, int>> cuts_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::tuple<int, uint64_t, LinkId>, ConnectionId> by_link_;
  ConnectionId last_connection_ = 0;
  std::vector<SimEvent> events_;
  std::map<uint64_t, int> leaders_;             // Epoch -> the process that led.
  std::map<uint64_t, std::string> promotions_;  // Epoch -> the replica.
  std::set<uint64_t> alone_;                    // Epochs in which somebody led without votes.
};

}  // namespace kvstash::sentinel::test
