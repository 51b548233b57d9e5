#include "base/ensure.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace kvstash;

namespace {

// What a child that breaks an invariant leaves behind.
struct Death {
  int signal = 0;
  std::string last_words;
};

Death die_of_broken_invariant() {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    std::signal(SIGABRT, SIG_DFL);
    ensure(false);
    _exit(0);
  }
  close(ends[1]);
  Death death;
  char text[512];
  for (ssize_t size = 0; (size = read(ends[0], text, sizeof text)) > 0;) {
    death.last_words.append(text, static_cast<size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  return death;
}

}  // namespace

TEST_CASE("a broken invariant names its place and aborts") {
  const Death death = die_of_broken_invariant();
  CHECK(death.signal == SIGABRT);
  CHECK(death.last_words.find("invariant broken at ") != std::string::npos);
  CHECK(death.last_words.find("ensure_test.cc:") != std::string::npos);
}

TEST_CASE("an invariant that holds costs nothing and says nothing") {
  int calls = 0;
  ensure(true);
  ensure_slow([&calls] { return ++calls > 0; });
#ifdef KVSTASH_SLOW_CHECKS
  CHECK(calls == 1);
#else
  CHECK(calls == 0);
#endif
}
