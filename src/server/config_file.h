// The configuration at start: file, environment and command line become ServerOptions.
//
// Later sources win over earlier ones: defaults, the file (redis.conf syntax, or YAML by its name),
// KVSTASH_* environment variables, the command line. One wrong line refuses the start, with the
// line, the place and the reason. Reads files; otherwise pure. Main thread, before any other thread
// runs.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// The action that the command line asks for.
enum class StartAction : uint8_t { kServe, kPrintVersion, kPrintHelp, kCheckSystem };

struct LoadedOptions {
  ServerOptions options;
  StartAction action = StartAction::kServe;
  std::vector<std::string> notices;  // One sentence each, to be logged once the log is set up.
};

// Reads all of standard input, for `kvstash -`.
using ReadStdin = std::function<Result<std::string>()>;

// `argv` and `environment` are as main() gets them: `argv[0]` is skipped, `environment` ends with
// null. The error is the whole text for stderr.
Result<LoadedOptions> load_options(int argc, const char* const* argv,
                                   const char* const* environment, const ReadStdin& read_stdin);

// Whether a configuration file of this name is read as YAML.
bool is_yaml(std::string_view path);

// Reads the file again, if there is one, and applies it on top of the present `options`, then the
// environment and the command line of the start. After an error `options` must not be used.
Status reload_options(ServerOptions& options, std::vector<std::string>& notices);

// Applies the lines of a text in redis.conf syntax. `place` names the text in errors
// ("redis.conf"). Directives that have no effect in kvstash add a line to `notices`.
Status apply_config_text(ServerOptions& options, std::string_view text, std::string_view place,
                         std::vector<std::string>& notices);

// The text that --help prints.
std::string usage_text();

}  // namespace kvstash::server
