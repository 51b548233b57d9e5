#include "persist/rdb/decoder.h"

#include "persist/rdb/encoder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace std::string_literals;

namespace {

std::string text_in(std::string_view bytes) {
  Decoder from(bytes);
  std::string scratch;
  const std::string text(from.string(scratch));
  return from.ok() && from.done() ? text : std::string(from.why());
}

double score_in(std::string_view bytes) {
  return Decoder(bytes).text_double();
}

}  // namespace

TEST_CASE("decoder: reads what the encoder wrote") {
  Encoded encoded;
  Encoder to(encoded);
  const uint64_t lengths[] = {0, 63, 64, 16383, 16384, UINT32_MAX, uint64_t{1} << 32, UINT64_MAX};
  const std::string texts[] = {
      "", "0", "-129", "40000", "2147483648", "text", std::string(100, 'z')};
  for (const uint64_t length : lengths)
    to.length(length);
  for (const std::string& text : texts)
    to.string(text);
  to.binary_double(-0.25);
  to.millis(-5);
  to.stream_id({7, UINT64_MAX});
  const std::string bytes = compress(std::move(encoded));
  Decoder from(bytes);
  for (const uint64_t length : lengths)
    CHECK(from.length() == length);
  std::string scratch;
  for (const std::string& text : texts)
    CHECK(from.string(scratch) == text);
  CHECK(from.binary_double() == -0.25);
  CHECK(from.millis() == -5);
  CHECK(from.stream_id() == store::StreamId{7, UINT64_MAX});
  CHECK(from.ok());
  CHECK(from.done());
}

TEST_CASE("decoder: the first failure stays, and names its place") {
  Decoder from("\x01");
  CHECK(from.byte() == 1);
  CHECK(from.millis() == 0);
  CHECK_FALSE(from.ok());
  from.fail("something else");
  CHECK(from.error().message() == "At byte 1 of the value the data is cut short");
  CHECK(from.length() == 0);
  CHECK(from.offset() == 1);
}

TEST_CASE("decoder: damaged lengths and strings") {
  CHECK(text_in("\x82") == "a length has an unknown form");
  CHECK(text_in("\xc4") == "a string has an unknown form");
  CHECK(text_in("\x05"
                "abc") == "the data is cut short");
  CHECK(text_in("\x81\x00\x00\x00\x01\x00\x00\x00\x00"s) == "a string is too long");
  CHECK(text_in("\xc3\xc0\x01") == "a length is wanted, and there is an encoded string");
  CHECK(text_in("\xc3\x05\x05"
                "ab") == "a compressed string is cut short");
  CHECK(text_in("\xc3\x02\x09\x00"
                "a"s) == "a compressed string does not have the size that it promises");
  CHECK(text_in("\xc3\x02\x01\x00"
                "a"s) == "a");
}

TEST_CASE("decoder: scores as text") {
  CHECK(std::isnan(score_in("\xfd")));
  CHECK(score_in("\xfe") == INFINITY);
  CHECK(score_in("\xff") == -INFINITY);
  CHECK(score_in("\x03"
                 "1.5") == 1.5);
  Decoder from("\x02xy");
  CHECK(from.text_double() == 0);
  CHECK(from.why() == "a score is not a number");
}

TEST_CASE("decoder: a count is bounded by the bytes that are left") {
  CHECK(Decoder("\x02xxxx").count(2) == 2);
  Decoder from("\x03xxxx");
  CHECK(from.count(2) == 0);
  CHECK_FALSE(from.ok());
}
