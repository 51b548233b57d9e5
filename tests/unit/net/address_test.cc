#include "net/address.h"

#include <doctest/doctest.h>
#include <netinet/in.h>

using namespace kvstash;
using namespace kvstash::net;

namespace {

Address parsed(const char* text) {
  Result<Address> address = Address::parse(text);
  REQUIRE(address.ok());
  return *address;
}

}  // namespace

TEST_CASE("addresses are written as Redis writes them") {
  CHECK(parsed("127.0.0.1:6379").text() == "127.0.0.1:6379");
  CHECK(parsed("[::1]:6379").text() == "[::1]:6379");
  CHECK(parsed("::1:6379").text() == "[::1]:6379");
  CHECK(parsed("[2001:DB8:0:0::1]:1").text() == "[2001:db8::1]:1");
  CHECK(Address::unix_path("/run/kvstash.sock").text() == "/run/kvstash.sock:0");
  CHECK(parsed("/run/kvstash.sock:0") == Address::unix_path("/run/kvstash.sock"));
  CHECK(Address().text() == "?:0");
}

TEST_CASE("the parts of an address can be asked for") {
  const Address address = parsed("[::1]:6380");
  CHECK(address.host() == "::1");
  CHECK(address.port() == 6380);
  CHECK(address.is_ip());
  CHECK_FALSE(address.is_unix());
  CHECK(Address::unix_path("/s").host() == "/s");
  CHECK(Address::unix_path("/s").is_unix());
}

TEST_CASE("what is not an address is refused") {
  for (const char* bad : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                          "127.0.0.1:1x", "localhost:1", "127.0.0.256:1", "[::1:1", "[::g]:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(Address::parse(bad).ok());
  }
}

TEST_CASE("peers on this machine are told from others") {
  CHECK(parsed("127.0.0.1:1").is_loopback());
  CHECK(parsed("127.9.9.9:1").is_loopback());
  CHECK(parsed("[::1]:1").is_loopback());
  CHECK(parsed("[::ffff:127.0.0.1]:1").is_loopback());
  CHECK(Address::unix_path("/s").is_loopback());
  CHECK_FALSE(parsed("128.0.0.1:1").is_loopback());
  CHECK_FALSE(parsed("[::2]:1").is_loopback());
  CHECK_FALSE(parsed("[::ffff:10.0.0.1]:1").is_loopback());
  CHECK_FALSE(Address().is_loopback());
}

TEST_CASE("an address of an unknown family is unknown") {
  sockaddr odd{};
  odd.sa_family = AF_PACKET;
  CHECK(Address::of(odd) == Address());
}
