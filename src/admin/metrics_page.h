// MetricsPage: the HTTP port for Prometheus and for probes.
//
//   /metrics   the snapshot as text (metrics_text.h)
//   /health    200 while every shard answers within a second, else 503
//   /ready     200 while the server serves, 503 when it loads data, shuts down, or a shard does not
//              answer
//
// Runs on a thread of its own with a loop of its own. Shards are asked by message and never wait
// for the page. Requests that come while shards are being asked share the answer. All functions
// here are called on the thread that owns the page.
#pragma once

#include "admin/snapshot.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kvstash::admin {

struct MetricsOptions {
  std::vector<std::string> bind;
  uint16_t port = 0;  // 0: any free one.
};

class MetricsPage {
 public:
  // Asks for a snapshot and returns at once. `done` is called at most once, on any thread, now or
  // later, perhaps after the page is destroyed.
  using Collect = std::function<void(std::function<void(Snapshot)> done)>;

  MetricsPage(MetricsOptions options, Collect collect);
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;
  ~MetricsPage();  // Stops and waits for the page's thread, but for no shard.

  // Listens and starts the thread. An error names the port and the reason.
  Status start();
  uint16_t port() const { return port_; }  // The real port, once started.

 private:
  struct Inbox;
  class Desk;

  void run(std::function<void(Status, uint16_t)> started);

  MetricsOptions options_;
  Collect collect_;
  std::shared_ptr<Inbox> inbox_;  // Shared with the snapshots that were asked for.
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace kvstash::admin
