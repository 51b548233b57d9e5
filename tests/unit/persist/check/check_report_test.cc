#include "persist/check/check_report.h"

#include <doctest/doctest.h>

using namespace kvstash::persist;

TEST_CASE("a report is one JSON object in a line") {
  CheckReport report;
  report.error = "say \"no\"";
  report.files.push_back({.name = "f",
                          .role = "increment",
                          .format = "kvstash",
                          .bytes = 10,
                          .sound_bytes = 7,
                          .units = 2,
                          .result = "truncated",
                          .error = "short",
                          .error_offset = 7,
                          .lsn_begin = 1,
                          .lsn_end = 5,
                          .synced = {}});
  CHECK(print_json(report, false) ==
        R"({"valid":false,"error":"say \"no\"","files":[{"name":"f","role":"increment",)"
        R"("format":"kvstash","bytes":10,"sound_bytes":7,"units":2,"result":"truncated",)"
        R"("error":"short","error_offset":7,"lsn_begin":1,"lsn_end":5,"synced":null}]})"
        "\n");
}

TEST_CASE("any bytes make a JSON string") {
  CHECK(json_string("a\"b\\c\n\x80\x7f") == R"("a\"b\\c\u000a\u0080\u007f")");
}
