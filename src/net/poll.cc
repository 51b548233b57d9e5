#include "net/poll.h"

#include "base/ensure.h"
#include "net/loop.h"

#include <uv.h>

namespace kvstash::net {

struct Poll::State {
  uv_poll_t handle;  // handle.data points back at this State.
  Ready ready;
  void* context;
  int mask = 0;  // As last given to libuv: UV_READABLE | UV_WRITABLE | UV_DISCONNECT.

  static void on_event(uv_poll_t* handle, int status, int events) {
    State& state = *static_cast<State*>(handle->data);
    if (status < 0) {  // libuv has stopped watching the descriptor.
      state.mask = 0;
      state.ready(state.context, {.readable = true, .writable = true, .hung_up = true});
      return;
    }
    state.ready(state.context, {.readable = (events & UV_READABLE) != 0,
                                .writable = (events & UV_WRITABLE) != 0,
                                .hung_up = (events & UV_DISCONNECT) != 0});
  }
};

Poll::Poll(Loop& loop, int fd, Ready ready, void* context) : state_(new State) {
  ensure(fd >= 0 && ready != nullptr);
  state_->handle.data = state_;
  state_->ready = ready;
  state_->context = context;
  const int failure = uv_poll_init(&loop.raw(), &state_->handle, fd);
  ensure(failure != UV_EEXIST && failure != UV_EBADF);
  if (failure != 0) {  // libuv has not taken over the handle.
    delete state_;
    state_ = nullptr;
  }
}

Poll::~Poll() {
  if (state_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle),
           [](uv_handle_t* closed) { delete static_cast<State*>(closed->data); });
}

void Poll::watch(bool read, bool write, bool hang_up) {
  ensure(ok());
  const int mask =
      (read ? UV_READABLE : 0) | (write ? UV_WRITABLE : 0) | (hang_up ? UV_DISCONNECT : 0);
  if (mask == state_->mask) return;
  state_->mask = mask;
  ensure(uv_poll_start(&state_->handle, mask, State::on_event) == 0);
}

bool Poll::is_watching_read() const {
  return ok() && (state_->mask & UV_READABLE) != 0;
}

bool Poll::is_watching_write() const {
  return ok() && (state_->mask & UV_WRITABLE) != 0;
}

}  // namespace kvstash::net
