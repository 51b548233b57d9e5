#include "sentinel/address.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel {
namespace {

TEST_CASE("only numbers are an IP address") {
  for (const char* ip : {"127.0.0.1", "::1", "2001:db8::7"}) {
    CAPTURE(ip);
    CHECK(is_ip(ip));
  }
  for (const char* name : {"", "localhost", "10.0.0", "10.0.0.256", "[::1]", "10.0.0.1 "}) {
    CAPTURE(name);
    CHECK_FALSE(is_ip(name));
  }
  CHECK_FALSE(is_ip(std::string_view("1.2.3.4\0x", 9)));
}

TEST_CASE("a host with colons stands in brackets before its port") {
  CHECK(host_and_port("10.0.0.1", 6379) == "10.0.0.1:6379");
  CHECK(host_and_port("::1", 6379) == "[::1]:6379");
}

TEST_CASE("a name has an IP address once it was learned, in any case") {
  Names names;
  CHECK(names.address_of("Node-1", 1).ip.empty());
  names.learn("node-1", "10.0.0.1");
  const Address address = names.address_of("NODE-1", 6379);
  CHECK(address.host == "NODE-1");
  CHECK(address.ip == "10.0.0.1");
}

TEST_CASE("places are the same if ports and IP addresses are, or unknown hosts") {
  Names names;
  names.learn("node-1", "10.0.0.1");
  const Address by_name = names.address_of("node-1", 6379);
  const Address by_ip = names.address_of("10.0.0.1", 6379);
  CHECK(is_same_place(by_name, by_ip));
  CHECK_FALSE(is_same_place(by_name, names.address_of("10.0.0.1", 6380)));
  CHECK(is_same_place(names.address_of("other", 1), names.address_of("OTHER", 1)));
  CHECK_FALSE(is_same_place(names.address_of("other", 1), names.address_of("another", 1)));
  CHECK(names.means("10.0.0.1", by_name));
  CHECK(names.means("node-1", by_ip));
  CHECK_FALSE(names.means("node-2", by_ip));
}

TEST_CASE("others are told the name or the IP address, and the name if no address is known") {
  const Address address{.host = "node-1", .ip = "10.0.0.1", .port = 1};
  CHECK(announced_host(address, /*by_name=*/false) == "10.0.0.1");
  CHECK(announced_host(address, /*by_name=*/true) == "node-1");
  const Address unknown{.host = "node-1", .ip = "", .port = 1};
  CHECK(announced_host(unknown, /*by_name=*/false) == "node-1");
}

}  // namespace
}  // namespace kvstash::sentinel
