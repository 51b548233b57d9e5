// Loop: one libuv event loop, and the thread that runs it.
//
// Everything that lives on a loop (Poll, Timer, Wake, Listener, ...) is created, used and destroyed
// on the thread that runs it, except where its header says otherwise. libuv keeps a handle until
// the turn after it was closed, so a destroyed object's memory goes one turn later; close() waits
// for that. A loop that cannot be created (no file descriptors left) stops the process.
#pragma once

#include <memory>

struct uv_loop_s;

namespace kvstash::net {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();  // Closes, if close() was not called.

  // Blocks until at least one watched thing happened, and calls what waits for it. Returns at once
  // if nothing is watched. A timer that fires always ends the turn, so what it has produced can be
  // sent off before the next wait.
  void run_once();

  // The same without waiting.
  void run_nowait();

  // Whether anything is watched, or still to be closed.
  bool is_alive() const;

  // Runs until everything destroyed is really gone. Whatever lived on the loop must have been
  // destroyed; the loop must not be used afterwards.
  void close();

  uv_loop_s& raw() { return *loop_; }  // uv_loop_t, for the files of this room.

 private:
  std::unique_ptr<uv_loop_s> loop_;  // Null once closed.
};

}  // namespace kvstash::net
