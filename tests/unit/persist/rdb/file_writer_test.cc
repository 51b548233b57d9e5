#include "persist/rdb/file_writer.h"

#include "base/crc64.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace std::string_literals;

namespace {

std::string file(const FileOptions& options) {
  std::string out;
  FileWriter writer(out, options);
  writer.begin();
  writer.aux("redis-bits", "64");
  writer.function("#!lua name=x");
  writer.select_db(3);
  writer.resize_db(1, 0);
  Encoded entry;
  Encoder to(entry);
  to.type(Type::kString);
  to.string("k");
  to.string(std::string(30, 'v'));
  writer.entries(std::move(entry));
  writer.end();
  CHECK(writer.bytes() == out.size());
  return out;
}

constexpr std::string_view kSumOfNothing("\0\0\0\0\0\0\0\0", 8);

}  // namespace

TEST_CASE("file writer: frames functions, databases and entries as Redis does") {
  const std::string bytes = file({.version = 10, .is_compressed = false});
  const std::string body =
      "REDIS0010\xfa\x0aredis-bits\xc0\x40\xf5\x0c#!lua name=x\xfe\x03"
      "\xfb\x01\x00\x00\x01k\x1e"s +
      std::string(30, 'v') + "\xff";
  CHECK(bytes.substr(0, bytes.size() - 8) == body);
  uint64_t sum = crc64(0, body);
  for (const char byte : bytes.substr(body.size()))
    CHECK(static_cast<uint8_t>(byte) == (std::exchange(sum, sum >> 8) & 0xff));
}

TEST_CASE("file writer: compresses, and leaves the checksum out, where it is told so") {
  CHECK(file({}).size() < file({.is_compressed = false}).size());
  CHECK(file({.has_checksum = false}).ends_with(kSumOfNothing));
  CHECK_FALSE(file({}).ends_with(kSumOfNothing));
  CHECK(file({}).starts_with("REDIS0011"));
}
