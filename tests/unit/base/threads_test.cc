#include "base/threads.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <string>

namespace kvstash {
namespace {

std::string own_name() {
  char name[32];
  REQUIRE(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
  return name;
}

}  // namespace

TEST_CASE("a thread has the name it was started with, cut to what the kernel keeps") {
  std::string name;
  start_thread("shard-7", [&] { name = own_name(); }).join();
  CHECK(name == "shard-7");
  start_thread("a-name-that-is-too-long", [&] { name = own_name(); }).join();
  CHECK(name == "a-name-that-is-");
}

TEST_CASE("a started thread leaves signals from outside to its starter") {
  sigset_t inside;
  start_thread("quiet", [&] { pthread_sigmask(SIG_SETMASK, nullptr, &inside); }).join();
  CHECK(sigismember(&inside, SIGTERM) == 1);
  CHECK(sigismember(&inside, SIGSEGV) == 0);
  sigset_t here;
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  CHECK(sigismember(&here, SIGTERM) == 0);
}

TEST_CASE("a thread of the machine is over when it was joined") {
  SystemThreads threads;
  std::atomic<bool> is_done{false};
  const auto thread = threads.start("worker", [&] { is_done = true; });
  thread->join();
  CHECK(is_done);
}

}  // namespace kvstash
