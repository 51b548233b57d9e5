#include "net/signals.h"

#include "base/ensure.h"
#include "net/loop.h"

#include <uv.h>

#include <utility>

namespace kvstash::net {

struct Signals::Watch {
  uv_signal_t handle;  // handle.data points back at this Watch.
  Signals* owner;

  static void on_signal(uv_signal_t* handle, int signal) {
    static_cast<Watch*>(handle->data)->owner->received_(signal);
  }
};

Signals::Signals(Loop& loop, std::initializer_list<int> signals, Received received)
    : received_(std::move(received)) {
  for (const int signal : signals) {
    auto* watch = new Watch;
    watch->handle.data = watch;
    watch->owner = this;
    ensure(uv_signal_init(&loop.raw(), &watch->handle) == 0);
    ensure(uv_signal_start(&watch->handle, Watch::on_signal, signal) == 0);
    watches_.push_back(watch);
  }
}

Signals::~Signals() {
  for (Watch* watch : watches_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->handle),
             [](uv_handle_t* closed) { delete static_cast<Watch*>(closed->data); });
  }
}

void ignore_sigpipe() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  ensure(sigaction(SIGPIPE, &action, nullptr) == 0);
}

}  // namespace kvstash::net
