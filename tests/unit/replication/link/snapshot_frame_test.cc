#include "replication/link/snapshot_frame.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;

namespace {

const std::string kMark = "0123456789012345678901234567890123456789";

struct Outcome {
  std::string snapshot;
  std::string rest;
  bool has_ended = false;
  int begins = 0;
  std::optional<uint64_t> size;
  std::string error;
};

// Feeds the text in pieces of `step` bytes.
Outcome run(std::string_view text, size_t step) {
  SnapshotFrame frame;
  Outcome outcome;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, step);
    const Result<SnapshotFrame::Found> found = frame.feed(piece);
    if (!found.ok()) {
      outcome.error = found.error().message();
      return outcome;
    }
    if (found->has_begun) {
      ++outcome.begins;
      outcome.size = frame.size();
    }
    outcome.snapshot += found->first;
    outcome.snapshot += found->second;
    text.remove_prefix(found->consumed);
    if (found->has_ended) {
      outcome.has_ended = true;
      outcome.rest = text;
      return outcome;
    }
    REQUIRE(found->consumed == piece.size());
  }
  return outcome;
}

}  // namespace

TEST_CASE("a snapshot of a known size ends after so many bytes, however it comes") {
  for (size_t step = 1; step < 40; ++step) {
    const Outcome outcome = run("\n\n$11\r\nhello\nworld*1\r\n", step);
    CHECK(outcome.snapshot == "hello\nworld");
    CHECK(outcome.rest == "*1\r\n");
    CHECK(outcome.size == 11);
    CHECK(outcome.begins == 1);
  }
  CHECK(run("$0\r\nrest", 100).has_ended);
  CHECK(run("$0\r\nrest", 100).rest == "rest");
  CHECK_FALSE(run("$4\r\nabc", 100).has_ended);
}

TEST_CASE("a snapshot of an unknown size ends at the mark, however it comes") {
  std::string large;
  for (int i = 0; i < 300; ++i)
    large += kMark.substr(0, static_cast<size_t>(i) % 40) + "x";
  for (const std::string& content :
       {std::string("REDIS0011"), std::string(), kMark.substr(0, 39), large}) {
    for (size_t step = 1; step < 130; ++step) {
      const Outcome outcome = run("\n$EOF:" + kMark + "\r\n" + content + kMark + "*1\r\n", step);
      CAPTURE(step);
      CHECK(outcome.snapshot == content);
      CHECK(outcome.has_ended);
      CHECK(outcome.rest == "*1\r\n");
      CHECK_FALSE(outcome.size.has_value());
    }
  }
}

TEST_CASE("what may be the mark is held back until more comes") {
  CHECK(run("$EOF:" + kMark + "\r\nabc" + kMark.substr(0, 39), 1000).snapshot == "abc");
  CHECK_FALSE(run("$EOF:" + kMark + "\r\nabc" + kMark.substr(0, 39), 1000).has_ended);
}

TEST_CASE("an error, or anything else, in place of a snapshot is told") {
  CHECK(run("\n-ERR no\r\n", 3).error == "MASTER aborted replication with an error: ERR no");
  for (const char* line : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "$-1\r\n", "$\r\n",
                           "$EOF:short\r\n", "$18446744073709551616\r\n"})
    CHECK(run(line, 100).error.starts_with("Bad protocol from MASTER"));
  CHECK(run(std::string(2000, 'x'), 10).error.find("without an end") != std::string::npos);
}
