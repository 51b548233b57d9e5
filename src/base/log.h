// Log: one line per event, to a file, to standard output or to syslog.
//
//   text     4711:M 21 Nov 2026 09:27:00.123 * Ready to accept connections port=6379
//   logfmt   ts=2026-11-21T09:27:00.123Z level=notice pid=4711 role=M msg="Ready ..." port=6379
//   json     {"ts":"...","level":"notice","pid":4711,"role":"M","msg":"Ready ...","port":"6379"}
//
// Process-wide state, of which there is little. Any thread may log; each line is written and
// flushed under a mutex, so commands must not log on their usual path. Messages and values longer
// than kLogMessageBytesMax are cut; control characters never reach the output. Until the log is
// configured, it writes text of level notice to standard output.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace kvstash {

enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };
enum class LogFormat : uint8_t { kText, kLogfmt, kJson };

struct LogOptions {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kNotice;
  std::string file;     // Empty: standard output.
  bool syslog = false;  // Write to syslog, too.
  std::string syslog_ident = "kvstash";
  int syslog_facility = 16 << 3;  // LOG_LOCAL0.
};

struct LogField {
  std::string_view name;
  std::string value;
};

// Fails, and changes nothing, if the file cannot be opened for appending.
Status configure_log(const LogOptions& options);

// Opens the file again under its name, for log rotation. Fails like configure_log.
Status reopen_log();

void set_log_level(LogLevel level);
LogLevel log_level();

// The role shown in each line: M primary, S replica, X sentinel, C child.
void set_log_role(char role);

// Takes one relaxed load; log() calls it. Ask before building a costly message.
bool is_logged(LogLevel level);

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// "debug", "verbose", "notice", "warning", "nothing": the words of the `loglevel` directive.
std::string_view log_level_name(LogLevel level);

}  // namespace kvstash
