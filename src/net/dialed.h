// Dialed: a connection that this process makes to another server, for a thread that may wait: every
// function blocks until it is done, its time is over, or the thread is told to give up.
//
// Errors name the step: "connect: Connection refused". One thread at a time.
#pragma once

#include "base/result.h"
#include "net/poll.h"
#include "net/transport.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct addrinfo;

namespace kvstash::net {

class TlsContext;

class Dialed {
 public:
  // How the connection is made.
  struct Way {
    std::string source_address{};     // Of this end; empty: the system's choice.
    const TlsContext* tls = nullptr;  // Null: in the clear. It need not outlive the call.
  };

  // `gives_up`: once it is true, waits end with an error, within some milliseconds; it outlives the
  // connection.
  explicit Dialed(const std::atomic<bool>& gives_up) : gives_up_(&gives_up) {}

  bool is_open() const { return transport_.is_open(); }
  // Connects to a name or numeric address. The names of a host are tried in turn, each for `time`.
  // To look up a name takes as long as the system wants.
  Status connect(const std::string& host, uint16_t port, std::chrono::milliseconds time) {
    return connect(host, port, time, {});
  }
  Status connect(const std::string& host, uint16_t port, std::chrono::milliseconds time,
                 const Way& way);
  // Each piece that the kernel takes has the whole `time`.
  Status send(std::string_view bytes, std::chrono::milliseconds time);
  // Waits for the next bytes, and returns how many there are; none: the other side has closed.
  Result<size_t> receive(std::span<char> to, std::chrono::milliseconds time);
  // As receive(); nothing: the time is over. It may be no time at all.
  Result<std::optional<size_t>> receive_within(std::span<char> to, std::chrono::milliseconds time);
  // Whether the last connect() failed because the other side answered that nobody listens there.
  bool was_refused() const { return was_refused_; }
  void close() { transport_ = Transport(); }

 private:
  Status connect_to(const addrinfo& info, std::chrono::milliseconds time, const Way& way);
  // Waits until the descriptor is ready for what the transport wants. False: the time is over.
  Result<bool> wait_within(Readiness wanted, std::string_view what, std::chrono::milliseconds time);
  Status wait(Readiness wanted, std::string_view what, std::chrono::milliseconds time);

  const std::atomic<bool>* gives_up_;
  Transport transport_;
  bool was_refused_ = false;
};

}  // namespace kvstash::net
