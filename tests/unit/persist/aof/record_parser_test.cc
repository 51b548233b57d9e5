#include "persist/aof/record_parser.h"

#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist;
using kvstash::test::as_resp;

namespace {

RecordParse parse(std::string_view text) {
  std::vector<std::string_view> argv;
  RecordParse parsed = parse_record(text, argv);
  CHECK(argv.empty() == (parsed.kind != RecordParse::Kind::kComplete));
  return parsed;
}

}  // namespace

TEST_CASE("a record is read with any bytes in its arguments") {
  const std::string record = as_resp({"SET", "", std::string_view("a\r\n\0", 4)});
  const std::string text = record + "*1\r\n";
  std::vector<std::string_view> argv;
  const RecordParse parsed = parse_record(text, argv);
  CHECK(parsed.kind == RecordParse::Kind::kComplete);
  CHECK(parsed.consumed == record.size());
  CHECK(parsed.lines == 7);
  CHECK(argv == std::vector<std::string_view>{"SET", "", std::string_view("a\r\n\0", 4)});
}

TEST_CASE("every prefix of a record is incomplete, and says what the record needs at least") {
  const std::string record = as_resp({"SET", "key", "value"});
  for (size_t size = 0; size < record.size(); ++size) {
    CAPTURE(size);
    const RecordParse parsed = parse(std::string_view(record).substr(0, size));
    CHECK(parsed.kind == RecordParse::Kind::kIncomplete);
    CHECK(parsed.bytes_needed > size);
    CHECK(parsed.bytes_needed <= record.size());
  }
}

TEST_CASE("what is wrong with a record is said in the words of redis-check-aof") {
  struct Row {
    std::string_view text;
    std::string_view error;
    size_t offset;
  };
  for (const Row& row : {
           Row{"*1\r\n+OK\r\n", "Expected prefix '$', got: '+'", 4},
           Row{"*x\r\n", "Expected \\r\\n, got: 780d", 0},
           Row{"*1\nxx", "Expected \\r\\n, got: 0a78", 0},
           Row{"*1\r\n$4\r\nEXECxx", "Expected \\r\\n, got: 7878", 8},
           Row{"*0\r\n", "Expected a command, got 0 arguments", 0},
           Row{"*-1\r\n", "Expected a command, got -1 arguments", 0},
           Row{"*\r\n", "Expected a number, got: ", 0},
           Row{"*1\r\n$-1\r\n", "Expected a length, got -1", 4},
           Row{"*1\r\n$9999999999999999999\r\n", "Expected a number, got: 9999999999999999999", 4},
           Row{"*1\r\n$99999999999999999999999\r\n", "Expected \\r\\n, got: 3939", 4},
       }) {
    CAPTURE(row.text);
    const RecordParse parsed = parse(row.text);
    CHECK(parsed.kind == RecordParse::Kind::kWrong);
    CHECK(parsed.error == row.error);
    CHECK(parsed.error_offset == row.offset);
  }
}

TEST_CASE("a record that is cut says what was expected") {
  CHECK(parse("*1\r\n$4\r\nPI").error == "Expected to read 6 bytes, got 2 bytes");
  CHECK(parse("*1\r\n$4\r\nPI").error_offset == 8);
  CHECK(parse("*1\r\n$4").error == "Expected \\r\\n, got: 0000");
  CHECK(parse("*1\r\n").error.empty());
  CHECK(parse("*2\r\n$1000000000000\r\nx").bytes_needed == 1000000000022);
}
