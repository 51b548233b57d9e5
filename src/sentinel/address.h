// Address: where an instance is: the host as an operator or a peer wrote it, the IP address that it
// stands for, and a port.
//
// With `resolve-hostnames no` host and ip are the same. With `yes` a host may be a name; its ip is
// empty until the name was resolved (Names, action Resolve). Pure values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

// Whether `text` is an IPv4 or IPv6 address in numbers.
bool is_ip(std::string_view text);

struct Address {
  std::string host;
  std::string ip;    // Empty: not known yet.
  int64_t port = 0;  // 0: not valid, nobody connects to it.

  bool operator==(const Address&) const = default;
};

// Whether both mean the same place: the same port, and the same IP address (or, where one is not
// known, the same host).
bool is_same_place(const Address& a, const Address& b);

// The host as others are told it: the name if `by_name` (announce-hostnames) or if the IP address
// is not known, else the IP address.
const std::string& announced_host(const Address& address, bool by_name);

// "10.0.0.1:6379" or "[::1]:6379".
std::string host_and_port(std::string_view host, int64_t port);

// Names: what names of hosts stood for when they were last resolved.
class Names {
 public:
  // Makes an address of a text that is an IP address or a name. The ip stays empty if the text is a
  // name that was never resolved.
  Address address_of(std::string_view host, int64_t port) const;

  // Remembers that `name` stands for `ip`.
  void learn(std::string_view name, std::string_view ip);

  // Whether `host`, an IP address or a name, means the host of `address`.
  bool means(std::string_view host, const Address& address) const;

 private:
  std::map<std::string, std::string, std::less<>> known_;  // Name in lower case -> IP address.
};

}  // namespace kvstash::sentinel
