// Signals: tells a loop about signals sent to the process.
//
// The function runs on the loop's thread, as an ordinary callback and not in a signal handler. The
// signals have no default effect while the Signals object exists, and have it again afterwards.
// Lives on its loop's thread.
#pragma once

#include <csignal>
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

namespace kvstash::net {

class Loop;

class Signals {
 public:
  using Received = std::function<void(int signal)>;

  // `received` must not destroy the Signals.
  Signals(Loop& loop, std::initializer_list<int> signals, Received received);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  struct Watch;

  Received received_;
  std::vector<Watch*> watches_;  // libuv owns them until their close callbacks.
};

// Makes writing to a closed connection an error instead of ending the process. Call it once, before
// TLS is used.
void ignore_sigpipe();

}  // namespace kvstash::net
