#include "base/log.h"

#include "base/limits.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using namespace kvstash;

namespace {

// Sends the log to a file of its own while it lives, and then back to standard output.
class LogToFile {
 public:
  explicit LogToFile(LogFormat format, LogLevel level = LogLevel::kNotice)
      : path_(std::filesystem::temp_directory_path() /
              ("kvstash_log_test_" + std::to_string(getpid()))) {
    options_.format = format;
    options_.level = level;
    options_.file = path_.string();
    REQUIRE(configure_log(options_).ok());
  }
  ~LogToFile() {
    CHECK(configure_log({}).ok());
    std::filesystem::remove(path_);
  }

  const std::filesystem::path& path() const { return path_; }

  std::string text() const {
    std::ifstream file(path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path path_;
  LogOptions options_;
};

bool matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

}  // namespace

TEST_CASE("a text line looks as Redis prints it, with its fields behind") {
  const LogToFile file(LogFormat::kText);
  log(LogLevel::kNotice, "Ready to accept connections", {{"port", "6379"}, {"by", "two words"}});
  CHECK(matches(file.text(),
                R"(\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} \* Ready to accept connections )"
                R"(port=6379 by="two words"\n)"));
}

TEST_CASE("each level has its mark and the role can change") {
  const LogToFile file(LogFormat::kText, LogLevel::kDebug);
  set_log_role('S');
  log(LogLevel::kDebug, "d");
  log(LogLevel::kVerbose, "v");
  log(LogLevel::kNotice, "n");
  log(LogLevel::kWarning, "w");
  set_log_role('M');
  CHECK(matches(file.text(), R"(\d+:S .* \. d\n\d+:S .* - v\n\d+:S .* \* n\n\d+:S .* # w\n)"));
}

TEST_CASE("what is below the level is not written") {
  const LogToFile file(LogFormat::kText, LogLevel::kWarning);
  log(LogLevel::kNotice, "hidden");
  CHECK_FALSE(is_logged(LogLevel::kNotice));
  CHECK(is_logged(LogLevel::kWarning));
  set_log_level(LogLevel::kNothing);
  log(LogLevel::kWarning, "hidden");
  log(LogLevel::kNothing, "hidden");
  CHECK(file.text().empty());
  set_log_level(LogLevel::kVerbose);
  CHECK(log_level() == LogLevel::kVerbose);
  log(LogLevel::kVerbose, "shown");
  CHECK(file.text().ends_with("shown\n"));
}

TEST_CASE("a logfmt line quotes what a reader could not separate") {
  const LogToFile file(LogFormat::kLogfmt);
  log(LogLevel::kWarning, "disk is full", {{"path", "/data"}, {"why", "a=\"b\""}, {"empty", ""}});
  CHECK(matches(file.text(),
                R"(ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=warning pid=\d+ role=M )"
                R"(msg="disk is full" path=/data why="a=\\"b\\"" empty=""\n)"));
}

TEST_CASE("a JSON line is one object, whatever the bytes") {
  const LogToFile file(LogFormat::kJson);
  log(LogLevel::kNotice, "a \"b\"\n\\", {{"key", "\x01\xff"}});
  CHECK(matches(file.text(), R"(\{"ts":"[^"]+","level":"notice","pid":\d+,"role":"M",)"
                             R"("msg":"a \\"b\\"\\u000a\\\\","key":"\\u0001\\u00ff"\}\n)"));
}

TEST_CASE("a message cannot begin a line of its own") {
  const LogToFile file(LogFormat::kText);
  log(LogLevel::kNotice, "one\r\n4711:M forged", {{"name", "two\nlines"}});
  const std::string text = file.text();
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(text.ends_with("one  4711:M forged name=\"two\\nlines\"\n"));
}

TEST_CASE("a long message is cut") {
  const LogToFile file(LogFormat::kText);
  log(LogLevel::kNotice, std::string(100'000, 'x'));
  CHECK(file.text().size() > kLogMessageBytesMax);
  CHECK(file.text().size() < kLogMessageBytesMax + 100);
}

TEST_CASE("reopening follows a file that was moved away") {
  const LogToFile file(LogFormat::kText);
  log(LogLevel::kNotice, "before");
  const std::string rotated = file.path().string() + ".1";
  std::filesystem::rename(file.path(), rotated);
  REQUIRE(reopen_log().ok());
  log(LogLevel::kNotice, "after");
  CHECK(file.text().find("before") == std::string::npos);
  CHECK(file.text().ends_with("after\n"));
  std::filesystem::remove(rotated);
}

TEST_CASE("a file that cannot be opened is an error and changes nothing") {
  const LogToFile file(LogFormat::kText);
  LogOptions bad;
  bad.file = "/proc/no/such/place.log";
  const Status no_directory = configure_log(bad);
  REQUIRE_FALSE(no_directory.ok());
  CHECK(no_directory.error().message() == "Can't open the log file: No such file or directory");
  bad.file = "/proc/no-such-place.log";
  const Status no_file = configure_log(bad);
  REQUIRE_FALSE(no_file.ok());
  CHECK(no_file.error().message().starts_with("cannot open the log: "));
  log(LogLevel::kNotice, "still here");
  CHECK(file.text().ends_with("still here\n"));
}

TEST_CASE("levels have the names of the loglevel directive") {
  CHECK(log_level_name(LogLevel::kDebug) == "debug");
  CHECK(log_level_name(LogLevel::kNothing) == "nothing");
}
