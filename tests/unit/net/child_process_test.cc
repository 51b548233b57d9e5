#include "net/child_process.h"

#include "unit/net/loopback.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

// Runs a line of sh(1) to its end.
ChildProcess::End run(const std::string& line) {
  Loop loop;
  std::optional<ChildProcess::End> end;
  auto child =
      ChildProcess::start(loop, {"/bin/sh", "-c", line}, [&](ChildProcess::End how) { end = how; });
  REQUIRE(child.ok());
  run_until(loop, [&] { return end.has_value(); });
  return *end;
}

}  // namespace

TEST_CASE("child process: how it ended is told") {
  CHECK(run("exit 0") == ChildProcess::End{.exit_code = 0});
  CHECK(run("exit 7") == ChildProcess::End{.exit_code = 7});
  CHECK(run("kill -TERM $$") == ChildProcess::End{.signal = SIGTERM});
}

TEST_CASE("child process: it has its words, no input and no signal that is ignored here") {
  CHECK(run("test -z \"$(cat)\"").exit_code == 0);
  struct sigaction was {};
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  REQUIRE(sigaction(SIGPIPE, &ignored, &was) == 0);
  CHECK(run("kill -PIPE $$") == ChildProcess::End{.signal = SIGPIPE});
  REQUIRE(sigaction(SIGPIPE, &was, nullptr) == 0);
  Loop loop;
  std::optional<ChildProcess::End> end;
  auto child =
      ChildProcess::start(loop, {"/bin/sh", "-c", "test \"$1\" = 'two words'", "sh", "two words"},
                          [&](ChildProcess::End how) { end = how; });
  REQUIRE(child.ok());
  run_until(loop, [&] { return end.has_value(); });
  CHECK(end->exit_code == 0);
}

TEST_CASE("child process: it can be killed, and may be destroyed when it has ended") {
  Loop loop;
  std::unique_ptr<ChildProcess> child;
  std::optional<ChildProcess::End> end;
  auto started =
      ChildProcess::start(loop, {"/bin/sh", "-c", "kill -STOP $$"}, [&](ChildProcess::End how) {
        end = how;
        child.reset();
      });
  REQUIRE(started.ok());
  child = *std::move(started);
  CHECK(child->pid() > 0);
  child->kill();
  run_until(loop, [&] { return end.has_value(); });
  CHECK(end == ChildProcess::End{.signal = SIGKILL});
  CHECK(child == nullptr);
}

TEST_CASE("child process: a program that is not there, or is none, is an error") {
  Loop loop;
  const auto ended = [](ChildProcess::End) { FAIL("nothing was started"); };
  CHECK(ChildProcess::start(loop, {"/no/such/program"}, ended).error().message() ==
        "/no/such/program: no such file or directory");
  CHECK(ChildProcess::start(loop, {"/"}, ended).error().message() == "/: permission denied");
  // Not looked for in PATH.
  CHECK(ChildProcess::start(loop, {"sh"}, ended).error().message() ==
        "./sh: no such file or directory");
}

TEST_CASE("child process: it goes on when nobody waits for its end any more") {
  Loop loop;
  pid_t pid = 0;
  {
    auto child = ChildProcess::start(loop, {"/bin/sh", "-c", "kill -STOP $$"},
                                     [](ChildProcess::End) { FAIL("it is gone"); });
    REQUIRE(child.ok());
    pid = static_cast<pid_t>((*child)->pid());
  }
  loop.close();
  CHECK(::kill(pid, 0) == 0);
  REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(waitpid(pid, nullptr, 0) == pid);
}
