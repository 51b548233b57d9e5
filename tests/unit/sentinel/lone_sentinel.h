// LoneSentinel: one core without a world, for tests that say themselves what happens to it. It
// keeps the actions of the last call, and answers on links by the address that they lead to.
#pragma once

#include "base/ensure.h"
#include "resp/reply_buffer.h"
#include "resp/reply_writer.h"
#include "sentinel/sentinel.h"
#include "sim_data_node.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kvstash::sentinel::test {

class LoneSentinel {
 public:
  static constexpr std::string_view kMonitor = "sentinel monitor mymaster 10.0.0.1 6379 2\n";

  // Configuration with two primaries, both of which a peer with this id at 10.0.1.2 watches, too.
  static std::string two_primaries(const std::string& peer) {
    const std::string known = "10.0.1.2 26379 " + peer + "\n";
    return std::string(kMonitor) + "sentinel monitor other 10.0.0.9 6379 2\n" +
           "sentinel known-sentinel mymaster " + known + "sentinel known-sentinel other " + known;
  }

  explicit LoneSentinel(SentinelSetup setup) : core_(make(std::move(setup))) {
    keep(core_->start(now_, from_ms(1'700'000'000'000)));
  }
  explicit LoneSentinel(const std::string& config = std::string(kMonitor))
      : LoneSentinel(SentinelSetup{.config_text = config, .seed = 7}) {}

  // --- What happens

  void step(const Event& event) { keep(core_->step(event, now_)); }
  // The time passes; the timer fires on the way every 100 ms. Actions of all that are kept.
  void pass(Duration time) {
    Actions all;
    for (const Moment end = now_ + time; now_ < end;) {
      now_ += std::min(Duration(100), end - now_);
      step(TimerFired{.wall = from_ms(1'700'000'000'000 + now_.time_since_epoch().count())});
      all.insert(all.end(), actions.begin(), actions.end());
    }
    actions = std::move(all);
  }
  void skip(Duration time) { now_ += time; }
  void open(std::string_view place, std::string local_ip = "10.0.1.1") {
    step(LinkOpened{.link = *commands_link(place), .local_ip = std::move(local_ip)});
  }
  // Answers the oldest command on the link for commands to "ip:port".
  void answer(std::string_view place, resp::Reply reply) {
    step(ReplyReceived{.link = *commands_link(place), .reply = std::move(reply)});
  }
  // Answers all that was sent there until now: PING, INFO by `info`, the rest by OK.
  void answer_all(std::string_view place, const std::string& info = "") {
    Actions all;
    const LinkId link = *commands_link(place);
    for (auto& argv : std::exchange(unanswered_[link], {})) {
      const std::string name = to_lower(argv[0]);
      resp::Reply reply = name == "ping"   ? simple("PONG")
                          : name == "info" ? bulk(info)
                                           : simple("OK");
      if (name == "publish") reply = integer(1);
      step(ReplyReceived{.link = link, .reply = std::move(reply)});
      all.insert(all.end(), actions.begin(), actions.end());
    }
    actions = std::move(all);
  }
  void message(std::string_view place, std::string text) {
    const LinkId link = *messages_link(place);
    step(ReplyReceived{
        .link = link,
        .reply = array({bulk("message"), bulk("__sentinel__:hello"), bulk(std::move(text))})});
  }
  // The bytes of the reply.
  std::string command(const Argv& argv, resp::RespVersion version = resp::RespVersion::k2) {
    resp::ReplyBuffer buffer;
    resp::ReplyWriter writer(buffer, version);
    const std::vector<std::string_view> words(argv.begin(), argv.end());
    CommandOutcome outcome = to_lower(argv[0]) == "publish" ? core_->publish(words, writer, now_)
                                                            : core_->command(words, writer, now_);
    is_promise_to_save = outcome.is_promise_to_save;
    keep(std::move(outcome.actions));
    return std::string(buffer.view());
  }

  // --- What it wants

  Actions actions;  // Of the last call, or of all calls of pass() and answer_all().
  bool is_promise_to_save = false;

  // The commands sent to a place by `actions`, as lines.
  std::vector<std::string> sent(std::string_view place) const {
    std::vector<std::string> lines;
    for (const Action& action : actions) {
      const auto* send = std::get_if<Send>(&action);
      if (send == nullptr || place_of(send->link) != place) continue;
      std::string line;
      for (const std::string& word : send->argv)
        line += (line.empty() ? "" : " ") + word;
      lines.push_back(std::move(line));
    }
    return lines;
  }
  // "channel payload" of each event published by `actions`.
  std::vector<std::string> events() const {
    std::vector<std::string> lines;
    for (const Action& action : actions)
      if (const auto* event = std::get_if<PublishEvent>(&action))
        lines.push_back(event->channel + " " + event->payload);
    return lines;
  }
  template <typename Wanted>
  std::vector<Wanted> all() const {
    std::vector<Wanted> found;
    for (const Action& action : actions)
      if (const auto* wanted = std::get_if<Wanted>(&action)) found.push_back(*wanted);
    return found;
  }

  const Sentinel& core() const { return *core_; }
  const State& state() const { return core_->state(); }
  const Monitored& group(size_t index = 0) const { return *state().groups.at(index); }
  const std::string& file() const { return file_; }
  Moment now() const { return now_; }
  // The latest link for commands, or for messages, to "ip:port".
  std::optional<LinkId> commands_link(std::string_view place) const { return link(place, false); }
  std::optional<LinkId> messages_link(std::string_view place) const { return link(place, true); }

 private:
  static std::unique_ptr<Sentinel> make(SentinelSetup setup) {
    auto made = Sentinel::make(std::move(setup));
    ensure(made.ok());
    return *std::move(made);
  }

  void keep(Actions done) {
    for (const Action& action : done) {
      if (const auto* connect = std::get_if<Connect>(&action)) {
        places_[connect->link] = connect->ip + ":" + std::to_string(connect->port);
      } else if (const auto* close = std::get_if<Disconnect>(&action)) {
        closed_.push_back(close->link);
      } else if (const auto* send = std::get_if<Send>(&action)) {
        unanswered_[send->link].push_back(send->argv);
        if (send->argv[0] == "SUBSCRIBE") is_messages_[send->link] = true;
      } else if (const auto* save = std::get_if<SaveConfig>(&action)) {
        file_ = save->text;
      }
    }
    actions = std::move(done);
  }

  std::string place_of(LinkId id) const {
    const auto found = places_.find(id);
    return found == places_.end() ? "" : found->second;
  }
  std::optional<LinkId> link(std::string_view place, bool is_messages) const {
    std::optional<LinkId> latest;
    for (const auto& [id, where] : places_)
      if (where == place && is_messages_.contains(id) == is_messages) latest = id;
    return latest;
  }

  std::unique_ptr<Sentinel> core_;
  Moment now_{Duration(5'000'000)};
  std::map<LinkId, std::string> places_;
  std::map<LinkId, bool> is_messages_;
  std::map<LinkId, std::vector<Argv>> unanswered_;
  std::vector<LinkId> closed_;
  std::string file_;
};

inline const std::string kRunIdA(40, 'a');
inline const std::string kRunIdB(40, 'b');

// INFO of a primary with these replicas, each "ip:port".
inline std::string primary_info(const std::vector<std::string>& replicas = {},
                                const std::string& run_id = kRunIdA) {
  std::string text = "run_id:" + run_id + "\r\nrole:master\r\n";
  for (size_t i = 0; i < replicas.size(); ++i) {
    const size_t colon = replicas[i].rfind(':');
    text += "slave" + std::to_string(i) + ":ip=" + replicas[i].substr(0, colon) +
            ",port=" + replicas[i].substr(colon + 1) + ",state=online,offset=5,lag=0\r\n";
  }
  return text;
}

inline std::string replica_info(uint64_t offset, const std::string& primary = "10.0.0.1") {
  return "run_id:" + kRunIdB + "\r\nrole:slave\r\nmaster_host:" + primary +
         "\r\nmaster_port:6379\r\nmaster_link_status:up\r\nslave_repl_offset:" +
         std::to_string(offset) + "\r\nslave_priority:100\r\nreplica_announced:1\r\n";
}

}  // namespace kvstash::sentinel::test
