#include "commands/shared/element_scan.h"

#include "store/hash.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {
namespace {

using Words = std::vector<std::string_view>;
using store::ScanPosition;

Result<ElementScanOptions> parse(const Words& words, NoValues no_values = NoValues::kAllowed) {
  return parse_element_scan(engine::ArgReader(words), no_values);
}

// What a scan over the names 0 .. 9 replies, two at each step, from position `at`.
std::string scan_digits(const ElementScanOptions& options, uint64_t at = 0) {
  resp::ReplyBuffer out;
  resp::ReplyWriter to(out, resp::RespVersion::k2);
  to.ok();  // Of an earlier command: stays where it is.
  ElementScan scan(options, to);
  scan.run(static_cast<ScanPosition>(at), [&scan](ScanPosition from) {
    const auto first = static_cast<int64_t>(from);
    for (int64_t i = first; i < first + 2; ++i) {
      if (scan.wants(i)) scan.add(i);
    }
    return static_cast<ScanPosition>(first + 2 == 10 ? 0 : first + 2);
  });
  REQUIRE(out.view().starts_with("+OK\r\n"));
  return std::string(out.view().substr(5));
}

TEST_CASE("the options of a scan of elements are read in any order, the last one counts") {
  const Result<ElementScanOptions> plain = parse({});
  REQUIRE(plain.ok());
  CHECK(plain->pattern == "*");
  CHECK(plain->count == 10);
  CHECK(plain->has_values);
  const Result<ElementScanOptions> all =
      parse({"count", "5", "NOVALUES", "MATCH", "a*", "COUNT", "7", "match", "count"});
  REQUIRE(all.ok());
  CHECK(all->pattern == "count");
  CHECK(all->count == 7);
  CHECK_FALSE(all->has_values);
}

TEST_CASE("wrong options of a scan of elements are refused") {
  for (const Words& words : {Words{"COUNT"}, Words{"MATCH"}, Words{"COUNT", "0"},
                             Words{"COUNT", "-1"}, Words{"TYPE", "hash"}, Words{"x"}}) {
    CHECK(parse(words).error().message() == "ERR syntax error");
  }
  CHECK(parse({"COUNT", "x"}).error().message() == "ERR value is not an integer or out of range");
  CHECK(parse({"NOVALUES"}, NoValues::kRefused).error().message() == "ERR syntax error");
}

TEST_CASE("a scan of elements ends a call after its count, and the cursor says where to go on") {
  CHECK(scan_digits({.count = 3}) ==
        "*2\r\n$1\r\n4\r\n*4\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
  CHECK(scan_digits({.count = 3}, 8) == "*2\r\n$1\r\n0\r\n*2\r\n$1\r\n8\r\n$1\r\n9\r\n");
  CHECK(scan_digits({.pattern = "[79]", .count = std::numeric_limits<int64_t>::max()}) ==
        "*2\r\n$1\r\n0\r\n*2\r\n$1\r\n7\r\n$1\r\n9\r\n");
}

TEST_CASE("elements that do not match count as seen") {
  CHECK(scan_digits({.pattern = "9", .count = 4}) == "*2\r\n$1\r\n4\r\n*0\r\n");
}

TEST_CASE("a scan over an emptied table ends after ten steps for each element asked for") {
  resp::ReplyBuffer out;
  resp::ReplyWriter to(out, resp::RespVersion::k2);
  const ElementScanOptions options{.count = 2};
  uint64_t steps = 0;
  ElementScan(options, to).run(ScanPosition{}, [&steps](ScanPosition) {
    return static_cast<ScanPosition>(++steps);
  });
  CHECK(steps == 20);
  CHECK(out.view() == "*2\r\n$2\r\n20\r\n*0\r\n");
}

TEST_CASE("calls of a scan together see every field of a large hash once") {
  const store::HashOptions limits{.listpack_entries_max = 1, .seed = {1, 2, 3}};
  store::Hash hash;
  for (int i = 0; i < 1000; ++i)
    hash.set("field" + std::to_string(i), "v", limits);
  size_t seen = 0;
  size_t calls = 0;
  ScanPosition at{};
  do {
    resp::ReplyBuffer out;
    resp::ReplyWriter to(out, resp::RespVersion::k2);
    const ElementScanOptions options;
    ElementScan scan(options, to);
    scan.run(at, [&](ScanPosition from) {
      at = hash.scan(from, 0, [&](const store::HashField& field) {
        if (scan.wants(field.name)) ++seen;
      });
      return at;
    });
    ++calls;
  } while (at != ScanPosition{});
  CHECK(seen == 1000);
  CHECK(calls >= 40);
  CHECK(calls <= 100);
}

}  // namespace
}  // namespace kvstash::commands
