#include "replication/stream/unit_reader.h"

#include "resp/request_text.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;

namespace {

std::string record(std::vector<std::string_view> argv) {
  std::string text;
  resp::append_request(text, argv);
  return text;
}

std::string words_of(const StreamUnit& unit) {
  std::string text = unit.is_transaction ? "{" : "";
  for (const StreamUnit::Record& one : unit.records) {
    for (const std::string_view word : one)
      text += std::string(word) + " ";
  }
  return text + (unit.is_transaction ? "}" : "");
}

struct Outcome {
  std::vector<std::string> units;
  std::string bytes;  // Of all units.
  std::string error;
};

// Feeds the text in pieces of `step` bytes.
Outcome run(std::string_view text, size_t step, uint64_t unit_bytes_max = 1 << 20) {
  UnitReader reader(unit_bytes_max);
  Outcome outcome;
  while (true) {
    while (true) {
      const Result<std::optional<StreamUnit>> unit = reader.next();
      if (!unit.ok()) {
        outcome.error = unit.error().message();
        return outcome;
      }
      if (!*unit) break;
      outcome.units.push_back(words_of(**unit));
      outcome.bytes += (*unit)->bytes;
    }
    if (text.empty()) return outcome;
    reader.feed(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
  }
}

}  // namespace

TEST_CASE("records that stand alone are units, and so is a transaction, however they come") {
  const std::string text = record({"SELECT", "0"}) + record({"SET", "k", "v\r\n*1\r\n"}) +
                           record({"MULTI"}) + record({"set", "a", ""}) + record({"DEL", "b"}) +
                           record({"EXEC"}) + record({"multi"}) + record({"exec"}) +
                           record({"PING"});
  const std::vector<std::string> expected = {"SELECT 0 ", "SET k v\r\n*1\r\n ", "{set a  DEL b }",
                                             "{}", "PING "};
  for (size_t step = 1; step <= text.size(); ++step) {
    const Outcome outcome = run(text, step);
    CHECK(outcome.units == expected);
    CHECK(outcome.bytes == text);
  }
}

TEST_CASE("what is not complete is not given") {
  CHECK(run(record({"MULTI"}) + record({"SET", "a", "1"}), 1000).units.empty());
  const std::string one = record({"SET", "a", "1"});
  CHECK(run(one.substr(0, one.size() - 1), 1000).units.empty());
  UnitReader reader(1000);
  reader.feed(one + one.substr(0, 5));
  CHECK(reader.next().ok());
  CHECK(reader.pending_bytes() == 5);
}

TEST_CASE("a stream that is not one is told") {
  CHECK(run("PING\r\n", 1000).error.starts_with("the stream of the primary is damaged"));
  CHECK(run("*1\r\n+x\r\n", 3).error.starts_with("the stream of the primary is damaged"));
  CHECK(run(record({"EXEC"}), 1000).error.find("EXEC without") != std::string::npos);
  CHECK(run(record({"MULTI"}) + record({"MULTI"}), 1000).error.find("MULTI in a unit") !=
        std::string::npos);
}

TEST_CASE("a unit that is too large is refused before it has come") {
  const std::string text = record({"MULTI"}) + record({"SET", "a", std::string(200, 'x')});
  CHECK(run(text, 7, 150).error.find("too large") != std::string::npos);
  CHECK(run("*2\r\n$3\r\nGET\r\n$100000\r\n", 100, 1000).error.find("too large") !=
        std::string::npos);
  CHECK(run(record({"SET", "a", std::string(100, 'x')}) + record({"SET", "a", "1"}), 7, 150)
            .units.size() == 2);
}
