#include "net/signals.h"

#include "unit/net/loopback.h"

#include <unistd.h>

#include <vector>

using namespace kvstash::net;
using namespace kvstash::net::test;

TEST_CASE("a signal is told on the loop, by its number") {
  Loop loop;
  std::vector<int> received;
  Signals signals(loop, {SIGHUP, SIGUSR2}, [&](int signal) { received.push_back(signal); });
  REQUIRE(kill(getpid(), SIGUSR2) == 0);
  run_until(loop, [&] { return received.size() == 1; });
  REQUIRE(kill(getpid(), SIGHUP) == 0);
  run_until(loop, [&] { return received.size() == 2; });
  CHECK(received == std::vector{SIGUSR2, SIGHUP});
}

TEST_CASE("a signal has its default effect again once nobody listens") {
  Loop loop;
  {
    Signals signals(loop, {SIGUSR2}, [](int) {});
  }
  loop.close();
  struct sigaction action {};
  REQUIRE(sigaction(SIGUSR2, nullptr, &action) == 0);
  CHECK((action.sa_handler == SIG_DFL));
}

TEST_CASE("an ignored SIGPIPE leaves writing to a closed pipe an error") {
  ignore_sigpipe();
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  ::close(ends[0]);
  CHECK(write(ends[1], "x", 1) == -1);
  CHECK(errno == EPIPE);
  ::close(ends[1]);
}
