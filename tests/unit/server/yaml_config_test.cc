#include "server/yaml_config.h"

#include <doctest/doctest.h>

namespace kvstash::server {
namespace {

// Each line as "number: words", or the error.
std::vector<std::string> lines_of(std::string_view text) {
  const Result<std::vector<YamlLine>> lines = parse_yaml_config(text);
  if (!lines.ok()) return {std::string(lines.error().message())};
  std::vector<std::string> shown;
  for (const YamlLine& line : *lines) {
    shown.push_back(std::to_string(line.line) + ":");
    for (const std::string& word : line.words)
      shown.back() += " <" + word + ">";
  }
  return shown;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("nested keys join with a dash and lists give several words") {
  CHECK(lines_of("port: 7000\n"
                 "tls:\n"
                 "  port: 7001\n"
                 "  cert: {file: /a}\n"
                 "save: [60, 1]\n"
                 "bind:\n"
                 "  - 127.0.0.1\n"
                 "  - ::1\n") == Lines{"1: <port> <7000>", "3: <tls-port> <7001>",
                                       "4: <tls-cert-file> </a>", "5: <save> <60> <1>",
                                       "6: <bind> <127.0.0.1> <::1>"});
}

TEST_CASE("a list of lists repeats the directive") {
  CHECK(lines_of("user: [[a, on], [b, off]]") ==
        Lines{"1: <user> <a> <on>", "1: <user> <b> <off>"});
}

TEST_CASE("nothing is an empty word, and an empty file is no line") {
  CHECK(lines_of("save:\nrequirepass: ''\nbind: []") ==
        Lines{"1: <save> <>", "2: <requirepass> <>", "3: <bind> <>"});
  CHECK(lines_of("").empty());
  CHECK(lines_of("# only a comment\n").empty());
}

TEST_CASE("what is no mapping of names is refused with its line") {
  CHECK(lines_of("[1, 2]") == Lines{"YAML: directives must be a mapping of name to value"});
  CHECK(lines_of("a: 1\nb: {c: [") == Lines{"YAML line 2: end of sequence flow not found"});
  CHECK(lines_of("save: [1, [2]]") == Lines{"YAML line 1: a list of lists of plain words at most"});
  CHECK(lines_of("save: [[1], 2]") == Lines{"YAML line 1: lists and words do not mix"});
}

TEST_CASE("aliases that multiply a short text are stopped") {
  std::string text = "a0: &a0 {x: 1, y: 2}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " {x: " + before + ", y: " + before + "}\n";
  }
  const Lines lines = lines_of(text);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("YAML line "));
}

}  // namespace kvstash::server
