#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace kvstash::net {
namespace {

constexpr int kKeepaliveProbes = 3;

Status set_option(int fd, int level, int name, int value, std::string_view what) {
  if (setsockopt(fd, level, name, &value, sizeof(value)) == 0) return {};
  return system_error(what, errno);
}

bool is_unix_socket(int fd) {
  int domain = 0;
  socklen_t length = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

Address address_from(NameOf name_of, int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (name_of(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address::of(reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace

void set_no_delay(int fd) {
  const int on = 1;
  // Only a socket that is not TCP refuses, and it needs no such option.
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Status set_keepalive(int fd, std::chrono::seconds interval) {
  if (is_unix_socket(fd)) return {};
  const int idle_s = static_cast<int>(std::max<int64_t>(interval.count(), 1));
  Status status = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "setsockopt SO_KEEPALIVE");
  if (!status.ok()) return status;
  status = set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s, "setsockopt TCP_KEEPIDLE");
  if (!status.ok()) return status;
  status = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(idle_s / 3, 1),
                      "setsockopt TCP_KEEPINTVL");
  if (!status.ok()) return status;
  return set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes, "setsockopt TCP_KEEPCNT");
}

Status set_send_buffer(int fd, int bytes) {
  return set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes, "setsockopt SO_SNDBUF");
}

Status set_receive_buffer(int fd, int bytes) {
  return set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes, "setsockopt SO_RCVBUF");
}

Status set_mark(int fd, int mark) {
  return set_option(fd, SOL_SOCKET, SO_MARK, mark, "setsockopt SO_MARK");
}

Address peer_address(int fd) {
  const Address peer = address_from(getpeername, fd);
  if (peer.is_unix() && peer.host().empty()) return local_address(fd);
  return peer;
}

Address local_address(int fd) {
  const Address local = address_from(getsockname, fd);
  if (!local.is_unix() || !local.host().empty()) return local;
  const Address peer = address_from(getpeername, fd);
  return peer.is_unix() ? peer : local;
}

Status pending_error(int fd) {
  int code = 0;
  socklen_t length = sizeof(code);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) != 0) code = errno;
  if (code == 0) return {};
  return system_error("socket", code);
}

Error system_error(std::string_view what, int code) {
  return Error::text(std::string(what) + ": " + std::strerror(code));
}

}  // namespace kvstash::net
