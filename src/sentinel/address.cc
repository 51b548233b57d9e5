#include "sentinel/address.h"

#include "base/text.h"

#include <arpa/inet.h>

#include <array>

namespace kvstash::sentinel {

bool is_ip(std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const std::string host(text);
  if (host.find('\0') != std::string::npos) return false;
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_same_place(const Address& a, const Address& b) {
  if (a.port != b.port) return false;
  if (!a.ip.empty() && !b.ip.empty()) return equals_ignore_case(a.ip, b.ip);
  return equals_ignore_case(a.host, b.host);
}

const std::string& announced_host(const Address& address, bool by_name) {
  return by_name || address.ip.empty() ? address.host : address.ip;
}

std::string host_and_port(std::string_view host, int64_t port) {
  std::string text(host);
  if (text.find(':') != std::string::npos) text = "[" + text + "]";
  return text + ":" + std::to_string(port);
}

Address Names::address_of(std::string_view host, int64_t port) const {
  Address address{.host = std::string(host), .ip = {}, .port = port};
  if (is_ip(host)) {
    address.ip = address.host;
  } else if (const auto found = known_.find(to_lower(host)); found != known_.end()) {
    address.ip = found->second;
  }
  return address;
}

void Names::learn(std::string_view name, std::string_view ip) {
  known_.insert_or_assign(to_lower(name), std::string(ip));
}

bool Names::means(std::string_view host, const Address& address) const {
  return is_same_place(address_of(host, address.port), address) ||
         equals_ignore_case(host, address.host);
}

}  // namespace kvstash::sentinel
