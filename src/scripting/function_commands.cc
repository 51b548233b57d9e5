#include "scripting/function_commands.h"

#include "base/glob.h"
#include "base/text.h"
#include "commands/shared/help.h"
#include "engine/command/arg_reader.h"
#include "engine/shard.h"
#include "scripting/flush_mode.h"
#include "scripting/function_payload.h"
#include "scripting/scripting.h"

#include <bit>
#include <utility>

namespace kvstash::scripting {
namespace {

LoadedLibraries& libraries_of(Call& call) {
  return Scripting::of(call).libraries_of(call.hold().worker().shard);
}

// ---- FUNCTION LIST.

struct ListOptions {
  std::optional<std::string_view> pattern;
  bool with_code = false;
};

Result<ListOptions> parse_list(Call& call) {
  ListOptions options;
  engine::ArgReader args(call.args_from(2));
  while (!args.done()) {
    if (!options.with_code && args.take("WITHCODE")) {
      options.with_code = true;
    } else if (!options.pattern && args.take("LIBRARYNAME")) {
      if (args.done()) return Error::literal("ERR library name argument was not given");
      options.pattern = args.next();
    } else {
      return Error::text("ERR Unknown argument " + std::string(args.next()));
    }
  }
  return options;
}

void write_function(const Function& function, resp::ReplyWriter& to) {
  to.map(3);
  to.bulk("name");
  to.bulk(function.name);
  to.bulk("description");
  if (function.description) {
    to.bulk(*function.description);
  } else {
    to.null();
  }
  to.bulk("flags");
  to.set(static_cast<size_t>(std::popcount(function.flags)));
  for (const NamedScriptFlag& flag : kScriptFlagNames) {
    if ((function.flags & flag.flag) != 0) to.simple(flag.name);
  }
}

void write_library(const Library& library, bool with_code, resp::ReplyWriter& to) {
  to.map(with_code ? 4 : 3);
  to.bulk("library_name");
  to.bulk(library.name);
  to.bulk("engine");
  to.bulk("LUA");
  to.bulk("functions");
  to.array(library.functions.size());
  for (const Function& function : library.functions)
    write_function(function, to);
  if (!with_code) return;
  to.bulk("library_code");
  to.bulk(library.code);
}

// ---- FUNCTION RESTORE.

enum class RestorePolicy : uint8_t { kFlush, kAppend, kReplace };

std::optional<RestorePolicy> parse_policy(std::string_view word) {
  if (equals_ignore_case(word, "flush")) return RestorePolicy::kFlush;
  if (equals_ignore_case(word, "append")) return RestorePolicy::kAppend;
  if (equals_ignore_case(word, "replace")) return RestorePolicy::kReplace;
  return std::nullopt;
}

// Adds the restored libraries to `to`, which has the present ones. Error: a library or function
// exists already.
Status add_all(Libraries& to, const std::vector<std::unique_ptr<Library>>& added, bool replaces) {
  for (const std::unique_ptr<Library>& library : added) {
    if (!replaces && to.find(library->name) != nullptr)
      return Error::text("ERR Library " + library->name + " already exists");
    if (Status status = to.add(std::make_unique<Library>(*library)); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Status function_load(Call& call) {
  engine::ArgReader args(call.args_from(2));
  bool replaces = false;
  while (args.left() > 1) {
    if (!args.take("REPLACE"))
      return Error::text("ERR Unknown option given: " + std::string(args.next()));
    replaces = true;
  }
  const std::string_view code = args.next();
  Libraries& libraries = Scripting::of(call).libraries();
  const Result<LibraryHeader> header = parse_library_header(code);
  if (!header.ok()) return header.error();
  if (!replaces && libraries.find(header->name) != nullptr)
    return Error::text("ERR Library '" + header->name + "' already exists");
  Result<std::unique_ptr<Library>> library = libraries_of(call).try_load(code);
  if (!library.ok()) return library.error();
  if (Status added = libraries.add(*std::move(library)); !added.ok()) return added;
  call.record({"FUNCTION", "LOAD", "REPLACE", code});
  call.reply().bulk(header->name);
  return {};
}

Status function_delete(Call& call) {
  if (!Scripting::of(call).libraries().erase(call.arg(2)))
    return Error::literal("ERR Library not found");
  call.record({"FUNCTION", "DELETE", call.arg(2)});
  call.reply().ok();
  return {};
}

Status function_flush(Call& call) {
  if (call.argc() > 3) return commands::subcommand_syntax(call);
  const Result<FlushMode> mode =
      parse_flush_mode(call, Error::literal("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
  if (!mode.ok()) return mode.error();
  drop(call, *mode, Scripting::of(call).flush_libraries());
  call.record({"FUNCTION", "FLUSH"});
  call.reply().ok();
  return {};
}

Status function_list(Call& call) {
  const Result<ListOptions> options = parse_list(call);
  if (!options.ok()) return options.error();
  std::vector<const Library*> shown;
  for (const auto& [name, library] : Scripting::of(call).libraries().all()) {
    if (!options->pattern || glob_match(*options->pattern, name, true))
      shown.push_back(library.get());
  }
  call.reply().array(shown.size());
  for (const Library* library : shown)
    write_library(*library, options->with_code, call.reply());
  return {};
}

Status function_stats(Call& call) {
  const Libraries& libraries = Scripting::of(call).libraries();
  resp::ReplyWriter& to = call.reply();
  to.map(2);
  to.bulk("running_script");
  if (Status told = Scripting::of(call).slow().describe(to, call.shards().clock().monotonic_ns());
      !told.ok())
    return told;
  to.bulk("engines");
  to.map(1);
  to.bulk("LUA");
  to.map(2);
  to.bulk("libraries_count");
  to.integer(static_cast<int64_t>(libraries.size()));
  to.bulk("functions_count");
  to.integer(static_cast<int64_t>(libraries.function_count()));
  return {};
}

Status function_kill(Call& call) {
  if (Status killed = Scripting::of(call).slow().kill(true); !killed.ok()) return killed;
  call.reply().ok();
  return {};
}

Status function_dump(Call& call) {
  const auto version = static_cast<unsigned>(call.options().rdb_version);
  call.reply().bulk(dump_functions(Scripting::of(call).libraries(), version));
  return {};
}

Status function_restore(Call& call) {
  if (call.argc() > 4) return commands::subcommand_syntax(call);
  const std::optional<RestorePolicy> policy =
      call.argc() == 4 ? parse_policy(call.arg(3)) : RestorePolicy::kAppend;
  if (!policy) {
    return Error::literal(
        "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }
  const Result<std::vector<std::string>> codes = functions_in(call.arg(2));
  if (!codes.ok()) return codes.error();
  std::vector<std::unique_ptr<Library>> added;
  for (const std::string& code : *codes) {
    Result<std::unique_ptr<Library>> library = libraries_of(call).try_load(code);
    if (!library.ok()) return library.error();
    added.push_back(*std::move(library));
  }
  Libraries& libraries = Scripting::of(call).libraries();
  Libraries next;
  if (*policy != RestorePolicy::kFlush) {
    for (const auto& [name, library] : libraries.all())
      ensure(next.add(std::make_unique<Library>(*library)).ok());
  }
  if (Status status = add_all(next, added, *policy == RestorePolicy::kReplace); !status.ok())
    return status;
  libraries.swap(next);
  call.record({"FUNCTION", "RESTORE", call.arg(2), call.argc() == 4 ? call.arg(3) : "APPEND"});
  call.reply().ok();
  return {};
}

Status function_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "LOAD [REPLACE] <FUNCTION CODE>",
      "    Create a new library with the given library name and code.",
      "DELETE <LIBRARY NAME>",
      "    Delete the given library.",
      "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
      "    Return general information on all the libraries:",
      "    * Library name",
      "    * The engine used to run the Library",
      "    * Library description",
      "    * Functions list",
      "    * Library code (if WITHCODE is given)",
      "    It also possible to get only function that matches a pattern using LIBRARYNAME "
      "argument.",
      "STATS",
      "    Return information about the current function running:",
      "    * Function name",
      "    * Command used to run the function",
      "    * Duration in MS that the function is running",
      "    If no function is running, return nil",
      "    In addition, returns a list of available engines.",
      "KILL",
      "    Kill the current running function.",
      "FLUSH [ASYNC|SYNC]",
      "    Delete all the libraries.",
      "    When called without the optional mode argument, the behavior is determined by the",
      "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
      "    * ASYNC: Asynchronously flush the libraries.",
      "    * SYNC: Synchronously flush the libraries.",
      "DUMP",
      "    Return a serialized payload representing the current libraries, can be restored using "
      "FUNCTION RESTORE command",
      "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
      "    Restore the libraries represented by the given payload, it is possible to give a "
      "restore "
      "policy to",
      "    control how to handle existing libraries (default APPEND):",
      "    * FLUSH: delete all existing libraries.",
      "    * APPEND: appends the restored libraries to the existing libraries. On collision, "
      "abort.",
      "    * REPLACE: appends the restored libraries to the existing libraries, On collision, "
      "replace the old",
      "      libraries with the new libraries (notice that even on this option there is a chance "
      "of "
      "failure",
      "      in case of functions name collision with another library).",
  };
  return commands::reply_help(call, kLines);
}

}  // namespace kvstash::scripting
