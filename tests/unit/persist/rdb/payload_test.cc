#include "persist/rdb/payload.h"

#include "support/rdb_values.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;
using namespace std::string_literals;

TEST_CASE("payload: is the bytes that Redis 7.0 gives for the same value") {
  RdbSpace space;
  const store::Entry& entry = space.put("k", Value::string(std::string_view("10")));
  CHECK(dump_payload(entry, 10, true) == "\x00\xc0\x0a\x0a\x00\x6e\x9f\x57\x45\x0e\xae\x63\xbb"s);
}

TEST_CASE("payload: what was dumped is opened, and any flipped bit is found") {
  RdbSpace space;
  const store::Entry& entry = space.put("k", Value::string(std::string_view("some text")));
  const std::string bytes = dump_payload(entry, 11, true);
  const std::optional<Payload> payload = open_payload(bytes);
  REQUIRE(payload.has_value());
  CHECK(payload->type == Type::kString);
  CHECK(payload->dialect == Dialect::kRedis);
  CHECK(payload->version == 11);
  CHECK(payload->value == "\x09some text");
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= static_cast<char>(1u << bit % 8);
    CHECK_FALSE(open_payload(damaged).has_value());
  }
  std::string damaged = bytes;
  damaged.back() ^= 1;
  CHECK(open_payload(damaged, false).has_value());
}

TEST_CASE("payload: versions beyond those that are known are refused, Valkey's are not") {
  const auto of_version = [](unsigned version) {
    return open_payload("\x00\x01x"s + static_cast<char>(version) + "\x00"s + std::string(8, '\0'),
                        false);
  };
  CHECK(of_version(1)->dialect == Dialect::kRedis);
  CHECK(of_version(12)->dialect == Dialect::kRedis);
  CHECK_FALSE(of_version(13).has_value());
  CHECK(of_version(80)->dialect == Dialect::kValkey);
  CHECK_FALSE(of_version(81).has_value());
  CHECK_FALSE(open_payload("\x00\x01x\x0a"s).has_value());
}
