// Poll: tells when one file descriptor can be read or written.
//
// Level-triggered: as long as a watched direction is possible, every turn of the loop says so. Does
// not own the descriptor, but makes it non-blocking; destroy the Poll before closing it, or the
// loop may wake for a stranger with the same number. One Poll per descriptor and loop. Lives on the
// loop's thread. The callback is a plain function with a context, not a std::function: it is the
// hot path of every connection. Costs about 280 bytes.
#pragma once

#include <cstdint>

namespace kvstash::net {

class Loop;

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hung_up = false;  // The other side has closed, or the descriptor has failed.
};

class Poll {
 public:
  // `context` is the pointer given to the constructor. May destroy the Poll.
  using Ready = void (*)(void* context, Readiness ready);

  Poll(Loop& loop, int fd, Ready ready, void* context);
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll();

  // False if the system refuses to watch one more descriptor: give the connection up. Then only
  // the destructor may be called.
  bool ok() const { return state_ != nullptr; }

  // What to wait for from now on; costs nothing if that has not changed. When the descriptor has
  // failed, the callback gets all of them, so that the next read or write finds the reason, and
  // nothing is watched until this is called again. `hang_up`: tells when the other side closes,
  // for those that do not read.
  void watch(bool read, bool write, bool hang_up = false);

  bool is_watching_read() const;
  bool is_watching_write() const;

 private:
  struct State;
  State* state_;  // libuv's until its close callback, so not a unique_ptr.
};

}  // namespace kvstash::net
