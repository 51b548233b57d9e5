#include "server/config_file.h"

#include "base/text.h"
#include "server/directives.h"
#include "server/environment.h"
#include "server/sentinel_file.h"
#include "server/yaml_config.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace kvstash::server {
namespace {

constexpr size_t kConfigBytesMax = size_t{16} << 20;
constexpr int kIncludeDepthMax = 16;
constexpr size_t kUsersMax = 100'000;
constexpr std::string_view kSentinelOption = "--sentinel";
constexpr int64_t kSentinelPort = 26379;

// Where a directive stands, so that an error message can say which line to correct.
struct Place {
  std::string where;  // "at line 3 of redis.conf"
  std::string text;   // The line.
};

Error refuse(const Place& place, std::string_view reason) {
  return Error::text(
      "\n*** FATAL CONFIG FILE ERROR (kvstash) ***\nReading the configuration file, " +
      place.where + "\n>>> '" + place.text + "'\n" + std::string(reason) + "\n");
}

Error cannot_open(const std::string& path, int error) {
  return Error::text("Fatal error, can't open config file '" + path + "': " + std::strerror(error) +
                     "\n");
}

Result<std::string> read_descriptor(int descriptor, const std::string& path) {
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_open(path, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > kConfigBytesMax) return cannot_open(path, EFBIG);
  }
}

Result<std::string> read_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot_open(path, errno);
  Result<std::string> text = read_descriptor(descriptor, path);
  ::close(descriptor);
  return text;
}

std::string absolute_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string result(resolved);
  ::free(resolved);
  return result;
}

// Whether the directive's value may be a password. Messages end up in logs, so for these directives
// they show the name alone.
bool is_secret(std::string_view name) {
  if (equals_ignore_case(name, "user")) return true;
  const Directive* row = find_directive(name);
  return row != nullptr && row->is(kSensitive);
}

// The line of a file as messages show it.
std::string shown(std::string_view line) {
  const std::string_view name = line.substr(0, line.find_first_of(" \t\"'"));
  return is_secret(name) ? std::string(name) + " ..." : std::string(line);
}

// The line of the command line as messages show it: port "6380".
std::string shown(const std::vector<std::string>& words) {
  std::string text = words[0];
  if (is_secret(words[0])) return text + " ...";
  for (size_t i = 1; i < words.size(); ++i)
    text += ' ' + quote(words[i]);
  return text;
}

// Reads directives one after the other, from files, standard input, environment and command line.
class Loader {
 public:
  // Relative paths are resolved from `directory`; empty: from the working directory.
  Loader(ServerOptions& options, std::vector<std::string>& notices, std::string directory = {})
      : options_(options), notices_(notices), directory_(std::move(directory)) {}

  Status take_text(std::string_view text, std::string_view name, int depth);
  Status take_yaml(std::string_view text, std::string_view name);
  Status take_file(const std::string& path, int depth);

  // `words` is not empty. The first word is the name of the directive, in any case.
  Status take(const std::vector<std::string>& words, const Place& place, int depth);

  // The next save points replace the present ones, instead of adding to them.
  void restart_save_points() { save_seen_ = false; }

 private:
  Status take_directive(const Directive& row, const std::vector<std::string>& words,
                        const Place& place);
  Status take_include(const std::string& pattern, const Place& place, int depth);
  Status take_user(const std::vector<std::string>& words, const Place& place);
  Status take_rename(const std::vector<std::string>& words, const Place& place);
  Status check_sentinel(const Place& place) const;
  void note_if_inert(const Directive& row);
  std::string from_directory(const std::string& path) const;

  ServerOptions& options_;
  std::vector<std::string>& notices_;
  std::string directory_;
  bool save_seen_ = false;
  bool is_in_own_file_ = false;  // What is read stands in the file that the process was given.
};

Status Loader::take_text(std::string_view text, std::string_view name, int depth) {
  if (text.size() > kConfigBytesMax) return cannot_open(std::string(name), EFBIG);
  int number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    const Place place{"at line " + std::to_string(number) + " of " + std::string(name),
                      shown(line)};
    const Result<std::vector<std::string>> words = split_args(line);
    if (!words.ok()) return refuse(place, "Unbalanced quotes in configuration line");
    if (words->empty()) continue;
    Status taken = take(*words, place, depth);
    if (!taken.ok()) return taken;
  }
  return {};
}

// Translates the words for yes and no that YAML has, "true" and "false".
std::string yaml_word(const Directive* row, const std::string& word) {
  if (row == nullptr || row->kind != ValueKind::kBool) return word;
  const std::string lower = to_lower(word);
  if (lower == "true" || lower == "on") return "yes";
  if (lower == "false" || lower == "off") return "no";
  return word;
}

Status Loader::take_yaml(std::string_view text, std::string_view name) {
  Result<std::vector<YamlLine>> lines = parse_yaml_config(text);
  if (!lines.ok())
    return refuse({"in " + std::string(name), std::string(name)}, lines.error().message());
  for (YamlLine& line : *lines) {
    const Directive* row = find_directive(line.words[0]);
    for (size_t i = 1; i < line.words.size(); ++i)
      line.words[i] = yaml_word(row, line.words[i]);
    const Place place{"at line " + std::to_string(line.line) + " of " + std::string(name),
                      shown(line.words)};
    Status taken = take(line.words, place, 0);
    if (!taken.ok()) return taken;
  }
  return {};
}

Status Loader::take_file(const std::string& path, int depth) {
  const Result<std::string> text = read_file(path);
  if (!text.ok()) return Error::text(std::string(text.error().message()));
  const bool was_in_own_file = std::exchange(is_in_own_file_, depth == 0);
  Status taken = is_yaml(path) ? take_yaml(*text, path) : take_text(*text, path, depth);
  is_in_own_file_ = was_in_own_file;
  return taken;
}

Status Loader::take(const std::vector<std::string>& words, const Place& place, int depth) {
  const std::string name = to_lower(words[0]);
  const Directive* row = find_directive(name);
  if (row != nullptr) return take_directive(*row, words, place);
  if (name == "include" && words.size() == 2) return take_include(words[1], place, depth);
  if (name == "user" && words.size() >= 2) return take_user(words, place);
  if (name == "rename-command" && words.size() == 3) return take_rename(words, place);
  if (name == "loadmodule")
    return refuse(place, "kvstash has no module interface: remove this line to start without it");
  if (name == "sentinel") return check_sentinel(place);
  if ((name == "list-max-ziplist-entries" || name == "list-max-ziplist-value") &&
      words.size() == 2) {
    notices_.push_back("'" + name + "' has no effect: list-max-listpack-size took its place.");
    return {};
  }
  return refuse(place, "Bad directive or wrong number of arguments");
}

Status Loader::take_directive(const Directive& row, const std::vector<std::string>& words,
                              const Place& place) {
  if (row.name == "save" && !std::exchange(save_seen_, true)) options_.persist.save.clear();
  std::vector<std::string_view> views(words.begin() + 1, words.end());
  std::string directory;
  if (row.name == "dir" && views.size() == 1) views[0] = directory = from_directory(words[1]);
  const Status done = set(options_, row, views, SetFrom::kFile);
  if (!done.ok()) return refuse(place, done.error().message());
  note_if_inert(row);
  return {};
}

std::string Loader::from_directory(const std::string& path) const {
  return directory_.empty() || path.starts_with('/') ? path : directory_ + '/' + path;
}

void Loader::note_if_inert(const Directive& row) {
  if (row.inert.empty() || get(options_, row) == get(ServerOptions{}, row)) return;
  notices_.push_back("'" + std::string(row.name) + "' has no effect: " + std::string(row.inert) +
                     ".");
}

Status Loader::take_include(const std::string& pattern, const Place& place, int depth) {
  if (depth >= kIncludeDepthMax) return refuse(place, "Too many nested includes");
  ::glob_t found{};
  const std::string wanted = from_directory(pattern);
  const int failed = ::glob(wanted.c_str(), 0, nullptr, &found);
  std::vector<std::string> paths;
  if (failed == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  // A pattern may match no file; a name without wildcards must exist.
  if (failed == GLOB_NOMATCH && pattern.find_first_of("*?[") == std::string::npos)
    paths.push_back(wanted);
  if (failed != 0 && failed != GLOB_NOMATCH) return refuse(place, "Can't read the directory");
  for (const std::string& path : paths) {
    Status taken = take_file(path, depth + 1);
    if (!taken.ok()) return taken;
  }
  return {};
}

Status Loader::take_user(const std::vector<std::string>& words, const Place& place) {
  for (const std::vector<std::string>& known : options_.users)
    if (known[0] == words[1])
      return refuse(place, "Error in user declaration '" + words[1] +
                               "': Duplicate user found. A user can only be defined once in "
                               "config files");
  if (options_.users.size() == kUsersMax) return refuse(place, "Too many users");
  options_.users.emplace_back(words.begin() + 1, words.end());
  return {};
}

// The command table checks whether the command exists, when the server starts.
Status Loader::take_rename(const std::vector<std::string>& words, const Place& place) {
  const std::string from = to_lower(words[1]);
  const std::string to = to_lower(words[2]);
  for (const RenamedCommand& known : options_.renamed_commands) {
    if (known.from == from) return refuse(place, "No such command in rename-command");
    if (!to.empty() && known.to == to) return refuse(place, "Target command name already exists");
  }
  if (from.empty()) return refuse(place, "No such command in rename-command");
  options_.renamed_commands.push_back({from, to});
  return {};
}

// Whether a line of a sentinel may stand here. What it says is read by the sentinel itself.
Status Loader::check_sentinel(const Place& place) const {
  if (!options_.is_sentinel) return refuse(place, "sentinel directive while not in sentinel mode");
  if (!is_in_own_file_)
    return refuse(place, "sentinel directives stand in the file that the sentinel rewrites");
  return {};
}

// The parsed command line.
struct CommandLine {
  StartAction action = StartAction::kServe;
  std::optional<std::string> file;
  bool from_stdin = false;
  bool is_sentinel = false;
  std::vector<std::vector<std::string>> directives;
};

// Whether the program was started as kvstash-sentinel or redis-sentinel.
bool has_name_of_sentinel(int argc, const char* const* argv) {
  return argc > 0 && std::string_view(argv[0]).ends_with("-sentinel");
}

bool is_option(std::string_view word) {
  return word.starts_with("--");
}

// An option that stands alone on the command line and asks for something other than serving.
std::optional<StartAction> lone_action(std::string_view word) {
  if (word == "-v" || word == "--version") return StartAction::kPrintVersion;
  if (word == "-h" || word == "--help") return StartAction::kPrintHelp;
  if (word == "--check-system") return StartAction::kCheckSystem;
  return std::nullopt;
}

// Splits `--port 6380 --save 60 1 --save ""` into directives. A word that starts with -- begins a
// directive, unless it is the first word after a lone name: then it is the value of that name.
// "--port 6380" in one word is understood as well. A --save without a value means no save points.
Result<std::vector<std::vector<std::string>>> split_options(const std::vector<std::string>& words) {
  std::vector<std::vector<std::string>> lines;
  bool value_expected = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (lines.empty() && !is_option(words[i]))
      return refuse({"at '" + words[i] + "' of the command line", words[i]},
                    "Bad directive or wrong number of arguments");
    if (value_expected || !is_option(words[i])) {
      lines.back().push_back(words[i]);
      value_expected = false;
      continue;
    }
    const Result<std::vector<std::string>> parts = split_args(std::string_view(words[i]).substr(2));
    if (!parts.ok() || parts->empty())
      return refuse({"at '" + words[i] + "' of the command line", words[i]},
                    parts.ok() ? "Bad directive or wrong number of arguments"
                               : "Unbalanced quotes in configuration line");
    lines.push_back(*parts);
    const bool is_last_word = i + 1 == words.size() || is_option(words[i + 1]);
    const bool empty_save =
        parts->size() == 1 && is_last_word && equals_ignore_case((*parts)[0], "save");
    if (empty_save) lines.back().push_back("");
    value_expected = parts->size() == 1 && !empty_save;
  }
  return lines;
}

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  line.is_sentinel = std::erase(words, kSentinelOption) != 0 || has_name_of_sentinel(argc, argv);
  if (words.size() == 1) {
    const std::optional<StartAction> action = lone_action(words[0]);
    if (action) {
      line.action = *action;
      return line;
    }
  }
  if (!words.empty() && words[0] == "--test-memory")
    return Error::literal(
        "--test-memory is not part of kvstash. Use memtester(8), or memtest86+ for all of the "
        "machine's memory.\n");
  if (!words.empty() && !words[0].starts_with('-')) {
    line.file = words[0];
    words.erase(words.begin());
  }
  if (!words.empty() && (words.front() == "-" || words.back() == "-")) {
    line.from_stdin = true;
    words.erase(words.front() == "-" ? words.begin() : words.end() - 1);
  }
  Result<std::vector<std::vector<std::string>>> directives = split_options(words);
  if (!directives.ok()) return directives.error();
  line.directives = std::move(*directives);
  return line;
}

// KVSTASH_SAVE replaces the save points of the file; --save adds to them, as in Redis.
Status take_environment(Loader& loader, const std::vector<EnvironmentLine>& lines) {
  for (const EnvironmentLine& line : lines) {
    if (line.words[0] == "save") loader.restart_save_points();
    const Place place{"at " + line.variable + " of the environment", shown(line.words)};
    Status taken = loader.take(line.words, place, 0);
    if (!taken.ok()) return taken;
  }
  return {};
}

Status take_options(Loader& loader, const std::vector<std::vector<std::string>>& lines) {
  for (const std::vector<std::string>& words : lines) {
    const Place place{"at --" + words[0] + " of the command line", shown(words)};
    Status taken = loader.take(words, place, 0);
    if (!taken.ok()) return taken;
  }
  return {};
}

Status take_stdin(Loader& loader, const ReadStdin& read_stdin) {
  const Result<std::string> text = read_stdin();
  if (!text.ok()) return Error::text(std::string(text.error().message()) + '\n');
  return loader.take_text(*text, "standard input", 0);
}

// Reads all sources in order of rising precedence, so that a later source overrides an earlier one.
Status take_all(Loader& loader, const CommandLine& line,
                const std::vector<EnvironmentLine>& environment, const ReadStdin& read_stdin) {
  Status done;
  if (line.file) done = loader.take_file(*line.file, 0);
  if (done.ok() && line.from_stdin) done = take_stdin(loader, read_stdin);
  if (done.ok()) done = take_environment(loader, environment);
  if (done.ok()) done = take_options(loader, line.directives);
  return done;
}

// Checks the rules that concern several directives together.
Status check_together(const ServerOptions& options) {
  if (options.cluster.enabled && !options.replication.primary_host.empty())
    return Error::literal("replicaof directive not allowed in cluster mode\n");
  if (!options.users.empty() && !options.engine.aclfile.empty())
    return Error::literal(
        "Users may be declared in the configuration or in an aclfile, but not in both: remove the "
        "user lines or the aclfile directive.\n");
  return {};
}

Error own(const Error& error) {
  return Error::text(std::string(error.message()));
}

}  // namespace

Result<LoadedOptions> load_options(int argc, const char* const* argv,
                                   const char* const* environment, const ReadStdin& read_stdin) {
  const Result<CommandLine> line = parse_command_line(argc, argv);
  if (!line.ok()) return own(line.error());

  LoadedOptions loaded;
  loaded.action = line->action;
  if (loaded.action != StartAction::kServe) return loaded;

  if (line->is_sentinel) {
    loaded.options.is_sentinel = true;
    loaded.options.net.port = kSentinelPort;
    loaded.options.net.protected_mode = false;
  }
  EnvironmentLines from_environment = environment_lines(environment);
  loaded.notices = std::move(from_environment.notices);
  Loader loader(loaded.options, loaded.notices);
  Status done = take_all(loader, *line, from_environment.lines, read_stdin);
  if (done.ok()) done = check_together(loaded.options);
  if (!done.ok()) return own(done.error());

  loaded.options.start_directory = absolute_path(".");
  loaded.options.start_environment = std::move(from_environment.lines);
  loaded.options.start_arguments = line->directives;
  if (line->file) loaded.options.config_file = absolute_path(*line->file);
  loaded.options.process.dir = absolute_path(loaded.options.process.dir);
  if (loaded.options.is_sentinel) {
    if (Status checked = check_sentinel_file(loaded.options.config_file); !checked.ok())
      return own(checked.error());
  }
  return loaded;
}

bool is_yaml(std::string_view path) {
  const std::string name = to_lower(path);
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

Status reload_options(ServerOptions& options, std::vector<std::string>& notices) {
  options.users.clear();
  options.renamed_commands.clear();
  Loader loader(options, notices, options.start_directory);
  Status done;
  if (!options.config_file.empty()) done = loader.take_file(options.config_file, 0);
  if (done.ok()) done = take_environment(loader, options.start_environment);
  if (done.ok()) done = take_options(loader, options.start_arguments);
  if (done.ok()) done = check_together(options);
  return done.ok() ? Status() : Status(own(done.error()));
}

Status apply_config_text(ServerOptions& options, std::string_view text, std::string_view place,
                         std::vector<std::string>& notices) {
  return Loader(options, notices).take_text(text, place, 0);
}

std::string usage_text() {
  return "Usage: kvstash [/path/to/kvstash.conf] [--directive value ...] [-]\n"
         "       kvstash /path/to/sentinel.conf --sentinel [--directive value ...]\n"
         "                                   watch primaries, and fail over (port 26379)\n"
         "       kvstash -                   read the configuration from standard input\n"
         "       kvstash -v | --version\n"
         "       kvstash -h | --help\n"
         "       kvstash --check-aof [--fix|--truncate-to-timestamp T] [--yes] [--json] FILE\n"
         "                                   check an append-only file, or all files of a "
         "manifest\n"
         "       kvstash --check-rdb [--json] FILE\n"
         "                                   check a snapshot\n"
         "       kvstash --check-system      look for settings of the machine that cause trouble\n"
         "\n"
         "Every directive of redis.conf can be given as --name value, and as the environment\n"
         "variable KVSTASH_NAME. The command line wins over the environment, the environment\n"
         "over the file. A file that ends in .yaml or .yml is read as YAML.\n"
         "\n"
         "Examples:\n"
         "       kvstash                     defaults, port 6379\n"
         "       kvstash --port 7777\n"
         "       kvstash --port 7777 --replicaof 127.0.0.1 8888\n"
         "       kvstash /etc/kvstash.conf --loglevel verbose\n"
         "       kvstash --save 60 1000 --appendonly yes\n"
         "       kvstash --save ''           no snapshots\n";
}

}  // namespace kvstash::server
