#include "base/log.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/numbers.h"
#include "base/text.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

namespace kvstash {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "verbose", "notice", "warning", "nothing"};
constexpr char kLevelMarks[] = {'.', '-', '*', '#'};

using Sinks = std::vector<spdlog::sink_ptr>;

// The log that all threads share. Level and role are read without the mutex; the rest only with it.
struct Log {
  std::atomic<LogLevel> level{LogLevel::kNotice};
  std::atomic<char> role{'M'};

  std::mutex mutex;
  LogOptions options;
  Sinks sinks;
};

Log& the_log() {
  static Log log;
  return log;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::trace;
    case LogLevel::kVerbose:
      return spdlog::level::debug;
    case LogLevel::kNotice:
      return spdlog::level::info;
    default:
      return spdlog::level::warn;
  }
}

// spdlog throws where a file cannot be opened; here that becomes an Error.
Result<Sinks> open_sinks(const LogOptions& options) {
  Sinks sinks;
  try {
    if (options.file.empty()) {
      sinks.push_back(std::make_shared<spdlog::sinks::stdout_sink_mt>());
    } else {
      // spdlog would create missing directories; an Error is better, since the path may be
      // mistyped.
      const std::filesystem::path directory = std::filesystem::path(options.file).parent_path();
      if (!directory.empty() && !std::filesystem::is_directory(directory))
        return Error::literal("Can't open the log file: No such file or directory");
      sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
    }
    if (options.syslog) {
      sinks.push_back(std::make_shared<spdlog::sinks::syslog_sink_mt>(
          options.syslog_ident, /*syslog_option=*/0, options.syslog_facility, false));
    }
  } catch (const std::exception& failure) {
    return Error::text(std::string("cannot open the log: ") + failure.what());
  }
  for (const spdlog::sink_ptr& sink : sinks)
    sink->set_pattern("%v");
  return sinks;
}

std::string number(int64_t value) {
  char digits[kInt64CharsMax];
  return {digits, format_int64(digits, value)};
}

std::string three_digits(int64_t ms) {
  const std::string digits = number(ms % 1000);
  return std::string(3 - digits.size(), '0') + digits;
}

// Returns local time in the form "21 Nov 2026 09:27:00.123".
std::string local_time(int64_t now_ms) {
  const time_t seconds = now_ms / 1000;
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%d %b %Y %H:%M:%S.", &parts);
  return std::string(text, size) + three_digits(now_ms);
}

// Returns UTC in the form "2026-11-21T09:27:00.123Z".
std::string utc_time(int64_t now_ms) {
  const time_t seconds = now_ms / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
  return std::string(text, size) + three_digits(now_ms) + 'Z';
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Replaces control characters: bytes from outside may not begin a line or control a terminal.
std::string without_control(std::string_view text) {
  std::string result(text.substr(0, kLogMessageBytesMax));
  std::replace_if(result.begin(), result.end(), is_control, ' ');
  return result;
}

// Returns the text, in quotes if a reader could not tell where it ends.
std::string logfmt_value(std::string_view text) {
  text = text.substr(0, kLogMessageBytesMax);
  const bool is_plain = !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return is_control(c) || c == ' ' || c == '"' || c == '=';
  });
  return is_plain ? std::string(text) : quote(text);
}

std::string json_string(std::string_view text) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text.substr(0, kLogMessageBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (is_control(c) || byte > 0x7f) {  // Bytes that may not be UTF-8 are read as Latin-1.
      result += {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result += '"';
}

struct Event {
  LogLevel level;
  int64_t now_ms;
  std::string_view message;
  std::initializer_list<LogField> fields;

  char role() const { return the_log().role.load(std::memory_order_relaxed); }
};

std::string text_line(const Event& event) {
  std::string line = number(getpid()) + ':' + event.role() + ' ' + local_time(event.now_ms) + ' ' +
                     kLevelMarks[static_cast<size_t>(event.level)] + ' ' +
                     without_control(event.message);
  for (const LogField& field : event.fields) {
    line.append(" ").append(field.name).append("=").append(logfmt_value(field.value));
  }
  return line;
}

std::string logfmt_line(const Event& event) {
  std::string line = "ts=" + utc_time(event.now_ms) + " level=";
  line.append(log_level_name(event.level)).append(" pid=" + number(getpid()) + " role=");
  line += event.role();
  line += " msg=" + logfmt_value(event.message);
  for (const LogField& field : event.fields) {
    line.append(" ").append(field.name).append("=").append(logfmt_value(field.value));
  }
  return line;
}

std::string json_line(const Event& event) {
  std::string line = "{\"ts\":\"" + utc_time(event.now_ms) + "\",\"level\":\"";
  line.append(log_level_name(event.level)).append("\",\"pid\":" + number(getpid()));
  line.append(",\"role\":\"") += event.role();
  line += "\",\"msg\":" + json_string(event.message);
  for (const LogField& field : event.fields) {
    line += ',' + json_string(field.name) + ':' + json_string(field.value);
  }
  return line += '}';
}

std::string line_of(LogFormat format, const Event& event) {
  switch (format) {
    case LogFormat::kLogfmt:
      return logfmt_line(event);
    case LogFormat::kJson:
      return json_line(event);
    default:
      return text_line(event);
  }
}

// Called under the mutex. A line that cannot be written (the disk is full, the reader has gone) is
// lost: there is no place left to report it, and the server must not stop for it.
void write_line(Log& log, LogLevel level, const std::string& line) {
  const spdlog::details::log_msg message({}, to_spdlog(level), line);
  for (const spdlog::sink_ptr& sink : log.sinks) {
    try {
      sink->log(message);
      sink->flush();
    } catch (const std::exception&) {
      continue;
    }
  }
}

}  // namespace

Status configure_log(const LogOptions& options) {
  Result<Sinks> sinks = open_sinks(options);
  if (!sinks.ok()) return sinks.error();

  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.sinks = *std::move(sinks);
  log.options = options;
  log.level.store(options.level, std::memory_order_relaxed);
  return {};
}

Status reopen_log() {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  Result<Sinks> sinks = open_sinks(log.options);
  if (!sinks.ok()) return sinks.error();
  log.sinks = *std::move(sinks);
  return {};
}

void set_log_level(LogLevel level) {
  the_log().level.store(level, std::memory_order_relaxed);
}

LogLevel log_level() {
  return the_log().level.load(std::memory_order_relaxed);
}

void set_log_role(char role) {
  the_log().role.store(role, std::memory_order_relaxed);
}

bool is_logged(LogLevel level) {
  return level != LogLevel::kNothing && level >= log_level();
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!is_logged(level)) return;
  const Event event{level, to_ms(wall_now()), message, fields};

  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  if (log.sinks.empty()) {
    Result<Sinks> sinks = open_sinks(log.options);  // If the log was never configured.
    if (!sinks.ok()) return;
    log.sinks = *std::move(sinks);
  }
  write_line(log, level, line_of(log.options.format, event));
}

std::string_view log_level_name(LogLevel level) {
  return kLevelNames[static_cast<size_t>(level)];
}

}  // namespace kvstash
