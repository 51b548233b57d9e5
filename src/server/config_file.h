// The configuration at start: file, environment and command line become ServerOptions.
//
// Order, later wins: defaults, the file (redis.conf syntax, or YAML by its name), KVSTASH_*
// environment variables, the command line. One wrong line refuses the start, with the line, the
// place and the reason. Reads files; otherwise pure. Main thread, before anything runs.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// What the command line asks the program to do.
enum class StartAction : uint8_t { kServe, kPrintVersion, kPrintHelp, kCheckSystem };

struct LoadedOptions {
  ServerOptions options;
  StartAction action = StartAction::kServe;
  std::vector<std::string> notices;  // One sentence each, to be logged once logging works.
};

// Reads all of standard input, for `kvstash -`.
using ReadStdin = std::function<Result<std::string>()>;

// `argv` and `environment` as main() gets them: `argv[0]` is skipped, `environment` ends with null.
// The error is the whole text for stderr.
Result<LoadedOptions> load_options(int argc, const char* const* argv,
                                   const char* const* environment, const ReadStdin& read_stdin);

// Whether a configuration file of this name is read as YAML.
bool is_yaml(std::string_view path);

// Reads the file, if there is one, and what environment and command line said at the start once
// more, on top of `options` as they are now. After an error `options` are of no use.
Status reload_options(ServerOptions& options, std::vector<std::string>& notices);

// Applies the lines of a text in redis.conf syntax. `place` names it in errors ("redis.conf").
// Directives without effect here add a line to `notices`.
Status apply_config_text(ServerOptions& options, std::string_view text, std::string_view place,
                         std::vector<std::string>& notices);

// What --help prints.
std::string usage_text();

}  // namespace kvstash::server
