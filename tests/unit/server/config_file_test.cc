#include "server/config_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace kvstash::server {
namespace {

using Notices = std::vector<std::string>;

// A directory of its own for each test, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "kvstash-config-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct Start {
  std::vector<std::string> words;
  std::vector<std::string> environment = {};
  std::string standard_input = {};
};

Result<LoadedOptions> load(const Start& start) {
  std::vector<const char*> argv = {"kvstash"};
  for (const std::string& word : start.words)
    argv.push_back(word.c_str());
  std::vector<const char*> environment;
  for (const std::string& entry : start.environment)
    environment.push_back(entry.c_str());
  environment.push_back(nullptr);
  return load_options(static_cast<int>(argv.size()), argv.data(), environment.data(),
                      [&] { return Result<std::string>(start.standard_input); });
}

ServerOptions loaded(const Start& start) {
  Result<LoadedOptions> result = load(start);
  if (!result.ok()) FAIL(std::string(result.error().message()));
  return result->options;
}

// The message with which the start is refused; empty if it is not.
std::string refused(const Start& start) {
  const Result<LoadedOptions> result = load(start);
  return result.ok() ? "" : std::string(result.error().message());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Options from a text alone, or the reason (its last line) why not.
std::string reason_of(std::string_view text) {
  ServerOptions options;
  Notices notices;
  const Status done = apply_config_text(options, text, "test.conf", notices);
  if (done.ok()) return "";
  std::string message(done.error().message());
  message.pop_back();
  return message.substr(message.rfind('\n') + 1);
}

}  // namespace

TEST_CASE("without arguments everything is at its default, and dir is absolute") {
  ServerOptions options = loaded({});
  CHECK(options.process.dir == std::filesystem::current_path().string());
  CHECK(options.start_directory == options.process.dir);  // For a reload.
  options.process.dir = ServerOptions{}.process.dir;
  options.start_directory.clear();
  CHECK(options == ServerOptions{});
}

TEST_CASE("a file in redis.conf syntax is read with its quotes, escapes and comments") {
  const Folder folder;
  const std::string path = folder.write("redis.conf",
                                        "# a comment\n"
                                        "\t\n"
                                        "port 7000\r\n"
                                        "requirepass \"a b\\x41\\n\"\n"
                                        "   MAXMEMORY    1gb   \n"
                                        "   # another\n"
                                        "masterauth 'it\\'s'\n"
                                        "bind 127.0.0.1 ::1");
  const ServerOptions options = loaded({{path}});
  CHECK(options.net.port == 7000);
  CHECK(options.engine.requirepass == "a bA\n");
  CHECK(options.engine.maxmemory_bytes == 1073741824);
  CHECK(options.replication.masterauth == "it's");
  CHECK(options.net.bind == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(options.config_file == std::filesystem::canonical(path).string());
}

TEST_CASE("a wrong line refuses the start and says where it is and why") {
  const Folder folder;
  const std::string path = folder.write("bad.conf", "port 7000\n\ntimeout z\n");
  CHECK(refused({{path}}) ==
        "\n*** FATAL CONFIG FILE ERROR (kvstash) ***\n"
        "Reading the configuration file, at line 3 of " +
            path + "\n>>> 'timeout z'\nargument couldn't be parsed into an integer\n");
}

TEST_CASE("each kind of wrong line has Redis's reason") {
  CHECK(reason_of("port") == "wrong number of arguments");
  CHECK(reason_of("port 1 2") == "wrong number of arguments");
  CHECK(reason_of("port 1 # comment") == "wrong number of arguments");
  CHECK(reason_of("nosuch 1") == "Bad directive or wrong number of arguments");
  CHECK(reason_of("\"\" x") == "Bad directive or wrong number of arguments");
  CHECK(reason_of("include") == "Bad directive or wrong number of arguments");
  CHECK(reason_of("requirepass \"a") == "Unbalanced quotes in configuration line");
  CHECK(reason_of("requirepass \"a\"b") == "Unbalanced quotes in configuration line");
  CHECK(reason_of("replicaof 127.0.0.1") == "wrong number of arguments");
  CHECK(reason_of("replicaof 127.0.0.1 99999") == "Invalid master port");
  CHECK(reason_of("appendfilename a/b") == "appendfilename can't be a path, just a filename");
  CHECK(reason_of("appenddirname a/b") == "appenddirname can't be a path, just a dirname");
  CHECK(reason_of("sentinel monitor x y 1 2") == "sentinel directive while not in sentinel mode");
  CHECK(reason_of("user a on\nuser a off") ==
        "Error in user declaration 'a': Duplicate user found. A user can only be defined once in "
        "config files");
  CHECK(reason_of("rename-command get a\nrename-command set a") ==
        "Target command name already exists");
  CHECK(contains(reason_of("loadmodule x.so"), "no module interface"));
}

TEST_CASE("a file that is not there refuses the start") {
  CHECK(refused({{"/nowhere/kvstash.conf"}}) ==
        "Fatal error, can't open config file '/nowhere/kvstash.conf': No such file or "
        "directory\n");
}

TEST_CASE("includes are read where they stand, and a pattern may match nothing") {
  const Folder folder;
  folder.write("one.inc", "maxmemory 1\ntimeout 3\n");
  folder.write("two.inc", "maxmemory 2\n");
  const std::string path =
      folder.write("main.conf", "timeout 9\ninclude " + folder.path("*.inc") + "\ninclude " +
                                    folder.path("none*.x") + "\nmaxclients 5\n");
  const ServerOptions options = loaded({{path}});
  CHECK(options.engine.maxmemory_bytes == 2);
  CHECK(options.net.timeout_s == 3);
  CHECK(options.net.maxclients == 5);
}

TEST_CASE("an include that is not there, or includes itself, refuses the start") {
  const Folder folder;
  CHECK(contains(refused({{folder.write("a.conf", "include /nowhere/x")}}), "/nowhere/x"));
  const std::string path = folder.path("loop.conf");
  folder.write("loop.conf", "include " + path);
  CHECK(contains(refused({{path}}), "Too many nested includes"));
}

TEST_CASE("save lines add up, the first of them replaces the defaults, and \"\" clears") {
  const Folder folder;
  const std::string file = folder.write("a.conf", "save 900 1\nsave 300 10\n");
  using Points = std::vector<SavePoint>;
  CHECK(loaded({{file}}).persist.save == Points{{900, 1}, {300, 10}});
  CHECK(loaded({{file, "--save", ""}}).persist.save.empty());
  CHECK(loaded({{file, "--save", "7", "8"}}).persist.save == Points{{900, 1}, {300, 10}, {7, 8}});
  CHECK(loaded({{file, "--save", "", "--save", "3", "4"}}).persist.save == Points{{3, 4}});
  CHECK(loaded({{file}, {"KVSTASH_SAVE=5 6"}}).persist.save == Points{{5, 6}});
  CHECK(loaded({{file}, {"KVSTASH_SAVE="}}).persist.save.empty());
}

TEST_CASE("the command line takes directives as Redis does") {
  using Points = std::vector<SavePoint>;
  CHECK(loaded({{"--port", "7001", "--save", "60", "1"}}).persist.save == Points{{60, 1}});
  CHECK(loaded({{"--save", "60 1 3 4"}}).persist.save == Points{{60, 1}, {3, 4}});
  CHECK(loaded({{"--save"}}).persist.save.empty());
  CHECK(loaded({{"--save", "--port", "7002"}}).net.port == 7002);
  CHECK(loaded({{"--port 7003"}}).net.port == 7003);
  CHECK(loaded({{"--masterauth", "--x", "--masteruser", "foo"}}).replication.masterauth == "--x");
  CHECK(loaded({{"--requirepass", "a \"b\\"}}).engine.requirepass == "a \"b\\");
  CHECK(loaded({{"--shutdown-on-sigint", "nosave", "force"}}).process.shutdown_on_sigint ==
        (shutdown_mode::kNoSave | shutdown_mode::kForce));
  CHECK(loaded({{"--replicaof", "127.0.0.1", "1", "--replicaof", "no", "one"}})
            .replication.primary_host.empty());
}

TEST_CASE("wrong command lines are refused with the directive as it was understood") {
  CHECK(contains(refused({{"--port=7000"}}), ">>> 'port=7000'\nBad directive"));
  CHECK(contains(refused({{"--port", "7000", "-x"}}),
                 ">>> 'port \"7000\" \"-x\"'\nwrong number of arguments"));
  CHECK(contains(refused({{"--port", "1", "--loglevel"}}),
                 ">>> 'loglevel'\nwrong number of arguments"));
  CHECK(contains(refused({{"--shutdown-on-sigterm"}}), "argument(s) must be one of"));
  CHECK(contains(refused({{"-x"}}), "Bad directive"));
  CHECK(contains(refused({{"--"}}), "Bad directive"));
  CHECK(contains(refused({{"--test-memory", "100"}}), "memtester"));
}

TEST_CASE("- reads the configuration from standard input") {
  CHECK(loaded({{"-"}, {}, "port 7000\n"}).net.port == 7000);
  CHECK(loaded({{"-", "--port", "7001"}, {}, "port 7000\n"}).net.port == 7001);
  CHECK(loaded({{"--timeout", "3", "-"}, {}, "timeout 2\nport 7000\n"}).net.timeout_s == 3);
  CHECK(contains(refused({{"-"}, {}, "port x\n"}), "at line 1 of standard input"));
}

TEST_CASE("the environment wins over the file, and the command line over both") {
  const Folder folder;
  const std::string file = folder.write("a.conf", "port 1\ntimeout 1\nmaxclients 1\n");
  const ServerOptions options =
      loaded({{file, "--port", "3"}, {"KVSTASH_PORT=2", "KVSTASH_TIMEOUT=2", "HOME=/"}});
  CHECK(options.net.port == 3);
  CHECK(options.net.timeout_s == 2);
  CHECK(options.net.maxclients == 1);
  CHECK(contains(refused({{}, {"KVSTASH_TLS_PORT=x"}}), "at KVSTASH_TLS_PORT of the environment"));
}

TEST_CASE("version, help and the look at the system are recognised alone") {
  CHECK(load({{"-v"}})->action == StartAction::kPrintVersion);
  CHECK(load({{"--version"}})->action == StartAction::kPrintVersion);
  CHECK(load({{"-h"}})->action == StartAction::kPrintHelp);
  CHECK(load({{"--help"}})->action == StartAction::kPrintHelp);
  CHECK(load({{"--check-system"}})->action == StartAction::kCheckSystem);
  CHECK(load({})->action == StartAction::kServe);
}

TEST_CASE("users and renamed commands are kept for those who know them") {
  const Folder folder;
  const std::string file = folder.write("a.conf",
                                        "user ann on \">pass word\" ~* +@all\n"
                                        "rename-command CONFIG \"\"\n"
                                        "rename-command GET Fetch\n");
  const ServerOptions options = loaded({{file}});
  CHECK(options.users ==
        std::vector<std::vector<std::string>>{{"ann", "on", ">pass word", "~*", "+@all"}});
  CHECK(options.renamed_commands == std::vector<RenamedCommand>{{"config", ""}, {"get", "fetch"}});
}

TEST_CASE("what has no effect here is accepted with one notice, unless it is the default") {
  const Result<LoadedOptions> result =
      load({{"--io-threads", "4", "--activedefrag", "yes", "--jemalloc-bg-thread", "yes"},
            {"KVSTASH_NOSUCH=1"}});
  REQUIRE(result.ok());
  REQUIRE(result->notices.size() == 3);
  CHECK(contains(result->notices[0], "KVSTASH_NOSUCH"));
  CHECK(contains(result->notices[1], "'io-threads' has no effect: each shard"));
  CHECK(contains(result->notices[2], "'activedefrag' has no effect"));
}

TEST_CASE("--sentinel, or the program's name, makes a sentinel with defaults of its own") {
  const Folder folder;
  const std::string file =
      folder.write("sentinel.conf", "timeout 7\nsentinel monitor m 127.0.0.1 6379 2\n");
  const ServerOptions options = loaded({{file, "--sentinel"}});
  CHECK(options.is_sentinel);
  CHECK(options.net.port == 26379);
  CHECK_FALSE(options.net.protected_mode);
  CHECK(options.net.timeout_s == 7);
  CHECK(loaded({{"--sentinel", file, "--port", "7000"}}).net.port == 7000);
  CHECK_FALSE(loaded({}).is_sentinel);
  const char* argv[] = {"/usr/bin/redis-sentinel", file.c_str()};
  const char* environment[] = {nullptr};
  const auto named = load_options(2, argv, environment, [] { return Result<std::string>(""); });
  REQUIRE(named.ok());
  CHECK(named->options.is_sentinel);
}

TEST_CASE("a sentinel's lines stand in the file that it rewrites") {
  const Folder folder;
  const std::string line = "sentinel monitor m 127.0.0.1 6379 2\n";
  const std::string other = folder.write("other.conf", line);
  CHECK(contains(refused({{folder.write("a.conf", "include " + other + "\n"), "--sentinel"}}),
                 "sentinel directives stand in the file that the sentinel rewrites"));
  const std::string file = folder.write("b.conf", "include /no/such*\n" + line);
  CHECK(loaded({{file, "--sentinel"}}).is_sentinel);
  CHECK(contains(refused({{file, "--sentinel", "-"}, {}, line}), "the sentinel rewrites"));
  CHECK(contains(refused({{file}}), "sentinel directive while not in sentinel mode"));
  CHECK(contains(refused({{"--sentinel"}}), "Sentinel needs config file on disk to save state."));
}

TEST_CASE("combinations that cannot work refuse the start") {
  CHECK(contains(refused({{"--cluster-enabled", "yes", "--replicaof", "a", "1"}}),
                 "not allowed in cluster mode"));
  CHECK(contains(refused({{"--aclfile", "x", "--user", "a", "on"}}), "not in both"));
}

TEST_CASE("a file named .yaml is read as YAML") {
  const Folder folder;
  const std::string file = folder.write("a.yml",
                                        "port: 7000\n"
                                        "appendonly: true\n"
                                        "tls: {port: 7001, auth-clients: 'no'}\n"
                                        "save: [60, 1]\n"
                                        "user:\n  - [ann, on]\n  - [bob, off]\n");
  const ServerOptions options = loaded({{file}});
  CHECK(options.net.port == 7000);
  CHECK(options.persist.appendonly);
  CHECK(options.net.tls.port == 7001);
  CHECK(options.net.tls.auth_clients == net::TlsAuthClients::kNo);
  CHECK(options.persist.save == std::vector<SavePoint>{{60, 1}});
  CHECK(options.users.size() == 2);
  CHECK(contains(refused({{folder.write("b.yaml", "port: 1\ntimeout: x\n")}}),
                 "at line 2 of " + folder.path("b.yaml") + "\n>>> 'timeout \"x\"'"));
}

}  // namespace kvstash::server
