#include "base/threads.h"

#include "base/ensure.h"

#include <pthread.h>

#include <csignal>
#include <string>
#include <utility>

namespace kvstash {
namespace {

constexpr size_t kThreadNameBytesMax = 15;

// The signals that are sent to the process, not caused by the thread itself.
sigset_t outside_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF})
    sigdelset(&set, own);
  return set;
}

class SystemThread final : public Threads::Thread {
 public:
  explicit SystemThread(std::thread thread) : thread_(std::move(thread)) {}
  void join() override { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace

std::thread start_thread(std::string_view name, std::function<void()> body) {
  const sigset_t blocked = outside_signals();
  sigset_t before;
  ensure(pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);  // The new thread inherits it.
  std::thread thread([name = std::string(name), body = std::move(body)] {
    name_this_thread(name);
    body();
  });
  ensure(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  return thread;
}

void name_this_thread(std::string_view name) {
  pthread_setname_np(pthread_self(), std::string(name.substr(0, kThreadNameBytesMax)).c_str());
}

std::unique_ptr<Threads::Thread> SystemThreads::start(std::string_view name,
                                                      std::function<void()> body) {
  return std::make_unique<SystemThread>(start_thread(name, std::move(body)));
}

}  // namespace kvstash
