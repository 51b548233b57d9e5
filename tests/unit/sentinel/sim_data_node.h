// SimDataNode: a small model of a Redis server, with what sentinels use of one: PING, INFO, hello
// messages by PUBLISH and SUBSCRIBE, and the transaction that changes its role. It follows its
// primary by offsets only: data is a number that grows.
#pragma once

#include "base/numbers.h"
#include "base/random.h"
#include "base/text.h"
#include "resp/reply_parser.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::sentinel::test {

using ConnectionId = uint64_t;
using Argv = std::vector<std::string>;

inline resp::Reply simple(std::string text) {
  return {.type = resp::Reply::Type::kSimple, .text = std::move(text)};
}
inline resp::Reply bulk(std::string text) {
  return {.type = resp::Reply::Type::kBulk, .text = std::move(text)};
}
inline resp::Reply integer(int64_t value) {
  return {.type = resp::Reply::Type::kInteger, .integer = value};
}
inline resp::Reply error(std::string text) {
  return {.type = resp::Reply::Type::kError, .text = std::move(text)};
}
inline resp::Reply array(std::vector<resp::Reply> items) {
  return {.type = resp::Reply::Type::kArray, .items = std::move(items)};
}

struct SimDataNode {
  std::string host;
  int64_t port = 6379;
  std::string run_id;
  int64_t priority = 100;
  bool is_announced = true;

  // What CONFIG REWRITE keeps over a restart.
  std::string primary_host;  // Empty: it is a primary.
  int64_t primary_port = 0;
  std::string saved_primary_host;
  int64_t saved_primary_port = 0;

  uint64_t offset = 0;
  bool is_link_up = false;
  int64_t link_down_since_ms = 0;
  std::map<std::string, std::pair<int64_t, int64_t>> replicas;  // Host -> port, last seen ms.

  std::set<ConnectionId> connections;
  std::set<ConnectionId> subscribers;
  std::map<ConnectionId, std::vector<Argv>> transactions;

  // What a command leads to besides its reply.
  struct Effects {
    std::vector<std::pair<ConnectionId, resp::Reply>> pushes;
    std::vector<ConnectionId> closed;
  };

  bool is_primary() const { return primary_host.empty(); }

  void restart(Random& random, int64_t now_ms) {
    connections.clear();
    subscribers.clear();
    transactions.clear();
    replicas.clear();
    run_id = draw_run_id(random);
    primary_host = saved_primary_host;
    primary_port = saved_primary_port;
    is_link_up = false;
    link_down_since_ms = now_ms;
  }

  static std::string draw_run_id(Random& random) {
    std::string id;
    for (int i = 0; i < 40; ++i)
      id += "0123456789abcdef"[random.below(16)];
    return id;
  }

  void forget(ConnectionId id) {
    connections.erase(id);
    subscribers.erase(id);
    transactions.erase(id);
  }

  resp::Reply handle(ConnectionId id, const Argv& argv, int64_t now_ms, Effects& effects) {
    const std::string name = to_lower(argv[0]);
    if (const auto open = transactions.find(id); open != transactions.end() && name != "exec") {
      open->second.push_back(argv);
      return simple("QUEUED");
    }
    if (name == "exec") {
      std::vector<resp::Reply> replies;
      for (const Argv& queued : std::exchange(transactions[id], {}))
        replies.push_back(run(id, queued, now_ms, effects));
      transactions.erase(id);
      return array(std::move(replies));
    }
    return run(id, argv, now_ms, effects);
  }

  std::string info(int64_t now_ms) const {
    std::string text =
        "# Server\r\nredis_version:7.2.4\r\nrun_id:" + run_id + "\r\n# Replication\r\n";
    if (is_primary()) {
      text += "role:master\r\n";
      int number = 0;
      for (const auto& [replica, where] : replicas)
        if (now_ms - where.second < 5'000)
          text += "slave" + std::to_string(number++) + ":ip=" + replica +
                  ",port=" + std::to_string(where.first) + ",state=online,offset=1,lag=0\r\n";
      return text;
    }
    text += "role:slave\r\nmaster_host:" + primary_host +
            "\r\nmaster_port:" + std::to_string(primary_port) +
            "\r\nmaster_link_status:" + (is_link_up ? "up" : "down") + "\r\n";
    if (!is_link_up)
      text +=
          "master_link_down_since_seconds:" + std::to_string((now_ms - link_down_since_ms) / 1000) +
          "\r\n";
    return text + "slave_repl_offset:" + std::to_string(offset) +
           "\r\nslave_priority:" + std::to_string(priority) +
           "\r\nreplica_announced:" + (is_announced ? "1" : "0") + "\r\n";
  }

 private:
  resp::Reply run(ConnectionId id, const Argv& argv, int64_t now_ms, Effects& effects) {
    const std::string name = to_lower(argv[0]);
    if (name == "ping") return simple("PONG");
    if (name == "info") return bulk(info(now_ms));
    if (name == "multi") {
      transactions[id];
      return simple("OK");
    }
    if (name == "subscribe") {
      subscribers.insert(id);
      return array({bulk("subscribe"), bulk(argv[1]), integer(1)});
    }
    if (name == "publish") {
      for (const ConnectionId subscriber : subscribers)
        effects.pushes.emplace_back(subscriber,
                                    array({bulk("message"), bulk(argv[1]), bulk(argv[2])}));
      return integer(static_cast<int64_t>(subscribers.size()));
    }
    if (name == "slaveof") {
      follow(argv[1], argv[2], now_ms);
      return simple("OK");
    }
    if (name == "config") {
      saved_primary_host = primary_host;
      saved_primary_port = primary_port;
      return simple("OK");
    }
    if (name == "client" && to_lower(argv[1]) == "kill") return kill(id, argv[3], effects);
    if (name == "client" || name == "auth") return simple("OK");
    return error("ERR unknown command");
  }

  void follow(const std::string& host_text, const std::string& port_text, int64_t now_ms) {
    const bool is_no_one = to_lower(host_text) == "no";
    const std::string new_host = is_no_one ? "" : host_text;
    const int64_t new_port = is_no_one ? 0 : *parse_int64(port_text);
    if (new_host == primary_host && new_port == primary_port) return;
    primary_host = new_host;
    primary_port = new_port;
    is_link_up = false;
    link_down_since_ms = now_ms;
    replicas.clear();
  }

  resp::Reply kill(ConnectionId self, const std::string& type, Effects& effects) {
    int64_t count = 0;
    for (const ConnectionId other : connections) {
      if (other == self || subscribers.contains(other) != (type == "pubsub")) continue;
      effects.closed.push_back(other);
      ++count;
    }
    return integer(count);
  }
};

}  // namespace kvstash::sentinel::test
