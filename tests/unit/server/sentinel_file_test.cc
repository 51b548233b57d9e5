#include "server/sentinel_file.h"

#include "unit/net/temp_dir.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

namespace kvstash::server {
namespace {

std::string write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

std::string refusal(const std::string& path) {
  const Status checked = check_sentinel_file(path);
  return checked.ok() ? "" : std::string(checked.error().message());
}

}  // namespace

TEST_CASE("sentinel file: the one that is delivered can be started with") {
  CHECK(refusal("conf/sentinel.conf") == "");
}

TEST_CASE("sentinel file: it must be there, in a syntax that can be rewritten") {
  const net::test::TempDir directory;
  CHECK(refusal("") == "Sentinel needs config file on disk to save state. Exiting...\n");
  const std::string gone = directory.file("gone.conf");
  CHECK(refusal(gone) == "Sentinel config file " + gone +
                             " is not writable: No such file or directory. Exiting...\n");
  CHECK(refusal(write(directory.file("a.yaml"), "port: 1\n")).find("can't be YAML") !=
        std::string::npos);
  CHECK(refusal(write(directory.file("empty.conf"), "")) == "");
}

TEST_CASE("sentinel file: a wrong line is named") {
  const net::test::TempDir directory;
  CHECK(refusal(write(directory.file("a.conf"), "port 1\nsentinel monitor m 127.0.0.1 6379 0\n")) ==
        "\n*** FATAL CONFIG FILE ERROR (kvstash) ***\n"
        "Reading the configuration file, at line 2\n"
        ">>> 'sentinel monitor m 127.0.0.1 6379 0'\n"
        "Quorum must be 1 or greater.\n");
}

TEST_CASE("sentinel file: a script is a file that may be executed") {
  const net::test::TempDir directory;
  const std::string script = write(directory.file("x.sh"), "#!/bin/sh\n");
  CHECK_FALSE(can_execute(script));
  REQUIRE(::chmod(script.c_str(), 0755) == 0);
  CHECK(can_execute(script));
  CHECK_FALSE(can_execute(directory.path()));
  CHECK_FALSE(can_execute(directory.file("gone")));
}

}  // namespace kvstash::server
