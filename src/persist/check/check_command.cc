#include "persist/check/check_command.h"

#include "base/numbers.h"

#include <fmt/format.h>

#include <utility>

namespace kvstash::persist {
namespace {

Error usage(const CheckCommand& command) {
  return Error::text(
      fmt::format("Usage: {} [--fix|--truncate-to-timestamp $timestamp] [--yes] [--json] "
                  "<file.manifest|file.aof>\n",
                  command.program));
}

Error usage_of_rdb(const CheckCommand& command) {
  return Error::text(fmt::format("Usage: {} [--json] <rdb-file-name>\n", command.program));
}

int fail(const Error& error, const CheckConsole& console) {
  console.print(error.message());
  return 1;
}

}  // namespace

std::optional<CheckCommand> find_check_command(std::span<const char* const> words) {
  if (words.empty()) return std::nullopt;
  CheckCommand command{.program = words[0]};
  const std::string_view path = words[0];
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::string_view first = words.size() > 1 ? words[1] : "";
  size_t begin = 1;
  if (name.ends_with("-check-rdb")) {
    command.tool = CheckTool::kRdb;
  } else if (!name.ends_with("-check-aof")) {
    if (first != "--check-aof" && first != "--check-rdb") return std::nullopt;
    command.tool = first == "--check-rdb" ? CheckTool::kRdb : CheckTool::kAof;
    command.program.append(" ").append(first);
    begin = 2;
  }
  command.arguments.assign(words.begin() + static_cast<ptrdiff_t>(begin), words.end());
  return command;
}

Result<CheckAofArguments> parse_check_aof(const CheckCommand& command) {
  CheckAofArguments out;
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const std::string& word = command.arguments[i];
    if (word == "--fix") {
      out.request.fix = true;
    } else if (word == "--json") {
      out.request.as_json = true;
    } else if (word == "--yes") {
      out.assumes_yes = true;
    } else if (word == "--truncate-to-timestamp" && i + 1 < command.arguments.size()) {
      const std::optional<int64_t> seconds = parse_int64(command.arguments[++i]);
      if (!seconds || *seconds <= 0) return Error::text("Invalid timestamp, aborting...\n");
      out.request.truncate_to = *seconds;
    } else if (word.starts_with("--") || !out.request.path.empty()) {
      return usage(command);
    } else {
      out.request.path = word;
    }
  }
  if (out.request.path.empty() || (out.request.fix && out.request.truncate_to))
    return usage(command);
  return out;
}

Result<CheckRdbRequest> parse_check_rdb(const CheckCommand& command) {
  CheckRdbRequest out;
  for (const std::string& word : command.arguments) {
    if (word == "--json") {
      out.as_json = true;
    } else if (word.starts_with("--") || !out.path.empty()) {
      return usage_of_rdb(command);
    } else {
      out.path = word;
    }
  }
  if (out.path.empty()) return usage_of_rdb(command);
  return out;
}

int run_check_command(Disk& disk, const Clock& clock, const CheckCommand& command,
                      const CheckConsole& console) {
  const Instant now = from_ms(clock.wall_now_us() / 1000);
  if (command.tool == CheckTool::kRdb) {
    Result<CheckRdbRequest> request = parse_check_rdb(command);
    if (!request.ok()) return fail(request.error(), console);
    request->now = now;
    return check_rdb(disk, *request, console.print);
  }
  Result<CheckAofArguments> arguments = parse_check_aof(command);
  if (!arguments.ok()) return fail(arguments.error(), console);
  arguments->request.now = now;
  const CheckConsole answered{.print = console.print, .confirm = [&] {
                                return arguments->assumes_yes || console.confirm();
                              }};
  return check_aof(disk, arguments->request, answered);
}

}  // namespace kvstash::persist
