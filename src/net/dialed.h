// Dialed: a connection that this process makes to another server, for a thread that may wait: every
// function blocks until it is done, its time is over, or the thread is told to give up.
//
// Errors name the step: "connect: Connection refused". One thread at a time.
#pragma once

#include "base/result.h"
#include "net/fd.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::net {

class Dialed {
 public:
  // `gives_up`: once it is true, waits end with an error, within some milliseconds; it outlives the
  // connection.
  explicit Dialed(const std::atomic<bool>& gives_up) : gives_up_(&gives_up) {}

  bool is_open() const { return fd_.is_open(); }
  // Connects to a name or numeric address. The names of a host are tried in turn, each for `time`.
  // To look up a name takes as long as the system wants.
  Status connect(const std::string& host, uint16_t port, std::chrono::milliseconds time);
  // Each piece that the kernel takes has the whole `time`.
  Status send(std::string_view bytes, std::chrono::milliseconds time);
  // Waits for the next bytes, and returns how many there are; none: the other side has closed.
  Result<size_t> receive(std::span<char> to, std::chrono::milliseconds time);
  // Whether the last connect() failed because the other side answered that nobody listens there.
  bool was_refused() const { return was_refused_; }
  void close() { fd_.reset(); }

 private:
  Status wait(short events, std::string_view what, std::chrono::milliseconds time) const;

  const std::atomic<bool>* gives_up_;
  Fd fd_;
  bool was_refused_ = false;
};

}  // namespace kvstash::net
