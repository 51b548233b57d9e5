// Address: one end of a connection: an IP address and a port, or the path of a unix socket.
//
// A plain value; any thread. Its text has the form of CLIENT LIST: 127.0.0.1:6379, [::1]:6379,
// /run/kvstash.sock:0. Names are not resolved here.
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

  // Returns an unknown address for an unknown family.
  static Address of(const sockaddr& address);
  static Address unix_path(std::string path);

  // Parses "127.0.0.1:80", "[::1]:80", "::1:80" or "/path:0". Fails if the address is not numeric
  // or the port is not valid.
  static Result<Address> parse(std::string_view text);

  std::string text() const;
  std::string host() const;  // Without port and brackets; the path of a unix socket.
  uint16_t port() const { return port_; }
  bool is_unix() const { return family_ == AF_UNIX; }
  bool is_ip() const { return family_ == AF_INET || family_ == AF_INET6; }

  // Whether the peer is on this machine: 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104, or a unix socket.
  bool is_loopback() const;

  bool operator==(const Address&) const = default;

 private:
  sa_family_t family_ = AF_UNSPEC;
  uint16_t port_ = 0;
  std::array<uint8_t, 16> ip_{};  // In network order; IPv4 uses four bytes.
  std::string path_;
};

// Returns "host:port", or "[host]:port" if the host contains a ':'.
std::string format_address(std::string_view host, uint16_t port);

}  // namespace kvstash::net
