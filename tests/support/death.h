// Death: how a process ends that breaks an invariant, for tests that a bug of ours ends the
// process. The bug is provoked in a child process; the test's own process goes on.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace kvstash::test {

struct Death {
  int signal = 0;  // 0: no signal ended the process.
  std::string last_words;
};

// Runs `mistake` in a child process.
template <typename Mistake>
Death death_of(Mistake&& mistake) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    std::signal(SIGABRT, SIG_DFL);
    mistake();
    _exit(0);
  }
  close(ends[1]);
  Death death;
  char text[512];
  for (ssize_t size = 0; (size = read(ends[0], text, sizeof text)) > 0;)
    death.last_words.append(text, static_cast<size_t>(size));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  return death;
}

// Whether `mistake` breaks an invariant in that source file.
template <typename Mistake>
bool breaks_invariant(Mistake&& mistake, const std::string& file) {
  const Death death = death_of(mistake);
  return death.signal == SIGABRT &&
         death.last_words.find("invariant broken at ") != std::string::npos &&
         death.last_words.find(file) != std::string::npos;
}

}  // namespace kvstash::test
