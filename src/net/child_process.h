// ChildProcess: one program that this process has started, and whose end a loop is told of.
//
// The program gets the environment and the working directory of this process, its standard output
// and error, and no input. Lives on its loop's thread. Destroying it leaves the program alone, and
// tells nobody of its end.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kvstash::net {

class Loop;

class ChildProcess {
  // Only start() has one.
  struct Passkey {};

 public:
  struct End {
    int exit_code = 0;
    int signal = 0;  // 0: it ended by itself.

    bool operator==(const End&) const = default;
  };
  // Runs on the loop's thread. It may destroy the ChildProcess.
  using Ended = std::function<void(End)>;

  // Starts the program at the path argv[0]. Returns when the program runs; the error is the
  // system's reason why it does not.
  static Result<std::unique_ptr<ChildProcess>> start(Loop& loop,
                                                     const std::vector<std::string>& argv,
                                                     Ended ended);

  ChildProcess(Passkey, Ended ended);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  int64_t pid() const;
  // Ends the program at once (SIGKILL). Does nothing if it has ended.
  void kill();

 private:
  struct State;
  State* state_;  // libuv owns it until its close callback.
};

}  // namespace kvstash::net
