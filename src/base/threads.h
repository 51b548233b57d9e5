// Threads: the port by which a node starts threads of its own, beside those of its shards. A
// simulation has one thread for all of them.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <thread>

namespace kvstash {

// Runs `body` on a new thread that `top -H` and debuggers show as `name` (cut to 15 bytes). The new
// thread blocks signals that are sent to the process. The caller must join it.
std::thread start_thread(std::string_view name, std::function<void()> body);

// Names the calling thread in the same way.
void name_this_thread(std::string_view name);

class Threads {
 public:
  class Thread {
   public:
    virtual ~Thread() = default;
    // Returns when the body has returned. Called once, before the Thread is destroyed, by another
    // thread.
    virtual void join() = 0;
  };

  virtual ~Threads() = default;
  // Any thread. What `body` waits for, it waits for by the node's Parking.
  virtual std::unique_ptr<Thread> start(std::string_view name, std::function<void()> body) = 0;
};

// Threads of the machine.
class SystemThreads final : public Threads {
 public:
  std::unique_ptr<Thread> start(std::string_view name, std::function<void()> body) override;
};

}  // namespace kvstash
