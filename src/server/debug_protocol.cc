#include "server/debug_protocol.h"

#include "base/text.h"

namespace kvstash::server {
namespace {

using resp::ReplyWriter;

constexpr int64_t kElements = 3;

Status write_string(ReplyWriter& to) {
  to.bulk("Hello World");
  return {};
}

Status write_integer(ReplyWriter& to) {
  to.integer(12345);
  return {};
}

Status write_double(ReplyWriter& to) {
  to.dbl(3.141);
  return {};
}

Status write_big_number(ReplyWriter& to) {
  to.big_number("1234567999999999999999999999999999999");
  return {};
}

Status write_null(ReplyWriter& to) {
  to.null();
  return {};
}

Status write_array(ReplyWriter& to) {
  to.array(kElements);
  for (int64_t i = 0; i < kElements; ++i)
    to.integer(i);
  return {};
}

Status write_set(ReplyWriter& to) {
  to.set(kElements);
  for (int64_t i = 0; i < kElements; ++i)
    to.integer(i);
  return {};
}

Status write_map(ReplyWriter& to) {
  to.map(kElements);
  for (int64_t i = 0; i < kElements; ++i) {
    to.integer(i);
    to.boolean(i == 1);
  }
  return {};
}

// RESP2 has no attributes, so there the reply is written without one.
Status write_attribute(ReplyWriter& to) {
  if (to.is_resp3()) {
    to.attribute(1);
    to.bulk("key-popularity");
    to.array(2);
    to.bulk("key:123");
    to.integer(90);
  }
  to.bulk("Some real reply following the attribute");
  return {};
}

Status write_push(ReplyWriter& to) {
  if (!to.is_resp3()) return Error::literal("ERR RESP2 is not supported by this command");
  to.push(2);
  to.bulk("server-cpu-usage");
  to.integer(42);
  to.bulk("Some real reply following the push reply");
  return {};
}

Status write_verbatim(ReplyWriter& to) {
  to.verbatim("txt", "This is a verbatim\nstring");
  return {};
}

Status write_true(ReplyWriter& to) {
  to.boolean(true);
  return {};
}

Status write_false(ReplyWriter& to) {
  to.boolean(false);
  return {};
}

struct Sample {
  std::string_view type;
  Status (*write)(ReplyWriter&);
};

constexpr Sample kSamples[] = {
    {"string", write_string},     {"integer", write_integer},   {"double", write_double},
    {"bignum", write_big_number}, {"null", write_null},         {"array", write_array},
    {"set", write_set},           {"map", write_map},           {"attrib", write_attribute},
    {"push", write_push},         {"verbatim", write_verbatim}, {"true", write_true},
    {"false", write_false},
};

}  // namespace

Status write_sample(std::string_view type, ReplyWriter& to) {
  for (const Sample& sample : kSamples) {
    if (equals_ignore_case(sample.type, type)) return sample.write(to);
  }
  return Error::literal(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

}  // namespace kvstash::server
