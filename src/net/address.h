// Address: one end of a connection: an IP address and a port, or the path of a unix socket.
//
// A plain value; any thread. Written as Redis writes it in CLIENT LIST: 127.0.0.1:6379,
// [::1]:6379, /run/kvstash.sock:0. Names are not resolved here.
#pragma once

#include "base/result.h"

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::net {

class Address {
 public:
  Address() = default;  // Unknown: text() is "?:0".

  // Unknown families become an unknown address.
  static Address of(const sockaddr& address);
  static Address unix_path(std::string path);

  // "127.0.0.1:80", "[::1]:80", "::1:80" or "/path:0". Fails if the address is not numeric or the
  // port not one.
  static Result<Address> parse(std::string_view text);

  std::string text() const;
  std::string host() const;  // Without port and brackets; for a unix socket its path.
  uint16_t port() const { return port_; }
  bool is_unix() const { return family_ == AF_UNIX; }
  bool is_ip() const { return family_ == AF_INET || family_ == AF_INET6; }

  // 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104, or a unix socket: a peer on this machine.
  bool is_loopback() const;

  bool operator==(const Address&) const = default;

 private:
  sa_family_t family_ = AF_UNSPEC;
  uint16_t port_ = 0;
  std::array<uint8_t, 16> ip_{};  // Network order; four bytes used for IPv4.
  std::string path_;
};

// "host:port", or "[host]:port" if the host has a ':' in it.
std::string format_address(std::string_view host, uint16_t port);

}  // namespace kvstash::net
