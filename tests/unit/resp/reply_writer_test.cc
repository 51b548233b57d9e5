#include "resp/reply_writer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>

using namespace kvstash::resp;

namespace {

// What `write` writes for a client of RESP2 and for one of RESP3.
struct Both {
  std::string resp2;
  std::string resp3;

  bool operator==(const Both&) const = default;
};

template <typename Write>
Both written(Write write) {
  ReplyBuffer two;
  ReplyBuffer three;
  ReplyWriter writer_two(two, RespVersion::k2);
  ReplyWriter writer_three(three, RespVersion::k3);
  write(writer_two);
  write(writer_three);
  return {std::string(two.view()), std::string(three.view())};
}

Both same(std::string text) {
  return {text, text};
}

}  // namespace

TEST_CASE("strings, errors and integers are the same in both versions") {
  CHECK(written([](ReplyWriter& w) { w.ok(); }) == same("+OK\r\n"));
  CHECK(written([](ReplyWriter& w) { w.simple("QUEUED"); }) == same("+QUEUED\r\n"));
  CHECK(written([](ReplyWriter& w) { w.error("ERR no"); }) == same("-ERR no\r\n"));
  CHECK(written([](ReplyWriter& w) { w.integer(INT64_MIN); }) == same(":-9223372036854775808\r\n"));
  CHECK(written([](ReplyWriter& w) { w.bulk(""); }) == same("$0\r\n\r\n"));
  CHECK(written([](ReplyWriter& w) { w.bulk("a\r\nb"); }) == same("$4\r\na\r\nb\r\n"));
  CHECK(written([](ReplyWriter& w) { w.bulk(std::string(100, 'x')); }) ==
        same("$100\r\n" + std::string(100, 'x') + "\r\n"));
  CHECK(written([](ReplyWriter& w) { w.bulk_int64(-12); }) == same("$3\r\n-12\r\n"));
  CHECK(written([](ReplyWriter& w) { w.array(12345); }) == same("*12345\r\n"));
  CHECK(written([](ReplyWriter& w) { w.raw(":1\r\n"); }) == same(":1\r\n"));
}

TEST_CASE("an error stays on its line") {
  CHECK(written([](ReplyWriter& w) { w.error("ERR a\r\nb\n"); }) == same("-ERR a  b \r\n"));
}

TEST_CASE("what only RESP3 has is translated for RESP2") {
  CHECK(written([](ReplyWriter& w) { w.null(); }) == Both{"$-1\r\n", "_\r\n"});
  CHECK(written([](ReplyWriter& w) { w.null_array(); }) == Both{"*-1\r\n", "_\r\n"});
  CHECK(written([](ReplyWriter& w) { w.map(3); }) == Both{"*6\r\n", "%3\r\n"});
  CHECK(written([](ReplyWriter& w) { w.set(10); }) == Both{"*10\r\n", "~10\r\n"});
  CHECK(written([](ReplyWriter& w) { w.push(2); }) == Both{"*2\r\n", ">2\r\n"});
  CHECK(written([](ReplyWriter& w) { w.boolean(true); }) == Both{":1\r\n", "#t\r\n"});
  CHECK(written([](ReplyWriter& w) { w.boolean(false); }) == Both{":0\r\n", "#f\r\n"});
  CHECK(written([](ReplyWriter& w) { w.big_number("-123"); }) ==
        Both{"$4\r\n-123\r\n", "(-123\r\n"});
  CHECK(written([](ReplyWriter& w) { w.verbatim("txt", "hi"); }) ==
        Both{"$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"});
}

TEST_CASE("doubles are digits, or inf and nan by name") {
  CHECK(written([](ReplyWriter& w) { w.dbl(3); }) == Both{"$1\r\n3\r\n", ",3\r\n"});
  CHECK(written([](ReplyWriter& w) { w.dbl(1.5); }) == Both{"$3\r\n1.5\r\n", ",1.5\r\n"});
  CHECK(written([](ReplyWriter& w) { w.dbl(-HUGE_VAL); }) == Both{"$4\r\n-inf\r\n", ",-inf\r\n"});
  CHECK(written([](ReplyWriter& w) { w.dbl(std::nan("")); }) == Both{"$3\r\nnan\r\n", ",nan\r\n"});
}

TEST_CASE("attributes come before the reply that they describe") {
  ReplyBuffer out;
  ReplyWriter writer(out, RespVersion::k3);
  writer.attribute(1);
  CHECK(out.view() == "|1\r\n");
}

TEST_CASE("an aggregate may learn its length at its end, also within another") {
  const Both both = written([](ReplyWriter& w) {
    w.ok();
    const ReplyWriter::Mark outer = w.begin();
    w.integer(1);
    const ReplyWriter::Mark inner = w.begin();
    w.bulk("k");
    w.bulk("v");
    w.end_map(inner, 1);
    const ReplyWriter::Mark empty = w.begin();
    w.end_set(empty, 0);
    w.end_array(outer, 3);
    w.ok();
  });
  CHECK(both == Both{"+OK\r\n*3\r\n:1\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n*0\r\n+OK\r\n",
                     "+OK\r\n*3\r\n:1\r\n%1\r\n$1\r\nk\r\n$1\r\nv\r\n~0\r\n+OK\r\n"});
}
