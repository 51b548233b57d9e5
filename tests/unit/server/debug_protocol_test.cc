#include "server/debug_protocol.h"

#include <doctest/doctest.h>

namespace kvstash::server {
namespace {

std::string sample(std::string_view type, resp::RespVersion version) {
  resp::ReplyBuffer buffer;
  resp::ReplyWriter writer(buffer, version);
  const Status written = write_sample(type, writer);
  if (!written.ok()) return "-" + std::string(written.error().message());
  return std::string(buffer.view());
}

constexpr auto k2 = resp::RespVersion::k2;
constexpr auto k3 = resp::RespVersion::k3;

}  // namespace

TEST_CASE("there is a sample of every type, in the words of either protocol") {
  CHECK(sample("string", k2) == "$11\r\nHello World\r\n");
  CHECK(sample("INTEGER", k2) == ":12345\r\n");
  CHECK(sample("double", k2) == "$5\r\n3.141\r\n");
  CHECK(sample("double", k3) == ",3.141\r\n");
  CHECK(sample("null", k2) == "$-1\r\n");
  CHECK(sample("null", k3) == "_\r\n");
  CHECK(sample("array", k3) == "*3\r\n:0\r\n:1\r\n:2\r\n");
  CHECK(sample("set", k3) == "~3\r\n:0\r\n:1\r\n:2\r\n");
  CHECK(sample("map", k3) == "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n");
  CHECK(sample("true", k2) == ":1\r\n");
  CHECK(sample("false", k3) == "#f\r\n");
  CHECK(sample("bignum", k3) == "(1234567999999999999999999999999999999\r\n");
  CHECK(sample("verbatim", k3) == "=29\r\ntxt:This is a verbatim\nstring\r\n");
  CHECK(sample("attrib", k2) == "$39\r\nSome real reply following the attribute\r\n");
  CHECK(sample("attrib", k3) ==
        "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
        "$39\r\nSome real reply following the attribute\r\n");
  CHECK(sample("push", k3) ==
        ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push "
        "reply\r\n");
  CHECK(sample("push", k2) == "-ERR RESP2 is not supported by this command");
}

TEST_CASE("an unknown type is answered with those there are") {
  CHECK(sample("nonsense", k2) ==
        "-ERR Wrong protocol type name. Please use one of the following: "
        "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

}  // namespace kvstash::server
