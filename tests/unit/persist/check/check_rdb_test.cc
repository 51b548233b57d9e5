#include "persist/check/check_rdb.h"

#include "base/crc64.h"
#include "persist/check/check_aof.h"
#include "sim/sim_disk.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;
using namespace std::string_literals;

namespace {

struct Checked {
  int code = 0;
  std::string text;
};

Checked check(const std::string& content, bool as_json = false) {
  SimDisk disk;
  disk.put("f", content);
  Checked out;
  out.code = check_rdb(disk, {.path = "f", .now = from_ms(1000), .as_json = as_json},
                       [&out](std::string_view text) { out.text += text; });
  return out;
}

bool has(const Checked& checked, std::string_view text) {
  return checked.text.find(text) != std::string::npos;
}

// A string, and one whose deadline has passed, in database 3.
const std::string kBody =
    "REDIS0010\xfa\x0aredis-bits\xc0\x40\xfe\x03\x00\x01k\x01v"
    "\xfc\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01x\x01y\xff"s;

std::string with_checksum(const std::string& body) {
  const uint64_t sum = crc64(0, body);
  std::string out = body;
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(sum >> shift & 0xff);
  return out;
}

}  // namespace

TEST_CASE("a whole RDB is reported as redis-check-rdb reports it") {
  const Checked checked = check(with_checksum(kBody));
  CHECK(checked.code == 0);
  CHECK(checked.text ==
        "[offset 0] Checking RDB file f\n"
        "[offset 23] AUX FIELD redis-bits = '64'\n"
        "[offset 25] Selecting DB ID 3\n"
        "[offset 53] Checksum OK\n"
        "[offset 53] \\o/ RDB looks OK! \\o/\n"
        "[info] 2 keys read\n"
        "[info] 1 expires\n"
        "[info] 1 already expired\n");
}

TEST_CASE("an RDB without a checksum is whole, and said to be without one") {
  const Checked checked = check(kBody + std::string(8, '\0'));
  CHECK(checked.code == 0);
  CHECK(has(checked, "RDB file was saved with checksum disabled: no check performed.\n"));
}

TEST_CASE("the report on a damaged RDB says where, at which key, and what was read before") {
  std::string content = with_checksum(kBody);
  content.back() ^= 1;
  Checked checked = check(content);
  CHECK(checked.code == 1);
  CHECK(has(checked,
            "--- RDB ERROR DETECTED ---\n"
            "[offset 53] RDB CRC error\n"
            "[additional info] While doing: check-sum\n"
            "[info] 2 keys read\n"));

  // A listpack that is none.
  checked = check("REDIS0010\x10\x01h\x03xyz\xff"s + std::string(8, '\0'));
  CHECK(checked.code == 1);
  CHECK(has(checked,
            "[additional info] While doing: read-object-value\n"
            "[additional info] Reading key 'h'\n"
            "[additional info] Reading type 16 (hash-listpack)\n"));

  checked = check("REDIS0010\x63"s);
  CHECK(checked.code == 1);
  CHECK(has(checked, "[additional info] While doing: read-type\n"));
  checked = check("REDIS0013");
  CHECK(checked.code == 1);
  CHECK(has(checked, "[additional info] While doing: start\n"));
}

TEST_CASE("an RDB that is cut at any byte is damaged") {
  const std::string content = with_checksum(kBody);
  for (size_t size = 0; size < content.size(); ++size) {
    const Checked checked = check(content.substr(0, size));
    CHECK(checked.code == 1);
    CHECK(has(checked, "--- RDB ERROR DETECTED ---\n"));
  }
}

TEST_CASE("the report on an RDB for scripts is one JSON object") {
  CHECK(check(with_checksum(kBody), true).text ==
        R"({"valid":true,"error":"","error_offset":0,"name":"f","bytes":53,"format":"redis",)"
        R"("version":10,"checksum":"right","keys":2,"expires":1,"already_expired":1,)"
        R"("functions":0,"module_values":0})"
        "\n");
  const Checked cut = check(kBody, true);
  CHECK(cut.code == 1);
  CHECK(cut.text.starts_with(R"({"valid":false,"error":"The file is cut short at byte 45",)"));
}

TEST_CASE("the RDB at the beginning of an append-only file is checked, and then the records") {
  const auto check_log = [](const std::string& content) {
    SimDisk disk;
    disk.put("f", content);
    Checked out;
    const CheckConsole console{.print = [&out](std::string_view text) { out.text += text; },
                               .confirm = [] { return false; }};
    out.code = check_aof(disk, {.path = "f"}, console);
    return out;
  };
  const std::string record = as_resp({"SET", "a", "1"});
  const Checked whole = check_log(with_checksum(kBody) + record);
  CHECK(whole.code == 0);
  CHECK(has(whole,
            "RDB preamble is OK, proceeding with AOF tail...\n"
            "AOF analyzed: filename=f, size=80, ok_up_to=80, ok_up_to_line=8, diff=0\n"));
  const Checked torn = check_log(with_checksum(kBody) + record + "*1\r\n");
  CHECK(torn.code == 1);
  CHECK(has(torn, "ok_up_to=80"));
  const Checked damaged = check_log(kBody + "12345678" + record);
  CHECK(damaged.code == 1);
  CHECK(has(damaged, "RDB CRC error"));
  CHECK(has(damaged, "RDB preamble of AOF file is not sane, aborting.\n"));
}
