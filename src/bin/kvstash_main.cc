// kvstash: the server program, and the tools that check its files.
#include "base/alloc.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "persist/check/check_command.h"
#include "server/config_file.h"
#include "server/missing_features.h"
#include "server/process.h"
#include "server/server.h"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

extern "C" char** environ;

namespace kvstash {
namespace {

constexpr size_t kStdinBytesMax = size_t{16} << 20;

Result<std::string> read_stdin() {
  std::string text;
  char chunk[4096];
  for (size_t got = std::fread(chunk, 1, sizeof(chunk), stdin); got != 0;
       got = std::fread(chunk, 1, sizeof(chunk), stdin)) {
    text.append(chunk, got);
    if (text.size() > kStdinBytesMax)
      return Error::literal("the configuration on stdin is too long");
  }
  return text;
}

int fail(std::string_view message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

int print_version() {
  std::printf("kvstash server v=%s redis_version=%s malloc=%s bits=64\n", server::kVersion.data(),
              server::kRedisVersion.data(), allocator_name());
  return 0;
}

// Runs a tool that checks files. Returns its exit code.
int check_files(const persist::CheckCommand& command) {
  SystemDisk disk;
  const persist::CheckConsole console{.print =
                                          [](std::string_view text) {
                                            std::fwrite(text.data(), 1, text.size(), stdout);
                                            std::fflush(stdout);
                                          },
                                      .confirm =
                                          [] {
                                            const int answer = std::fgetc(stdin);
                                            return answer == 'y' || answer == 'Y';
                                          }};
  return persist::run_check_command(disk, SystemClock(), command, console);
}

int serve(server::LoadedOptions loaded) {
  server::ServerOptions& options = loaded.options;
  if (::chdir(options.process.dir.c_str()) != 0)
    return fail("Can't chdir to '" + options.process.dir + "'");
  const bool is_daemon = options.process.daemonize && !server::has_systemd(options.process) &&
                         !server::has_upstart(options.process);
  if (is_daemon) {
    if (Status done = server::daemonize(); !done.ok()) return fail(done.error().message());
  }
  if (Status done =
          configure_log({.format = options.process.log_format,
                         .level = options.process.loglevel,
                         .file = options.process.logfile,
                         .syslog = options.process.syslog_enabled,
                         .syslog_ident = options.process.syslog_ident,
                         .syslog_facility = static_cast<int>(options.process.syslog_facility)});
      !done.ok())
    return fail(done.error().message());
  if (options.is_sentinel) set_log_role('X');
  if (options.process.logfile.empty()) server::print_banner(options, server::kVersion);
  for (const std::string& notice : loaded.notices)
    log(LogLevel::kNotice, notice);
  for (const std::string_view warning : server::missing_features(options))
    log(LogLevel::kWarning, warning);
  server::stop_for_upstart(options.process);

  server::Server server(options);
  if (Status started = server.start(); !started.ok()) {
    log(LogLevel::kWarning, started.error().message());
    return 1;
  }
  if (Status done = server::write_pidfile(options.process); !done.ok())
    log(LogLevel::kWarning, done.error().message());
  const int code = server.run();
  server::remove_pidfile(options.process);
  return code;
}

}  // namespace
}  // namespace kvstash

int main(int argc, char** argv) {
  using namespace kvstash;
  if (const auto command = persist::find_check_command({argv, static_cast<size_t>(argc)}))
    return check_files(*command);
  Result<server::LoadedOptions> loaded = server::load_options(argc, argv, environ, read_stdin);
  if (!loaded.ok()) return fail(loaded.error().message());
  switch (loaded->action) {
    case server::StartAction::kPrintVersion:
      return print_version();
    case server::StartAction::kPrintHelp:
      std::printf("%s", server::usage_text().c_str());
      return 0;
    case server::StartAction::kCheckSystem:
      std::printf("[system] nothing to complain about\n");
      return 0;
    case server::StartAction::kServe:
      break;
  }
  return serve(*std::move(loaded));
}
