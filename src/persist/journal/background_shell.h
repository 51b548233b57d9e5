// BackgroundShell: a thread that does work in steps, sleeps until its next step is due, and is
// woken by other threads.
//
// Owns the thread. start() and stop() are called by the owner; wake() by any thread.
#pragma once

#include "engine/node_ports.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace kvstash::persist {

class BackgroundShell {
 public:
  // Returns the monotonic time in nanoseconds at which the next step is due; nothing: after the
  // next wake().
  using Step = std::function<std::optional<int64_t>()>;

  BackgroundShell() = default;
  BackgroundShell(const BackgroundShell&) = delete;
  BackgroundShell& operator=(const BackgroundShell&) = delete;
  ~BackgroundShell() { stop(); }

  // The ports outlive the thread.
  void start(std::string_view name, const engine::NodePorts& ports, Step step);
  // Ends the thread behind the step that it is in. Does nothing if it does not run.
  void stop();
  // Has a step done soon. Costs one atomic operation while the thread is awake.
  void wake() {
    news_.fetch_add(1, std::memory_order_seq_cst);
    if (is_asleep_.load(std::memory_order_seq_cst)) ports_->parking->wake(news_);
  }

 private:
  void run();
  void rest(uint32_t seen, std::optional<int64_t> until_ns);

  Step step_;
  const engine::NodePorts* ports_ = nullptr;
  std::unique_ptr<Threads::Thread> thread_;
  std::atomic<uint32_t> news_{0};
  std::atomic<bool> is_asleep_{false};
  std::atomic<bool> stops_{false};
};

}  // namespace kvstash::persist
