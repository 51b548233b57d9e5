// Listener: accepts connections on a set of sockets, all of one kind, and hands them on.
//
// Lives on its loop's thread. At most kAcceptsPerTurn connections are taken from a socket per turn
// of the loop. When the process runs out of descriptors it logs so once, and tries again after
// kAcceptRetryDelay instead of spinning. Owns the listening sockets; who gets a connection owns it.
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
  // Numeric addresses or names. "*": all of IPv4; "::*": all of IPv6; a leading '-': may be missing
  // on this machine. An address family that the system lacks is skipped with a warning.
  std::vector<std::string> bind = {"*", "-::*"};
  uint16_t port = 0;  // 0: any free one, the same for all addresses.
  int backlog = 511;
  int mark = 0;  // SO_MARK; 0: none.
};

struct UnixListenOptions {
  std::string path;
  unsigned mode = 0;  // Permission bits; 0: as the umask gives.
  int backlog = 511;
};

class Listener {
 public:
  // Called on the loop's thread. `fd` is the callee's: non-blocking, close-on-exec. Must not
  // destroy the Listener.
  using Accepted = std::function<void(int fd, const Address& peer)>;

  // Fails with "bind: Address already in use" and the like, and then listens nowhere. Sockets of
  // IPv6 take IPv6 only. With every address skipped it succeeds and is_listening() is false.
  static Result<std::unique_ptr<Listener>> tcp(Loop& loop, const ListenOptions& options,
                                               Accepted accepted);

  // A socket left behind at the path is replaced, anything else there is an error. The mode is set
  // before the first client can connect. The socket file goes with the Listener.
  static Result<std::unique_ptr<Listener>> unix_socket(Loop& loop, const UnixListenOptions& options,
                                                       Accepted accepted);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Takes the connections that wait, without the loop: for code in the middle of its turn.
  void accept_waiting();

  bool is_listening() const { return !sockets_.empty(); }
  uint16_t port() const { return port_; }  // The real one, if 0 was asked for. 0: a unix socket.
  std::vector<Address> addresses() const;  // One per listening socket.

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
  uint64_t unix_inode_ = 0;  // Of our socket file, so that a successor's is left alone.
};

}  // namespace kvstash::net
