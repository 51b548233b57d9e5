// Poll: tells when one file descriptor can be read or written.
//
// Level-triggered: as long as a watched direction is possible, every turn of the loop reports it. A
// Poll does not own the descriptor, but makes it non-blocking. Destroy the Poll before closing the
// descriptor, or the loop may report events of another file with the same number. There may be one
// Poll per descriptor and loop. Lives on the loop's thread. The callback is a plain function with a
// context, not a std::function, because it is on the hot path of every connection. Costs about 280
// bytes.
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
  // `context` is the pointer given to the constructor. The callback may destroy the Poll.
  using Ready = void (*)(void* context, Readiness ready);

  Poll(Loop& loop, int fd, Ready ready, void* context);
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll();

  // False if the system cannot watch one more descriptor. Then only the destructor may be called,
  // and the connection should be given up.
  bool ok() const { return state_ != nullptr; }

  // Sets the events to wait for; costs nothing if they have not changed. When the descriptor has
  // failed, the callback gets all events, so that the next read or write finds the reason, and
  // nothing is watched until watch() is called again. With `hang_up` the callback is told when the
  // other side closes, even if nothing is read.
  void watch(bool read, bool write, bool hang_up = false);

  bool is_watching_read() const;
  bool is_watching_write() const;

 private:
  struct State;
  State* state_;  // libuv owns it until its close callback, so it is no unique_ptr.
};

}  // namespace kvstash::net
