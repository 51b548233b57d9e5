// Listener: accepts connections on a set of sockets, all of one kind, and passes them on.
//
// Lives on its loop's thread. At most kAcceptsPerTurn connections are accepted on a socket in a
// turn of the loop. When the process runs out of descriptors, the listener logs it once, and tries
// again after kAcceptRetryDelay instead of spinning. It owns the listening sockets; the callee of
// Accepted owns the connection.
#pragma once

#include "base/result.h"
#include "net/address.h"
#include "net/timer.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kvstash::net {

class Fd;
class Loop;

inline constexpr int kAcceptsPerTurn = 1000;
inline constexpr std::chrono::milliseconds kAcceptRetryDelay{100};

struct ListenOptions {
  // Numeric addresses or names. "*" is all of IPv4, "::*" all of IPv6; an address with a leading
  // '-' may be missing on this machine. A family that the system lacks is skipped with a warning.
  std::vector<std::string> bind = {"*", "-::*"};
  uint16_t port = 0;  // 0: any free one, the same for all addresses.
  int backlog = 511;
  int mark = 0;  // SO_MARK; 0: none.
};

struct UnixListenOptions {
  std::string path;
  unsigned mode = 0;  // Permission bits; 0: as the umask leaves them.
  int backlog = 511;
};

class Listener {
 public:
  // Called on the loop's thread. The callee owns `fd`, which is non-blocking and close-on-exec. It
  // must not destroy the Listener.
  using Accepted = std::function<void(int fd, const Address& peer)>;

  // Fails with a message like "bind: Address already in use", and then listens nowhere. IPv6
  // sockets accept IPv6 only. If every address is skipped it succeeds, and is_listening() is false.
  static Result<std::unique_ptr<Listener>> tcp(Loop& loop, const ListenOptions& options,
                                               Accepted accepted);

  // Replaces a socket file that was left at the path; any other file there is an error. The mode is
  // set before the first client can connect. The Listener removes the socket file when it is
  // destroyed.
  static Result<std::unique_ptr<Listener>> unix_socket(Loop& loop, const UnixListenOptions& options,
                                                       Accepted accepted);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Accepts the waiting connections without the loop, for code that runs in the middle of a turn.
  void accept_waiting();

  bool is_listening() const { return !sockets_.empty(); }
  uint16_t port() const { return port_; }  // The real one; 0 for a unix socket.
  std::vector<Address> addresses() const;  // One for each listening socket.

 private:
  struct Socket;

  Listener(Loop& loop, Accepted accepted);
  void add(Fd fd);
  void watch(bool on);
  void accept_from(Socket& socket);
  void back_off(int code);

  Loop& loop_;
  Accepted accepted_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Timer retry_;
  uint16_t port_ = 0;
  std::string unix_path_;
  uint64_t unix_inode_ = 0;  // Inode of our socket file, so that another process's is not removed.
};

}  // namespace kvstash::net
