#include "net/listener.h"

#include "base/ensure.h"
#include "base/log.h"
#include "net/fd.h"
#include "net/loop.h"
#include "net/poll.h"
#include "net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace kvstash::net {
namespace {

// Why listening on an address failed; `code` is an errno, or 0 for an unknown name.
struct BindFailure {
  int code = 0;
  std::string reason;
};

BindFailure failure_of(std::string_view call, int code) {
  return {.code = code, .reason = std::string(system_error(call, code).message())};
}

bool is_family_missing(int code) {
  return code == EAFNOSUPPORT || code == EPFNOSUPPORT || code == EPROTONOSUPPORT ||
         code == ESOCKTNOSUPPORT || code == ENOPROTOOPT;
}

struct AddressListDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

// Binds and listens on the first usable address of the list.
Fd bind_and_listen(const addrinfo& info, const ListenOptions& options, BindFailure& failure) {
  Fd fd(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    failure = failure_of("socket", errno);
    return {};
  }
  const int on = 1;
  if (info.ai_family == AF_INET6)
    (void)setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (options.mark != 0) {
    const Status marked = set_mark(fd.get(), options.mark);
    if (!marked.ok()) log(LogLevel::kWarning, marked.error().message());
  }
  if (::bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0) {
    failure = failure_of("bind", errno);
    return {};
  }
  if (::listen(fd.get(), options.backlog) != 0) {
    failure = failure_of("listen", errno);
    return {};
  }
  return fd;
}

Fd listen_on(const std::string& host, uint16_t port, const ListenOptions& options,
             BindFailure& failure) {
  addrinfo hints{};
  hints.ai_family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const bool everywhere = host == "*" || host == "::*";
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(everywhere ? nullptr : host.c_str(), std::to_string(port).c_str(),
                                  &hints, &found);
  if (unknown != 0) {
    failure = {.reason = gai_strerror(unknown)};
    return {};
  }
  const AddressList list(found);
  for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
    Fd fd = bind_and_listen(*info, options, failure);
    if (fd.is_open()) return fd;
  }
  return {};
}

// Returns the inode of a socket file, or 0 if there is none.
uint64_t socket_inode(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return 0;
  return info.st_ino;
}

Result<Fd> listen_on_path(const UnixListenOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options.path.empty() || options.path.size() >= sizeof(address.sun_path)) {
    return Error::text("unix socket path must have 1 to " +
                       std::to_string(sizeof(address.sun_path) - 1) + " bytes, not " +
                       std::to_string(options.path.size()));
  }
  std::memcpy(address.sun_path, options.path.data(), options.path.size());

  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return system_error("socket", errno);
  if (socket_inode(options.path) != 0) ::unlink(options.path.c_str());
  // The file gets the mode of the socket, reduced by the umask, so it is never more open than
  // asked.
  if (options.mode != 0) (void)fchmod(fd.get(), options.mode);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return system_error("bind", errno);
  // No client can connect before listen(), so the bits that the umask took may still be set.
  if (options.mode != 0 && ::chmod(options.path.c_str(), options.mode) != 0) {
    const Error error = system_error("chmod", errno);
    ::unlink(options.path.c_str());
    return error;
  }
  if (::listen(fd.get(), options.backlog) != 0) {
    const Error error = system_error("listen", errno);
    ::unlink(options.path.c_str());
    return error;
  }
  return fd;
}

}  // namespace

struct Listener::Socket {
  Socket(Listener& listener, Loop& loop, Fd listening)
      : owner(listener), fd(std::move(listening)), poll(loop, fd.get(), on_ready, this) {}

  static void on_ready(void* context, Readiness) {
    Socket& socket = *static_cast<Socket*>(context);
    socket.owner.accept_from(socket);
  }

  Listener& owner;
  Fd fd;
  Poll poll;
};

Result<std::unique_ptr<Listener>> Listener::tcp(Loop& loop, const ListenOptions& options,
                                                Accepted accepted) {
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(accepted)));
  listener->port_ = options.port;
  for (const std::string& entry : options.bind) {
    const bool optional = entry.starts_with('-');
    const std::string host = optional ? entry.substr(1) : entry;
    BindFailure failure;
    Fd fd = listen_on(host, listener->port_, options, failure);
    if (fd.is_open()) {
      if (listener->port_ == 0) listener->port_ = local_address(fd.get()).port();
      listener->add(std::move(fd));
      continue;
    }
    log(LogLevel::kWarning, "Could not create server TCP listening socket " + host + ":" +
                                std::to_string(listener->port_) + ": " + failure.reason);
    if (failure.code == EADDRNOTAVAIL && optional) continue;
    if (is_family_missing(failure.code)) continue;
    return Error::text(std::move(failure.reason));
  }
  listener->watch(true);
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::unix_socket(Loop& loop,
                                                        const UnixListenOptions& options,
                                                        Accepted accepted) {
  Result<Fd> fd = listen_on_path(options);
  if (!fd.ok()) return fd.error();
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(accepted)));
  listener->unix_path_ = options.path;
  listener->unix_inode_ = socket_inode(options.path);
  listener->add(std::move(*fd));
  listener->watch(true);
  return listener;
}

Listener::Listener(Loop& loop, Accepted accepted)
    : loop_(loop), accepted_(std::move(accepted)), retry_(loop, [this] { watch(true); }) {}

Listener::~Listener() {
  if (unix_inode_ != 0 && socket_inode(unix_path_) == unix_inode_) ::unlink(unix_path_.c_str());
}

std::vector<Address> Listener::addresses() const {
  std::vector<Address> result;
  for (const std::unique_ptr<Socket>& socket : sockets_)
    result.push_back(local_address(socket->fd.get()));
  return result;
}

void Listener::add(Fd fd) {
  sockets_.push_back(std::make_unique<Socket>(*this, loop_, std::move(fd)));
}

void Listener::watch(bool on) {
  for (const std::unique_ptr<Socket>& socket : sockets_)
    socket->poll.watch(on, false);
}

void Listener::accept_waiting() {
  if (retry_.is_running()) return;
  for (const std::unique_ptr<Socket>& socket : sockets_)
    accept_from(*socket);
}

void Listener::accept_from(Socket& socket) {
  for (int count = 0; count < kAcceptsPerTurn; ++count) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    const int fd = ::accept4(socket.fd.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted_(fd, unix_path_.empty() ? Address::of(reinterpret_cast<const sockaddr&>(storage))
                                       : Address::unix_path(unix_path_));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) back_off(errno);
    return;
  }
}

void Listener::back_off(int code) {
  log(LogLevel::kWarning,
      "Accepting client connection: " + std::string(system_error("accept", code).message()));
  watch(false);
  retry_.start(kAcceptRetryDelay);
}

}  // namespace kvstash::net
