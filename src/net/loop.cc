#include "net/loop.h"

#include "base/ensure.h"

#include <uv.h>

namespace kvstash::net {

Loop::Loop() : loop_(std::make_unique<uv_loop_t>()) {
  if (uv_loop_init(loop_.get()) != 0) panic(__FILE__, __LINE__, "cannot create an event loop");
}

Loop::~Loop() {
  if (loop_) close();
}

void Loop::run_once() {
  uv_run(loop_.get(), UV_RUN_ONCE);
}

void Loop::run_nowait() {
  uv_run(loop_.get(), UV_RUN_NOWAIT);
}

bool Loop::is_alive() const {
  return uv_loop_alive(loop_.get()) != 0;
}

void Loop::close() {
  uv_walk(
      loop_.get(), [](uv_handle_t* handle, void*) { ensure(uv_is_closing(handle) != 0); }, nullptr);
  while (uv_loop_close(loop_.get()) == UV_EBUSY) {
    uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
  loop_.reset();
}

}  // namespace kvstash::net
