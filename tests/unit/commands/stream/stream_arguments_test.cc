#include "commands/stream/stream_arguments.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::commands;
using store::StreamId;

namespace {

using Words = std::vector<std::string_view>;

bool is_id(std::string_view text, StreamId expected) {
  const Result<StreamId> id = parse_stream_id(text);
  return id.ok() && *id == expected;
}

std::string_view error_of(const Result<StreamEdit>& edit) {
  return edit.ok() ? "none" : edit.error().message();
}

}  // namespace

TEST_CASE("an id is one or two numbers, as strtoull reads them") {
  CHECK(is_id("5", {5, 0}));
  CHECK(is_id("5-7", {5, 7}));
  CHECK(is_id("18446744073709551615-18446744073709551615", StreamId::max()));
  CHECK(is_id("007", {7, 0}));
  CHECK(is_id(" +7- 8", {7, 8}));
  CHECK(is_id("5- -1", {5, UINT64_MAX}));
  CHECK(is_id(std::string_view("5\0x", 3), {5, 0}));
  for (const std::string_view bad : {"", "-", "+", "*", "x", "5-", "-5", "5-6-7", "5-*", "5 ",
                                     "18446744073709551616", "5--1", "1e3", " ", "+"}) {
    CAPTURE(bad);
    CHECK(!parse_stream_id(bad).ok());
  }
  CHECK(!parse_stream_id(std::string(128, '1')).ok());
}

TEST_CASE("the missing number of an id is the smallest or the largest, by the end of the range") {
  CHECK(*parse_range_start("5") == StreamId{5, 0});
  CHECK(*parse_range_end("5") == StreamId{5, UINT64_MAX});
  CHECK(*parse_range_start("(5") == StreamId{5, 1});
  CHECK(*parse_range_end("(5") == StreamId{5, UINT64_MAX - 1});
  CHECK(*parse_range_start("-") == StreamId::min());
  CHECK(*parse_range_end("+") == StreamId::max());
  CHECK(parse_range_start("(18446744073709551615-18446744073709551615").error().message() ==
        "ERR invalid start ID for the interval");
  CHECK(parse_range_end("(0-0").error().message() == "ERR invalid end ID for the interval");
  CHECK(!parse_range_start("(-").ok());
  CHECK(!parse_range_start("(").ok());
}

TEST_CASE("XADD's options end at its id") {
  const engine::EngineOptions options;
  const Words words{"XADD", "s", "NOMKSTREAM", "MAXLEN", "~", "10", "LIMIT", "7", "5-*", "f", "v"};
  const Result<StreamEdit> edit = parse_xadd(words, options);
  REQUIRE(edit.ok());
  CHECK(edit->no_mkstream);
  CHECK(edit->id == StreamId{5, 0});
  CHECK(!edit->has_seq);
  CHECK(edit->id_at == 8);
  CHECK(edit->threshold_at == 5);
  CHECK(edit->limit_at == 6);
  REQUIRE(edit->trim);
  CHECK(edit->trim->whole_blocks_only);
  CHECK(edit->trim->length_max == 10);
  CHECK(edit->trim->limit == 7);
  const Result<StreamEdit> open = parse_xadd(Words{"XADD", "s", "*", "MAXLEN", "5"}, options);
  REQUIRE(open.ok());
  CHECK(!open->id);
  CHECK(!open->trim);
  CHECK(open->id_at == 2);
}

TEST_CASE("trimming whole blocks is limited by the size of blocks, within bounds") {
  const auto limit = [](int64_t entries) {
    engine::EngineOptions options;
    options.stream_node_max_entries = entries;
    return parse_xtrim(Words{"XTRIM", "s", "MAXLEN", "~", "1"}, options)->trim->limit;
  };
  CHECK(limit(100) == 10000);
  CHECK(limit(1) == 100);
  CHECK(limit(0) == 10000);
  CHECK(limit(10000) == 1000000);
  CHECK(limit(INT64_MAX) == 1000000);
  const engine::EngineOptions options;
  CHECK(parse_xtrim(Words{"XTRIM", "s", "MAXLEN", "=", "1"}, options)->trim->limit == 0);
  CHECK(parse_xtrim(Words{"XTRIM", "s", "MAXLEN", "~", "1", "LIMIT", "0"}, options)->trim->limit ==
        0);
}

TEST_CASE("a trimming that contradicts itself is refused") {
  const engine::EngineOptions options;
  CHECK(error_of(parse_xtrim(Words{"XTRIM", "s", "MAXLEN", "1", "MINID", "1"}, options)) ==
        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  CHECK(error_of(parse_xtrim(Words{"XTRIM", "s", "MAXLEN", "1", "LIMIT", "1"}, options)) ==
        "ERR syntax error, LIMIT cannot be used without the special ~ option");
  CHECK(error_of(parse_xtrim(Words{"XTRIM", "s", "LIMIT", "1"}, options)) ==
        "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  CHECK(error_of(parse_xtrim(Words{"XTRIM", "s", "LIMIT", "0"}, options)) ==
        "ERR syntax error, XTRIM must be called with a trimming strategy");
}
