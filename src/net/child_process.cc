#include "net/child_process.h"

#include "base/ensure.h"
#include "net/loop.h"

#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include <utility>

namespace kvstash::net {

struct ChildProcess::State {
  uv_process_t handle;  // handle.data points back at this State.
  Ended ended;

  static void on_exit(uv_process_t* handle, int64_t exit_code, int signal) {
    // The function may destroy the ChildProcess, and then the State is freed with the next turn.
    static_cast<State*>(handle->data)
        ->ended({.exit_code = static_cast<int>(exit_code), .signal = signal});
  }
};

ChildProcess::ChildProcess(Passkey, Ended ended) : state_(new State) {
  state_->handle.data = state_;
  state_->ended = std::move(ended);
}

ChildProcess::~ChildProcess() {
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle),
           [](uv_handle_t* closed) { delete static_cast<State*>(closed->data); });
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Loop& loop,
                                                          const std::vector<std::string>& argv,
                                                          Ended ended) {
  ensure(!argv.empty());
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // A name alone is a file of the working directory here, and is not searched for.
  const std::string path = argv[0].find('/') == std::string::npos ? "./" + argv[0] : argv[0];

  uv_stdio_container_t streams[3]{};
  streams[STDIN_FILENO].flags = UV_IGNORE;
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    streams[stream].flags = UV_INHERIT_FD;
    streams[stream].data.fd = stream;
  }
  uv_process_options_t options{};
  options.exit_cb = State::on_exit;
  options.file = path.c_str();
  options.args = pointers.data();
  options.stdio_count = 3;
  options.stdio = streams;

  // Whether it starts or not, libuv has the handle from here on, and the destructor gives it back.
  auto child = std::make_unique<ChildProcess>(Passkey{}, std::move(ended));
  const int failure = uv_spawn(&loop.raw(), &child->state_->handle, &options);
  if (failure != 0) return Error::text(path + ": " + uv_strerror(failure));
  return child;
}

int64_t ChildProcess::pid() const {
  return uv_process_get_pid(&state_->handle);
}

void ChildProcess::kill() {
  // It may have ended without being reaped; that is told as usual.
  static_cast<void>(uv_process_kill(&state_->handle, SIGKILL));
}

}  // namespace kvstash::net
