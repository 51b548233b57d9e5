#include "persist/journal/background_shell.h"

#include <utility>

namespace kvstash::persist {

void BackgroundShell::start(std::string_view name, const engine::NodePorts& ports, Step step) {
  ports_ = &ports;
  step_ = std::move(step);
  stops_ = false;
  thread_ = ports.threads->start(name, [this] { run(); });
}

void BackgroundShell::stop() {
  if (thread_ == nullptr) return;
  stops_ = true;
  wake();
  thread_->join();
  thread_ = nullptr;
}

void BackgroundShell::run() {
  while (!stops_) {
    const uint32_t seen = news_.load(std::memory_order_seq_cst);
    const std::optional<int64_t> due_ns = step_();
    if (!stops_) rest(seen, due_ns);
  }
}

// The sleeper says that it sleeps and then compares the word; who wakes changes the word and then
// looks whether anybody sleeps. So one of the two sees the other's write.
void BackgroundShell::rest(uint32_t seen, std::optional<int64_t> until_ns) {
  is_asleep_.store(true, std::memory_order_seq_cst);
  if (until_ns) {
    ports_->parking->wait_for(news_, seen, *until_ns - ports_->clock->monotonic_ns());
  } else {
    ports_->parking->wait(news_, seen);
  }
  is_asleep_.store(false, std::memory_order_seq_cst);
}

}  // namespace kvstash::persist
