#include "base/log.h"
#include "base/text.h"
#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kSupervisedWords[] = {
    {"upstart", static_cast<int64_t>(Supervised::kUpstart)},
    {"systemd", static_cast<int64_t>(Supervised::kSystemd)},
    {"auto", static_cast<int64_t>(Supervised::kAuto)},
    {"no", static_cast<int64_t>(Supervised::kNo)},
};

constexpr ValueWord kLogLevelWords[] = {
    {"debug", static_cast<int64_t>(LogLevel::kDebug)},
    {"verbose", static_cast<int64_t>(LogLevel::kVerbose)},
    {"notice", static_cast<int64_t>(LogLevel::kNotice)},
    {"warning", static_cast<int64_t>(LogLevel::kWarning)},
    {"nothing", static_cast<int64_t>(LogLevel::kNothing)},
};

constexpr ValueWord kLogFormatWords[] = {
    {"text", static_cast<int64_t>(LogFormat::kText)},
    {"logfmt", static_cast<int64_t>(LogFormat::kLogfmt)},
    {"json", static_cast<int64_t>(LogFormat::kJson)},
};

// The numbers are the facilities of syslog(3).
constexpr ValueWord kSyslogFacilityWords[] = {
    {"user", 1 << 3},    {"local0", 16 << 3}, {"local1", 17 << 3},
    {"local2", 18 << 3}, {"local3", 19 << 3}, {"local4", 20 << 3},
    {"local5", 21 << 3}, {"local6", 22 << 3}, {"local7", 23 << 3},
};

constexpr ValueWord kOomScoreAdjWords[] = {
    {"no", static_cast<int64_t>(OomScoreAdj::kNo)},
    {"yes", static_cast<int64_t>(OomScoreAdj::kRelative)},
    {"relative", static_cast<int64_t>(OomScoreAdj::kRelative)},
    {"absolute", static_cast<int64_t>(OomScoreAdj::kAbsolute)},
};

constexpr ValueWord kShutdownWords[] = {
    {"default", shutdown_mode::kDefault}, {"save", shutdown_mode::kSave},
    {"nosave", shutdown_mode::kNoSave},   {"now", shutdown_mode::kNow},
    {"force", shutdown_mode::kForce},
};

bool is_title_variable(std::string_view name) {
  constexpr std::string_view kKnown[] = {"title",    "listen-addr", "server-mode", "port",
                                         "tls-port", "unixsocket",  "config-file"};
  for (const std::string_view known : kKnown)
    if (known == name) return true;
  return false;
}

// Every {name} in a process title must be a known one.
Status check_title(Words words, SetFrom) {
  const Error invalid = Error::literal("template format is invalid or contains unknown variables");
  std::string_view text = words[0];
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return invalid;
    if (!is_title_variable(text.substr(open + 1, close - open - 1))) return invalid;
    text.remove_prefix(close + 1);
  }
  return {};
}

Status check_shutdown(Words words, SetFrom) {
  bool save = false;
  bool nosave = false;
  for (const std::string_view word : words) {
    save = save || equals_ignore_case(word, "save");
    nosave = nosave || equals_ignore_case(word, "nosave");
  }
  if (save && nosave)
    return Error::literal("shutdown options SAVE and NOSAVE can't be used simultaneously");
  return {};
}

constexpr Directive kRows[] = {
    {.name = "daemonize",
     .kind = kBool,
     .slot = field<&ProcessOptions::daemonize>,
     .about = "Leave the terminal and run in the background. Keep it off under systemd, in a "
              "container, or wherever something else looks after the process.",
     .flags = kImmutable},
    {.name = "supervised",
     .kind = kEnum,
     .slot = enum_field<&ProcessOptions::supervised>,
     .about = "Who to tell when the server is ready: systemd (through NOTIFY_SOCKET), upstart, "
              "auto for whichever of them the environment shows, or no.",
     .flags = kImmutable,
     .words = kSupervisedWords},
    {.name = "pidfile",
     .kind = kString,
     .slot = field<&ProcessOptions::pidfile>,
     .about = "Write the process id to this file at start, and remove the file at the end. "
              "Empty: none, unless daemonized.",
     .flags = kImmutable},
    {.name = "dir",
     .kind = kSpecial,
     .slot = kDirSlot,
     .about = "The working directory. Snapshots, the append only directory and every relative "
              "path live here, so give the server a directory of its own.",
     .flags = kProtected | kDenyLoading},
    {.name = "shards",
     .kind = kInteger,
     .slot = field<&engine::EngineOptions::shards>,
     .about = "Threads that own data and serve clients. 0 takes as many as the machine has usable "
              "cores (affinity and container quota counted), and 1 where there are two or fewer.",
     .flags = kOursImmutable,
     .max = 256},
    {.name = "databases",
     .kind = kInteger,
     .slot = field<&engine::EngineOptions::databases>,
     .about = "Number of logical databases, for SELECT 0 to SELECT n-1. Cluster mode uses only "
              "the first.",
     .flags = kImmutable,
     .min = 1,
     .max = kIntMax},
    {.name = "loglevel",
     .kind = kEnum,
     .slot = enum_field<&ProcessOptions::loglevel>,
     .about = "How much to log, from debug (everything) over verbose and notice to warning "
              "(trouble only) and nothing. Notice is right for production.",
     .words = kLogLevelWords},
    {.name = "log-format",
     .kind = kEnum,
     .slot = enum_field<&ProcessOptions::log_format>,
     .about = "Shape of a log line: text as Redis writes it, or logfmt or json for collectors "
              "that index fields.",
     .flags = kOursImmutable,
     .words = kLogFormatWords},
    {.name = "logfile",
     .kind = kString,
     .slot = field<&ProcessOptions::logfile>,
     .about = "Append the log to this file. Empty: standard output, which a daemon sends to "
              "/dev/null.",
     .flags = kImmutable},
    {.name = "syslog-enabled",
     .kind = kBool,
     .slot = field<&ProcessOptions::syslog_enabled>,
     .about = "Send the log to syslog as well.",
     .flags = kImmutable},
    {.name = "syslog-ident",
     .kind = kString,
     .slot = field<&ProcessOptions::syslog_ident>,
     .about = "The program name that syslog shows. The default is what existing filters match.",
     .flags = kImmutable},
    {.name = "syslog-facility",
     .kind = kEnum,
     .slot = enum_field<&ProcessOptions::syslog_facility>,
     .about = "The syslog facility: user, or local0 to local7.",
     .flags = kImmutable,
     .words = kSyslogFacilityWords},
    {.name = "set-proc-title",
     .kind = kBool,
     .slot = field<&ProcessOptions::set_proc_title>,
     .about = "Show port and mode in the process list, so that several servers on one machine can "
              "be told apart.",
     .flags = kImmutable},
    {.name = "proc-title-template",
     .kind = kString,
     .slot = field<&ProcessOptions::proc_title_template>,
     .about = "What the process list shows. Variables: {title} {listen-addr} {server-mode} {port} "
              "{tls-port} {unixsocket} {config-file}.",
     .check = check_title},
    {.name = "crash-log-enabled",
     .kind = kBool,
     .slot = field<&ProcessOptions::crash_log_enabled>,
     .about = "Log a report with a stack trace when the process crashes. Turn it off where core "
              "files are collected instead."},
    {.name = "disable-thp",
     .kind = kBool,
     .slot = field<&ProcessOptions::disable_thp>,
     .about = "Ask the kernel not to back this process with transparent huge pages, which cost "
              "latency and memory while data changes.",
     .flags = kImmutable},
    {.name = "oom-score-adj",
     .kind = kEnum,
     .slot = enum_field<&ProcessOptions::oom_score_adj>,
     .about = "Tell the kernel which process to kill first when memory runs out. relative (or "
              "yes) adds oom-score-adj-values to the score at start, absolute writes them.",
     .words = kOomScoreAdjWords},
    {.name = "oom-score-adj-values",
     .kind = kSpecial,
     .slot = kOomScoreAdjValuesSlot,
     .about = "The adjustment, from -2000 to 2000, for a primary, a replica and a background "
              "child: the defaults spare the primary longest.",
     .flags = kMultiArg},
    {.name = "shutdown-timeout",
     .kind = kInteger,
     .slot = field<&ProcessOptions::shutdown_timeout_s>,
     .about = "Seconds that a shutdown waits for replicas to catch up before it goes ahead. 0: "
              "do not wait.",
     .max = kIntMax},
    {.name = "shutdown-on-sigint",
     .kind = kFlags,
     .slot = enum_field<&ProcessOptions::shutdown_on_sigint>,
     .about = "How SIGINT shuts down. default saves if there are save points; or a mix of save or "
              "nosave, now (do not wait for replicas) and force (ignore errors of saving).",
     .flags = kMultiArg,
     .words = kShutdownWords,
     .check = check_shutdown},
    {.name = "shutdown-on-sigterm",
     .kind = kFlags,
     .slot = enum_field<&ProcessOptions::shutdown_on_sigterm>,
     .about = "How SIGTERM shuts down, in the same words.",
     .flags = kMultiArg,
     .words = kShutdownWords,
     .check = check_shutdown},
};

}  // namespace

DirectiveGroup process_directives() {
  return {"Process", "How the server runs, logs and stops.", kRows};
}

}  // namespace kvstash::server
