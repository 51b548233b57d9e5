#include "net/address.h"

#include "base/numbers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace kvstash::net {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view without_brackets(std::string_view host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return host;
  return host.substr(1, host.size() - 2);
}

}  // namespace

Address Address::of(const sockaddr& address) {
  Address result;
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof(in));
    std::memcpy(result.ip_.data(), &in.sin_addr, sizeof(in.sin_addr));
    result.port_ = ntohs(in.sin_port);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &address, sizeof(in6));
    std::memcpy(result.ip_.data(), &in6.sin6_addr, sizeof(in6.sin6_addr));
    result.port_ = ntohs(in6.sin6_port);
  } else if (address.sa_family == AF_UNIX) {
    const auto& un = reinterpret_cast<const sockaddr_un&>(address);
    return unix_path(std::string(un.sun_path, strnlen(un.sun_path, sizeof(un.sun_path))));
  } else {
    return result;
  }
  result.family_ = address.sa_family;
  return result;
}

Address Address::unix_path(std::string path) {
  Address result;
  result.family_ = AF_UNIX;
  result.path_ = std::move(path);
  return result;
}

Result<Address> Address::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Error::literal("an address needs a port");
  const std::optional<uint64_t> port = parse_uint64(text.substr(colon + 1));
  if (!port || *port > UINT16_MAX) return Error::literal("not a port number");

  if (text.starts_with('/')) return unix_path(std::string(text.substr(0, colon)));
  const std::string host(without_brackets(text.substr(0, colon)));
  Address result;
  result.port_ = static_cast<uint16_t>(*port);
  result.family_ = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(result.family_, host.c_str(), result.ip_.data()) != 1)
    return Error::literal("not a numeric address");
  return result;
}

std::string Address::text() const {
  return format_address(host(), port_);
}

std::string Address::host() const {
  if (is_unix()) return path_;
  if (!is_ip()) return "?";
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family_, ip_.data(), text, sizeof(text));
}

bool Address::is_loopback() const {
  if (is_unix()) return true;
  if (family_ == AF_INET) return ip_[0] == 127;
  if (family_ != AF_INET6) return false;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip_.begin())) return ip_[12] == 127;
  return ip_ == std::array<uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

std::string format_address(std::string_view host, uint16_t port) {
  std::string result;
  const bool brackets = host.find(':') != std::string_view::npos;
  if (brackets) result += '[';
  result += host;
  if (brackets) result += ']';
  result += ':';
  return result += std::to_string(port);
}

}  // namespace kvstash::net
