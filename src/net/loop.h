// Loop: one libuv event loop. One thread runs it.
//
// All objects that belong to a loop (Poll, Timer, Wake, Listener, ...) are created, used and
// destroyed on the thread that runs it, except where their headers say otherwise. libuv keeps a
// handle until the turn after it was closed, so the memory of a destroyed object is freed one turn
// later; close() waits for that. If a loop cannot be created (no file descriptors left), the
// process stops.
#pragma once

#include <memory>

struct uv_loop_s;

namespace kvstash::net {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();  // Calls close(), if that was not done.

  // Waits until at least one watched event happened, and calls the functions that wait for it.
  // Returns at once if nothing is watched. A timer that fires always ends the turn, so that its
  // results can be sent before the next wait.
  void run_once();

  // Runs a turn without waiting.
  void run_nowait();

  // Whether anything is watched, or still to be closed.
  bool is_alive() const;

  // Runs until the handles of all destroyed objects are closed. All objects on the loop must have
  // been destroyed; the loop must not be used afterwards.
  void close();

  uv_loop_s& raw() { return *loop_; }  // This is uv_loop_t; only files of this room use it.

 private:
  std::unique_ptr<uv_loop_s> loop_;  // Null once closed.
};

}  // namespace kvstash::net
