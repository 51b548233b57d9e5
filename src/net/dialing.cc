#include "net/dialing.h"

#include "net/socket.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace kvstash::net {
namespace {

struct AddressDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressPointer = std::unique_ptr<addrinfo, AddressDeleter>;

// Reads an address in numbers; nobody is asked for it.
Result<AddressPointer> read_address(const std::string& ip, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(ip.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return Error::text("'" + ip + "' is not an IP address");
  return AddressPointer(found);
}

}  // namespace

Result<Fd> begin_connect(const DialTarget& target) {
  const Result<AddressPointer> to = read_address(target.ip, target.port);
  if (!to.ok()) return to.error();
  Fd fd(::socket((*to)->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return system_error("socket", errno);
  if (!target.source.empty()) {
    const Result<AddressPointer> from = read_address(target.source, 0);
    if (!from.ok()) return from.error();
    if (::bind(fd.get(), (*from)->ai_addr, (*from)->ai_addrlen) != 0)
      return system_error("bind", errno);
  }
  if (::connect(fd.get(), (*to)->ai_addr, (*to)->ai_addrlen) != 0 && errno != EINPROGRESS)
    return system_error("connect", errno);
  set_no_delay(fd.get());
  return fd;
}

}  // namespace kvstash::net
